"""JSON as no honest program writes it: raw numbers, repeated keys, and the values that break programs.

A value is plain Python, and beside it `Raw` (text put into the JSON as it is) and `Again` (a key once more).
"""

import json
from typing import Any

Json = Any


class Raw(str):
    """A token that stands in the JSON as it is: a number of a thousand digits, NaN."""


class Again(str):
    """A key that is written once more beside its own; equal to none that stands there already."""

    __slots__ = ()

    def __new__(cls, name: str) -> "Again":
        """The key `name`, once more."""
        return super().__new__(cls, f"{name}\0again")

    def __deepcopy__(self, _: object) -> "Again":
        return self


def text_of(value: Json) -> str:
    """The value as JSON."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_key(name)}:{text_of(part)}" for name, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(text_of, value)) + "]"
    return json.dumps(value)


def _key(name: str) -> str:
    return json.dumps(name.removesuffix("\0again") if isinstance(name, Again) else name)


DATES = (
    "9999-12-31",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-12:00",
    "9999-12-31T00:00:00+14:00",
    "9999",
    "9999-12",
    "2999-12-31T00:00:00+08:00",
    "2199-12-31T23:59:59-12:00",
    "2200-01-01",
    "0001-01-01",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "0001",
    "0001-01",
    "1753-01-01T00:00:00",
    "1849-12-31",
    "1850-01-01T00:00:00+14:00",
)
"""Placeholders and extremes of the calendar: each is a date that FHIR allows."""

NO_DATES = ("0000-00-00", "2026-02-30", "99999-01-01", "-0001-01-01", "2026-13-01T25:61:61Z", "never", "")

NUMBERS = (
    Raw("1" + "0" * 5000),
    Raw("1" + "0" * 4299),
    Raw("-" + "9" * 400),
    Raw("0." + "3" * 3000),
    Raw("1e400"),
    Raw("-1e400"),
    Raw("1E+308"),
    Raw("1e-400"),
    Raw("5e-324"),
    Raw("1e999999999999"),
    Raw("-0"),
    Raw("-0.0"),
    Raw("NaN"),
    Raw("Infinity"),
    Raw("-Infinity"),
    Raw("01.5"),
    99999999,
    2**31,
    2**63,
    2**64,
    10**30,
    -1,
    0,
    0.1,
    1e17,
    1e22,
)

STRINGS = (
    "",
    " ",
    "\0",
    "\ud83d\ude00",
    "\ufeff",
    "\u202e",
    "é" * 300,
    "x" * 20_000,
    "../..",
    "Patient/p1",
    "Patient/another",
    "urn:uuid:x",
    "#",
    "#contained",
    "http://[::1",
    "http://127.0.0.1:9/fhir",
    "NaN",
    "-5",
    ">=",
    "1e400",
    "%",
    "{{context.patientId}}",
    "' OR 1=1 --",
)

SHAPES: tuple[Json, ...] = (
    None,
    True,
    False,
    [],
    {},
    [None],
    [[]],
    {"": None},
    ["x"],
    [{}],
    {"value": Raw("1" + "0" * 4299)},
    Raw("[" * 60 + "]" * 60),
    Raw("[" * 20_000 + "]" * 20_000),
    Raw('"\\ud800"'),
    Raw('{"a":1,"a":2}'),
    Raw(""),
)
