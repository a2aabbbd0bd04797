"""Dates that nobody lived, anywhere in a chart: an answer all the same, and the one that an honest chart gets.

9999-12-31 as an end says that there is none; as anything else it is a day still to come. 0001-01-01 is no date.
"""

import copy
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from tests.fuzz.odd_json import DATES
from tests.scenarios.fhir_charts import assessed
from tests.scenarios.visits import PATIENTS

Json = dict[str, Any]
Path = tuple[Any, ...]
_DATE = re.compile(r"\d{4}-\d\d(-\d\d(T.*)?)?")
_ENDS = {"end", "abatementDateTime"}
NEVER = tuple(date for date in DATES if date[:2] in ("99", "29", "22"))
NOT_KNOWN = tuple(date for date in DATES if date[:4] in ("0001", "1753", "1849"))


def dates_in(value: Any, path: Path = ()) -> Iterator[Path]:
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from dates_in(value[key], (*path, key))
    elif isinstance(value, str) and _DATE.fullmatch(value):
        yield path


def elements() -> Iterator[tuple[str, int, Path]]:
    """Every date element of every resource type, its last place in each of three patients: patient, entry, path."""
    patients: Counter[tuple[Any, ...]] = Counter()
    for name, patient in PATIENTS.items():
        newest: dict[tuple[Any, ...], tuple[str, int, Path]] = {}
        for number, resource in enumerate(patient.resources):
            for path in dates_in(resource):
                newest[resource["resourceType"], *(key for key in path if isinstance(key, str))] = (
                    name, number, path,
                )  # fmt: skip
        yield from (place for what, place in newest.items() if patients[what] < _PATIENTS)
        patients.update(newest.keys())


_PATIENTS = 3
ELEMENTS = list(elements())


@cache
def told(name: str, number: int, path: Path, text: str | None) -> Json:
    """The assessment with another text there (None: without the element), without what only quotes it."""
    resources = [*PATIENTS[name].resources]
    resources[number] = copy.deepcopy(resources[number])
    parent: Any = resources[number]
    for key in path[:-1]:
        parent = parent[key]
    if text is None:
        del parent[path[-1]]
    else:
        parent[path[-1]] = text
    return without_quotes(assessed(*resources))


def without_quotes(value: Any) -> Any:
    if isinstance(value, list):
        return [without_quotes(part) for part in value]
    if not isinstance(value, dict):
        return value
    return {k: without_quotes(v) for k, v in value.items() if k not in _QUOTING}


_QUOTING = {"inputHash", "date", "detail", "seen", "evidence", "message", "text", "value"}


def test_there_are_dates_to_try():
    kinds = {(PATIENTS[name].resources[number]["resourceType"], path[-1]) for name, number, path in ELEMENTS}
    assert {
        ("Patient", "birthDate"),
        ("Observation", "effectiveDateTime"),
        ("MedicationRequest", "authoredOn"),
        ("ResearchSubject", "start"),
        ("Condition", "onsetDateTime"),
    } <= kinds


@pytest.mark.parametrize("date", NEVER)
def test_a_date_of_the_far_future_is_one_still_to_come_or_no_end(date):
    for name, number, path in ELEMENTS:
        ordinary = None if path[-1] in _ENDS else "2150-01-01"[: len(date)]
        assert told(name, number, path, date) == told(name, number, path, ordinary), (name, number, path)


@pytest.mark.parametrize("date", NOT_KNOWN)
def test_a_date_before_anybody_was_born_is_no_date(date):
    for name, number, path in ELEMENTS:
        assert told(name, number, path, date) == told(name, number, path, "not known"), (name, number, path)
