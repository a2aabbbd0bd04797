"""Drugs that may have changed a blood count: each entry as the longest stretch that it may mean.

This asks "could it have been?", for G-CSF behind good neutrophils and for treatment behind a rise. What was
surely taken is another question (`ciclosporin_supply`).
"""

from datetime import date

import msgspec

from cds_service.trials.nct06802055.patient_state.blood.counts import CountLimits
from fhir_mappings.clinical_model.calendar import days_after, days_before
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.medications import MedicationEvent, MedicationSource, MedicationStatus
from fhir_mappings.clinical_model.record import ClinicalRecord

GROWTH_FACTORS = frozenset({Concept.GROWTH_FACTOR})
AA_TREATMENT = frozenset(
    {Concept.CICLOSPORIN, Concept.SIROLIMUS, Concept.AA_TREATMENT, Concept.GROWTH_FACTOR}
)
"""What may explain a rise: ciclosporin, ATG, thrombopoietin agonists, androgens, growth factors."""

NEVER_TAKEN = frozenset(
    {
        MedicationStatus.CANCELLED,
        MedicationStatus.DRAFT,
        MedicationStatus.NOT_TAKEN,
        MedicationStatus.INTENDED,
    }
)


class PossibleExposure(msgspec.Struct, frozen=True):
    """Days on which a drug may have been given, both included."""

    first: date
    last: date
    event: MedicationEvent


def possible_exposures(
    record: ClinicalRecord, concepts: frozenset[Concept], limits: CountLimits
) -> tuple[PossibleExposure, ...]:
    """All systemic entries in any of the concepts that may have been given."""
    return tuple(
        PossibleExposure(event.start.first, _last_day(event, event.start.last, limits), event)
        for event in record.medications
        if event.concepts & concepts
        and event.start is not None
        and event.systemic is not False
        and event.is_order_intent
        and event.status not in NEVER_TAKEN
    )


def supplied(exposures: tuple[PossibleExposure, ...]) -> tuple[PossibleExposure, ...]:
    """Those handed over, given or stated to be taken; an order alone is none."""
    return tuple(e for e in exposures if e.event.source is not MedicationSource.ORDER)


def _last_day(event: MedicationEvent, start: date, limits: CountLimits) -> date:
    """End, else supply; an active entry with neither may go on for some weeks."""
    if event.end:
        return max(event.end.last, start)
    if event.supply_days is not None:
        return days_after(start, int(event.supply_days))
    return days_after(start, limits.open_entry_days) if event.status is MedicationStatus.ACTIVE else start


def exposed_between(
    exposures: tuple[PossibleExposure, ...], first: date, last: date
) -> PossibleExposure | None:
    """The first exposure that may have touched the days from `first` to `last`."""
    return next((e for e in exposures if e.first <= last and first <= e.last), None)


def growth_factor_before(
    exposures: tuple[PossibleExposure, ...], day: date, limits: CountLimits
) -> PossibleExposure | None:
    """The G-CSF that may still raise the neutrophils of a count on `day`."""
    return exposed_between(exposures, days_before(day, limits.growth_factor_confounding_days), day)
