"""Mutants of Python: comparisons, guards, bounds, members of sets and tables, enumerations, defaults."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.places import Mutant

_OTHER: dict[type[ast.cmpop], str] = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==",
    ast.In: "not in", ast.NotIn: "in", ast.Is: "is not", ast.IsNot: "is",
}  # fmt: skip
_ENUMS = {"Enum", "StrEnum", "IntEnum"}
_FEWEST = 2
"""A set of one member has none to spare."""


@dataclass(frozen=True, slots=True)
class _Source:
    path: Path
    text: str
    starts: tuple[int, ...]
    """Offset at which each line begins."""

    def at(self, line: int, column: int) -> int:
        begun = self.starts[line - 1]
        rest = self.text[begun:].encode()[:column]
        return begun + len(rest.decode())

    def place(self, node: ast.expr) -> tuple[int, int]:
        ends = (node.end_lineno or node.lineno, node.end_col_offset or 0)
        return self.at(node.lineno, node.col_offset), self.at(*ends)

    def instead(self, node: ast.expr, text: str, kind: str) -> Mutant:
        return Mutant(self.path, *self.place(node), text, kind)


def of_module(path: Path, text: str) -> Iterator[Mutant]:
    """Every mutant of a module."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    source = _Source(path, text, tuple(starts))
    for node in _outside_of_text(ast.parse(text)):
        yield from _of(node, source)


def _outside_of_text(node: ast.AST) -> Iterator[ast.AST]:
    """Every node but those of `__all__`, and inside an f-string, whose places Python 3.11 does not tell."""
    is_export = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    yield node
    if not isinstance(node, ast.JoinedStr) and not is_export:
        for inside in ast.iter_child_nodes(node):
            yield from _outside_of_text(inside)


def _of(node: ast.AST, source: _Source) -> Iterator[Mutant]:
    match node:
        case ast.Compare(ops=[one]):
            yield _comparison(node, one, source)
        case ast.BoolOp(op=op, values=values):
            for value in values:
                rest = ast.BoolOp(op, [other for other in values if other is not value])
                yield source.instead(node, f"({ast.unparse(rest)})", "part of a condition")
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield source.instead(node, f"({ast.unparse(operand)})", "not")
        case ast.If(test=test) | ast.IfExp(test=test):
            yield from (source.instead(test, text, "guard") for text in ("True", "False"))
        case ast.Tuple(elts=[_, _] as both, ctx=ast.Load()):
            yield from _one_of_two(node, both, source)
        case ast.Set(elts=members) | ast.Tuple(elts=members, ctx=ast.Load()) | ast.List(elts=members):
            yield from _members(members, source)
        case ast.Dict():
            yield from _rows(node, source)
        case ast.ClassDef(bases=bases) if {ast.unparse(base) for base in bases} & _ENUMS:
            yield from _enumerated(node, source)
        case ast.FunctionDef(args=arguments):
            yield from _defaults(arguments, source)
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            yield source.instead(node, repr(number + 1), "number")


def _comparison(node: ast.Compare, op: ast.cmpop, source: _Source) -> Mutant:
    left, right = ast.unparse(node.left), ast.unparse(node.comparators[0])
    return source.instead(node, f"({left} {_OTHER[type(op)]} {right})", "comparison")


def _without(among: Iterable[ast.expr], node: ast.expr, source: _Source, kind: str) -> Mutant:
    """The node, and the comma that ties it to its neighbour, taken out."""
    others = [*among]
    here = others.index(node)
    start, end = source.place(node)
    if here + 1 < len(others):
        return Mutant(source.path, start, source.place(others[here + 1])[0], "", kind)
    return Mutant(source.path, source.place(others[here - 1])[1], end, "", kind)


def _members(members: list[ast.expr], source: _Source) -> Iterator[Mutant]:
    """Constants and members of enumerations: a tuple of computed values is an answer, not a table."""
    if len(members) > 1 and all(_is_constant(member) for member in members):
        yield from (_without(members, member, source, "member") for member in members)


def _one_of_two(pair: ast.Tuple, members: list[ast.expr], source: _Source) -> Iterator[Mutant]:
    """What is left of two is a tuple still, no word in brackets."""
    if all(_is_constant(member) for member in members):
        yield from (source.instead(pair, f"({ast.unparse(left)},)", "member") for left in members)


def _is_constant(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Attribute) and node.attr.isupper())


def _rows(table: ast.Dict, source: _Source) -> Iterator[Mutant]:
    keys = [key for key in table.keys if key is not None]
    if len(keys) < _FEWEST or len(keys) != len(table.values):
        return
    for place, key in enumerate(keys):
        after = place + 1 < len(keys)
        start = source.place(key)[0] if after else source.place(table.values[place - 1])[1]
        end = source.place(keys[place + 1])[0] if after else source.place(table.values[place])[1]
        yield Mutant(source.path, start, end, "", "row of a table")


def _enumerated(node: ast.ClassDef, source: _Source) -> Iterator[Mutant]:
    for line in node.body:
        if isinstance(line, ast.Assign) and isinstance(line.value, ast.Constant):
            yield source.instead(line.value, repr(f"{line.value.value}-other"), "enumeration")


def _defaults(arguments: ast.arguments, source: _Source) -> Iterator[Mutant]:
    for default in (*arguments.defaults, *(one for one in arguments.kw_defaults if one)):
        if isinstance(default, ast.Constant) and isinstance(default.value, bool):
            yield source.instead(default, str(not default.value), "default")
