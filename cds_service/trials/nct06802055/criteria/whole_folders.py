"""Is every criterion's folder whole? What one lacks is told at the start, all of it at once.

A folder that is half made would be a criterion that nobody is asked, in a language that lacks its words.
"""

import ast
import json
import re
from collections.abc import Generator, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from cds_service.cards.translations import LANGUAGES
from cds_service.rules.criterion_folders import (
    NUMBERS,
    criterion_folders,
    criterion_number,
    word_folders,
)
from cds_service.rules.thresholds import table_if_whole
from cds_service.trials.nct06802055.criteria.criterion_judges import judge_name

EXAMPLES = "examples.json"
PARAMETERS = ("record", "t0", "limits")
ANSWERS = {"I": {"met", "not-met", "unknown"}, "E": {"present", "absent", "unknown"}}
"""What an inclusion and an exclusion criterion may answer: each is shown by an example."""
LINE_TYPES = {"boolean": {"type"}, "integer": {"type", "lowest", "highest"}}
"""What a line of the form may be answered with, and what its table then says."""

_SAY = re.compile(r'(?<![\w.])say\(\s*"([^"]*)"')


def faults_of_folders(reviewed: Path) -> list[str]:
    """A fault for each piece that a criterion's folder lacks, naming the folder."""
    folders = criterion_folders(reviewed)
    strangers = [
        f"criteria/{path.name}: no folder of a criterion; its name must be as e03_pnh_clone"
        for path in sorted((reviewed.parent / "criteria").glob("*/"))
        if path not in folders and path.name != "__pycache__"
    ]
    words = {language: _sentences(reviewed, language) for language in LANGUAGES}
    told = [f"criteria/{folder.name}: {one}" for folder in folders for one in _faults(folder, words)]
    return strangers + told + _numbered_twice(folders)


def _numbered_twice(folders: tuple[Path, ...]) -> list[str]:
    numbers = [criterion_number(folder) for folder in folders]
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    return [f"criteria: {number} has two folders" for number in twice]


def _faults(folder: Path, words: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    number = criterion_number(folder)
    if not (folder / "__init__.py").is_file():
        yield "has no __init__.py, so that no installation would hold it"
    said = yield from _of_judge(folder, number)
    lines = yield from _of_numbers(folder, number)
    wanted = {*said, *_names(number), *(f"form.{line}" for line in lines)}
    yield from _of_words(folder, wanted, words)
    yield from _of_examples(folder, ANSWERS[number[0]])


def _names(number: str) -> Iterator[str]:
    """The sentences by which cards and pages call a criterion."""
    kinds = ("title", "short", "number", *(("doubt",) if number.startswith("I") else ()))
    return (f"criterion.{kind}.{number}" for kind in kinds)


def _of_judge(folder: Path, number: str) -> Generator[str, None, set[str]]:
    """Faults of the one function; the value is the keys of the sentences that the folder's code says."""
    if not (folder / "judge.py").is_file():
        yield "has no judge.py"
        return set()
    code = {path.name: _code_of(path.read_text("utf-8")) for path in folder.glob("*.py")}
    named = {name: args for name, args in code["judge.py"].functions if name.startswith(judge_name(number))}
    if len(named) != 1:
        yield f"judge.py must have one function {judge_name(number)}..., has {len(named)}"
    for name, parameters in named.items():
        if parameters != PARAMETERS:
            yield f"{name} must take record, t0 and limits, with the type of the limits"
    return {key for one in code.values() for key in one.said}


class _Code(msgspec.Struct, frozen=True):
    """A module's functions, each with its parameters that have a type; the keys of what it says."""

    functions: tuple[tuple[str, tuple[str, ...]], ...]
    said: frozenset[str]


@lru_cache(maxsize=128)
def _code_of(source: str) -> _Code:
    tree = ast.parse(source)
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef))
    named = tuple((f.name, tuple(a.arg for a in f.args.args if a.annotation)) for f in functions)
    return _Code(named, keys_said(source))


def keys_said(source: str) -> frozenset[str]:
    """The keys of what a module says, found in its text: to walk through all its code takes a start 0.1 s."""
    return frozenset(_SAY.findall(source))


def _of_numbers(folder: Path, number: str) -> Generator[str, None, tuple[str, ...]]:
    """Faults of the rule and of the lines on the form; the value is the names of the lines."""
    tables = table_if_whole(folder / NUMBERS)
    if tables is None:
        yield f"has no {NUMBERS} that can be read"
        return ()
    if list(tables.get("rule", {})) != [number]:
        yield f"{NUMBERS} must hold one rule, [rule.{number}]"
    if "form" not in tables:
        yield f"{NUMBERS} has no [form.{number}]: what is asked on the form (an empty [form]: nothing)"
    lines: dict[str, Any] = tables.get("form", {})
    for name, line in lines.items():
        if name.partition(".")[0] != number:
            yield f"{NUMBERS}: [form.{name}] is a line of another criterion"
        if LINE_TYPES.get(line.get("type")) != line.keys():
            yield f"{NUMBERS}: [form.{name}] must be a boolean, or an integer with lowest and highest"
    return tuple(lines)


def _of_words(folder: Path, wanted: set[str], words: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for language, sentences in words.items():
        if table_if_whole(folder / f"words.{language}.toml") is None:
            yield f"has no words.{language}.toml that can be read"
        lost = sorted(wanted - sentences.keys())
        yield from (f"words.{language}.toml: {key} is missing" for key in lost)
        yield from _of_sources(folder, f"sources-{language}.toml")


def _of_sources(folder: Path, file: str) -> Iterator[str]:
    """The rule's source in a language that says sources: English does not, in which they are written."""
    if not (folder.parent.parent / "reviewed" / "wording" / file).exists():
        return
    rules = (table_if_whole(folder / NUMBERS) or {}).get("rule", {}).values()
    sources = table_if_whole(folder / file)
    if sources is None:
        yield f"has no {file} that can be read"
    elif any(rule.get("source") not in sources for rule in rules):
        yield f"{file} does not say the rule's source"


def _of_examples(folder: Path, wanted: set[str]) -> Iterator[str]:
    try:
        examples = json.loads((folder / EXAMPLES).read_text("utf-8"))["examples"]
        answers = {one["answer"] for one in examples}
    except (OSError, ValueError, KeyError, TypeError):
        yield f"has no {EXAMPLES} that can be read"
        return
    yield from (f"{EXAMPLES}: no example is {answer}" for answer in sorted(wanted - answers))


def _sentences(reviewed: Path, language: str) -> dict[str, str]:
    """Every sentence that can be read; a file that cannot be read is told where the words are read."""
    files = (path for folder in word_folders(reviewed) for path in folder.glob(f"*.{language}.toml"))
    return {key: said for path in files for key, said in (table_if_whole(path) or {}).items()}
