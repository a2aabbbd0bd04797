"""Diagnoses as rules see them: ideas, certainty and course, never codes."""

from enum import StrEnum

import msgspec

from fhir_mappings.clinical_model.calendar import When
from fhir_mappings.clinical_model.concepts import Concept


class Certainty(StrEnum):
    """Condition.verificationStatus; refuted and entered-in-error never reach the record."""

    CONFIRMED = "confirmed"
    PROVISIONAL = "provisional"


class Course(StrEnum):
    """Condition.clinicalStatus: active|recurrence|relapse, inactive|remission|resolved, or not stated."""

    ACTIVE = "active"
    HISTORY = "history"
    UNSTATED = "unstated"


class Diagnosis(msgspec.Struct, frozen=True):
    """One Condition that at least one of our code lists, or our text patterns, recognises.

    `by_text_only` is true when no code, only the words, put it into its concepts: never definite.
    `codes` are for showing, e.g. ("ICD-10 D61.3",). `relapsed`: clinicalStatus relapse or recurrence.
    `blamed`: drugs that its words hold responsible (环孢素不耐受), which no code has to say.
    """

    reference: str
    concepts: frozenset[Concept]
    text: str
    certainty: Certainty
    course: Course
    onset: When | None = None
    recorded: When | None = None
    abated: When | None = None
    codes: tuple[str, ...] = ()
    by_text_only: bool = False
    relapsed: bool = False
    blamed: frozenset[str] = frozenset()
