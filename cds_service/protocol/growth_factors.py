"""G-CSF on record: it raises neutrophils that the marrow alone would not have made."""

from dataclasses import dataclass
from datetime import date

from cds_service.protocol.counts import CountLimits
from fhir_mappings.vocabulary.calendar import days_after
from fhir_mappings.vocabulary.concepts import Concept
from fhir_mappings.vocabulary.facts import ClinicalRecord, Evidence, MedicationEvent, MedicationStatus

_NEVER_GIVEN = frozenset(
    {
        MedicationStatus.CANCELLED,
        MedicationStatus.DRAFT,
        MedicationStatus.NOT_TAKEN,
        MedicationStatus.INTENDED,
    }
)


@dataclass(frozen=True, slots=True)
class GrowthFactorCourse:
    """Days on which G-CSF may have been given, both included."""

    first: date
    last: date
    event: MedicationEvent

    @property
    def evidence(self) -> Evidence:
        """The entry it was read from."""
        return Evidence(self.event.reference, self.event.start.text if self.event.start else None)


def growth_factor_courses(record: ClinicalRecord, limits: CountLimits) -> tuple[GrowthFactorCourse, ...]:
    """All entries of G-CSF that may have been given, each as the longest stretch it may mean."""
    return tuple(
        GrowthFactorCourse(event.start.first, _last_day(event, limits), event)
        for event in record.medications
        if Concept.GROWTH_FACTOR in event.concepts
        and event.start
        and event.is_order_intent
        and event.status not in _NEVER_GIVEN
    )


def _last_day(event: MedicationEvent, limits: CountLimits) -> date:
    """End, else supply; an active entry with neither may go on for `growth_factor_open_days`."""
    start = event.start.last if event.start else date.min
    if event.end:
        return max(event.end.last, start)
    if event.supply_days is not None:
        return days_after(start, int(event.supply_days))
    if event.status is MedicationStatus.ACTIVE:
        return days_after(start, limits.growth_factor_open_days)
    return start


def growth_factor_before(
    courses: tuple[GrowthFactorCourse, ...], day: date, limits: CountLimits
) -> GrowthFactorCourse | None:
    """The G-CSF that may have reached into the days before `day` in which it raises neutrophils."""
    reach = limits.growth_factor_confounding_days
    near = (c for c in courses if c.first <= day <= days_after(c.last, reach))
    return next(near, None)
