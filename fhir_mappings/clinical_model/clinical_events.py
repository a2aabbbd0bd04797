"""Procedures and transfusions, allergies, adverse events."""

from enum import StrEnum

import msgspec

from fhir_mappings.clinical_model.calendar import When
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.diagnoses import Certainty


class ProcedureDone(msgspec.Struct, frozen=True):
    """A completed (or in-progress) procedure or transfusion that a code list recognises."""

    reference: str
    concepts: frozenset[Concept]
    when: When | None
    text: str = ""
    planned: bool = False


class AllergyKind(StrEnum):
    """AllergyIntolerance.type."""

    ALLERGY = "allergy"
    INTOLERANCE = "intolerance"
    UNSTATED = "unstated"


class Allergy(msgspec.Struct, frozen=True):
    """An allergy or intolerance to a drug that a rule asks about.

    `by_text_only`: the substance is known by its name alone, which says nothing against the entry itself.
    `told`: what the reaction was by its words alone, never definite.
    """

    reference: str
    ingredients: frozenset[str]
    kind: AllergyKind
    active: bool
    certainty: Certainty
    severe: bool
    manifestations: frozenset[Concept]
    recorded: When | None
    text: str = ""
    by_text_only: bool = False
    told: frozenset[Concept] = frozenset()


class AdverseEventSeen(msgspec.Struct, frozen=True):
    """An actual (never potential) adverse event.

    `by_text_only`: only words put it into its concepts, or its words leave them open: never definite.
    """

    reference: str
    concepts: frozenset[Concept]
    suspects: frozenset[str]
    severe: bool | None
    when: When | None
    text: str = ""
    by_text_only: bool = False
