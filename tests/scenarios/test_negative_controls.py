"""Every sample patient, none with aplastic anaemia, through reading and judging; their own orders as drafts.

`tests/web/test_negative_controls.py` sends a sample of the same charts through all services over HTTP.
"""

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import pytest

from cds_service.services.chart_file import assessment_of, read_chart, read_draft_file
from tests.bench.servers import ours
from tests.builders import NOW
from tests.hook_calls import bundle, call_body, order_context, prefetch_of
from tests.scenarios.fhir_charts import SCHEMA, clinic_of
from tests.web.test_negative_controls import DATA, charts_of, text_of

Json = dict[str, Any]
CHART_FOLDERS = {"bulk-export-10": 1, "bulk-export-100": 1, "clinosim-176": 2, "synthea-615": 6}
PARTS = [(folder, part, of) for folder, of in CHART_FOLDERS.items() for part in range(of)]

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not DATA.is_dir(), reason=f"the sample data is not at {DATA}"),
]


_charts = lru_cache(maxsize=1)(charts_of)


def _assessed(text: bytes, patient: str | None = None, drafts: Iterable[Json] = ()) -> Json:
    installation, chart = clinic_of(), read_chart(text)
    orders = list(drafts)
    drafted = read_draft_file(json.dumps(bundle(orders)).encode(), patient or "") if orders else chart.drafts
    told = assessment_of(installation, chart, drafted, NOW)
    SCHEMA.validate(json.loads(json.dumps(told)))
    return told


def _is_nobody(told: Json) -> None:
    assert told["eligibility"]["status"] == "not-a-candidate"
    assert told["participation"]["status"] == "none"
    assert told["titration"] == []


def _lines(resources: list[Json]) -> bytes:
    return "\n".join(map(json.dumps, resources)).encode()


@pytest.mark.parametrize(("folder", "part", "of"), PARTS)
def test_no_sample_patient_is_a_candidate_and_every_assessment_is_valid(
    folder: str, part: int, of: int
) -> None:
    charts = _charts(DATA / folder)[part::of]
    assert charts
    for _, resources in charts:
        _is_nobody(_assessed(_lines(resources)))


def test_no_bundle_is_a_candidate() -> None:
    paths = [p for folder in ("carebundle", "synthea-615/bundles") for p in sorted((DATA / folder).iterdir())]
    assert len(paths) > 40
    for path in paths:
        _is_nobody(_assessed(text_of(path)))


@pytest.mark.parametrize("folder", CHART_FOLDERS)
def test_their_own_orders_drafted_again_are_no_concern_of_the_trial(folder: str) -> None:
    """The first order of each drug in the folder, as a draft beside its own patient's chart."""
    seen: dict[str, tuple[str, list[Json], Json]] = {}
    for patient, resources in _charts(DATA / folder):
        for order in (r for r in resources if r["resourceType"] == "MedicationRequest"):
            seen.setdefault(str(order.get("medicationCodeableConcept")), (patient, resources, order))
    assert seen
    client = ours().test_client()
    for patient, resources, order in seen.values():
        draft = order | {"status": "draft", "id": "new"}
        assert _assessed(_lines(resources), patient, [draft])["orders"] == []
        context = order_context("aa-trial-order-sign", [draft])
        body = call_body("aa-trial-order-sign", patient, prefetch_of(resources), **context)
        reply = client.post("/cds-services/aa-trial-order-sign", json=body)
        assert (reply.status_code, reply.get_json()) == (200, {"cards": []})
