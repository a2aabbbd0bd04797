"""Is the patient pregnant or breastfeeding? One rule, reported under I6 and E11 (DECISIONS 8)."""

from collections.abc import Sequence
from datetime import date

from msgspec.structs import replace

from cds_service.rules.answers.criteria_answers import Basis, Finding
from cds_service.rules.attestation import Attested, with_attestation
from cds_service.rules.criterion_evidence import Sighting, evidence_of, facts, newest_day
from cds_service.rules.verdict import Verdict, verdict_of
from cds_service.trials.nct06802055.criteria.pregnancy_signs import (
    PregnancyLimits,
    PregnancySigns,
    pregnancy_signs,
    why_not_possible,
)
from cds_service.trials.nct06802055.criteria.unknowns import (
    Topic,
    asked_again,
    attestation_on,
    laboratory_first,
    never_cleared_by_silence,
    newer_signs,
    note_set_aside,
    seen_as,
)
from fhir_mappings.clinical_model.calendar import age_on
from fhir_mappings.clinical_model.known_unknown import Evidence, Known, Part, Sex, Unknown, WhyUnknown
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.record import ClinicalRecord

_NOTHING = say("criterion.E11.nothing")
_FED_BY = (Part.PATIENT, Part.CONDITIONS, Part.OBSERVATIONS, Part.ATTESTATIONS)
EXCLUSION = Topic("E11", say("criterion.E11.question"), _NOTHING, _FED_BY)
INCLUSION = "I6"
TEST_WANTED = "pregnancy-test"


def inclusion_topic(limits: PregnancyLimits) -> Topic:
    """I6, whose question says for how many days a test counts."""
    question = say("criterion.I6.question", days=limits.pregnancy_negative_days)
    return Topic(INCLUSION, question, _NOTHING, _FED_BY)


def pregnant_or_breastfeeding(record: ClinicalRecord, t0: date, limits: PregnancyLimits) -> Finding:
    """Data and both attestations together; a test that was done, or is wanted, is not attested away."""
    signs = pregnancy_signs(record, t0, limits)
    found = _together(record, t0, limits, signs)
    positive = signs.test is Verdict.MET
    return replace(found, against=bool(signs.pregnant or signs.feeding or signs.doubtful or positive))


def _together(record: ClinicalRecord, t0: date, limits: PregnancyLimits, signs: PregnancySigns) -> Finding:
    answers = _answers(record, t0, limits)
    if signs.test is Verdict.MET and not _is_male(record):
        return _tested_positive(signs, answers)
    if len({a.value for a in answers}) > 1:
        return _disagreeing(answers)
    found, day = _from_data(record, t0, limits, signs)
    return _with_answer(found, answers[0], day, signs.doubtful) if answers else found


def _tested_positive(signs: PregnancySigns, answers: list[Attested]) -> Finding:
    found = seen_as(Verdict.MET, [*signs.tests, *signs.pregnant, *signs.feeding])
    for answer in answers:
        found = laboratory_first(found, answer, verdict_of(bool(answer.value)), _said(answer))
    return found


def _with_answer(found: Finding, answer: Attested, day: date | None, signs: Sequence[Sighting]) -> Finding:
    says = verdict_of(bool(answer.value))
    if found.verdict is Verdict.UNKNOWN and says is Verdict.NOT_MET:
        if newer_signs(signs, answer):
            return asked_again(found, answer, signs, EXCLUSION.question, _said(answer))
        cleared = found.missing == ("attestation",)
        seen = say("attestation.beside_data", data=found.seen, answer=_said(answer))
        evidence = (*found.evidence, answer.evidence)
        if cleared:
            return Finding(Verdict.NOT_MET, Basis.MIXED, seen, evidence)
        missing = tuple(m for m in found.missing if m != "attestation")
        return replace(found, basis=Basis.MIXED, seen=seen, evidence=evidence, missing=missing)
    return with_attestation(found, answer, EXCLUSION.question, day, _said(answer))


