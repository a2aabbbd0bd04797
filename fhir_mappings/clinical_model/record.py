"""One patient's chart in our words, freed of FHIR."""

from collections.abc import Callable, Iterator
from datetime import date
from functools import cached_property, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from fhir_mappings.clinical_model.calendar import When
from fhir_mappings.clinical_model.clinical_events import AdverseEventSeen, Allergy, ProcedureDone
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.diagnoses import Diagnosis
from fhir_mappings.clinical_model.known_unknown import Fact, Gap, Lost, Part, Sex, Unknown, WhyUnknown
from fhir_mappings.clinical_model.medications import MedicationEvent
from fhir_mappings.clinical_model.pairs import Pair
from fhir_mappings.clinical_model.results import Analyte, Reading, Result
from fhir_mappings.clinical_model.studies import Attestation, CompletenessAssertion, ConsentSeen, StudyEntry


class ClinicalRecord(msgspec.Struct, frozen=True, dict=True):
    """One patient's chart in our words; every tuple in a canonical order, whatever order it was read in.

    `pairs`: which of the results are of one moment and differ.
    """

    patient: str
    zone: ZoneInfo
    birth_date: Fact[When] = msgspec.field(default_factory=lambda: Unknown(WhyUnknown.MISSING))
    sex: Fact[Sex] = msgspec.field(default_factory=lambda: Unknown(WhyUnknown.MISSING))
    deceased: bool = False
    diagnoses: tuple[Diagnosis, ...] = ()
    results: tuple[Result, ...] = ()
    medications: tuple[MedicationEvent, ...] = ()
    allergies: tuple[Allergy, ...] = ()
    adverse_events: tuple[AdverseEventSeen, ...] = ()
    procedures: tuple[ProcedureDone, ...] = ()
    studies: tuple[StudyEntry, ...] = ()
    consents: tuple[ConsentSeen, ...] = ()
    attestations: tuple[Attestation, ...] = ()
    completeness: tuple[CompletenessAssertion, ...] = ()
    unavailable: frozenset[Part] = frozenset()
    gaps: tuple[Gap, ...] = ()
    pairs: tuple[Pair, ...] = ()

    def with_concept(self, *concepts: Concept) -> tuple[Diagnosis, ...]:
        """Diagnoses in any of the concepts."""
        wanted = frozenset(concepts)
        return tuple(d for d in self.diagnoses if d.concepts & wanted)

    def of(self, *analytes: Analyte) -> tuple[Result, ...]:
        """Results of any of the analytes, oldest first (undated ones first of all)."""
        if len(analytes) == 1:
            return self._by_analyte.get(analytes[0], ())
        return tuple(r for r in self.results if r.analyte in analytes)

    @cached_property
    def worked_out(self) -> dict[object, Any]:
        """What has been worked out from this chart (`once_a_record`): no part of what it says."""
        return {}

    @cached_property
    def _by_analyte(self) -> dict[Analyte, tuple[Result, ...]]:
        """The results by analyte, sorted out when first asked for: no part of what a record says."""
        found: dict[Analyte, list[Result]] = {}
        for result in self.results:
            found.setdefault(result.analyte, []).append(result)
        return {one: tuple(some) for one, some in found.items()}

    def usable(self, *analytes: Analyte) -> tuple[Result, ...]:
        """Results of the analytes that may decide: final, dated, readable, oldest first."""
        return tuple([r for r in self.of(*analytes) if r.reading is Reading.USABLE and r.when is not None])

    def taking(self, ingredient: str) -> tuple[MedicationEvent, ...]:
        """All medication entries with the ingredient, oldest first."""
        return tuple(m for m in self.medications if ingredient in m.ingredients)

    def transfusions(self, concept: Concept) -> Iterator[ProcedureDone]:
        """Transfusions of red cells or platelets on record."""
        return (p for p in self.procedures if concept in p.concepts and not p.planned)

    def lost(self) -> Iterator[tuple[Gap, Lost]]:
        """What stands in the chart and could not be used, where it still tells what it is about."""
        for gap in self.gaps:
            yield from ((gap, lost) for lost in gap.lost if lost.analytes or lost.concepts)

    def lost_together(self) -> tuple[tuple[tuple[Gap, Lost], ...], ...]:
        """The same, those together that may have been the same: newest first, of unknown day before all.

        A hospital that has not mapped a code may have hundreds of one test.
        """
        alike: dict[tuple[tuple[str, ...], tuple[str, ...]], list[tuple[Gap, Lost]]] = {}
        for gap, lost in self.lost():
            alike.setdefault((lost.analytes, lost.concepts), []).append((gap, lost))
        return tuple(tuple(sorted(some, key=_newest_first, reverse=True)) for some in alike.values())

    def may_have(self, *concepts: Concept) -> bool:
        """Is there a diagnosis in any of the concepts, or one that could not be used and names one?"""
        lost = {concept for _, lost in self.lost() for concept in lost.concepts}
        return bool(self.with_concept(*concepts) or lost.intersection(concepts))

    def outdates(self, analyte: Analyte, latest: str) -> bool:
        """Is there a usable result of the analyte that is newer than the ISO day `latest`?"""
        days = (r.when.first.isoformat() for r in self.usable(analyte) if r.when)
        return bool(latest) and any(day > latest for day in days)

    def lacks(self, *parts: Part) -> bool:
        """True when any of the parts could not be read: then an empty list proves nothing."""
        return bool(self.unavailable.intersection(parts))


def _newest_first(one: tuple[Gap, Lost]) -> tuple[bool, str]:
    _, lost = one
    return not lost.latest, lost.latest


def latest_day(when: When | None) -> date:
    """The last day a `When` may mean, for ordering; date.min when there is none."""
    return when.last if when else date.min


P = ParamSpec("P")
R = TypeVar("R")


def once_a_record(
    work: Callable[Concatenate[ClinicalRecord, P], R],
) -> Callable[Concatenate[ClinicalRecord, P], R]:
    """The same work, done once for a record and the same other arguments, which must be hashable.

    Only for work that looks at nothing else: its answer, and who asks first, must not matter.
    """

    @wraps(work)
    def once(record: ClinicalRecord, /, *others: P.args, **named: P.kwargs) -> R:
        key = (work, others, *named.items())
        try:
            found: R = record.worked_out[key]
        except KeyError:
            found = record.worked_out[key] = work(record, *others, **named)
        return found

    return once
