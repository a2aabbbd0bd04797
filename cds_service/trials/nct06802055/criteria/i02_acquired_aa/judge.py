"""Inclusion 2: Diagnosed with acquired aplastic anemia (AA), excluding congenital AA."""

from collections.abc import Sequence
from datetime import date

from msgspec.structs import replace

from cds_service.rules.answers.criteria_answers import Basis, Finding
from cds_service.rules.attestation import Attested, answer_said
from cds_service.rules.criterion_evidence import evidence_of, facts, of_diagnosis
from cds_service.rules.sorted_diagnoses import diagnosed, is_definite
from cds_service.rules.verdict import Verdict, verdict_of
from cds_service.trials.nct06802055.criteria.eligibility_limits import EligibilityLimits
from cds_service.trials.nct06802055.criteria.unknowns import (
    Topic,
    attestation_on,
    never_cleared_by_silence,
    note_set_aside,
    open_finding,
    seen_as,
)
from fhir_mappings.clinical_model.concepts import APLASTIC_ANAEMIA, Concept
from fhir_mappings.clinical_model.diagnoses import Diagnosis
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.record import ClinicalRecord

ACQUIRED = frozenset({Concept.AA_ACQUIRED, Concept.AA_ANTINEOPLASTIC})
TOPIC = Topic(
    "I2",
    say("criterion.I2.question"),
    say("criterion.I2.nothing"),
    fed_by=(Part.CONDITIONS, Part.ATTESTATIONS),
)


class AcquiredAaLimits(EligibilityLimits, frozen=True):
    """Is a code alone not enough?"""

    require_marrow_attestation: bool


def inc_02_acquired_aa(record: ClinicalRecord, t0: date, limits: AcquiredAaLimits) -> Finding:
    """The codes and the investigator's judgement together (DECISIONS 2 and 3)."""
    seen = diagnosed(record, t0, *APLASTIC_ANAEMIA)
    congenital = [d for d in seen if is_definite(d) and Concept.AA_CONGENITAL in d.concepts]
    acquired = [d for d in seen if is_definite(d) and d.concepts & ACQUIRED]
    answer = attestation_on(record, t0, limits, TOPIC.item)
    if congenital and not acquired:
        found = _congenital_alone(record, seen, answer)
    elif answer:
        found = _judged(seen, answer)
    elif acquired and not congenital and not limits.require_marrow_attestation:
        found = seen_as(Verdict.MET, [of_diagnosis(d) for d in seen])
    else:
        found = _open(seen, bool(acquired), bool(congenital))
    found = replace(found, against=any(Concept.AA_CONGENITAL in d.concepts for d in seen))
    noted = note_set_aside(record, t0, limits, TOPIC.item, found)
    return never_cleared_by_silence(record, TOPIC, noted)


def _congenital_alone(record: ClinicalRecord, seen: Sequence[Diagnosis], answer: Attested | None) -> Finding:
    """Not acquired - unless the investigator says so, or the other codes or the answer could not be read."""
    sightings = [of_diagnosis(d) for d in seen]
    if answer is None and record.lacks(*TOPIC.fed_by):
        return open_finding(TOPIC, sightings)
    found = seen_as(Verdict.NOT_MET, sightings)
    if answer is None:
        return found
    evidence = (*found.evidence, answer.evidence)
    if not answer.value:
        words = say("attestation.beside_data", data=found.seen, answer=answer_said(answer))
        return replace(found, basis=Basis.MIXED, seen=words, evidence=evidence)
    words = say("attestation.contradicts_data", data=found.seen, answer=answer_said(answer))
    missing = ("attestation-contradicts-data",)
    return Finding(Verdict.UNKNOWN, Basis.MIXED, words, evidence, missing, TOPIC.question)


def _judged(seen: Sequence[Diagnosis], answer: Attested) -> Finding:
    verdict = verdict_of(bool(answer.value))
    if not seen:
        words = say("attestation.beside_data", data=TOPIC.nothing_seen, answer=answer_said(answer))
        return Finding(verdict, Basis.ATTESTATION, words, (answer.evidence,))
    sightings = [of_diagnosis(d) for d in seen]
    words = say("attestation.beside_data", data=facts(sightings), answer=answer_said(answer))
    basis = Basis.MIXED if answer.value else Basis.ATTESTATION
    return Finding(verdict, basis, words, (*evidence_of(sightings), answer.evidence))


def _open(seen: Sequence[Diagnosis], acquired: bool, congenital: bool) -> Finding:
    found = open_finding(TOPIC, [of_diagnosis(d) for d in seen])
    if not seen:
        return found
    names = facts([of_diagnosis(d) for d in seen])
    if acquired and congenital:
        return replace(found, seen=say("criterion.I2.both", facts=names))
    if acquired:
        return replace(found, seen=say("criterion.I2.marrow_wanted", facts=names))
    return replace(found, seen=say("criterion.I2.generic", facts=names))
