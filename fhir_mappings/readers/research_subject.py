"""ResearchSubject and ResearchStudy -> which trial, which arm, since when."""

import msgspec

from fhir_mappings.readers.fhir_types import (
    CodeableConcept,
    Identifier,
    Period,
    Reference,
    Resource,
)


class ResearchStudy(Resource, tag="ResearchStudy"):
    """A study, as far as it tells which one it is and of what kind."""

    identifier: tuple[Identifier, ...] = ()
    title: str | None = None
    status: str | None = None
    category: tuple[CodeableConcept, ...] = ()
    phase: CodeableConcept | None = None
    primary_purpose_type: CodeableConcept | None = None


class ResearchSubject(Resource, tag="ResearchSubject"):
    """A patient's participation in a study."""

    contained: tuple[msgspec.Raw, ...] = ()
    status: str | None = None
    period: Period | None = None
    study: Reference | None = None
    individual: Reference | None = None
    assigned_arm: str | None = None
    actual_arm: str | None = None
    consent: Reference | None = None
