"""Reads the reviewed TOML files: every threshold and every rule with its origin, or a loud refusal.

A file `reviewed/<topic>.toml` of a trial has two kinds of tables:

    [limit.adult_age]            [rule.I1]
    value = 18                   origin = "P"
    unit = "a"                   source = "trial record, inclusion criterion 1"
    origin = "P"
    source = "..."
    sentence = "..."

`read_limits` turns the first kind into the topic's own frozen struct (a field per limit, no more, no
less), `read_rules` the second into `Rule`s. A site may override limits of origin A, and no others.
A limit that states a fact of another limit names it by `same_as` in place of a value, and follows it.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from cds_service.rules.criterion_folders import NUMBERS, TOPIC, criterion_folders

L = TypeVar("L")
FOLDER = Path(__file__).parents[1] / "trials" / "nct06802055" / "reviewed"


class Origin(StrEnum):
    """Where a rule or threshold comes from."""

    TRIAL_RECORD = "P"
    LABEL = "L"
    GUIDELINE = "G"
    ASSUMPTION = "A"


class Rule(msgspec.Struct, frozen=True):
    """A rule that can speak: stable id, origin, and the place where its text stands."""

    id: str
    origin: Origin
    source: str


class ProtocolTextFault(ValueError):
    """The reviewed files contradict the code or themselves; `faults` lists each one."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def read_topic(topic: str, folder: Path = FOLDER) -> dict[str, Any]:
    """One topic's tables, with those of the criteria's folders for eligibility; decimals stay exact.

    Raises ProtocolTextFault naming file and line.
    """
    own = _read_tables(folder / f"{topic}.toml", f"{topic}.toml")
    return _with_criteria(own, folder) if topic == TOPIC else own


def _with_criteria(own: dict[str, Any], reviewed: Path) -> dict[str, Any]:
    """The limits and rules that criteria share, and those of each folder. Raises ProtocolTextFault."""
    joined = {kind: dict(own.get(kind, {})) for kind in ("limit", "rule")}
    faults: list[str] = []
    for folder in criterion_folders(reviewed):
        name = f"{folder.name}/{NUMBERS}"
        try:
            tables = _read_tables(folder / NUMBERS, name)
        except ProtocolTextFault as error:
            faults += error.faults
            continue
        for kind, there in joined.items():
            more = tables.get(kind, {})
            faults += [
                f"{name}: {kind} {one} stands in two files" for one in sorted(there.keys() & more.keys())
            ]
            there |= more
    if faults:
        raise ProtocolTextFault(faults)
    return own | joined


def _read_tables(path: Path, name: str) -> dict[str, Any]:
    try:
        return parsed_toml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProtocolTextFault([f"{name}: {error}"]) from error


@lru_cache(maxsize=256)  # the limits, the rules and the words of a topic are asked for one after the other
def parsed_toml(text: str) -> dict[str, Any]:
    """The tables of a reviewed file, not to be changed; decimals stay exact. Raises TOMLDecodeError."""
    return tomllib.loads(text, parse_float=Decimal)


