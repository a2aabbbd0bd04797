"""How many processes screen, and the first of them begun while this one still loads what it needs."""

import argparse
import os
from collections.abc import Iterable
from pathlib import Path

from cds_service.screening.files import ExportFile, NoExport, files_of_export
from cds_service.screening.screening_engine import prepare_cores

_SMALL = 32 << 20
"""Bytes below which a second process takes longer to begin than to help."""


def size_of(files: Iterable[ExportFile]) -> int:
    """Bytes of an export. Raises OSError."""
    return sum(Path(file.path).stat().st_size for file in files)


def cores_for(asked: argparse.Namespace, size: int) -> int:
    """As many as are asked for, else all that this process may use, where the export is worth it."""
    return asked.cores or (len(os.sched_getaffinity(0)) if size > _SMALL else 1)


def begin(asked: argparse.Namespace) -> None:
    """Begin to load what the processes of a screening need, if there will be any.

    What is wrong with the export is told by the screening itself.
    """
    try:
        size = size_of(files_of_export(asked.paths)) if asked.paths else 0
    except (NoExport, OSError):
        return
    if size and not asked.scheduler and cores_for(asked, size) > 1:
        prepare_cores()
