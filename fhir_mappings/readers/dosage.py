"""Dosage instructions: amount of drug, interval, route, and for how long."""

from typing import Any

from fhir_mappings.readers.fhir_types import CodeableConcept, FhirType, Period, Quantity, Range


class Repeat(FhirType):
    """Timing.repeat."""

    bounds_duration: Quantity | None = None
    bounds_range: Range | None = None
    bounds_period: Period | None = None
    count: int | None = None
    frequency: int | None = None
    frequency_max: int | None = None
    period: int | float | None = None
    period_max: int | float | None = None
    period_unit: str | None = None
    day_of_week: tuple[str, ...] = ()
    time_of_day: tuple[str, ...] = ()
    when: tuple[str, ...] = ()


class Timing(FhirType):
    """When a drug is taken: exact moments, a repeating pattern, or a code such as BID."""

    event: tuple[str, ...] = ()
    repeat: Repeat | None = None
    code: CodeableConcept | None = None


class DoseAndRate(FhirType):
    """An amount per dose."""

    type: CodeableConcept | None = None
    dose_quantity: Quantity | None = None
    dose_range: Range | None = None


class Dosage(FhirType):
    """One line of dosage instructions."""

    modifier_extension: tuple[dict[str, Any], ...] = ()
    sequence: int | None = None
    text: str | None = None
    timing: Timing | None = None
    as_needed_boolean: bool | None = None
    as_needed_codeable_concept: CodeableConcept | None = None
    route: CodeableConcept | None = None
    dose_and_rate: tuple[DoseAndRate, ...] = ()
