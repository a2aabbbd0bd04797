"""What one pass gathers of one shard, line by line: people, whom a line concerns, lines held, faults."""

from collections.abc import Iterable, Sequence

import msgspec

from cds_service.rules.as_of import AsOf
from cds_service.screening.deciding import may_matter
from cds_service.screening.kept_shards import KeptShard
from cds_service.screening.output_names import ExportLine, pointed_at
from cds_service.screening.scan_findings import (
    Found,
    HeldLine,
    ScannedNumber,
    ScannedPerson,
    ScanProblem,
    WantedLine,
)
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.readers.fhir_types import Unread
from fhir_mappings.readers.lost_entries import PARTS
from fhir_mappings.readers.reader_settings import ReaderSettings

_lines = msgspec.json.Encoder()


def lines_held(held: Iterable[HeldLine]) -> tuple[tuple[int, bytes], ...]:
    """Each line once, whoever it is held for."""
    return tuple(dict.fromkeys((one.number, one.text) for one in held))


class Collector:
    """Gathers into `found`; what holds on any day it can give to be kept."""

    def __init__(
        self, key: int, settings: ReaderSettings, disease: frozenset[Concept], now: AsOf, wanted: WantedLine
    ) -> None:
        self.found = Found(key, held=[], adrift=[], problems=[], deleted=[])
        self.found.concerned, self.found.concerned_numbers = set(), set()
        self._settings, self._disease, self._now, self._wanted = settings, disease, now, wanted
        self._people: list[bytes] = []
        self._considered: list[tuple[int, bytes]] = []
        self._lasting: list[tuple[int, str]] = []

    def read_wholly(self) -> Found:
        """What was found, when the last line was read."""
        self.found.people = b"".join(self._people)
        return self.found

    def as_kept(self, wanted: msgspec.Raw) -> KeptShard:
        """Of a shard that was read wholly, `wanted` being whom it was looked for."""
        found = self.found
        return KeptShard(
            lines=found.lines,
            size=found.size,
            digest=found.digest,
            points=found.points,
            considered=tuple(self._considered),
            problems=tuple(self._lasting),
            adrift=tuple((one.number, one.text) for one in found.adrift),
            deleted=tuple(found.deleted),
            wanted=wanted,
            held=lines_held(found.held),
        )

    def people(self, people: Sequence[ScannedPerson]) -> None:
        """Patients of the export."""
        self._people.append(_lines.encode_lines(people))
        self.found.patients += len(people)

    def people_of(self, line: ExportLine) -> None:
        """A Patient of the export, from a line that was decoded."""
        if line.kind == "Patient":
            numbers = tuple(map(ScannedNumber, line.numbers))
            self.people([ScannedPerson(one, numbers) for one in line.patients])

    def consider(self, number: int, text: bytes, line: ExportLine) -> None:
        """May somebody be a candidate for this line?"""
        self._considered.append((number, text))
        if not may_matter(line, self._settings, self._disease, self._now):
            return
        self.found.concerned |= line.patients
        self.found.concerned_numbers |= line.numbers
        if not (line.patients or line.numbers or line.problem or line.failed):
            self._problem(number, "a diagnosis or participation that names no patient")

    def hold(self, number: int, text: bytes, line: ExportLine) -> None:
        """Keep the line for everybody whose it is, of those looked for."""
        if owners := self._wanted.owners_of(line):
            if line.problem:
                self._problem(number, line.problem)
            names = tuple(sorted(pointed_at(text)))
            shard = self.found.shard
            self.found.held += (HeldLine(owner, shard, number, text, names) for owner in sorted(owners))

    def unreadable(self, number: int, text: bytes, line: ExportLine) -> None:
        """Name the line; one of which nobody can tell whose it is may be anybody's (DECISIONS 49)."""
        self.damage(number, line.problem or "an error stands where data was expected")
        is_lost = any(isinstance(r, Unread) for r in line.resources)
        may_count = not line.kind or line.kind in PARTS
        if is_lost and may_count and not (line.patients or line.numbers):
            self.found.adrift.append(HeldLine("", self.found.shard, number, text))

    def damage(self, number: int, reason: str) -> None:
        """A fault of the line itself, on any day and whoever is looked for."""
        self._lasting.append((number, reason))
        self._problem(number, reason)

    def _problem(self, number: int, reason: str) -> None:
        self.found.problems.append(ScanProblem(self.found.shard, number, reason))
