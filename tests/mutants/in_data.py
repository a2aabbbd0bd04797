"""Mutants of data: limits, lists and origins in TOML, words in both languages, rows and terms of code lists."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from tests.mutants.places import Mutant

_NUMBER = re.compile(r"^(?:value|[a-z_]+) = (-?\d+(?:\.\d+)?)$", re.MULTILINE)
_LISTED = re.compile(r"^(?:value|[a-z_]+) = \[(.+?)\]$", re.MULTILINE | re.DOTALL)
_MEMBER = re.compile(r'"[^"]*"|-?\d+(?:\.\d+)?')
_ORIGIN = re.compile(r'^origin = "([PLGA])"$', re.MULTILINE)
_SENTENCE = re.compile(r'^(?:"[^"\n]+"|[\w.-]+) = "([^"\n]+)"$', re.MULTILINE)
_WORD = re.compile(r"(?<![{\w])(?:[A-Za-z]{2,}|[\u4e00-\u9fff])(?![}\w]*\})")
_FOLDERS_OF_WORDS = {"wording", "page_words"}
"""Those of the cards and of a trial's pages; a criterion has its own beside it, `words.en.toml`."""


def of_file(path: Path, text: str) -> Iterator[Mutant]:
    """Every mutant of a file of limits, words or codes."""
    if path.suffix == ".csv":
        yield from _codes(path, text)
    elif path.parent.name in _FOLDERS_OF_WORDS or path.stem.startswith("words."):
        yield from _words(path, text)
    else:
        yield from _limits(path, text)


def _limits(path: Path, text: str) -> Iterator[Mutant]:
    for found in _NUMBER.finditer(text):
        number = found[1]
        other = f"{float(number) * 1.02:.4f}" if "." in number else str(int(number) + 1)
        yield Mutant(path, *found.span(1), other, "limit")
    for found in _LISTED.finditer(text):
        members = [*_MEMBER.finditer(found[1])]
        for here, after in pairwise(members):
            yield Mutant(
                path, found.start(1) + here.start(), found.start(1) + after.start(), "", "member of a list"
            )
    for found in _ORIGIN.finditer(text):
        yield Mutant(path, *found.span(1), "G" if found[1] == "A" else "A", "origin")


def _words(path: Path, text: str) -> Iterator[Mutant]:
    """The first word of a sentence taken out."""
    for found in _SENTENCE.finditer(text):
        if word := _WORD.search(found[1]):
            start = found.start(1) + word.start()
            yield Mutant(path, start, start + len(word[0]), "", "word")


def _codes(path: Path, text: str) -> Iterator[Mutant]:
    """A row gone, and each of several terms of a row gone."""
    place, header = 0, True
    for line in text.splitlines(keepends=True):
        if not line.startswith("#") and not header:
            yield Mutant(path, place, place + len(line), "", "row of a code list")
            terms = [*re.finditer(r"[^|,\n]+\|", line)]
            yield from (Mutant(path, place + t.start(), place + t.end(), "", "term") for t in terms)
        header = header and line.startswith("#")
        place += len(line)
