"""A test that is drafted or ordered already is not suggested again (DECISIONS 85)."""

from typing import Any

import pytest

from tests.bench.servers import ours
from tests.hook_calls import bundle, call_body, prefetch_of
from tests.scenarios.dosing_charts import level, on_sirolimus
from tests.scenarios.fhir_charts import SUBJECT, Json, ago, with_patient

CHART = with_patient(*on_sirolimus(level("sirolimus", 3.1, 1)))
TROUGH = "72676-0"


def request(**more: Any) -> Json:
    """An order for a sirolimus trough on the days that the card will name."""
    fields: Json = {
        "resourceType": "ServiceRequest",
        "id": "s1",
        "status": "draft",
        "intent": "order",
        "code": {"coding": [{"system": "http://loinc.org", "code": TROUGH}]},
        "subject": SUBJECT,
        "authoredOn": ago(0),
        "occurrencePeriod": {"start": ago(-7), "end": ago(-14)},
    }
    return {name: value for name, value in (fields | more).items() if value is not None}


def asked(*requests: Json, sent: Any = None, service: str = "aa-trial-titration") -> Json:
    """The first card, with these orders for tests in the prefetch."""
    prefetch = prefetch_of(CHART) | {"serviceRequests": bundle(requests) if sent is None else sent}
    (patient,) = (r["id"] for r in CHART if r["resourceType"] == "Patient")
    body = call_body(service, patient, prefetch)
    reply = ours("en").test_client().post(f"/cds-services/{service}", json=body)
    assert reply.status_code == 200
    return dict(reply.get_json()["cards"][0])


def drafts_a_trough(card: Json) -> bool:
    actions = [a for one in card.get("suggestions", []) for a in one["actions"]]
    return any(a["resource"]["resourceType"] == "ServiceRequest" for a in actions)


def _coded(system: str, code: str, *, display: str = "", text: str = "") -> Json:
    """A request under this code, with its words."""
    coding = {"system": system, "code": code, **({"display": display} if display else {})}
    return {"code": {"coding": [coding], **({"text": text} if text else {})}}


@pytest.mark.parametrize(
    ("more", "stands"),
    [
        ({}, True),
        ({"status": "active"}, True),
        ({"status": "completed"}, False),
        ({"status": "revoked"}, False),
        ({"doNotPerform": True}, False),
        ({"subject": {"reference": "Patient/another"}}, False),
        ({"code": {"coding": [{"system": "http://loinc.org", "code": "2160-0"}]}}, False),
        ({"code": {"text": "sirolimus"}}, True),
        ({"code": {"text": "西罗莫司血药浓度（谷）"}}, True),
        ({"code": {"text": "sirolimus peak"}}, False),
        ({"code": {"text": "sirolimus dose review"}}, False),
        ({"code": {"text": "blood"}}, False),
        ({"code": {}}, False),
        ({"code": None}, False),
        (_coded("http://loinc.org", "29247-4"), True),
        (_coded("urn:oid:1.2.3", "S-77"), False),
        (_coded("urn:oid:1.2.3", "S-77", display="西罗莫司浓度"), True),
        (_coded("http://snomed.info/sct", "313918004", text="Sirolimus level"), True),
        (_coded("http://loinc.org", "99999-9", text="ciclosporin level"), False),
        ({"occurrencePeriod": {"start": ago(-14), "end": ago(-20)}}, True),
        ({"occurrencePeriod": {"start": ago(-15), "end": ago(-20)}}, False),
        ({"occurrencePeriod": {"start": ago(3), "end": ago(-7)}}, True),
        ({"occurrencePeriod": {"start": ago(3), "end": ago(-6)}}, False),
        ({"occurrencePeriod": None, "occurrenceDateTime": ago(-10)}, True),
        ({"occurrencePeriod": None, "occurrenceDateTime": ago(-2)}, False),
        ({"occurrencePeriod": None, "authoredOn": ago(0)}, True),
        ({"occurrencePeriod": None, "authoredOn": ago(7)}, True),
        ({"occurrencePeriod": None, "authoredOn": ago(8)}, False),
        ({"occurrencePeriod": None, "authoredOn": None}, False),
    ],
)
def test_what_stands_already_is_said_and_not_suggested(more: Json, stands: bool) -> None:
    card = asked(request(**more))
    assert drafts_a_trough(card) is not stands
    signed = more.get("status") == "active"
    words = f"sirolimus trough: {'ordered' if signed else 'drafted'} "
    assert (words in card["detail"]) is stands
    assert "Increase sirolimus" in card["summary"]


@pytest.mark.parametrize("sent", [{}, "x", 3, {"resourceType": "OperationOutcome", "issue": []}, []])
def test_what_cannot_be_read_there_takes_nothing_away(sent: Any) -> None:
    assert drafts_a_trough(asked(sent=sent))


def test_without_the_key_suggestions_stand_as_before() -> None:
    (patient,) = (r["id"] for r in CHART if r["resourceType"] == "Patient")
    body = call_body("aa-trial-titration", patient, prefetch_of(CHART))
    body["prefetch"].pop("serviceRequests", None)
    reply = ours("en").test_client().post("/cds-services/aa-trial-titration", json=body)
    assert drafts_a_trough(reply.get_json()["cards"][0])


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, "drafted on 2026-03-02, not yet signed, 2026-03-09 to 2026-03-16"),
        ({"status": "active", "authoredOn": ago(2)}, "ordered on 2026-02-28, 2026-03-09 to 2026-03-16"),
        ({"status": "active", "authoredOn": None}, "ordered already, 2026-03-09 to 2026-03-16"),
        ({"status": "active", "authoredOn": "2026-03"}, "ordered already, 2026-03-09 to 2026-03-16"),
        ({"occurrencePeriod": {"end": ago(-14)}}, "drafted on 2026-03-02, not yet signed, by 2026-03-16"),
        ({"occurrencePeriod": {"start": ago(-7)}}, "drafted on 2026-03-02, not yet signed"),
        ({"occurrencePeriod": None}, "drafted on 2026-03-02, not yet signed"),
        ({"occurrencePeriod": None, "occurrenceDateTime": ago(-9)}, "not yet signed, 2026-03-11"),
    ],
)
def test_since_when_and_for_which_days_it_stands(more: Json, told: str) -> None:
    line = next(x for x in asked(request(**more))["detail"].split("\n") if "sirolimus trough: " in x)
    assert line.endswith(told)
