"""Exclusion 6: Severe adverse events to CsA in the past, making it unsuitable for reuse."""

from datetime import date

from msgspec.structs import replace

from cds_service.rules.answers.criteria_answers import Basis, Finding
from cds_service.rules.attestation import Attested, answer_said
from cds_service.rules.criterion_evidence import (
    Sighting,
    doubted,
    facts,
    of_adverse_event,
    of_allergy,
    of_diagnosis,
)
from cds_service.rules.sorted_diagnoses import blaming, diagnosed
from cds_service.rules.time_windows import known_by
from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.criteria.eligibility_limits import EligibilityLimits
from cds_service.trials.nct06802055.criteria.unknowns import (
    Topic,
    attestation_on,
    never_cleared_by_silence,
    note_set_aside,
    open_finding,
    settle,
)
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.diagnoses import Certainty
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.record import ClinicalRecord

CICLOSPORIN = "ciclosporin"
TOPIC = Topic(
    "E6",
    say("criterion.E6.question"),
    say("criterion.E6.nothing"),
    fed_by=(Part.ADVERSE_EVENTS, Part.ALLERGIES, Part.CONDITIONS, Part.ATTESTATIONS),
)
_ALWAYS_SEVERE = frozenset({Concept.TMA_HUS, Concept.PRES, Concept.ANAPHYLAXIS, Concept.SEVERE_SKIN_REACTION})
_PERHAPS_CICLOSPORIN = _ALWAYS_SEVERE | {Concept.HEPATOTOXICITY, Concept.NEPHROTOXICITY}


def exc_06_ciclosporin_harm(record: ClinicalRecord, t0: date, limits: EligibilityLimits) -> Finding:
    """A judgement: only an attestation decides, and none clears a coded severe event (DECISIONS 2)."""
    severe, other = _harms(record, t0)
    if not severe:
        return settle(record, t0, limits, TOPIC, open_finding(TOPIC, other), signs=other)
    found = open_finding(TOPIC, [*severe, *other])
    answer = attestation_on(record, t0, limits, TOPIC.item)
    if answer:
        found = _judged(found, facts(severe), answer)
    else:
        found = replace(found, seen=say("criterion.E6.reuse_not_judged", facts=facts(severe)))
    noted = note_set_aside(record, t0, limits, TOPIC.item, replace(found, against=True))
    return never_cleared_by_silence(record, TOPIC, noted)


def _judged(found: Finding, severe: Phrase, answer: Attested) -> Finding:
    evidence = (*found.evidence, answer.evidence)
    if answer.value:
        seen = say("attestation.beside_data", data=severe, answer=answer_said(answer))
        return Finding(Verdict.MET, Basis.MIXED, seen, evidence)
    seen = say("attestation.contradicts_data", data=severe, answer=answer_said(answer))
    missing = ("attestation-contradicts-data",)
    return replace(found, basis=Basis.MIXED, seen=seen, evidence=evidence, missing=missing)


def _harms(record: ClinicalRecord, t0: date) -> tuple[list[Sighting], list[Sighting]]:
    """(severe and attributed to ciclosporin, everything else that belongs beside the question)."""
    severe: list[Sighting] = []
    other: list[Sighting] = []
    for event in record.adverse_events:
        if not known_by(event.when, t0):
            continue
        if CICLOSPORIN in event.suspects:
            grave = event.severe or (event.concepts & _ALWAYS_SEVERE and not event.by_text_only)
            (severe if grave else other).append(of_adverse_event(event))
        elif not event.suspects and event.concepts & _PERHAPS_CICLOSPORIN:
            other.append(_cause_not_told(of_adverse_event(event)))
    for allergy in record.allergies:
        if CICLOSPORIN in allergy.ingredients and known_by(allergy.recorded, t0):
            grave = allergy.severe or allergy.manifestations & _ALWAYS_SEVERE
            certain = allergy.certainty is Certainty.CONFIRMED and not allergy.by_text_only
            (severe if grave and certain else other).append(of_allergy(allergy))
    other += [of_diagnosis(diagnosis) for diagnosis in blaming(record, t0, CICLOSPORIN)]
    for diagnosis in diagnosed(record, t0, *_ALWAYS_SEVERE):
        if CICLOSPORIN not in diagnosis.blamed:
            other.append(_cause_not_told(of_diagnosis(diagnosis)))
    return severe, other


def _cause_not_told(seen: Sighting) -> Sighting:
    return doubted(seen, say("criterion.E6.cause_not_told", fact=seen.words))
