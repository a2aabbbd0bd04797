"""Numbers that nobody measured, anywhere in a chart: an assessment all the same, or a file that is no JSON."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fuzz.mutations import at, places
from tests.fuzz.odd_json import NUMBERS, Raw, text_of
from tests.fuzz.targets import ask_file
from tests.hook_calls import bundle
from tests.scenarios.visits import PATIENTS

NO_JSON = {Raw("NaN"), Raw("Infinity"), Raw("-Infinity"), Raw("01.5")}
_PATIENTS = 2


def elements() -> Iterator[tuple[str, int, tuple[Any, ...]]]:
    """Every number element of every resource type, its last place in each of two patients."""
    patients: Counter[tuple[Any, ...]] = Counter()
    for name, patient in PATIENTS.items():
        newest = {}
        for number, resource in enumerate(patient.resources):
            for path in places(resource):
                if isinstance(at(resource, path), int | float):
                    what = (resource["resourceType"], *(key for key in path if isinstance(key, str)))
                    newest[what] = (name, number, path)
        yield from (place for what, place in newest.items() if patients[what] < _PATIENTS)
        patients.update(newest.keys())


ELEMENTS = list(elements())


def with_number(resource: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The resource with another number there."""
    if not path:
        return value
    key, *rest = path
    copied = dict(resource) if isinstance(resource, dict) else list(resource)
    copied[key] = with_number(resource[key], tuple(rest), value)
    return copied


def test_there_are_numbers_to_try():
    kinds = {(PATIENTS[name].resources[number]["resourceType"], path[-1]) for name, number, path in ELEMENTS}
    assert {
        ("Observation", "value"),
        ("MedicationDispense", "value"),
        ("MedicationRequest", "period"),
    } <= kinds


@pytest.mark.parametrize("value", NUMBERS, ids=lambda value: text_of(value)[:16])
def test_a_number_of_any_size_is_assessed(value):
    expected = "refused" if value in NO_JSON else "assessed"
    for name, number, path in ELEMENTS:
        resources = [*PATIENTS[name].resources]
        resources[number] = with_number(resources[number], path, value)
        assert ask_file(text_of(bundle(resources)).encode(), name) == expected, (name, number, path)
