"""Bringing an export in a test: no waiting, a clock that stands still, and everything told is kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cds_service.bulk_export.bring_export import bring_export
from cds_service.bulk_export.export_server import BulkServer
from cds_service.bulk_export.outside_world import ExportFolder, World
from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.fhir_client.bounded_http import bounded_session

NOW = int(datetime(2026, 3, 2, 9, tzinfo=UTC).timestamp())
TYPES = frozenset({"Patient", "Condition", "Observation"})


@dataclass
class Told:
    lines: list[str] = field(default_factory=list)
    bytes: dict[str, int] = field(default_factory=dict)
    pauses: list[float] = field(default_factory=list)

    def say(self, line: str) -> None:
        self.lines.append(line)

    def came(self, file: str, count: int) -> None:
        self.bytes[file] = count

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@contextmanager
def outside(told: Told, now: int, silence: float = 20.0, sleep: Any = None) -> Iterator[World]:
    def wait(seconds: float) -> None:
        told.pauses.append(seconds)

    with bounded_session(4, silence=silence) as session:
        yield World(session, sleep or wait, lambda: now)


def bring(
    base: str,
    folder: Path,
    told: Told | None = None,
    previous: Path | None = None,
    types: frozenset[str] = TYPES,
    now: int = NOW,
    silence: float = 20.0,
    sleep: Any = None,
    **server: Any,
) -> ExportFolder:
    told = told or Told()
    with outside(told, now, silence, sleep) as world:
        return bring_export(BulkServer(read_base(base), **server), types, folder, world, told, previous)
