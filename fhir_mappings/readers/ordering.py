"""One canonical order of facts, so that a record is the same however its chart was read."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from operator import attrgetter, itemgetter
from typing import Any, TypeVar

import msgspec

from fhir_mappings.clinical_model.calendar import When
from fhir_mappings.clinical_model.clinical_events import AdverseEventSeen, Allergy, ProcedureDone
from fhir_mappings.clinical_model.diagnoses import Diagnosis
from fhir_mappings.clinical_model.medications import MedicationEvent
from fhir_mappings.clinical_model.pairs import Pair
from fhir_mappings.clinical_model.results import Result
from fhir_mappings.clinical_model.studies import Attestation, CompletenessAssertion, ConsentSeen, StudyEntry

Fact = (
    AdverseEventSeen
    | Allergy
    | Attestation
    | CompletenessAssertion
    | ConsentSeen
    | Diagnosis
    | MedicationEvent
    | Pair
    | ProcedureDone
    | Result
    | StudyEntry
)
F = TypeVar("F", bound=Fact)

deterministic = msgspec.json.Encoder(enc_hook=str, order="deterministic")


def _of_diagnosis(diagnosis: Diagnosis) -> When | None:
    return diagnosis.onset or diagnosis.recorded


MOMENT: Mapping[type, Callable[[Any], When | None]] = {
    AdverseEventSeen: attrgetter("when"),
    Allergy: attrgetter("recorded"),
    Attestation: attrgetter("authored"),
    CompletenessAssertion: attrgetter("when"),
    ConsentSeen: attrgetter("when"),
    Diagnosis: _of_diagnosis,
    MedicationEvent: attrgetter("start"),
    Pair: attrgetter("when"),
    ProcedureDone: attrgetter("when"),
    Result: attrgetter("when"),
    StudyEntry: attrgetter("start"),
}
"""When a fact became known or true: what decides its place, and whether it lies in the future."""
_KEY, _FACT = itemgetter(0), itemgetter(1)
_NO_CLOCK = datetime.min.replace(tzinfo=UTC)


def in_order(facts: Iterable[F]) -> tuple[F, ...]:
    """Oldest first, undated ones first of all; within a day by the clock, then by reference."""
    keyed = sorted(
        [
            (
                (date.min, _NO_CLOCK, fact.reference)
                if (when := MOMENT[type(fact)](fact)) is None
                else (when.last, when.instant or _NO_CLOCK, fact.reference),
                fact,
            )
            for fact in facts
        ],
        key=_KEY,
    )
    keys, ordered = list(map(_KEY, keyed)), list(map(_FACT, keyed))
    if len(set(keys)) < len(keys):  # such as the two pressures of one measurement
        for key in [key for key, times in Counter(keys).items() if times > 1]:
            first, end = bisect_left(keys, key), bisect_right(keys, key)
            ordered[first:end] = sorted(ordered[first:end], key=deterministic.encode)
    return tuple(ordered)
