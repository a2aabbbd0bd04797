"""Which folders of a trial hold one criterion each, and which files of them are under review.

A trial's criteria lie beside its reviewed files: `criteria/e03_pnh_clone/` holds `judge.py`, its numbers
(`criterion.toml`), its words of each language and its examples (docs/decisions/0024).
"""

import re
from pathlib import Path

TOPIC = "eligibility"
"""The topic that the numbers and rules of all criteria belong to, and the files of words that theirs join."""
NUMBERS = "criterion.toml"
_NAME = re.compile(r"(?P<kind>[ie])(?P<place>\d\d)_[a-z0-9_]+")


def criterion_folders(reviewed: Path) -> tuple[Path, ...]:
    """The folders of the criteria beside `reviewed`, inclusion first, by their numbers."""
    found = (p for p in (reviewed.parent / "criteria").glob("*") if p.is_dir() and _NAME.fullmatch(p.name))
    return tuple(sorted(found, key=lambda folder: (folder.name[0] != "i", folder.name)))


def criterion_number(folder: Path) -> str:
    """`E3` for `e03_pnh_clone`. Raises ValueError for a folder of another name."""
    named = _NAME.fullmatch(folder.name)
    if named is None:
        raise ValueError(f"{folder.name}: no folder of a criterion, such as e03_pnh_clone")
    return f"{named['kind'].upper()}{int(named['place'])}"


def word_folders(reviewed: Path) -> tuple[Path, ...]:
    """Where sentences stand: the wording of all topics, then each criterion's own."""
    return (reviewed / "wording", *criterion_folders(reviewed))