def table_if_whole(path: Path) -> dict[str, Any] | None:
    """The tables of a file; None where it is not there, or is no TOML."""
    try:
        return parsed_toml(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None


def read_limits(
    shape: type[L],
    topic: str,
    overrides: Mapping[str, Any] | None = None,
    folder: Path = FOLDER,
) -> L:
    """The limits of `topic` as one `shape` (a frozen struct of int, Decimal, str, bool or tuple fields).

    `overrides` maps "<topic>.<limit>" to a site's own value. Raises ProtocolTextFault with every fault found.
    """
    tables: dict[str, dict[str, Any]] = read_topic(topic, folder).get("limit", {})
    wanted = get_type_hints(shape)
    faults = _set_faults(topic, set(tables), set(wanted))
    values: dict[str, Any] = {}
    every = LimitTables(folder)
    for name in wanted.keys() & tables.keys():
        table = tables[name]
        faults += _provenance_faults(f"{topic}.{name}", table)
        value = value_in_force(f"{topic}.{name}", overrides or {}, every, faults)
        try:
            values[name] = _as_type(value, wanted[name])
        except TypeError as error:
            faults.append(f"{topic}.{name}: {error}")
    if faults:
        raise ProtocolTextFault(sorted(faults))
    return shape(**values)


@dataclass(slots=True)
class LimitTables:
    """The limits of a folder by "<topic>.<limit>"; each file is read once, when it is first asked for."""

    folder: Path
    _read: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def find(self, name: str) -> Mapping[str, Any] | None:
        """The table of one limit; None where there is none. Raises ProtocolTextFault."""
        topic, _, limit = name.partition(".")
        if topic not in self._read:
            there = (self.folder / f"{topic}.toml").exists()
            self._read[topic] = read_topic(topic, self.folder).get("limit", {}) if there else {}
        return self._read[topic].get(limit)


def value_in_force(name: str, overrides: Mapping[str, Any], limits: LimitTables, faults: list[str]) -> Any:
    """The value of "<topic>.<limit>": the site's, else its own; of one that follows another, that one's.

    `same_as = "titration.danger"` (or `"monitoring.visit_weeks.1"`, one number of a list) stands in
    place of a value: the number is written once, and a site that sets it moves all. Faults go to `faults`.
    """
    table = limits.find(name) or {}
    if name in overrides and table.get("origin") != Origin.ASSUMPTION:
        faults.append(f"{name}: a site may override only limits of origin A")
    if "same_as" not in table:
        return overrides.get(name, table.get("value"))
    source, place = _named(table["same_as"])
    other = limits.find(source) or {}
    value = place(overrides.get(source, other.get("value")))
    if value is None:
        faults.append(f"{name}: same_as names no limit that stands by itself: {table['same_as']}")
    if table.get("origin") != Origin.ASSUMPTION and other.get("origin") == Origin.ASSUMPTION:
        faults.append(f"{name}: is no assumption and cannot follow one, {table['same_as']}")
    if "value" in table:
        faults.append(f"{name}: follows {table['same_as']} and has no value of its own")
    if overrides.get(name, value) != value:
        faults.append(f"{name}: states the same fact as {table['same_as']}; set that one, this one follows")
    return value


def _named(same_as: str) -> tuple[str, Callable[[Any], Any]]:
    """The limit that `same_as` names, and how to take one number out of its list."""
    topic, _, rest = same_as.partition(".")
    limit, _, place = rest.partition(".")
    if not place:
        return f"{topic}.{limit}", lambda value: value
    return f"{topic}.{limit}", lambda value: _item(value, int(place))


def _item(value: Any, place: int) -> Any:
    return value[place] if isinstance(value, list) and place < len(value) else None


def read_rules(topic: str, folder: Path = FOLDER) -> dict[str, Rule]:
    """The rules of `topic` by id. Raises ProtocolTextFault with every fault found."""
    tables: dict[str, dict[str, Any]] = read_topic(topic, folder).get("rule", {})
    faults: list[str] = []
    for name, table in tables.items():
        if table.get("origin") not in set(Origin) or not table.get("source"):
            faults.append(f"{topic}: rule {name} needs an origin (P, L, G or A) and a source")
    if faults:
        raise ProtocolTextFault(sorted(faults))
    return {name: Rule(name, Origin(t["origin"]), t["source"]) for name, t in tables.items()}


def _set_faults(topic: str, there: set[str], wanted: set[str]) -> list[str]:
    missing = [f"{topic}.{name}: missing in {topic}.toml" for name in wanted - there]
    unused = [f"{topic}.{name}: not used by any rule" for name in there - wanted]
    return missing + unused


def _provenance_faults(name: str, table: Mapping[str, Any]) -> list[str]:
    faults = [f"{name}: has no {key}" for key in ("unit", "source", "sentence") if key not in table]
    if table.get("origin") not in set(Origin):
        faults.append(f"{name}: origin must be one of P, L, G, A")
    return faults


def _as_type(value: Any, wanted: Any) -> Any:
    if get_origin(wanted) is tuple:
        item = get_args(wanted)[0]
        if not isinstance(value, list):
            raise TypeError(f"must be a list, is {value!r}")
        return tuple(_as_type(v, item) for v in value)
    if isinstance(value, Decimal) and not value.is_finite():
        raise TypeError(f"must be a number, is {value}")
    if wanted is Decimal and isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value)
    if wanted is int and isinstance(value, bool):
        raise TypeError(f"must be int, is {value!r}")
    if not isinstance(value, wanted):
        raise TypeError(f"must be {wanted.__name__}, is {value!r}")
    return value
