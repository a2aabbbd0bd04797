"""The measles vaccine of the case, drafted in other ways: the card, as a client of the service sees it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cases.test_cases import http

CASE = Path(__file__).parent / "orders" / "measles-vaccine-cvx-05.hook.json"
CVX = "http://hl7.org/fhir/sid/cvx"
Json = dict[str, Any]


def _coded(code: str) -> Json:
    return {"coding": [{"system": CVX, "code": code}], "text": f"vaccine {code}"}


def _service(what: Json) -> Json:
    return {"resourceType": "ServiceRequest", "status": "draft", "intent": "order", "code": what}


def _immunisation(what: Json) -> Json:
    return {"resourceType": "Immunization", "status": "completed", "vaccineCode": what}


@pytest.mark.parametrize(
    ("draft", "indicators"),
    [
        (_service(_coded("05")), ["critical"]),
        (_service({"text": "接种麻疹减毒活疫苗"}), ["critical"]),
        (_immunisation(_coded("05")), ["critical"]),
        (_immunisation(_coded("188")), ["warning"]),
        (_service({"text": "乙脑灭活疫苗"}), []),
        (_immunisation(_coded("187")), []),
        (_service({"text": "Creatinine in serum"}), []),
    ],
    ids=lambda value: json.dumps(value, ensure_ascii=False)[:60],
)
def test_the_card_of_a_drafted_vaccine(draft: Json, indicators: list[str]) -> None:
    call = json.loads(CASE.read_text("utf-8"))
    subject = {"reference": f"Patient/{call['context']['patientId']}"}
    member = "patient" if draft["resourceType"] == "Immunization" else "subject"
    call["context"]["draftOrders"]["entry"] = [{"resource": draft | {"id": "v1", member: subject}}]
    reply = http().post("/cds-services/aa-trial-order-sign", json=call)
    assert reply.status_code == 200
    assert [card["indicator"] for card in reply.get_json()["cards"]] == indicators
