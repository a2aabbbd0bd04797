"""The medication resources of R4 as typed structs: order, dispense, administration, statement, product."""

import msgspec

from fhir_mappings.readers.dosage import Dosage
from fhir_mappings.readers.fhir_types import (
    CodeableConcept,
    FhirType,
    Identifier,
    Period,
    Quantity,
    Ratio,
    Reference,
    Resource,
)


class StudyExtension(FhirType):
    """An extension that may name the trial an order belongs to."""

    url: str | None = None
    value_reference: Reference | None = None
    value_identifier: Identifier | None = None
    value_string: str | None = None


class Ingredient(FhirType):
    """An ingredient of a product, with its strength."""

    item_codeable_concept: CodeableConcept | None = None
    is_active: bool | None = None
    strength: Ratio | None = None


class Medication(Resource, tag="Medication"):
    """A product."""

    status: str | None = None
    code: CodeableConcept | None = None
    form: CodeableConcept | None = None
    ingredient: tuple[Ingredient, ...] = ()


class MedicationEntry(Resource):
    """What orders, dispenses, administrations and statements share."""

    contained: tuple[msgspec.Raw, ...] = ()
    extension: tuple[StudyExtension, ...] = ()
    identifier: tuple[Identifier, ...] = ()
    status: str | None = None
    medication_codeable_concept: CodeableConcept | None = None
    medication_reference: Reference | None = None
    subject: Reference | None = None
    reason_code: tuple[CodeableConcept, ...] = ()
    reason_reference: tuple[Reference, ...] = ()
    supporting_information: tuple[Reference, ...] = ()


class DispenseRequest(FhirType):
    """How much may be dispensed on an order."""

    number_of_repeats_allowed: int | None = None
    quantity: Quantity | None = None
    expected_supply_duration: Quantity | None = None


class MedicationRequest(MedicationEntry, tag="MedicationRequest"):
    """An order. Clients send drafts without drug, dose, intent or status while the form is being filled."""

    status_reason: CodeableConcept | None = None
    intent: str | None = None
    do_not_perform: bool | None = None
    authored_on: str | None = None
    based_on: tuple[Reference, ...] = ()
    prior_prescription: Reference | None = None
    dosage_instruction: tuple[Dosage, ...] = ()
    dispense_request: DispenseRequest | None = None


class MedicationDispense(MedicationEntry, tag="MedicationDispense"):
    """Supply handed to the patient."""

    status_reason_codeable_concept: CodeableConcept | None = None
    authorizing_prescription: tuple[Reference, ...] = ()
    quantity: Quantity | None = None
    days_supply: Quantity | None = None
    when_prepared: str | None = None
    when_handed_over: str | None = None
    dosage_instruction: tuple[Dosage, ...] = ()


class AdministeredDosage(FhirType):
    """What was given at one administration."""

    text: str | None = None
    route: CodeableConcept | None = None
    dose: Quantity | None = None


class MedicationAdministration(MedicationEntry, tag="MedicationAdministration"):
    """One dose given, or not given."""

    status_reason: tuple[CodeableConcept, ...] = ()
    effective_date_time: str | None = None
    effective_period: Period | None = None
    request: Reference | None = None
    dosage: AdministeredDosage | None = None


class MedicationStatement(MedicationEntry, tag="MedicationStatement"):
    """What the patient is said to take."""

    status_reason: tuple[CodeableConcept, ...] = ()
    effective_date_time: str | None = None
    effective_period: Period | None = None
    based_on: tuple[Reference, ...] = ()
    dosage: tuple[Dosage, ...] = ()
