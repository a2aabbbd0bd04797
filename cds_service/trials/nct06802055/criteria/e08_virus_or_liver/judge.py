"""Exclusion 8: Active infections with HIV, HCV, or HBV, liver cirrhosis, portal hypertension."""

from datetime import date

import msgspec
from msgspec.structs import replace

from cds_service.rules.answers.criteria_answers import Basis, Finding
from cds_service.rules.attestation import Attested, answer_said, with_attestation
from cds_service.rules.criterion_evidence import Sighting, evidence_of, facts, newest_day, of_diagnosis
from cds_service.rules.sorted_diagnoses import diagnosed, is_definite
from cds_service.rules.verdict import Verdict, all_of, verdict_of
from cds_service.trials.nct06802055.criteria.e08_virus_or_liver.viruses import (
    TEST_NAMES,
    Infection,
    VirusLimits,
    viruses,
)
from cds_service.trials.nct06802055.criteria.unknowns import (
    Topic,
    asked_again,
    assertions,
    attestation_on,
    laboratory_first,
    never_cleared_by_silence,
    newer_signs,
    note_set_aside,
    seen_as,
)
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.diagnoses import Course, Diagnosis
from fhir_mappings.clinical_model.known_unknown import Evidence, Part
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.record import ClinicalRecord

TOPIC = Topic(
    "E8",
    say("criterion.E8.question"),
    say("criterion.E8.no_result"),
    fed_by=(Part.CONDITIONS, Part.OBSERVATIONS, Part.ATTESTATIONS),
    emptied_by=((Part.CONDITIONS,),),
)
_DECIDING = frozenset({Concept.HIV, Concept.CIRRHOSIS, Concept.PORTAL_HYPERTENSION})
_ASKING = frozenset(
    {Concept.HBV_ACUTE, Concept.HBV_CHRONIC, Concept.HCV_ACUTE, Concept.HCV_CHRONIC, Concept.VARICES}
)


class _Seen(msgspec.Struct, frozen=True):
    """The three viruses, the codes that decide, those that ask, and a reviewed, empty problem list."""

    viruses: tuple[Infection, ...]
    coded: tuple[Sighting, ...]
    doubtful: tuple[Sighting, ...]
    empty: tuple[Evidence, ...]


def exc_08_virus_or_liver(record: ClinicalRecord, t0: date, limits: VirusLimits) -> Finding:
    """Any one shows it; it is refuted only by three settled viruses and a word about the liver."""
    seen = _look(record, t0, limits)
    answer = attestation_on(record, t0, limits, TOPIC.item)
    infected = [s for v in seen.viruses if v.verdict is Verdict.MET for s in v.sightings]
    if infected:
        found = seen_as(Verdict.MET, [*infected, *seen.coded])
        found = laboratory_first(found, answer, verdict_of(bool(answer.value))) if answer else found
    elif seen.coded:
        coded = seen_as(Verdict.MET, seen.coded)
        found = with_attestation(coded, answer, TOPIC.question, newest_day(seen.coded))
    else:
        found = _not_shown(seen, answer)
    suspect = any(v.suspect and v.verdict is not Verdict.NOT_MET for v in seen.viruses)
    found = replace(found, against=bool(suspect or seen.coded or seen.doubtful))
    noted = note_set_aside(record, t0, limits, TOPIC.item, found)
    return never_cleared_by_silence(record, TOPIC, noted)


def _look(record: ClinicalRecord, t0: date, limits: VirusLimits) -> _Seen:
    coded: list[Sighting] = []
    doubtful: list[Sighting] = []
    for diagnosis in diagnosed(record, t0, *_DECIDING, *_ASKING):
        (coded if _decides(diagnosis) else doubtful).append(of_diagnosis(diagnosis))
    empty = assertions(record, t0, limits, TOPIC.emptied_by)
    return _Seen(
        viruses(record, t0, limits),
        tuple(coded),
        tuple(doubtful),
        tuple(Evidence(c.reference, c.when.text if c.when else None, "nilknown") for c in empty),
    )


def _decides(diagnosis: Diagnosis) -> bool:
    """Cirrhosis and HIV stay; portal hypertension may have resolved."""
    deciding = diagnosis.concepts & _DECIDING
    resolved = deciding == {Concept.PORTAL_HYPERTENSION} and diagnosis.course is Course.HISTORY
    return bool(deciding) and is_definite(diagnosis) and not resolved


def _not_shown(seen: _Seen, answer: Attested | None) -> Finding:
    no_virus = all_of(_absent(v) for v in seen.viruses)
    liver_denied = bool(seen.empty) and not seen.doubtful
    if no_virus is Verdict.MET and liver_denied:
        found = Finding(Verdict.NOT_MET, Basis.DATA, _words(seen), _evidence(seen))
        return with_attestation(found, answer, TOPIC.question)
    if answer and answer.value:
        words = say("attestation.beside_data", data=_words(seen), answer=answer_said(answer))
        return Finding(Verdict.MET, Basis.ATTESTATION, words, (*_evidence(seen), answer.evidence))
    if not answer:
        return _open(seen, () if liver_denied else ("attestation",))
    if no_virus is Verdict.MET and newer_signs(seen.doubtful, answer):
        found = _open(seen, ("attestation",))
        return asked_again(found, answer, seen.doubtful, TOPIC.question)
    if no_virus is Verdict.MET:
        words = say("attestation.beside_data", data=_words(seen), answer=answer_said(answer))
        return Finding(Verdict.NOT_MET, Basis.MIXED, words, (*_evidence(seen), answer.evidence))
    found = _open(seen, ())
    words = say("attestation.beside_data", data=found.seen, answer=answer_said(answer))
    return replace(found, basis=Basis.MIXED, seen=words, evidence=(*found.evidence, answer.evidence))


def _absent(virus: Infection) -> Verdict:
    return Verdict.MET if virus.verdict is Verdict.NOT_MET else Verdict.UNKNOWN


def _open(seen: _Seen, also: tuple[str, ...]) -> Finding:
    wanted = [analyte for virus in seen.viruses for analyte in virus.wanted]
    missing = (*(a.value.replace("_", "-") for a in wanted), *also)
    tests = tuple(TEST_NAMES[a] for a in wanted)
    question = say("criterion.E8.question_tests", tests=tests) if tests else TOPIC.question
    evidence = _evidence(seen)
    basis = Basis.DATA if evidence else Basis.NONE
    return Finding(Verdict.UNKNOWN, basis, _words(seen), evidence, missing, question)


def _words(seen: _Seen) -> Phrase:
    hiv, hbv, hcv = (
        facts(v.sightings) if v.sightings else say("criterion.E8.no_result") for v in seen.viruses
    )
    liver = say("criterion.E8.no_liver_code")
    if seen.doubtful:
        liver = say("eligibility.seen.not_conclusive", facts=facts(seen.doubtful))
    return say("criterion.E8.seen", hiv=hiv, hbv=hbv, hcv=hcv, codes=liver)


def _evidence(seen: _Seen) -> tuple[Evidence, ...]:
    tested = evidence_of(s for v in seen.viruses for s in v.sightings)
    return (*tested, *evidence_of(seen.doubtful), *seen.empty)