def _from_data(
    record: ClinicalRecord, t0: date, limits: PregnancyLimits, signs: PregnancySigns
) -> tuple[Finding, date | None]:
    contrary = [*signs.pregnant, *signs.feeding]
    if _is_male(record):
        if contrary or signs.doubtful or signs.test is Verdict.MET:
            return _open("sex-conflicts-with-pregnancy", [*contrary, *signs.doubtful, *signs.tests]), None
        seen = say("criterion.E11.male")
        return Finding(Verdict.NOT_MET, Basis.DATA, seen, (Evidence(record.patient, None, "male"),)), None
    if signs.feeding or (signs.pregnant and signs.test is not Verdict.NOT_MET):
        return seen_as(Verdict.MET, contrary), newest_day(contrary)
    if signs.pregnant:
        return _open(TEST_WANTED, [*signs.pregnant, *signs.tests]), None
    impossible = _impossible(record, t0, limits)
    return (impossible, None) if impossible else _child_bearing(signs)


def _child_bearing(signs: PregnancySigns) -> tuple[Finding, date | None]:
    """A negative test of the last days, and a word about breastfeeding."""
    sightings = [*signs.tests, *signs.not_feeding, *signs.past_bearing, *signs.doubtful]
    if signs.test is not Verdict.NOT_MET:
        if signs.past_bearing and not signs.doubtful and not signs.tests:
            return _open("attestation", sightings), None
        return _open(TEST_WANTED, sightings, "attestation"), None
    if signs.not_feeding and not signs.doubtful:
        return seen_as(Verdict.NOT_MET, sightings), newest_day(signs.not_feeding)
    return _open("attestation", sightings), None


def _impossible(record: ClinicalRecord, t0: date, limits: PregnancyLimits) -> Finding | None:
    """Past child-bearing age, unless the sex on record contradicts itself; or an operation rules it out."""
    operated = why_not_possible(record, t0)
    if operated:
        return seen_as(Verdict.NOT_MET, operated)
    sex_conflicts = isinstance(record.sex, Unknown) and record.sex.why is WhyUnknown.CONFLICTING
    if sex_conflicts or not isinstance(record.birth_date, Known):
        return None
    born = record.birth_date.value
    age = age_on(born.last, t0)
    if not limits.no_pregnancy_age <= age <= limits.oldest_age:
        return None
    return Finding(
        Verdict.NOT_MET, Basis.DATA, say("criterion.E11.age", age=age), (Evidence(record.patient, born.text),)
    )


def _is_male(record: ClinicalRecord) -> bool:
    return isinstance(record.sex, Known) and record.sex.value is Sex.MALE


def _answers(record: ClinicalRecord, t0: date, limits: PregnancyLimits) -> list[Attested]:
    """What was attested under either number, as answers to "pregnant or breastfeeding?"."""
    under_i6 = attestation_on(record, t0, limits, INCLUSION)
    under_e11 = attestation_on(record, t0, limits, EXCLUSION.item)
    turned = replace(under_i6, value=not under_i6.value) if under_i6 else None
    return [answer for answer in (turned, under_e11) if answer]


def _disagreeing(answers: list[Attested]) -> Finding:
    seen = say("criterion.E11.attestations_disagree", answers=tuple(_said(a) for a in answers))
    evidence = tuple(a.evidence for a in answers)
    return Finding(Verdict.UNKNOWN, Basis.ATTESTATION, seen, evidence, ("attestation",))


def _said(answer: Attested) -> Phrase:
    if answer.value:
        return say("criterion.E11.attested_present", day=answer.day)
    return say("criterion.E11.attested_absent", day=answer.day)


def _open(wanted: str, sightings: list[Sighting], also: str | None = None) -> Finding:
    missing = (wanted, also) if also else (wanted,)
    if not sightings:
        return Finding(Verdict.UNKNOWN, Basis.NONE, _NOTHING, missing=missing)
    seen = say("eligibility.seen.not_conclusive", facts=facts(sightings))
    return Finding(Verdict.UNKNOWN, Basis.DATA, seen, evidence_of(sightings), missing)


def reported_under(
    record: ClinicalRecord, t0: date, limits: PregnancyLimits, topic: Topic, found: Finding
) -> Finding:
    """What was found, under one of the two numbers, with its question where it is open."""
    if found.verdict is Verdict.UNKNOWN:
        found = replace(found, question=topic.question)
        found = note_set_aside(record, t0, limits, topic.item, found)
    # A man, or a woman past child-bearing age: nothing that might stand elsewhere is waited for.
    by_person = any(e.reference == record.patient for e in found.evidence)
    fed_by = (Part.PATIENT,) if by_person else topic.fed_by
    return never_cleared_by_silence(record, replace(topic, fed_by=fed_by), found)
