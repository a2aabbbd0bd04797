"""Consent -> what a patient has agreed to, and whether it is about this trial (DECISIONS 18)."""

from fhir_mappings.readers.fhir_types import CodeableConcept, FhirType, Identifier, Reference, Resource


class ConsentPolicy(FhirType):
    """A policy the consent is given under."""

    authority: str | None = None
    uri: str | None = None


class ConsentData(FhirType):
    """Something the consent speaks of, e.g. the study."""

    reference: Reference | None = None


class Provision(FhirType):
    """What is permitted or denied; the root provision's type is the base rule."""

    type: str | None = None
    data: tuple[ConsentData, ...] = ()
    provision: tuple["Provision", ...] = ()


class Consent(Resource, tag="Consent"):
    """A consent of the patient."""

    identifier: tuple[Identifier, ...] = ()
    status: str | None = None
    scope: CodeableConcept | None = None
    patient: Reference | None = None
    date_time: str | None = None
    policy: tuple[ConsentPolicy, ...] = ()
    policy_rule: CodeableConcept | None = None
    provision: Provision | None = None
