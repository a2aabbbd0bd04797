"""A chart of the recorder: what is read, at which moment, beside which draft orders."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.same_answers import doors

Json = Any
FOLDER = Path(__file__).parent
PIECES, TOLD = FOLDER / "pieces.jsonl", FOLDER / "charts.jsonl"


@dataclass(frozen=True)
class Chart:
    """Resources of one patient as of a moment; `source` says where the chart comes from."""

    resources: tuple[Json, ...]
    as_of: str = doors.AS_OF
    drafts: tuple[Json, ...] = ()
    source: str = ""

    @property
    def body(self) -> bytes:
        """The chart as a collection Bundle."""
        return as_bundle(self.resources)

    @property
    def draft_body(self) -> bytes | None:
        """The draft orders as a Bundle; None without any."""
        return as_bundle(self.drafts) if self.drafts else None


def as_bundle(resources: Iterable[Json]) -> bytes:
    """A collection Bundle."""
    entries = [{"resource": r} for r in resources]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()


@cache
def pieces() -> tuple[Json, ...]:
    """Every resource that a test of the journeys has put into a chart, once each."""
    return tuple(json.loads(line) for line in PIECES.read_text("utf-8").splitlines())


@cache
def told() -> dict[str, Chart]:
    """Charts that tests of the journeys have judged, by name: at most four of each test. Kept, not followed."""
    lines = (json.loads(line) for line in TOLD.read_text("utf-8").splitlines())
    return {line["name"]: _chart(line) for line in lines}


def _chart(line: Json) -> Chart:
    return Chart(
        tuple(_numbered(line["holds"])),
        line.get("asOf", doors.AS_OF),
        tuple(_numbered(line.get("drafts", ()), "draft")),
        line["from"],
    )


def _numbered(numbers: Iterable[int], prefix: str = "") -> Iterator[Json]:
    """The pieces, each with an id of its own in this chart unless it has a telling one."""
    for place, number in enumerate(numbers):
        piece = pieces()[number]
        yield {"id": f"{prefix}{piece['resourceType'][:3].lower()}{place}"} | piece


@cache
def demo() -> dict[str, Chart]:
    """The demo's patients as charts."""
    return {
        name: Chart(tuple(one.resources), drafts=tuple(d.resource for d in one.drafts), source="demo")
        for name, one in doors.demo().items()
    }
