"""A copy of what a clinician reviews, the criteria's folders beside it, that a test may change."""

import shutil
from pathlib import Path

from cds_service.rules.thresholds import FOLDER

CRITERIA = FOLDER.parent / "criteria"


def copy_of_reviewed(folder: Path) -> Path:
    """The reviewed folder under `folder`, as shipped, with `criteria` beside it."""
    shutil.copytree(CRITERIA, folder / CRITERIA.name, ignore=shutil.ignore_patterns("__pycache__"))
    return Path(shutil.copytree(FOLDER, folder / FOLDER.name))
