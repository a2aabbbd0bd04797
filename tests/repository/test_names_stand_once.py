"""A public name means one thing: no class or function of a module's surface, and no file, is called as another."""

import ast
from collections import defaultdict

from tests.repository.measure import ROOT, product_files

MAY_STAND_TWICE = {"assess", "main", "upgrade"}
"""A command and what it runs; entry points; steps of the database."""


def surface(source: str) -> set[str]:
    """Public classes and functions that a module defines itself."""
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return {n.name for n in ast.parse(source).body if isinstance(n, kinds) and not n.name.startswith("_")}


def twice(places: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: where for name, where in places.items() if len(where) > 1}


def test_no_class_or_function_has_the_name_of_another() -> None:
    places = defaultdict(list)
    for path in product_files():
        for name in surface(path.read_text("utf-8")) - MAY_STAND_TWICE:
            places[name].append(str(path.relative_to(ROOT)))
    assert len(places) > 1_000
    assert twice(places) == {}


def test_no_file_has_the_name_of_another() -> None:
    """A file of `cli` is called as its command; a package's own file, and a criterion's, as all of them are."""
    places = defaultdict(list)
    for path in product_files():
        if path.parent.name != "cli" and path.name not in ("__init__.py", "judge.py"):
            places[path.name].append(str(path.relative_to(ROOT)))
    assert twice(places) == {}
