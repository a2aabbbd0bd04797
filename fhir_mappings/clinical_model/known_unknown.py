"""Three answers, never two: a fact is `Known`, or `Unknown` with its reason.

A part of the chart that could not be read is a `Part` of `ClinicalRecord.unavailable`, so that an empty list
is never mistaken for "none"; what is odd about a single entry is a `Gap`.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class Evidence(msgspec.Struct, frozen=True):
    """Where a fact was seen: relative reference, date as written, value and unit as used by the rule."""

    reference: str
    date: str | None = None
    value: Decimal | str | None = None
    unit: str | None = None


class WhyUnknown(StrEnum):
    """Why a single fact cannot be told."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    CONFLICTING = "conflicting"
    UNAVAILABLE = "unavailable"


class Known(msgspec.Struct, Generic[T], frozen=True):
    """A fact that the chart states."""

    value: T
    evidence: Evidence | None = None


class Unknown(msgspec.Struct, frozen=True):
    """A fact that the chart does not settle, and why."""

    why: WhyUnknown
    evidence: Evidence | None = None


Fact = Known[T] | Unknown


class Sex(StrEnum):
    """Patient.gender; a different sex-for-clinical-use extension makes the fact Unknown(CONFLICTING)."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"


class Part(StrEnum):
    """The parts of a chart we ask for; the values are the prefetch keys of the contract."""

    PATIENT = "patient"
    CONDITIONS = "conditions"
    OBSERVATIONS = "observations"
    MEDICATION_REQUESTS = "medicationRequests"
    MEDICATION_DISPENSES = "medicationDispenses"
    MEDICATION_ADMINISTRATIONS = "medicationAdministrations"
    MEDICATION_STATEMENTS = "medicationStatements"
    ALLERGIES = "allergies"
    PROCEDURES = "procedures"
    ADVERSE_EVENTS = "adverseEvents"
    RESEARCH_SUBJECTS = "researchSubjects"
    ATTESTATIONS = "attestations"
    CONSENTS = "consents"


MEDICATION_PARTS = (
    Part.MEDICATION_REQUESTS,
    Part.MEDICATION_DISPENSES,
    Part.MEDICATION_ADMINISTRATIONS,
    Part.MEDICATION_STATEMENTS,
)


class Lost(msgspec.Struct, frozen=True, order=True):
    """What an entry that could not be used may have said (DECISIONS 49).

    `kind` is its FHIR resource type, `name` and `written` its own words for itself and its value, `day` its
    date as it stands. `latest` is the last calendar day it may be of, ISO; empty where it may be of any day.
    `analytes` and `concepts` are what its codes or words name: values of `Analyte` and `Concept`.
    """

    kind: str
    name: str = ""
    written: str = ""
    day: str = ""
    latest: str = ""
    analytes: tuple[str, ...] = ()
    concepts: tuple[str, ...] = ()


class Gap(msgspec.Struct, frozen=True, order=True):
    """What could not be read or had, for `dataQuality`. `problem` is a stable code in capitals.

    `lost`: what it may have said, where it stands in the chart and its codes or words still tell. A gap whose
    content cannot be told at all makes the whole part of the chart incomplete instead.
    """

    problem: str
    reference: str = ""
    detail: str = ""
    lost: tuple[Lost, ...] = ()
