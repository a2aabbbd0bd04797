"""One canonical order of facts, so that a record is the same however its chart was read."""

from collections.abc import Iterable
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

import msgspec

from fhir_mappings.vocabulary.calendar import When
from fhir_mappings.vocabulary.facts import (
    AdverseEventSeen,
    Allergy,
    Attestation,
    CompletenessAssertion,
    ConsentSeen,
    Diagnosis,
    MedicationEvent,
    ProcedureDone,
    Result,
    StudyEntry,
)

Fact = (
    AdverseEventSeen
    | Allergy
    | Attestation
    | CompletenessAssertion
    | ConsentSeen
    | Diagnosis
    | MedicationEvent
    | ProcedureDone
    | Result
    | StudyEntry
)
F = TypeVar("F", bound=Fact)

deterministic = msgspec.json.Encoder(enc_hook=str, order="deterministic")


_MOMENT = {MedicationEvent: "start", StudyEntry: "start", Allergy: "recorded", Attestation: "authored"}


def moment_of(fact: Fact) -> When | None:
    """When a fact became known or true: what decides its place, and whether it lies in the future."""
    if isinstance(fact, Diagnosis):
        return fact.onset or fact.recorded
    when: When | None = getattr(fact, _MOMENT.get(type(fact), "when"))
    return when


def in_order(facts: Iterable[F]) -> tuple[F, ...]:
    """Oldest first, undated ones first of all; within a day by the clock, then by reference."""
    keyed = sorted(((_key(fact), fact) for fact in facts), key=itemgetter(0))
    ordered: list[F] = []
    for _, ties in groupby(keyed, key=itemgetter(0)):
        alike = [fact for _, fact in ties]
        ordered += alike if len(alike) == 1 else sorted(alike, key=deterministic.encode)
    return tuple(ordered)


def _key(fact: Any) -> tuple[date, float, str]:
    when = moment_of(fact)
    if when is None:
        return date.min, 0.0, fact.reference
    return when.last, when.instant.timestamp() if when.instant else 0.0, fact.reference
