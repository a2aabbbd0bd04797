"""Inclusion 1: Age >= 18 years."""

from datetime import date

from cds_service.rules.answers.criteria_answers import Basis, Finding
from cds_service.rules.criterion_evidence import shown_day
from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.criteria.eligibility_limits import EligibilityLimits
from fhir_mappings.clinical_model.calendar import When, age_on
from fhir_mappings.clinical_model.known_unknown import Evidence, Part, Unknown, WhyUnknown
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.record import ClinicalRecord

QUESTION = say("criterion.I1.question")
_WHY = {
    WhyUnknown.MISSING: say("criterion.I1.missing"),
    WhyUnknown.UNREADABLE: say("criterion.I1.unreadable"),
    WhyUnknown.CONFLICTING: say("criterion.I1.conflicting"),
    WhyUnknown.UNAVAILABLE: say("criterion.I1.unavailable"),
}


class AdultLimits(EligibilityLimits, frozen=True):
    """Years."""

    adult_age: int


def inc_01_adult(record: ClinicalRecord, t0: date, limits: AdultLimits) -> Finding:
    """Completed years on T0; a partial date of birth decides only where both its ends agree."""
    born = record.birth_date
    if isinstance(born, Unknown):
        return _open(record, _WHY[born.why], (born.evidence,) if born.evidence else ())
    return _judged(record, born.value, t0, limits)


def _judged(record: ClinicalRecord, born: When, t0: date, limits: AdultLimits) -> Finding:
    evidence = (Evidence(record.patient, born.text),)
    youngest, oldest = age_on(born.last, t0), age_on(born.first, t0)
    if youngest < 0 or oldest > limits.oldest_age:
        return _open(record, say("criterion.I1.implausible", born=shown_day(born)), evidence)
    if record.lacks(Part.PATIENT) or youngest < limits.adult_age <= oldest:
        return _open(record, say("criterion.I1.imprecise", born=shown_day(born)), evidence)
    verdict = Verdict.MET if youngest >= limits.adult_age else Verdict.NOT_MET
    seen = say("criterion.I1.aged", age=youngest, born=shown_day(born))
    return Finding(verdict, Basis.DATA, seen, evidence)


def _open(record: ClinicalRecord, seen: Phrase, evidence: tuple[Evidence, ...]) -> Finding:
    missing: tuple[str, ...] = ("birth-date",)
    if record.lacks(Part.PATIENT):
        missing += (f"DATA_UNAVAILABLE:{Part.PATIENT.value}",)
    basis = Basis.DATA if evidence else Basis.NONE
    return Finding(Verdict.UNKNOWN, basis, seen, evidence, missing, QUESTION)
