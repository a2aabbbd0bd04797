"""A whole run: passes over the export until nobody new is found, then the candidates' charts judged.

First only the files that begin with what decides are read; then everything, once, for the lines of those
found and for what decides and lay elsewhere; again only for whoever was found by that; last, what their lines
point at.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, groupby

from cds_service.rules.as_of import AsOf
from cds_service.screening.deciding import deciding_types
from cds_service.screening.judge_candidates import Judge, batches
from cds_service.screening.kept_shards import KeptShards
from cds_service.screening.patient_shards import TORN, Shard, blocks_of
from cds_service.screening.plain_scan import sort_lines
from cds_service.screening.scan import Scan
from cds_service.screening.scan_findings import Found, WantedLine
from cds_service.screening.screening_engine import Engine
from cds_service.screening.working_folder import WorkingFolder
from cds_service.services.chart_file import Rulebook
from fhir_mappings.readers.reader_settings import ReaderSettings

Tell = Callable[[str, int, int], object]
_AT_ONCE = 8
_A_LOOK = 1 << 16


@dataclass(frozen=True, slots=True)
class ScreeningRun:
    """What a run needs. `shelf`: what former runs found; `tell` hears of each piece done: which pass, bytes,
    patients."""

    rules: Rulebook
    now: AsOf
    engine: Engine
    folder: WorkingFolder
    every_line: bool = False
    partitions: int | None = None
    shelf: KeptShards | None = None
    tell: Tell = lambda *_: None


@dataclass(slots=True)
class Passes:
    """What all passes found together. `found` is of the first pass that read a shard.

    `ids` and `numbers` are those of whoever may be a candidate; `unowned` are numbers that no patient of this
    export carries.
    """

    ids: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)
    unowned: set[str] = field(default_factory=set)
    found: dict[int, Found] = field(default_factory=dict)

    def add(self, found: Found) -> None:
        """Add whom one shard concerns."""
        self.ids |= found.concerned
        self.numbers |= found.concerned_numbers

    def first_lines(self, shards: Sequence[Shard]) -> list[int]:
        """How many lines of its file lie before each shard."""
        before: list[int] = []
        for _, of_file in groupby(shards, key=lambda shard: shard.place):
            lines = 0
            for shard in of_file:
                before.append(lines)
                lines += self.found[shard.key].lines
        return before


def run_screening(run: ScreeningRun, shards: Sequence[Shard]) -> Passes:
    """Find the candidates and judge them; what was said lies in the run's folder. Raises OSError."""
    passes = find(run, shards)
    first_lines = passes.first_lines(shards)
    run.folder.part_charts(run.partitions)
    judge = Judge(run.rules, run.now, run.folder.adrift(first_lines), run.folder.deleted())
    work = (
        batch
        for part in run.folder.parts()
        for batch in batches(run.folder.charts_in(part, first_lines), _AT_ONCE, str(part))
        if not run.folder.is_judged(batch.key)
    )
    for key, judged in run.engine.run(work, judge):
        run.folder.keep_judged(key, judged)
        run.tell("judge", 0, len(judged))
    return passes


def find(run: ScreeningRun, shards: Sequence[Shard]) -> Passes:
    """All lines of everybody who may be a candidate, and what these lines point at."""
    passes = Passes()
    first = [shard for shard in shards if run.every_line or _decides(shard, run.rules.reader)]
    for found in _pass(run, "1", first, _scan(run), "held"):
        passes.add(found)
        passes.found.setdefault(found.shard, found)
    settled = frozenset(shard.key for shard in first)
    wanted, looked_for = run.folder.settled("2", lambda: _wanted(run, passes)), WantedLine()
    for number in count(2):
        scan = replace(_scan(run), wanted=wanted.without(looked_for), settled=settled)
        for found in _pass(run, str(number), shards, scan, "held"):
            passes.add(found)
            passes.found.setdefault(found.shard, found)
        settled = frozenset(shard.key for shard in shards)
        looked_for, wanted = wanted, run.folder.settled(f"{number + 1}", lambda: _wanted(run, passes))
        if wanted == looked_for:
            break
    carried = {number for _, numbers in _with_numbers(run, passes) for number in numbers}
    passes.unowned = passes.numbers - carried
    _follow(run, shards, passes)
    return passes


