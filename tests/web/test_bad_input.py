"""Whatever stands anywhere in a call, the answer is cards or a clear refusal: never a fault of ours."""

import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_mappings.clinical_model.known_unknown import Part
from tests.fhir_client.charts import CHART, MEDICATION, prefetched
from tests.fhir_client.stub import searchset
from tests.standard.calls import a_call, context_of
from tests.web.test_whole_service import client

__all__ = ["client"]

DRAFT = {
    **CHART[Part.MEDICATION_REQUESTS],
    "id": "draft",
    "status": "draft",
    "dosageInstruction": [
        {
            "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
            "doseAndRate": [{"doseQuantity": {"value": 3, "code": "{pill}"}}],
        }
    ],
}
CALL = a_call(
    "order-sign",
    context=context_of("order-sign", draftOrders={"resourceType": "Bundle", "entry": [{"resource": DRAFT}]}),
    prefetch={
        **prefetched(Part),
        "medicationRequests": searchset(CHART[Part.MEDICATION_REQUESTS], DRAFT, MEDICATION),
    },
)

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(
        ["2026-03-02", "2026", "9999-12-31", "0000-00-00", "<20", "-5", "NaN", "1e400", "\u0000"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["value", "coding", "reference", "resourceType", "id"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


def places(value, path=()):
    yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


PLACES = [path for path in places(CALL) if path]


def put(call, path, value):
    for key in path[:-1]:
        call = call[key]
    call[path[-1]] = value


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(PLACES), anything), min_size=1, max_size=2))
def test_anything_anywhere_in_a_call_is_cards_or_a_clear_refusal(client, changes):
    call = copy.deepcopy(CALL)
    for path, value in changes:
        try:
            put(call, path, value)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    response = client.post(
        "/cds-services/aa-trial-order-sign", data=json.dumps(call).encode(), content_type="application/json"
    )
    assert response.status_code in (200, 400, 412), changes
    body = response.get_json()
    assert ("cards" in body) if response.status_code == 200 else (body["resourceType"] == "OperationOutcome")


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(json.dumps(CALL)) - 1), st.binary(max_size=4))
def test_bytes_torn_out_or_put_in_anywhere_are_cards_or_a_clear_refusal(client, position, bytes_):
    body = json.dumps(CALL).encode()
    torn = body[:position] + bytes_ + body[position + 2 :]
    response = client.post("/cds-services/aa-trial-order-sign", data=torn, content_type="application/json")
    assert response.status_code in (200, 400, 412)


@pytest.mark.parametrize(
    "number", ["1e400", "-1e400", "1e40", "1e-400", "123456789012345678901234567890", "-0", "0.1e1"]
)
@pytest.mark.parametrize("old", ["3.1", '"value": 3'])
def test_a_number_of_any_size_is_cards_or_a_clear_refusal(client, old, number):
    body = json.dumps(CALL).replace(old, number if old == "3.1" else f'"value": {number}')
    response = client.post("/cds-services/aa-trial-order-sign", data=body, content_type="application/json")
    assert response.status_code in (200, 400, 412)
