"""Observations -> the laboratory table: a row for each test, newest value first, with unit and flag."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cds_service.demo.json_http import Json
from cds_service.demo.mini_ehr.open_record import code_of, text_of

GROUPS = ("levels", "blood", "chemistry", "marrow", "infection", "state", "other")


LONGEST = 7
"""Characters of a number that are shown as they are."""
SHOWN_UNITS = {"1": "", "umol/L": "µmol/L", "10*9/L": "×10⁹/L", "10*12/L": "×10¹²/L"}
"""UCUM codes that people write otherwise."""


@dataclass(frozen=True, slots=True)
class ResultNote:
    """What somebody wrote to a result: `when` as "2026-03-01 07:30", `who` as the record names them."""

    when: str
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class DraftResult:
    """One measurement. `flag` is "H", "L", "A" or "" as its own reference range or lab says.

    `number` is None for a result that is no single plain number.
    """

    id: str
    value: str
    unit: str
    taken: str
    flag: str
    number: float | None = None
    notes: tuple[ResultNote, ...] = ()

    @property
    def shown(self) -> str:
        """The value without decimals that no laboratory means."""
        long = self.number is not None and len(self.value) > LONGEST
        return f"{self.number:.2f}" if long else self.value

    @property
    def day(self) -> str:
        """The calendar day it was taken."""
        return self.taken[:10]

    @property
    def moment(self) -> str:
        """Day and time it was taken, as people write them."""
        return self.taken[:16].replace("T", " ")


@dataclass(frozen=True, slots=True)
class TestRow:
    """A test with all its results, newest first, and the usual range of the newest."""

    key: str
    name: str
    group: str
    usual: str
    results: tuple[DraftResult, ...]


@cache
def _tests() -> Mapping[str, Mapping[str, str]]:
    text = Path(__file__).with_name("tests.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def laboratory_rows(observations: Iterable[Json], language: str) -> list[TestRow]:
    """The table in the order of its groups; a code without a short name of ours keeps its own words."""
    found: dict[str, list[Json]] = {}
    for one in observations:
        found.setdefault(code_of(one.get("code")) or text_of(one.get("code")), []).append(one)
    table = [_row(key, same, language) for key, same in found.items()]
    order = list(_tests())
    return sorted(
        table,
        key=lambda row: (GROUPS.index(row.group), order.index(row.key) if row.key in order else len(order)),
    )


def test_name(code: Json, language: str) -> str:
    """A test's short name, or what it calls itself."""
    return _tests().get(code_of(code), {}).get(language) or text_of(code)


def _row(key: str, same: list[Json], language: str) -> TestRow:
    newest_first = sorted(same, key=lambda one: str(one.get("effectiveDateTime", "")), reverse=True)
    return TestRow(
        key=key,
        name=test_name(newest_first[0].get("code") or {}, language),
        group=_tests().get(key, {}).get("group", "other"),
        usual=_usual(newest_first[0]),
        results=tuple(result_of(one) for one in newest_first),
    )


def result_of(one: Json) -> DraftResult:
    """One Observation as the table shows it."""
    value, unit, number = _value(one)
    return DraftResult(
        str(one.get("id", "")),
        value,
        unit,
        str(one.get("effectiveDateTime", "")),
        _flag(one, number),
        number,
        tuple(_note(note) for note in one.get("note") or []),
    )


def _note(note: Json) -> ResultNote:
    author: Json = note.get("authorReference") or {}
    who = str(note.get("authorString") or author.get("display") or author.get("reference") or "")
    return ResultNote(str(note.get("time", ""))[:16].replace("T", " "), who, str(note.get("text", "")))


def _value(one: Json) -> tuple[str, str, float | None]:
    """The value in words, its unit, and the plain number where it is one."""
    if isinstance(amount := one.get("valueQuantity"), dict):
        sign, value = amount.get("comparator", ""), amount.get("value")
        unit = str(amount.get("unit") or amount.get("code") or "")
        plain = float(value) if isinstance(value, int | float) and not sign else None
        return f"{sign}{'?' if value is None else value}", SHOWN_UNITS.get(unit, unit), plain
    if "valueInteger" in one:
        return str(one["valueInteger"]), "", float(one["valueInteger"])
    if concept := one.get("valueCodeableConcept"):
        return text_of(concept), "", None
    if parts := one.get("component"):
        values = [_value(part) for part in parts]
        shown = "/".join(value if number is None else f"{number:.4g}" for value, _, number in values)
        return shown, values[0][1], None
    return str(one.get("valueString", "?")), "", None


def _flag(one: Json, number: float | None) -> str:
    said = code_of(next(iter(one.get("interpretation") or []), None))
    if said:
        return said if said in ("H", "L", "A", "HH", "LL") else ""
    limits: Any = next(iter(one.get("referenceRange") or []), {})
    low, high = (limits.get(side, {}).get("value") for side in ("low", "high"))
    if number is None:
        return ""
    return "L" if low is not None and number < low else "H" if high is not None and number > high else ""


def _usual(one: Json) -> str:
    limits: Any = next(iter(one.get("referenceRange") or []), {})
    low, high = (limits.get(side, {}).get("value") for side in ("low", "high"))
    if low is not None and high is not None:
        return f"{low:g}–{high:g}"
    return f"≥ {low:g}" if low is not None else f"≤ {high:g}" if high is not None else ""
