"""What the program says by name: rules, criteria and sentences that the reviewed files must hold.

Read from the program's own source, so that a rule or a sentence taken out of a file is told before the start
and not by a call that fails.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from cds_service.cards.wording import Wording
from cds_service.protocol.answers.alerts import Action, Severity
from cds_service.protocol.answers.kidney import RenalState
from cds_service.protocol.criteria.limits import IDS
from cds_service.protocol.parameters import Origin
from fhir_mappings.vocabulary.facts import Part
from fhir_mappings.vocabulary.medications import Drug
from fhir_mappings.vocabulary.results import Analyte

_FAMILIES: Mapping[str, Iterable[str]] = {
    "action": Action,
    "severity": Severity,
    "renal.state": RenalState,
    "criterion.title": IDS,
    "criterion.number": IDS,
    "part": Part,
    "analyte": Analyte,
    "drug": Drug,
    "card.origin": Origin,
}
"""Sentences whose key ends in a name: one for each member."""

_SAYING = frozenset({"say", "Phrase"})
_RULE = re.compile(r"[A-Z]+(?:-[A-Z0-9]+)+")


def missing_rules(rules: Iterable[str]) -> list[str]:
    """A fault for each rule and criterion that the program names and no reviewed file holds."""
    there = set(rules)
    return [f"rule {name}: the program names it, and no reviewed file holds it" for name in _rules() - there]


def missing_sentences(words: Wording) -> list[str]:
    """A fault for each sentence that the program says and the wording files lack."""
    members = {f"{family}.{_name(one)}" for family, names in _FAMILIES.items() for one in names}
    wanted = members | _said()
    return [f"wording {words.language}: {key} is missing" for key in wanted - words.sentences.keys()]


def _name(member: str) -> str:
    return member.value if isinstance(member, StrEnum) else member


@cache
def _rules() -> frozenset[str]:
    """Names with a hyphen ("SAF-TG") in the protocol's source, and what an alert is given by name."""
    return frozenset(IDS).union(*map(_rules_named, _sources("protocol")))


def _rules_named(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.JoinedStr):
        return  # the beginning of a name, made whole by a number
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and _RULE.fullmatch(node.value):
        yield node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "alert":
        yield from _first_text(node)
    for inside in ast.iter_child_nodes(node):
        yield from _rules_named(inside)


@cache
def _said() -> frozenset[str]:
    return frozenset(
        key
        for package in ("protocol", "cards", "advice")
        for tree in _sources(package)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _SAYING
        for key in _first_text(node)
    )


def _first_text(call: ast.Call) -> Iterator[str]:
    first = call.args[0] if call.args else None
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        yield first.value


def _sources(package: str) -> Iterator[ast.Module]:
    for file in _python_files(files(f"cds_service.{package}")):
        yield ast.parse(file.read_text("utf-8"))


def _python_files(folder: Traversable) -> Iterator[Traversable]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _python_files(entry)
        elif entry.name.endswith(".py"):
            yield entry
