"""Is a drug being taken on T0? Orders, dispenses, administrations and statements (DECISIONS 12)."""

from datetime import date
from math import ceil

from cds_service.rules.time_windows import within
from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.criteria.eligibility_limits import EligibilityLimits
from fhir_mappings.clinical_model.calendar import When, days_after, days_before
from fhir_mappings.clinical_model.medications import MedicationEvent, MedicationSource, MedicationStatus
from fhir_mappings.clinical_model.record import ClinicalRecord

NEVER_TAKEN = frozenset({MedicationStatus.CANCELLED, MedicationStatus.DRAFT, MedicationStatus.NOT_TAKEN})
"""What counts as no record at all (DECISIONS 10)."""
_ENDED = frozenset({MedicationStatus.COMPLETED, MedicationStatus.STOPPED})


def counts(event: MedicationEvent) -> bool:
    """False for cancelled, draft, not-taken entries, and for what was only proposed or planned."""
    return event.status not in NEVER_TAKEN and event.is_order_intent


def in_use(
    event: MedicationEvent, record: ClinicalRecord, t0: date, limits: EligibilityLimits, order_days: int
) -> Verdict:
    """MET when the entry says that the drug is being taken on T0, UNKNOWN when it leaves it open.

    An open order older than `order_days` without a sign of supply may be a leftover.
    """
    if not counts(event) or (event.start and event.start.first > t0):
        return Verdict.NOT_MET
    if event.source is MedicationSource.ADMINISTRATION:
        return _given_lately(event.end or event.start, t0, limits)
    if event.source is MedicationSource.DISPENSE:
        return _supplied(event, t0)
    return _ordered(event, record, t0, order_days)


def _given_lately(given: When | None, t0: date, limits: EligibilityLimits) -> Verdict:
    if given is None:
        return Verdict.UNKNOWN
    earliest = days_before(t0, limits.administration_days)
    if given.first >= earliest:
        return Verdict.MET
    return Verdict.UNKNOWN if given.last >= earliest else Verdict.NOT_MET


def _supplied(event: MedicationEvent, t0: date) -> Verdict:
    """Supply handed over for so many days covers the day of the hand-over and the days after it."""
    if event.start is not None and event.supply_days is not None:
        more = max(ceil(event.supply_days), 1) - 1
        return _covers(days_after(event.start.first, more), days_after(event.start.last, more), t0)
    return _covers(event.end.first, event.end.last, t0) if event.end else Verdict.UNKNOWN


def _covers(first_end: date, last_end: date, t0: date) -> Verdict:
    if first_end >= t0:
        return Verdict.MET
    return Verdict.UNKNOWN if last_end >= t0 else Verdict.NOT_MET


def _ordered(event: MedicationEvent, record: ClinicalRecord, t0: date, order_days: int) -> Verdict:
    covered = _covers(event.end.first, event.end.last, t0) if event.end else Verdict.MET
    if event.status in _ENDED or covered is Verdict.NOT_MET:
        return Verdict.NOT_MET
    if event.status is not MedicationStatus.ACTIVE or event.start is None or event.single_dose:
        return Verdict.UNKNOWN
    earliest = days_before(t0, order_days)
    recent = event.start.first >= earliest or _sign_of_supply(event, record, earliest, t0)
    return covered if recent else Verdict.UNKNOWN


def _sign_of_supply(event: MedicationEvent, record: ClinicalRecord, earliest: date, t0: date) -> bool:
    """A dispense or administration of the same drug, so recent that an old open order is no leftover."""
    return any(
        other.source in (MedicationSource.DISPENSE, MedicationSource.ADMINISTRATION)
        and counts(other)
        and not other.ingredients.isdisjoint(event.ingredients)
        and within(other.start, earliest, t0) is True
        for other in record.medications
    )
