"""The file by which the watch says that it is alive, and up to which moment it has looked at everything."""

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

from cds_service.bulk_export.whole_file import write_whole
from cds_service.watch.watch_rounds import Round

FIRST_LOOK_BACK = timedelta(days=7)
"""How far back a watch looks that has never run here."""
METRICS = ("enrolled", "looked_at", "told", "mailed", "missed", "unanswered")


def seen_up_to(file: Path, now: datetime) -> datetime:
    """From when on to look. A file that cannot be read means: as if it had never run."""
    try:
        found = datetime.fromisoformat(json.loads(file.read_text(encoding="utf-8"))["seenUpTo"])
    except (OSError, ValueError, KeyError, TypeError):
        return now - FIRST_LOOK_BACK
    return min(found, now) if found.tzinfo else now - FIRST_LOOK_BACK


def beat(file: Path, now: datetime, seen: datetime, done: Round) -> None:
    """Write it, whole or not at all; `<file>.prom` beside it is for Prometheus' textfile collector."""
    told = {"alive": now.isoformat(timespec="seconds"), "seenUpTo": seen.isoformat(), **asdict(done)}
    write_whole(file, f"{json.dumps(told)}\n".encode())
    lines = [f"cds_watch_alive_timestamp_seconds {now.timestamp():.0f}"]
    lines += [f"cds_watch_seen_up_to_timestamp_seconds {seen.timestamp():.0f}"]
    lines += [f"cds_watch_{name} {getattr(done, name)}" for name in METRICS]
    write_whole(file.with_name(f"{file.name}.prom"), "".join(f"{line}\n" for line in lines).encode())
