"""Observation and Specimen of R4, as typed structs of the elements we use."""

import msgspec

from fhir_mappings.readers.fhir_types import (
    CodeableConcept,
    FhirType,
    Period,
    Quantity,
    Range,
    Ratio,
    Reference,
    Resource,
)


class ReferenceRange(FhirType, frozen=True):  # type: ignore[misc]
    """The usual values of a result, for whom they hold."""

    low: Quantity | None = None
    high: Quantity | None = None
    type: CodeableConcept | None = None
    applies_to: tuple[CodeableConcept, ...] = ()
    age: Range | None = None
    text: str | None = None


class Component(FhirType):
    """One line of a panel: systolic and diastolic pressure, the lines of a blood count."""

    code: CodeableConcept | None = None
    value_quantity: Quantity | None = None
    value_codeable_concept: CodeableConcept | None = None
    value_string: str | None = None
    value_boolean: bool | None = None
    value_integer: int | None = None
    value_date_time: str | None = None
    value_range: Range | None = None
    value_ratio: Ratio | None = None
    data_absent_reason: CodeableConcept | None = None
    interpretation: tuple[CodeableConcept, ...] = ()
    reference_range: tuple[ReferenceRange, ...] = ()


class Collection(FhirType):
    """How and when a specimen was taken."""

    collected_date_time: str | None = None
    collected_period: Period | None = None


class Annotation(FhirType):
    """A remark of the laboratory or the ward."""

    text: str | None = None


class SpecimenResource(Resource, tag="Specimen"):
    """What a test was done on."""

    type: CodeableConcept | None = None
    collection: Collection | None = None


class Observation(Resource, tag="Observation"):
    """A result of a test, a score, a vital sign or a finding."""

    contained: tuple[msgspec.Raw, ...] = ()
    status: str | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    focus: tuple[Reference, ...] = ()
    effective_date_time: str | None = None
    effective_period: Period | None = None
    effective_instant: str | None = None
    issued: str | None = None
    value_quantity: Quantity | None = None
    value_codeable_concept: CodeableConcept | None = None
    value_string: str | None = None
    value_boolean: bool | None = None
    value_integer: int | None = None
    value_date_time: str | None = None
    value_range: Range | None = None
    value_ratio: Ratio | None = None
    data_absent_reason: CodeableConcept | None = None
    interpretation: tuple[CodeableConcept, ...] = ()
    reference_range: tuple[ReferenceRange, ...] = ()
    specimen: Reference | None = None
    method: CodeableConcept | None = None
    note: tuple[Annotation, ...] = ()
    component: tuple[Component, ...] = ()


Measured = Observation | Component
"""What carries a value: an observation itself, or one of its components."""
