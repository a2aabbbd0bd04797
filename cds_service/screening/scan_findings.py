"""What a pass over a piece of an export looks for, and what it finds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

import msgspec

from cds_service.screening.deletions import Deletion
from cds_service.screening.output_names import ExportLine
from fhir_mappings.readers.references import own_reference


class ScannedNumber(msgspec.Struct, frozen=True, gc=False):
    """An identifier of a patient, as it is written."""

    value: str | None = None


class ScannedPerson(msgspec.Struct, frozen=True, gc=False, tag_field="resourceType", tag="Patient"):
    """Somebody with a Patient line: what is read of it is what is written down, of a whole population."""

    id: Annotated[str, msgspec.Meta(min_length=1)]
    identifier: tuple[ScannedNumber, ...] = ()


class HeldLine(msgspec.Struct, frozen=True):
    """A line kept. `owner` is a patient's id, or `Type/id` of what others point at.

    `number` counts from the beginning of the shard; `names` is what the line points at.
    """

    owner: str
    shard: int
    number: int
    text: bytes
    names: tuple[str, ...] = ()


class ScanProblem(msgspec.Struct, frozen=True):
    """A line that cannot be used as it stands, and why; none of its content."""

    shard: int
    number: int
    reason: str


class Found(msgspec.Struct):
    """What one pass found in one shard. `points`: it holds lines that others point at.

    `kept` is the key under which it lies for the next night; `is_known`: it was not looked through again.
    `people` are `patients` lines of NDJSON, each a ScannedPerson: the most of what is found. DuckDB reads it.
    """

    shard: int
    lines: int = 0
    size: int = 0
    digest: str = ""
    kept: str = ""
    is_known: bool = False
    points: bool = False
    people: bytes = b""
    patients: int = 0
    concerned: set[str] = set()
    concerned_numbers: set[str] = set()
    held: list[HeldLine] = []
    adrift: list[HeldLine] = []
    problems: list[ScanProblem] = []
    deleted: list[Deletion] = []


@dataclass(frozen=True, slots=True)
class WantedLine:
    """Who is looked for: ids of patients, and whose each number is; or `Type/id` of other resources."""

    ids: frozenset[str] = frozenset()
    owners: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    others: frozenset[str] = frozenset()

    def without(self, other: "WantedLine") -> "WantedLine":
        """Only what is not in the other."""
        owners = {n: owners for n, owners in self.owners.items() if other.owners.get(n) != owners}
        return WantedLine(self.ids - other.ids, owners, self.others - other.others)

    def together_with(self, other: "WantedLine") -> "WantedLine":
        """What is in either; whose a number is, the other tells."""
        return WantedLine(self.ids | other.ids, {**self.owners, **other.owners}, self.others | other.others)

    @property
    def is_empty(self) -> bool:
        """Is nobody looked for?"""
        return not (self.ids or self.owners or self.others)

    def owners_of(self, line: ExportLine) -> frozenset[str]:
        """Whose the line is, of those looked for."""
        own = {own_reference(resource) for resource in line.resources} & self.others
        numbers = () if line.kind == "Patient" else line.numbers  # a Patient is who its id says
        by_number = {owner for number in numbers for owner in self.owners.get(number, ())}
        return frozenset(own | by_number | (line.patients & self.ids))


NOBODY_WANTED = WantedLine()
