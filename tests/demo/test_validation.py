"""What the demo stores, and what we send out, is valid R4 or refused with its reason."""

from copy import deepcopy
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.demo.demo_patients import demo_patients
from fhir_mappings.writers.validation import problems

GOOD: dict[str, Any] = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"text": "haemoglobin"},
    "valueQuantity": {"value": 72.5, "unit": "g/L"},
}


def test_a_valid_resource_has_no_problem() -> None:
    assert problems(GOOD) == []


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"status": "done"}, "Observation.status"),
        ({"status": None}, "Observation.status"),
        ({"code": {}}, "Observation.code"),
        ({"category": []}, "Observation.category"),
        ({"code": {"coding": [{"system": ""}]}}, "Observation.code.coding[0].system"),
        ({"valueQuantity": {"value": "much"}}, "Observation.valueQuantity"),
        ({"valueQuantity": {"value": 1, "comparator": "~"}}, "Observation.valueQuantity.comparator"),
        ({"effectiveDateTime": "yesterday"}, "Observation.effectiveDateTime"),
        ({"valueString": "two values at once"}, "Observation"),
        ({"colour": "red"}, "Observation.colour"),
        ({"contained": [{"resourceType": 3}]}, "resource.contained[0]"),
        ({"contained": [{"resourceType": "resourceType"}]}, "resource.contained[0]"),
        ({"note": [{"text": "half \ud800"}]}, "Observation.note[0].text"),
        ({"valueQuantity": {"value": 10**400}}, "Observation.valueQuantity.value"),
        ({"contained": [{"resourceType": "Medication", "status": "gone"}]}, "Observation.contained.status"),
    ],
)
def test_what_is_not_valid_r4_is_named_by_its_place(change: dict[str, Any], place: str) -> None:
    found = problems(GOOD | change)
    assert any(problem.startswith(place) for problem in found), found


@pytest.mark.parametrize(
    "status", ["registered", "preliminary", "final", "amended", "corrected", "cancelled"]
)
def test_every_r4_status_of_an_observation_is_accepted(status: str) -> None:
    assert problems(GOOD | {"status": status}) == []


@pytest.mark.parametrize("status", ["draft", "requested", "in-progress", "completed"])
def test_a_list_of_codes_that_is_not_known_in_full_refuses_nothing(status: str) -> None:
    assert problems({"resourceType": "Task", "status": status, "intent": "order"}) == []


@pytest.mark.parametrize(
    "thing", [None, 3, [], {}, {"resourceType": 7}, {"resourceType": "Obs"}, {"id": "x"}]
)
def test_what_is_no_resource_at_all_is_refused(thing: object) -> None:
    assert len(problems(thing)) == 1


def test_a_data_type_is_no_resource() -> None:
    assert problems({"resourceType": "Quantity", "value": 1}) == [
        "resource: 'Quantity' is not a FHIR R4 resource type"
    ]


def test_a_transaction_is_judged_down_to_its_entries() -> None:
    entry = {"request": {"method": "PUT", "url": "Observation/o"}, "resource": GOOD | {"status": "done"}}
    found = problems({"resourceType": "Bundle", "type": "transaction", "entry": [entry]})
    assert [p for p in found if p.startswith("Bundle.entry.resource.status")]


CHART = [r for p in demo_patients(date(2026, 3, 2))[7:9] for r in p.resources]
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("resourceType"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=12), inner, max_size=2),
    max_leaves=4,
)


@given(st.sampled_from(CHART), JUNK, st.data())
@settings(max_examples=100, deadline=None)
def test_whatever_stands_in_a_resource_it_is_judged_and_never_crashes(
    resource: dict[str, Any], junk: Any, data: st.DataObject
) -> None:
    broken = deepcopy(resource)
    place: Any = broken
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = junk
    assert all(isinstance(problem, str) for problem in problems(broken))
