"""One pass over a piece of an export: who may be a candidate, and the lines of those already known to be.

Lines that all look alike are looked through for damage, and not decoded unless they decide or name somebody
looked for; see `plain`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path

import msgspec
import xxhash
from msgspec.structs import replace as replaced

from cds_service.cds_hooks.strict_json import NOT_JSON
from cds_service.rules.as_of import AsOf
from cds_service.screening.collecting import Collector, lines_held
from cds_service.screening.deciding import NEVER_PLAIN, Diagnoses, deciding_types
from cds_service.screening.deletions import deletions_in
from cds_service.screening.files import is_of_deletions, is_of_errors
from cds_service.screening.kept_shards import KeptShard, KeptShards, as_kept, looked_for_in
from cds_service.screening.output_names import read_line
from cds_service.screening.patient_shards import BLOCK, TORN, Shard, blocks_of
from cds_service.screening.plain_scan import PlainLines, kind_of_first, one_after_another, sort_lines
from cds_service.screening.scan_findings import (
    NOBODY_WANTED,
    Found,
    HeldLine,
    ScannedPerson,
    ScanProblem,
    WantedLine,
)
from cds_service.screening.search import Names
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.readers.reader_settings import ReaderSettings
from fhir_mappings.readers.references import POINTED_AT
from fhir_mappings.readers.resource_types import OperationOutcome


@dataclass(frozen=True)
class Scan:
    """What a pass asks. `settled`: shards that need not be asked again who may be a candidate.

    `shelf` holds what former runs, and former passes of this one, found in the same bytes.
    """

    settings: ReaderSettings
    disease: frozenset[Concept]
    now: AsOf
    wanted: WantedLine = NOBODY_WANTED
    settled: frozenset[int] = frozenset()
    every_line: bool = False
    shelf: KeptShards | None = None

    def __call__(self, shard: Shard) -> Found:
        """Read the shard once. Raises OSError."""
        return _Pass(self, shard, asks=shard.key not in self.settled).read()

    # What is made once in each process, for all its shards.

    @cached_property
    def names(self) -> Names:
        """Who is looked for, compiled for search."""
        return Names((*self.wanted.ids, *self.wanted.others), self.wanted.owners)

    @cached_property
    def kept_for(self) -> msgspec.Raw:
        """Who is looked for, as it is kept."""
        return as_kept(self.wanted)

    def only_for(self, missing: WantedLine) -> "Scan":
        """The same for some of the names; compiled once for all shards that lack the same."""
        names = repr((sorted(missing.ids), sorted(missing.owners.items()), sorted(missing.others)))
        if names not in self._lacking:
            self._lacking[names] = replace(self, wanted=missing, shelf=None)
        return self._lacking[names]

    @cached_property
    def _lacking(self) -> dict[str, "Scan"]:
        return {}

    @cached_property
    def diagnoses(self) -> Diagnoses:
        """The codes seen so far."""
        return Diagnoses(self.settings, self.disease)

    @cached_property
    def deciding(self) -> frozenset[str]:
        """The types that decide at this site."""
        return deciding_types(self.settings)


_people = msgspec.json.Decoder(ScannedPerson)
_outcome = msgspec.json.Decoder(OperationOutcome)


_READ_BY_ITSELF = frozenset({"Patient", "Condition"})
"""Types of which every line is read for what it says, and looked through for damage by that."""


def _is_remark(line: bytes) -> bool:
    """Does a server say here only what is no fault?"""
    try:
        return not _outcome.decode(line).is_failure
    except NOT_JSON:
        return False


def _key_of(shard: Shard, digest: str | None = None) -> str:
    """What tells two shards of the same bytes; `digest` is that of its lines, if known. Raises OSError."""
    role = f"{is_of_deletions(shard.name):d}{is_of_errors(shard.name):d}{shard.packed:d}"
    hashed = xxhash.xxh3_128()
    if shard.packed:  # too slow to be unpacked for nothing
        with Path(shard.file).open("rb", buffering=0) as stream:
            while piece := stream.read(BLOCK):
                hashed.update(piece)
    elif digest is None:
        for block in blocks_of(shard):
            hashed.update(block)
    else:
        return f"{digest}-{role}"
    return f"{hashed.hexdigest()}-{role}"


class _Pass:
    """One pass over one shard."""

    def __init__(self, scan: Scan, shard: Shard, *, asks: bool) -> None:
        self._scan, self._shard, self._asks = scan, shard, asks
        self._names, self._holds = scan.names, not scan.wanted.is_empty
        self._no_data = {
            is_of_deletions(shard.name): self._deletion,
            is_of_errors(shard.name): self._error,
        }.get(True)
        self._into = Collector(shard.key, scan.settings, scan.disease, scan.now, scan.wanted)
        self._found = self._into.found

    def read(self) -> Found:
        """What is found in the shard, or was found in the same bytes before. Raises OSError."""
        shelf = self._scan.shelf
        if shelf is None:
            return self._through(blocks_of(self._shard))
        if not (self._asks and shelf.is_new):
            key = self._found.kept = _key_of(self._shard)
            kept, people = shelf.known(key), shelf.people(key) if self._asks else b""
            if kept is not None and people is not None:
                self._again(kept, people)
                self._look_further(shelf, key, kept)
                return self._found
        self._through(blocks_of(self._shard))
        if self._asks:
            key = self._found.kept = _key_of(self._shard, self._found.digest)
            shelf.keep(key, self._into.as_kept(self._scan.kept_for), self._found.people, self._shard.key)
        return self._found

    def _through(self, blocks: Iterable[bytes]) -> Found:
        """All blocks; a damaged gzip file is a problem after its last line that could be read."""
        digest, found = xxhash.xxh3_128(), self._found
        try:
            for block in blocks:
                digest.update(block)
                found.size += len(block)
                self._block(block)
        except TORN as error:
            self._into.damage(found.lines + 1, f"gzip: {error}")
        found.digest = digest.hexdigest()
        return self._into.read_wholly()

    # ------------------------------------------------------------ what is known of the same bytes

    def _again(self, kept: KeptShard, people: bytes) -> None:
        """As if the shard were read: what depends on the day, and on who is looked for, is asked anew."""
        found, shard = self._found, self._shard.key
        found.lines, found.size, found.digest, found.points = kept.lines, kept.size, kept.digest, kept.points
        found.is_known = True
        if self._asks:
            found.people, found.patients = people, people.count(b"\n")
            found.deleted = list(kept.deleted)
            found.problems = [ScanProblem(shard, *one) for one in kept.problems]
            found.adrift = [HeldLine("", shard, *one) for one in kept.adrift]
            for number, text in kept.considered:
                self._into.consider(number, text, read_line(text))
        for number, text in kept.held if self._holds else ():
            self._into.hold(number, text, read_line(text))

    def _look_further(self, shelf: KeptShards, key: str, kept: KeptShard) -> None:
        """Those whom nobody has looked for in these bytes before. Raises OSError."""
        if bytes(kept.wanted) == bytes(self._scan.kept_for):
            return
        looked_for = looked_for_in(kept)
        missing = self._scan.wanted.without(looked_for)
        if missing.is_empty:
            return
        search = _Pass(self._scan.only_for(missing), self._shard, asks=False)
        more, found = search._through(blocks_of(self._shard)), self._found
        there = {(one.owner, one.number, one.text) for one in found.held}
        found.held += (one for one in more.held if (one.owner, one.number, one.text) not in there)
        found.problems += more.problems
        found.is_known = False
        held = tuple(dict.fromkeys((*kept.held, *lines_held(found.held))))
        now_held = replaced(kept, wanted=as_kept(looked_for.together_with(missing)), held=held)
        shelf.keep(key, now_held, None, self._shard.key)

    # ------------------------------------------------------------ lines that look alike, and others

    def _block(self, block: bytes) -> None:
        plain = places = None
        if self._no_data is None and not self._scan.every_line:
            places = self._names.in_one_look(block)
            plain = self._alike(block) if places is not None else None
        if plain is None or places is None:
            self._apart(block)
            return
        self._found.lines += len(plain.numbers)
        if plain.kind in NEVER_PLAIN:
            self._each(plain.each())
        else:
            self._plain(plain, places)

    def _alike(self, block: bytes) -> PlainLines | None:
        """A block without odd shapes as plain lines; looked through for damage if not done before."""
        first, kind = self._found.lines + 1, kind_of_first(block)
        if self._asks and kind not in _READ_BY_ITSELF:
            return one_after_another(block, first)
        lines = block.count(b"\n") + (not block.endswith(b"\n"))
        return PlainLines(kind, block, range(first, first + lines)) if kind else None

    def _apart(self, block: bytes) -> None:
        """A block of which not all lines look alike."""
        parted = sort_lines(block, self._found.lines + 1)
        self._found.lines += parted.lines
        if self._no_data is not None:
            for number, text in chain(*(plain.each() for plain in parted.plain), parted.others):
                self._no_data(number, text)
            return
        for plain in parted.plain:
            if self._scan.every_line or plain.kind in NEVER_PLAIN or not self._is_whole(plain):
                self._each(plain.each())
            else:
                self._plain(plain, self._names.places(plain.text))
        self._each(parted.others)

    def _is_whole(self, plain: PlainLines) -> bool:
        return not self._asks or plain.kind in _READ_BY_ITSELF or plain.are_whole()

    def _deletion(self, number: int, text: bytes) -> None:
        if gone := deletions_in(text):
            self._found.deleted += gone
        elif text.strip():
            self._into.damage(number, "it lies among what was deleted, and deletes nothing")

    def _error(self, number: int, text: bytes) -> None:
        """A remark of the server is no error; whatever else lies here is missing from the data."""
        if text.strip() and not _is_remark(text):
            self._into.damage(number, "the server says that something is missing from this export")

    def _plain(self, plain: PlainLines, places: Iterable[int]) -> None:
        if self._asks and not self._asked(plain):
            self._each(plain.each())
            return
        self._found.points |= plain.kind in POINTED_AT
        if self._holds:
            for number, text in plain.lines_at(places):
                self._into.hold(number, text, read_line(text))

    def _each(self, lines: Iterable[tuple[int, bytes]]) -> None:
        for number, text in lines:
            line = read_line(text)
            self._found.points |= line.kind in POINTED_AT
            if self._asks:
                self._into.people_of(line)
                self._found.deleted += deletions_in(text)
                self._into.consider(number, text, line)
            if line.problem or line.failed:
                self._into.unreadable(number, text, line)
            if self._holds:
                self._into.hold(number, text, line)

    # ------------------------------------------------------------ who there is, and who may be a candidate

    def _asked(self, plain: PlainLines) -> bool:
        """Ask lines of one type at once; False where not all could be read so."""
        if plain.kind == "Patient":
            return self._roster(plain)
        if plain.kind in self._scan.deciding:
            places: Iterable[int] | None = range(len(plain.numbers))
            if plain.kind == "Condition":
                places = self._scan.diagnoses.doubtful(plain.text)
            if places is None:
                return False
            lines = list(plain.each()) if places else []
            for number, text in (lines[place] for place in places):
                self._into.consider(number, text, read_line(text))
        return True

    def _roster(self, plain: PlainLines) -> bool:
        try:
            people = _people.decode_lines(plain.text) if plain.text.isascii() or plain.text.decode() else []
        except NOT_JSON:
            return False
        if len(people) != len(plain.numbers):
            return False
        self._into.people(people)
        return True
