"""Every sentence of a page is said by its code or a template: what nobody says would be translated for nobody.

A key counts as said where it stands whole in the source, or where its beginning does ("page.state.") and what follows
is a word that the program knows.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).parents[2] / "cds_service"
ROOMS = {
    "explain": "explain/words",
    "research": "research/words",
    "study_list": "study_list/words",
    "screening": "screening/words",
    "demo": "demo/mini_ehr/words",
    "watch": "watch/words",
}
SHARED = ("pages", "cli", "figures", "trials/nct06802055/figures")
_SOURCES = frozenset({".py", ".html", ".js", ".txt"})
_WORD = re.compile(r"""["']([^"'\n]+)["']""")
_BEGINNING = re.compile(r"""["'`]([A-Za-z][\w.\-]*\.)(?=["'`{$])""")


def text_of(*folders: Path) -> str:
    files = (file for folder in folders for file in sorted(folder.rglob("*")) if file.suffix in _SOURCES)
    return "\n".join(file.read_text("utf-8") for file in files if "echarts" not in file.parts)


EVERY_WORD = frozenset(_WORD.findall(text_of(PROGRAM, PROGRAM.parent / "fhir_mappings")))


def keys_of(folder: Path) -> set[str]:
    tables = [tomllib.loads(file.read_text("utf-8")) for file in folder.glob("*en.toml")]
    return {key for table in tables for key in _flat(table, "")}


def _flat(table: dict[str, Any], before: str) -> Iterator[str]:
    for name, held in table.items():
        if isinstance(held, dict):
            yield from _flat(held, f"{before}{name}.")
        else:
            yield f"{before}{name}"


def orphans(keys: set[str], source: str) -> set[str]:
    """The keys that the source says neither whole nor from their beginning on."""
    beginnings = frozenset(_BEGINNING.findall(source))
    return {
        key
        for key in keys
        if key not in source and not _is_made(key, beginnings) and not _is_joined(key, source)
    }


def _is_joined(key: str, source: str) -> bool:
    """The mini-EHR joins by a dash or an underscore: "lab.group_" and "blood", "advice.accepted" and "_unheard"."""
    stem, joint, tail = re.fullmatch(r"(?:(.+)([_-]))?([^_-]*)", key).groups()  # type: ignore[union-attr]
    said = stem and any(one in source for one in (stem, f'"{stem.partition(".")[0]}." ~'))
    return bool(said) and (tail in EVERY_WORD or f"{joint}{tail}" in source)


def _is_made(key: str, beginnings: frozenset[str]) -> bool:
    ends = (key.removeprefix(one) for one in beginnings if key.startswith(one))
    return any({end, end.partition(".")[0], end.rpartition(".")[0]} & EVERY_WORD for end in ends)


@pytest.mark.parametrize("room", ROOMS)
def test_every_sentence_of_a_page_is_said(room: str) -> None:
    keys = keys_of(PROGRAM / ROOMS[room])
    assert len(keys) > 3
    source = text_of(PROGRAM / room, *(PROGRAM / one for one in SHARED))
    assert sorted(orphans(keys, source)) == []


def test_a_sentence_that_nobody_says_is_found() -> None:
    source = text_of(PROGRAM / "explain")
    assert orphans({"page.nobody.says", "page.state.NEVER"}, source) == {
        "page.nobody.says",
        "page.state.NEVER",
    }
