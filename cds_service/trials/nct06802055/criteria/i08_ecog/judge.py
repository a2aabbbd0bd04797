"""Inclusion 8: Eastern Cooperative Oncology Group (ECOG) performance status score of 0-2."""

from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from cds_service.rules.answers.criteria_answers import Finding
from cds_service.rules.attestation import attested
from cds_service.rules.criterion_evidence import of_result
from cds_service.rules.time_windows import newest, results_by, within
from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.criteria.eligibility_limits import EligibilityLimits
from cds_service.trials.nct06802055.criteria.unknowns import (
    Topic,
    laboratory_first,
    never_cleared_by_silence,
    note_set_aside,
    open_finding,
    seen_as,
)
from fhir_mappings.clinical_model.calendar import days_before
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte, Result

SCORES = frozenset(range(6))
"""The whole ECOG scale, 0 (fully active) to 5 (dead): Oken et al., Am J Clin Oncol 1982;5:649-655."""
TOPIC = Topic("I8", say("criterion.I8.question"), say("criterion.I8.nothing"), fed_by=(Part.OBSERVATIONS,))


class EcogLimits(EligibilityLimits, frozen=True):
    """The highest score that lets in, and for how many days a score counts."""

    ecog_highest: int
    ecog_days: int


def inc_08_ecog(record: ClinicalRecord, t0: date, limits: EcogLimits) -> Finding:
    """The last score on record while it is fresh; else the score that was attested."""
    found = _recorded(record, t0, limits)
    answer = attested(record, TOPIC.item, t0, limits.attestation_term(TOPIC.item))
    if answer and not isinstance(answer.value, bool) and answer.value in SCORES:
        says = Verdict.MET if answer.value <= limits.ecog_highest else Verdict.NOT_MET
        found = laboratory_first(found, answer, says)
    noted = note_set_aside(record, t0, limits, TOPIC.item, found)
    return never_cleared_by_silence(record, TOPIC, noted)


def _recorded(record: ClinicalRecord, t0: date, limits: EcogLimits) -> Finding:
    last = newest(results_by(record, t0, Analyte.ECOG))
    sightings = [of_result(r, say("eligibility.test.ecog")) for r in last]
    verdicts = {_verdict(r, limits) for r in last}
    fresh = all(within(r.when, days_before(t0, limits.ecog_days), t0) for r in last)
    if len(verdicts) == 1 and Verdict.UNKNOWN not in verdicts and fresh:
        return seen_as(verdicts.pop(), sightings)
    found = open_finding(TOPIC, sightings, missing=("ecog",))
    if last and not fresh:
        found = replace(found, seen=say("eligibility.seen.stale", seen=found.seen, days=limits.ecog_days))
    return replace(found, question=_question(record, t0))


def _verdict(result: Result, limits: EcogLimits) -> Verdict:
    if result.comparator or result.number not in {Decimal(score) for score in SCORES}:
        return Verdict.UNKNOWN
    return Verdict.MET if result.above(limits.ecog_highest) is False else Verdict.NOT_MET


def _question(record: ClinicalRecord, t0: date) -> Phrase:
    """A Karnofsky score is shown beside the question, never converted."""
    karnofsky = newest(results_by(record, t0, Analyte.KARNOFSKY))
    if not karnofsky:
        return TOPIC.question
    seen = of_result(karnofsky[-1], say("eligibility.test.karnofsky"))
    return say("criterion.I8.question_beside", fact=seen.words)
