"""ResearchSubject and ResearchStudy -> which trial, which arm, since when."""

import msgspec

from fhir_mappings.readers.fhir_types import (
    CodeableConcept,
    FhirType,
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


class GroupMember(FhirType):
    """One member of a Group."""

    entity: Reference | None = None
    period: Period | None = None
    inactive: bool | None = None


class Group(Resource, tag="Group"):
    """A list of patients; a site may keep its trial participants in one."""

    identifier: tuple[Identifier, ...] = ()
    active: bool | None = None
    member: tuple[GroupMember, ...] = ()


class Flag(Resource, tag="Flag"):
    """A flag on a chart; a site may mark its trial participants with one."""

    identifier: tuple[Identifier, ...] = ()
    status: str | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    period: Period | None = None


class CarePlan(Resource, tag="CarePlan"):
    """A care plan; a site may follow its trial participants by one."""

    identifier: tuple[Identifier, ...] = ()
    instantiates_canonical: tuple[str, ...] = ()
    status: str | None = None
    category: tuple[CodeableConcept, ...] = ()
    subject: Reference | None = None
    period: Period | None = None
