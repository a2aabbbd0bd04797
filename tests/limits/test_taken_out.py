"""Anything taken out of the reviewed files, one entry at a time, is told by `check`: the file, the table, or its name.

A number, a rule, a sentence, an interacting drug that is no longer there would cost a finding, or a call. What may
be taken out is said in MAY_GO, and why.
"""

import random
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from cds_service.rules.thresholds import FOLDER
from cds_service.trials.nct06802055.reviewed_faults import faults_of_reviewed
from tests.limits.toml_text import Key, places, toml_file, without
from tests.reviewed_copy import CRITERIA, copy_of_reviewed

TRIAL = FOLDER.parent
FILES = sorted(str(path.relative_to(TRIAL)) for own in (FOLDER, CRITERIA) for path in own.rglob("*.toml"))
MAY_GO = {
    "with_sirolimus": "an interaction with one of the two drugs; which it is, is the medicine's to say",
    "with_ciclosporin": "the same",
    "critical_with": "the closed list of DECISIONS 33 is the medicine's to say",
}
"""Last names of entries without which a file still says something, and why that is no fault.

Which lines and states a published definition of partial response asks for is the medicine's to say, too.
"""
EVERY = 40
"""One entry of so many is taken out in one run; the seed names which."""


def _entries(file: str) -> Iterator[Key]:
    """All tables and keys of a file that may not go; of lists only the whole."""
    text = (TRIAL / file).read_text("utf-8")
    for key, _ in places(tomllib.loads(text, parse_float=Decimal)):
        of_partial = key[0:1] == ("profile",) and "partial" in key[:-1]
        if key and key[-1] not in MAY_GO and not isinstance(key[-1], int) and not of_partial:
            yield key


ENTRIES = [(file, key) for file in FILES if "sources" not in file for key in _entries(file)]
SAMPLE = random.Random(20260302).sample(ENTRIES, len(ENTRIES) // EVERY)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the trial's folder, as far as it is reviewed."""
    return copy_of_reviewed(tmp_path_factory.mktemp("texts")).parent


def _told_without(folder: Path, file: str, key: Key) -> list[str]:
    """What is said of the folder without the entry; of a sentence, without it in every language."""
    languages = (
        [file.replace(".en.", f".{language}.") for language in ("en", "zh")] if ".en." in file else [file]
    )
    before = {name: (folder / name).read_text("utf-8") for name in languages}
    for name, text in before.items():
        (folder / name).write_text(toml_file(without(tomllib.loads(text, parse_float=Decimal), key)), "utf-8")
    try:
        return faults_of_reviewed(folder / FOLDER.name, {})
    finally:
        for name, text in before.items():
            (folder / name).write_text(text, "utf-8")


def _is_named(file: str, key: Key, fault: str) -> bool:
    names = [str(name) for name in key[1:]] or [str(key[0]), Path(file).stem]
    return any(name in fault for name in names)


@pytest.mark.parametrize(
    ("file", "key"), SAMPLE, ids=lambda part: part if isinstance(part, str) else ".".join(map(str, part))
)
def test_what_is_taken_out_is_told(folder: Path, file: str, key: Key) -> None:
    told = _told_without(folder, file, key)
    assert any(_is_named(file, key, fault) for fault in told), told


def test_nothing_is_told_of_the_files_as_shipped(folder: Path) -> None:
    assert faults_of_reviewed(folder / FOLDER.name, {}) == []


@pytest.mark.parametrize("file", FILES)
def test_a_file_that_is_gone_or_no_toml_is_told(folder: Path, file: str) -> None:
    path = folder / file
    text = path.read_text("utf-8")
    if "sources" not in file:
        path.unlink()
        assert faults_of_reviewed(folder / FOLDER.name, {}) != []
    path.write_text("[", "utf-8")
    assert any(path.name in fault for fault in faults_of_reviewed(folder / FOLDER.name, {}))
    path.write_text(text, "utf-8")
