"""What a run has found so far, on disk: it goes on there after a crash, and needs no memory for a population.

DuckDB reads, joins and parts what is known of the lines; the lines themselves lie beside, as they are.
The folder is gone when the run has ended well.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, groupby
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from cds_service.bulk_export.whole_file import write_whole
from cds_service.screening.deletions import Deleted, Deletion
from cds_service.screening.judge_candidates import CandidateChart, Judged
from cds_service.screening.scan_findings import Found, HeldLine, ScanProblem, WantedLine
from cds_service.screening.summary_tables import pack_lines, packed, sql_path

PLAN = "plan.json"
MEMORY = "96MB"
"""What DuckDB may take; beyond it works on disk."""
_PARTITION = 16 << 20
_PEOPLE = "{id: 'VARCHAR', identifier: 'STRUCT(\"value\" VARCHAR)[]'}"
_SPACE = ", ".join(f"chr({place})" for place in range(0x3001) if chr(place).isspace())
_NUMBERS = f"""list_filter(
    list_transform(identifier, lambda one: trim(one.value, concat({_SPACE}))), lambda number: number <> ''
)"""
"""Numbers without the space around them, as a line that names its patient by one is read."""
_HELD = (
    "{owner: 'VARCHAR', shard: 'BIGINT', number: 'BIGINT', names: 'VARCHAR[]', "
    "file: 'VARCHAR', start: 'BIGINT', length: 'BIGINT'}"
)
_PROBLEMS = "{shard: 'BIGINT', number: 'BIGINT', reason: 'VARCHAR'}"
_TABLES = {
    "people": _PEOPLE,
    "held": _HELD,
    "pointed": _HELD,
    "adrift": _HELD,
    "problems": _PROBLEMS,
    "deleted": "{name: 'VARCHAR', moment: 'VARCHAR'}",
}


class _Place(msgspec.Struct, frozen=True):
    """Where the text of a line held lies."""

    owner: str
    shard: int
    number: int
    names: tuple[str, ...]
    file: str
    start: int
    length: int


class WorkingFolder:
    """The folder of one run. `plan` says what the run is: another plan begins anew."""

    def __init__(self, folder: Path, plan: bytes) -> None:
        self.folder = folder
        kept = folder / PLAN
        if not kept.exists() or kept.read_bytes() != plan:
            shutil.rmtree(folder, ignore_errors=True)
        for name in ("found", "judged", *_TABLES):
            (folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(kept, plan)
        self._database: duckdb.DuckDBPyConnection | None = None
        self._packed: dict[str, list[Path]] = {}

    # ------------------------------------------------------------ what passes found

    def settled(self, name: str, ask: Callable[[], WantedLine]) -> WantedLine:
        """Whom a pass looks for, as it was when the pass began: what it finds itself must not change that."""
        kept = self.folder / f"wanted-{name}.json"
        if not kept.exists():
            write_whole(kept, msgspec.json.encode(ask()))
        return msgspec.json.decode(kept.read_bytes(), type=WantedLine)

    def known(self, name: str) -> Found | None:
        """What a pass found in a shard, without people, lines and problems, if it was here already."""
        kept = self.folder / "found" / f"{name}.json"
        return msgspec.json.decode(kept.read_bytes(), type=Found) if kept.exists() else None

    def keep(self, name: str, found: Found, lines: str) -> Found:
        """Write down what a pass found in a shard; the same again changes nothing. Raises OSError.

        `lines` is the table of what was held: "held" or "pointed". Returns what need not be read again.
        """
        if found.people:
            write_whole(self._rows("people", name), found.people)
        self._write(lines, name, self._placed(lines, name, found.held))
        self._write("adrift", name, self._placed("adrift", name, found.adrift))
        self._write("problems", name, found.problems)
        self._write("deleted", name, found.deleted)
        found.people, found.held, found.adrift, found.problems, found.deleted = b"", [], [], [], []
        write_whole(self.folder / "found" / f"{name}.json", msgspec.json.encode(found))
        return found

    def _placed(self, table: str, name: str, held: Sequence[HeldLine]) -> list[_Place]:
        file = f"{table}/{name}.lines"
        starts = accumulate((len(one.text) for one in held), initial=0)
        if held:
            write_whole(self.folder / file, b"".join(one.text for one in held))
        return [
            _Place(one.owner, one.shard, one.number, one.names, file, start, len(one.text))
            for one, start in zip(held, starts, strict=False)
        ]

    def _write(self, table: str, name: str, rows: Sequence[_Place | ScanProblem | Deletion]) -> None:
        if rows:
            write_whole(self._rows(table, name), msgspec.json.Encoder().encode_lines(rows))

    def _rows(self, table: str, name: str) -> Path:
        return self.folder / table / f"{name}.ndjson"

    # ------------------------------------------------------------ questions to all of it

    def ask(self, question: str, *values: Any) -> list[tuple[Any, ...]]:
        """All rows of a question in SQL, in which tables stand as {people}. Raises duckdb.Error."""
        return self.database.execute(self._named(question), list(values)).fetchall()

    @property
    def database(self) -> duckdb.DuckDBPyConnection:
        """A database in memory, with little of it, whose rest lies in this folder."""
        if self._database is None:
            spill = str(self.folder / "spill")
            self._database = duckdb.connect(
                config={"memory_limit": MEMORY, "threads": 1, "temp_directory": spill}
            )
        return self._database

    @property
    def everybody(self) -> str:
        """A question for the ids of all who have a Patient line; who was deleted is looked for apart."""
        return self._named(
            "SELECT id FROM {people} WHERE 'Patient/' || id NOT IN (SELECT name FROM {deleted})"
        )

    def deleted(self) -> Deleted:
        """What the export says is gone, by `Type/id`."""
        if not any(file.stat().st_size for file in (self.folder / "deleted").glob("*.ndjson")):
            return {}
        return dict(self.ask("SELECT name, list(DISTINCT moment) FROM {deleted} GROUP BY name"))

    def _named(self, question: str) -> str:
        return question.format(**{name: self._table(name) for name in _TABLES if f"{{{name}}}" in question})

    def _table(self, name: str) -> str:
        """A table as it stands, which may have no line yet: packed anew where there are other lines."""
        folder = self.folder / name
        if not any(folder.glob("*.ndjson")):
            write_whole(folder / "none.ndjson", b"")
        lines, file = sorted(folder.glob("*.ndjson")), folder / "packed.parquet"
        if self._packed.get(name) != lines:
            pack_lines(self.database, folder / "*.ndjson", _TABLES[name], file)
            self._packed[name] = lines
        rows = packed(file)
        return rows if name != "people" else f"(SELECT id, {_NUMBERS} AS numbers FROM {rows})"  # noqa: S608

    # ------------------------------------------------------------ charts

    def part_charts(self, partitions: int | None = None) -> None:
        """Part the lines held by patient, small enough that each part fits the memory."""
        size = sum(file.stat().st_size for file in (self.folder / "held").glob("*.lines"))
        count = partitions or max(1, -(-size // _PARTITION))
        shutil.rmtree(self.folder / "parts", ignore_errors=True)
        rows = self._named(f"SELECT DISTINCT *, hash(owner) % {count} AS part FROM {{held}}")  # noqa: S608
        parts = sql_path(self.folder / "parts")
        self.database.execute(f"COPY ({rows}) TO {parts} (FORMAT parquet, PARTITION_BY part)")

    def parts(self) -> Sequence[int]:
        """The parts that hold anybody."""
        folders = (self.folder / "parts").glob("part=*")
        return sorted(int(folder.name.removeprefix("part=")) for folder in folders)

    def charts_in(self, part: int, first_lines: Sequence[int]) -> Iterator[CandidateChart]:
        """The charts of a part, with what they point at; `first_lines` counts lines before each shard."""
        files = str(self.folder / "parts" / f"part={part}" / "*.parquet")
        rows = self._places("SELECT {columns} FROM read_parquet($1) ORDER BY ALL", files)
        pointed = self._pointed({name for row in rows for name in row.names})
        for owner, own in groupby(rows, key=lambda row: row.owner):
            lines = list(own)
            lines += _reached({name for row in lines for name in row.names}, pointed)
            yield CandidateChart(owner, self._texts(lines, first_lines))

    def adrift(self, first_lines: Sequence[int]) -> tuple[tuple[int, bytes], ...]:
        """The unreadable lines of which nobody can tell whose they are."""
        return self._texts(self._places("SELECT {columns} FROM {adrift}"), first_lines)

    def _places(self, question: str, *values: Any) -> list[_Place]:
        columns = ", ".join(_Place.__struct_fields__)
        return [_Place(*row) for row in self.ask(question.replace("{columns}", columns), *values)]

    def _pointed(self, names: set[str]) -> dict[str, list[_Place]]:
        found: dict[str, list[_Place]] = {}
        while new := sorted(names - found.keys()):
            found |= {name: [] for name in new}
            question = "SELECT {columns} FROM {pointed} WHERE list_contains($1, owner)"
            for row in self._places(question, new):
                found[row.owner].append(row)
                names |= set(row.names)
        return found

    def _texts(self, places: Sequence[_Place], first_lines: Sequence[int]) -> tuple[tuple[int, bytes], ...]:
        """The lines in the order of the export, each once."""
        distinct = {(place.shard, place.number, place.start): place for place in places}
        texts: list[tuple[int, bytes]] = []
        in_order = sorted(distinct.items(), key=lambda item: item[0])
        for file, of_file in groupby(in_order, key=lambda item: item[1].file):
            with (self.folder / file).open("rb", buffering=0) as lines:
                texts += (
                    (first_lines[shard] + number, os.pread(lines.fileno(), place.length, start))
                    for (shard, number, start), place in of_file
                )
        return tuple(texts)

    # ------------------------------------------------------------ what was judged

    def is_judged(self, key: str) -> bool:
        """Was this batch judged already?"""
        return (self.folder / "judged" / f"{key}.json").exists()

    def keep_judged(self, key: str, judged: list[Judged]) -> None:
        """Write down what was said of some patients. Raises OSError."""
        write_whole(self.folder / "judged" / f"{key}.json", msgspec.json.encode(judged))

    def judged(self) -> Iterator[Judged]:
        """Everybody who was judged."""
        for file in sorted((self.folder / "judged").glob("*.json")):
            yield from msgspec.json.decode(file.read_bytes(), type=list[Judged])

    def remove(self) -> None:
        """Take it away when all is said."""
        if self._database is not None:
            self._database.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _reached(names: Iterable[str], pointed: dict[str, list[_Place]]) -> Iterator[_Place]:
    """The lines that names lead to, and where those lead."""
    left, seen = list(names), set[str]()
    while left:
        name = left.pop()
        if name not in seen:
            seen.add(name)
            for row in pointed.get(name, ()):
                yield row
                left += row.names
