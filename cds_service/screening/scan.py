"""One pass over a piece of an export: who may be a candidate, and the lines of those already known to be.

Lines that all look alike are looked through for damage, and not decoded unless they decide or name somebody
looked for; see `plain`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

import msgspec
import xxhash

from cds_service.cds_hooks.strict_json import NOT_JSON
from cds_service.rules.as_of import AsOf
from cds_service.screening.deciding import NEVER_PLAIN, Diagnoses, deciding_types, may_matter
from cds_service.screening.deletions import Deletion, deletions_in
from cds_service.screening.files import is_of_deletions, is_of_errors
from cds_service.screening.output_names import ExportLine, pointed_at, read_line
from cds_service.screening.patient_shards import TORN, Shard, blocks_of
from cds_service.screening.plain_scan import PlainLines, sort_lines
from cds_service.screening.search import Names
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.readers.fhir_types import FhirType, Identifier, Unread
from fhir_mappings.readers.lost_entries import PARTS
from fhir_mappings.readers.reader_settings import ReaderSettings
from fhir_mappings.readers.references import POINTED_AT, own_reference
from fhir_mappings.readers.resource_types import OperationOutcome


class ScannedPerson(msgspec.Struct, frozen=True):
    """Somebody with a Patient line: the id, and the values of the identifiers."""

    id: str
    numbers: tuple[str, ...] = ()


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
    """What one pass found in one shard. `points`: it holds lines that others point at."""

    shard: int
    lines: int = 0
    size: int = 0
    digest: str = ""
    points: bool = False
    people: list[ScannedPerson] = []
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

    def owners_of(self, line: ExportLine) -> frozenset[str]:
        """Whose the line is, of those looked for."""
        own = {own_reference(resource) for resource in line.resources} & self.others
        numbers = () if line.kind == "Patient" else line.numbers  # a Patient is who its id says
        by_number = {owner for number in numbers for owner in self.owners.get(number, ())}
        return frozenset(own | by_number | (line.patients & self.ids))


@dataclass(frozen=True)
class Scan:
    """What a pass asks. `settled`: shards that need not be asked again who may be a candidate."""

    settings: ReaderSettings
    disease: frozenset[Concept]
    now: AsOf
    wanted: WantedLine = WantedLine()
    settled: frozenset[int] = frozenset()
    every_line: bool = False

    def __call__(self, shard: Shard) -> Found:
        """Read the shard once. Raises OSError."""
        return _Pass(self, shard).read()

    # What is made once in each process, for all its shards.

    @cached_property
    def names(self) -> Names | None:
        """Who is looked for, compiled for search."""
        wanted = self.wanted
        looks = wanted.ids or wanted.owners or wanted.others
        return Names((*wanted.ids, *wanted.others), wanted.owners) if looks else None

    @cached_property
    def diagnoses(self) -> Diagnoses:
        """The codes seen so far."""
        return Diagnoses(self.settings, self.disease)

    @cached_property
    def deciding(self) -> frozenset[str]:
        """The types that decide at this site."""
        return deciding_types(self.settings)


class _Patient(FhirType):
    id: str | None = None
    identifier: tuple[Identifier, ...] = ()


_patients = msgspec.json.Decoder(_Patient)
_outcome = msgspec.json.Decoder(OperationOutcome)


def _is_remark(line: bytes) -> bool:
    """Does a server say here only what is no fault?"""
    try:
        return not _outcome.decode(line).is_failure
    except NOT_JSON:
        return False


class _Pass:
    """One pass over one shard."""

    def __init__(self, scan: Scan, shard: Shard) -> None:
        self._scan, self._shard = scan, shard
        self._asks = shard.key not in scan.settled
        self._names = scan.names
        self._no_data = {
            is_of_deletions(shard.name): self._deletion,
            is_of_errors(shard.name): self._error,
        }.get(True)
        self._found = Found(shard.key, people=[], held=[], adrift=[], problems=[], deleted=[])
        self._found.concerned, self._found.concerned_numbers = set(), set()

    def read(self) -> Found:
        """All blocks; a damaged gzip file is a problem after its last line that could be read."""
        digest, found = xxhash.xxh3_128(), self._found
        try:
            for block in blocks_of(self._shard):
                digest.update(block)
                found.size += len(block)
                self._block(block)
        except TORN as error:
            found.problems.append(ScanProblem(found.shard, found.lines + 1, f"gzip: {error}"))
        found.digest = digest.hexdigest()
        return found

    def _block(self, block: bytes) -> None:
        parted = sort_lines(block, self._found.lines + 1)
        self._found.lines += parted.lines
        if self._no_data is not None:
            for number, text in chain(*(plain.each() for plain in parted.plain), parted.others):
                self._no_data(number, text)
            return
        for plain in parted.plain:
            if self._scan.every_line or plain.kind in NEVER_PLAIN or (self._asks and not plain.are_whole()):
                self._each(plain.each())
            else:
                self._plain(plain)
        self._each(parted.others)

    def _deletion(self, number: int, text: bytes) -> None:
        if gone := deletions_in(text):
            self._found.deleted += gone
        elif text.strip():
            self._problem(number, "it lies among what was deleted, and deletes nothing")

    def _error(self, number: int, text: bytes) -> None:
        """A remark of the server is no error; whatever else lies here is missing from the data."""
        if text.strip() and not _is_remark(text):
            self._problem(number, "the server says that something is missing from this export")

    def _plain(self, plain: PlainLines) -> None:
        self._found.points |= plain.kind in POINTED_AT
        if self._asks and plain.kind == "Patient":
            self._roster(plain)
        elif self._asks and plain.kind in self._scan.deciding:
            for number, text in self._doubtful(plain):
                self._consider(number, read_line(text))
        if self._names:
            places = self._names.places(plain.text)
            for number, text in plain.lines_at(places):
                self._hold(number, text, read_line(text))

    def _each(self, lines: Iterable[tuple[int, bytes]]) -> None:
        for number, text in lines:
            line = read_line(text)
            self._found.points |= line.kind in POINTED_AT
            if self._asks:
                self._people(line)
                self._found.deleted += deletions_in(text)
                self._consider(number, line)
            if line.problem or line.failed:
                self._unreadable(number, text, line)
            if self._names:
                self._hold(number, text, line)

    # ------------------------------------------------------------ who there is, and who may be a candidate

    def _roster(self, plain: PlainLines) -> None:
        try:
            people = _patients.decode_lines(plain.text) if plain.text.isascii() or plain.text.decode() else []
        except NOT_JSON:
            people = []
        if len(people) != len(plain.numbers):
            self._each(plain.each())
            return
        for one in people:
            if one.id:
                numbers = tuple(v for i in one.identifier if (v := (i.value or "").strip()))
                self._found.people.append(ScannedPerson(one.id, numbers))

    def _people(self, line: ExportLine) -> None:
        if line.kind == "Patient":
            self._found.people += (ScannedPerson(one, tuple(line.numbers)) for one in line.patients)

    def _doubtful(self, plain: PlainLines) -> Iterable[tuple[int, bytes]]:
        lines = list(plain.each())
        if plain.kind != "Condition":
            return lines
        places = self._scan.diagnoses.doubtful(plain.text)
        return lines if places is None else [lines[place] for place in places]

    def _consider(self, number: int, line: ExportLine) -> None:
        if not may_matter(line, self._scan.settings, self._scan.disease, self._scan.now):
            return
        self._found.concerned |= line.patients
        self._found.concerned_numbers |= line.numbers
        if not (line.patients or line.numbers or line.problem or line.failed):
            self._problem(number, "a diagnosis or participation that names no patient")

    # ------------------------------------------------------------ lines

    def _hold(self, number: int, text: bytes, line: ExportLine) -> None:
        if owners := self._scan.wanted.owners_of(line):
            if line.problem:
                self._problem(number, line.problem)
            names = tuple(sorted(pointed_at(text)))
            shard = self._found.shard
            self._found.held += (HeldLine(owner, shard, number, text, names) for owner in sorted(owners))

    def _unreadable(self, number: int, text: bytes, line: ExportLine) -> None:
        self._problem(number, line.problem or "an error stands where data was expected")
        is_lost = any(isinstance(r, Unread) for r in line.resources)
        may_count = not line.kind or line.kind in PARTS
        if is_lost and may_count and not (line.patients or line.numbers):
            self._found.adrift.append(HeldLine("", self._found.shard, number, text))

    def _problem(self, number: int, reason: str) -> None:
        self._found.problems.append(ScanProblem(self._found.shard, number, reason))