def _scan(run: ScreeningRun) -> Scan:
    disease = run.rules.trial.disease
    return Scan(run.rules.reader, disease, run.now, every_line=run.every_line, shelf=run.shelf)


def _pass(run: ScreeningRun, name: str, shards: Sequence[Shard], scan: Scan, lines: str) -> Iterator[Found]:
    """One pass over some shards, without what was found before a crash."""
    left, sizes = [], {shard.key: shard.end - shard.start for shard in shards}
    for shard in shards:
        if (known := run.folder.known(f"{name}-{shard.key}")) is not None:
            yield known
        else:
            left.append(shard)
    for found in run.engine.run(left, scan):
        patients = found.patients
        yield run.folder.keep(f"{name}-{found.shard}", found, lines)
        run.tell(name, sizes[found.shard], patients)


def _wanted(run: ScreeningRun, passes: Passes) -> WantedLine:
    """All concerned, by id and number: a number is that of whoever carries it in this export.

    A patient who was deleted is looked at, too: the line may have been written again.
    """
    gone = {name.removeprefix("Patient/") for name in run.folder.deleted() if name.startswith("Patient/")}
    ids = passes.ids | gone | {row[0] for row in _with_numbers(run, passes)}
    owners: dict[str, tuple[str, ...]] = {}
    question = "SELECT DISTINCT id, unnest(numbers) FROM {people} WHERE list_contains($1, id) ORDER BY ALL"
    for owner, number in run.folder.ask(question, sorted(ids)) if ids else ():
        owners[number] = (*owners.get(number, ()), owner)
    return WantedLine(frozenset(ids), owners)


def _with_numbers(run: ScreeningRun, passes: Passes) -> list[tuple[str, list[str]]]:
    """Everybody in this export who carries one of the numbers concerned, with all their numbers."""
    if not passes.numbers:
        return []
    question = "SELECT id, numbers FROM {people} WHERE list_has_any(numbers, $1)"
    return [(row[0], row[1]) for row in run.folder.ask(question, sorted(passes.numbers))]


def _follow(run: ScreeningRun, shards: Sequence[Shard], passes: Passes) -> None:
    """The products, studies, specimens and practitioners that the lines point at, and theirs."""
    pointing = [shard for shard in shards if passes.found[shard.key].points]
    settled = frozenset(shard.key for shard in shards)
    seen = WantedLine()
    for step in count(1):
        wanted = run.folder.settled(f"p{step}", lambda: _others(run)).without(seen)
        if not wanted.others or not pointing:
            return
        seen = WantedLine(others=seen.others | wanted.others)
        scan = replace(_scan(run), wanted=wanted, settled=settled)
        for _ in _pass(run, f"p{step}", pointing, scan, "pointed"):
            pass


def _others(run: ScreeningRun) -> WantedLine:
    question = (
        "SELECT DISTINCT unnest(names) FROM (SELECT names FROM {held} UNION ALL SELECT names FROM {pointed})"
    )
    return WantedLine(others=frozenset(row[0] for row in run.folder.ask(question)))


def _decides(shard: Shard, settings: ReaderSettings) -> bool:
    """Does the file, by its first line, hold what decides? A guess: everything is read later anyway."""
    with_patients = deciding_types(settings) | {"Patient"}
    try:
        block = next(iter(blocks_of(shard, _A_LOOK)), b"")
    except TORN:
        return False
    parted = sort_lines(block[: block.find(b"\n") + 1] or block, 1)
    return not parted.plain or parted.plain[0].kind in with_patients
