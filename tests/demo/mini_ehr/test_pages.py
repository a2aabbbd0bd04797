"""The pages over HTTP: what they show, what they refuse, and what they never send."""

import json
import re
from typing import Any

import pytest
import requests
from flask import Flask, Response, jsonify, request

from cds_service.demo.loopback import serve_on_loopback
from tests.demo.cds_double import CdsDouble
from tests.demo.running import Demo, now
from tests.demo.stopping import stop_order

JSON = {"Accept": "application/json"}
WRITES = (
    "/load",
    "/cards/x/suggestions/0",
    "/patients/demo-08/results/demo-08-observation-102",
    "/patients/demo-08/orders",
    "/patients/demo-08/drafts",
    "/patients/demo-08/stop",
)


def _get(address: str, **more: Any) -> requests.Response:
    return requests.get(address, timeout=60, **more)


def _post(address: str, **more: Any) -> requests.Response:
    return requests.post(address, timeout=60, headers=JSON, **more)


def test_every_patient_is_listed_in_and_outside_the_trial(demo: Demo) -> None:
    text = _get(f"{demo.page}/").text
    assert len(set(re.findall("/patients/(demo-..)", text))) == 20
    assert text.index("In the trial") < text.index("Not in the trial")


def test_no_page_may_run_or_load_anything_from_elsewhere(demo: Demo) -> None:
    for path in ("/", "/patients/demo-08", "/patients/demo-08/order"):
        reply = _get(demo.page + path)
        policy = reply.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert not re.search(r"<script(?![^>]*(src=|application/json))", reply.text)
        assert not re.search(r"\s(style|on[a-z]+)=", reply.text)
        assert reply.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/nothing", "/patients/a b", "/patients/..%2f..", "/exchanges/999999"])
def test_what_there_is_not_is_404(demo: Demo, path: str) -> None:
    assert _get(demo.page + path).status_code == 404


def test_a_patient_who_is_not_there_is_a_failure_in_words(demo: Demo) -> None:
    reply = _get(f"{demo.page}/patients/nobody")
    assert reply.status_code == 502
    assert "The FHIR server gave no answer" in reply.text


@pytest.mark.parametrize("accepted", ["zh-CN,zh;q=0.9", "zh"])
def test_the_language_is_the_browser_s_until_one_is_chosen(demo: Demo, accepted: str) -> None:
    headers = {"Accept-Language": accepted}
    assert 'lang="zh-CN"' in _get(f"{demo.page}/", headers=headers).text
    assert 'lang="en"' in _get(f"{demo.page}/", headers=headers, cookies={"ehr_language": "en"}).text
    assert 'lang="en"' in _get(f"{demo.page}/", cookies={"ehr_language": "klingon"}).text


@pytest.mark.parametrize(
    ("back", "to"),
    [("/patients/demo-08", "/patients/demo-08"), ("//evil.example", "/"), ("https://e.example", "/")],
)
def test_a_switch_leads_back_to_where_it_was_set_and_nowhere_else(demo: Demo, back: str, to: str) -> None:
    reply = _post(f"{demo.page}/switches", data={"prefetch": "none", "back": back}, allow_redirects=False)
    assert reply.headers["Location"] == to
    assert "ehr_prefetch=none" in reply.headers["Set-Cookie"]
    assert "SameSite=Strict" in reply.headers["Set-Cookie"]


@pytest.mark.parametrize("path", WRITES)
def test_read_only_means_that_nothing_is_written(demo: Demo, path: str) -> None:
    page = demo.open_another(may_write=False)
    assert _post(page + path, data={"value": "1", "taken": "2026-01-01T08:00"}).status_code == 403


def test_another_patient_s_result_is_not_to_be_changed_here(demo: Demo) -> None:
    fields = {"value": "1", "taken": "2026-01-01T08:00"}
    reply = _post(f"{demo.page}/patients/demo-09/results/demo-08-observation-102", data=fields)
    assert reply.status_code == 404


def test_a_part_that_cannot_be_read_is_not_shown_as_empty(demo: Demo) -> None:
    app = Flask("fhir")

    @app.get("/fhir/<kind>")
    def search(kind: str) -> Response | tuple[str, int]:
        return ("no", 500) if kind == "Condition" else jsonify(resourceType="Bundle")

    @app.get("/fhir/Patient/<key>")
    def read(key: str) -> Response:
        return jsonify(resourceType="Patient", id=key)

    server = serve_on_loopback(lambda _: app.wsgi_app, 0, "/fhir")
    demo.up.callback(server.stop)
    text = _get(demo.open_another(fhir_base=server.base_url) + "/patients/x").text
    assert text.count("It is not empty: nothing is known of it.") == 1
    problems = text[text.index('id="problems"') : text.index("Allergies")]
    assert "None on record" not in problems


def test_a_patient_from_a_file_is_loaded_whole(fresh: Demo) -> None:
    chart = [
        {"resourceType": "Patient", "id": "from-file", "name": [{"text": "From a file"}]},
        {
            "resourceType": "Observation",
            "id": "from-file-1",
            "status": "final",
            "code": {"text": "x"},
            "subject": {"reference": "Patient/from-file"},
        },
        {"resourceType": "Claim", "id": "left-out"},
    ]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in chart]}
    reply = _post(f"{fresh.page}/load", files={"file": json.dumps(bundle)})
    assert reply.url.startswith(f"{fresh.page}/patients/from-file")
    assert "The patient was loaded, without 1 resources of kinds" in reply.text
    assert len(fresh.found("Observation?patient=from-file")) == 1
    assert "Loaded from a file" in _get(f"{fresh.page}/").text
    _post(f"{fresh.page}/reset")
    assert fresh.found("Patient?_id=from-file") == []
    assert len(fresh.found("Patient?_count=100")) == 20


def test_a_file_that_is_not_valid_changes_nothing(fresh: Demo) -> None:
    chart = [{"resourceType": "Patient", "id": "bad"}, {"resourceType": "Observation", "id": "no-status"}]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in chart]}
    reply = _post(f"{fresh.page}/load", files={"file": json.dumps(bundle)})
    assert "nothing was changed" in reply.text
    assert fresh.found("Patient?_id=bad") == []


def test_a_draft_is_signed_or_discarded(fresh: Demo) -> None:
    _post(f"{fresh.page}/patients/demo-08/hooks/patient-view")
    (key,) = re.findall(
        'data-rank=\\\\"1\\\\" data-key=\\\\"([^"\\\\]+)',
        _post(f"{fresh.page}/patients/demo-08/hooks/patient-view").text,
    )
    assert _post(f"{fresh.page}/cards/{key}/suggestions/0").json()["ok"] is True
    (test,) = fresh.found("ServiceRequest?patient=demo-08")
    (drug,) = fresh.found("MedicationRequest?patient=demo-08&status=draft")
    for do, one in (("sign", test), ("discard", drug)):
        fields = {"draft": f"{one['resourceType']}/{one['id']}", "do": do}
        _post(f"{fresh.page}/patients/demo-08/drafts", data=fields)
    (signed,) = fresh.found("ServiceRequest?patient=demo-08")
    assert signed["status"] == "active"
    assert fresh.found("MedicationRequest?patient=demo-08&status=draft") == []


def test_a_running_order_is_stopped_and_only_such_a_one(fresh: Demo) -> None:
    (order,) = fresh.found("MedicationRequest?patient=demo-08&status=active")
    assert stop_order(fresh.page, "demo-09", order["id"]).status_code == 404
    assert "Stopped." in stop_order(fresh.page, "demo-08", order["id"]).text
    assert fresh.found("MedicationRequest?patient=demo-08&status=active") == []
    (stopped,) = fresh.found(f"MedicationRequest?_id={order['id']}")
    assert stopped["dosageInstruction"][0]["timing"]["repeat"]["boundsPeriod"]["end"] == str(now().date())
    assert stop_order(fresh.page, "demo-08", order["id"]).status_code == 404


def test_the_chart_never_stops_at_one_click(demo: Demo) -> None:
    chart = _get(f"{demo.page}/patients/demo-08").text
    assert 'method="post" action="/patients/demo-08/stop"' not in chart
    (question,) = re.findall(r'href="(/patients/demo-08/stop[^"]+)"', chart)
    asked = _get(demo.page + question).text
    for part in ("陈秀兰", "sirolimus 1 mg tablet", "2 mg once daily", "Stop this order?"):
        assert part in asked


@pytest.mark.parametrize("seen", [None, "", "sirolimus · 1 mg once daily"])
def test_a_stop_that_did_not_see_the_order_as_it_is_asks_again(demo: Demo, seen: str | None) -> None:
    (order,) = demo.found("MedicationRequest?patient=demo-08&status=active")
    fields = {"order": order["id"], **({} if seen is None else {"seen": seen})}
    reply = _post(f"{demo.page}/patients/demo-08/stop", data=fields)
    assert (reply.status_code, "Stop this order?" in reply.text) == (409, True)
    assert demo.found("MedicationRequest?patient=demo-08&status=active") == [order]


def test_what_is_taken_without_an_order_stands_in_the_chart(demo: Demo) -> None:
    chart = _get(f"{demo.page}/patients/demo-17").text
    reported = chart[chart.index('id="reported"') : chart.index('id="laboratory"')]
    assert "ibuprofen" in reported
    assert 'id="reported"' not in _get(f"{demo.page}/patients/demo-08").text


@pytest.mark.parametrize(
    ("fields", "said"),
    [({}, "Choose a drug first."), ({"product": "sirolimus-1mg"}, "Give the amount first.")],
)
def test_an_order_that_is_not_whole_is_not_signed(demo: Demo, fields: dict[str, str], said: str) -> None:
    reply = _post(f"{demo.page}/patients/demo-08/orders", data={"key": "draft-1", **fields})
    assert (reply.status_code, reply.json()["said"]) == (400, said)


@pytest.mark.parametrize(
    "reference", ["MedicationRequest/demo-08-drug-2-1-order", "Patient/demo-08", "Task/x/y"]
)
def test_only_the_patient_s_own_drafts_are_settled(demo: Demo, reference: str) -> None:
    fields = {"draft": reference, "do": "discard"}
    reply = _post(f"{demo.page}/patients/demo-08/drafts", data=fields)
    assert reply.status_code in (404, 502)


def test_feedback_goes_to_the_service_of_the_card_and_is_well_formed(demo: Demo) -> None:
    double, told = CdsDouble(), []
    double.answers["s-patient-view"] = {
        "cards": [
            {
                "uuid": "6c1e4c2e-3a5f-4a0e-9d0e-000000000001",
                "summary": "x",
                "indicator": "info",
                "source": {"label": "s"},
                "overrideReasons": [{"code": "c", "system": "urn:s", "display": "Because"}],
            },
            _critical("6c1e4c2e-3a5f-4a0e-9d0e-000000000002", [{"code": "c", "display": "Because"}]),
            _critical("6c1e4c2e-3a5f-4a0e-9d0e-000000000003", []),
        ]
    }
    app = double.app()

    @app.post("/cds-services/<name>/feedback")
    def feedback(name: str) -> str:
        told.append((name, request.get_json(), request.headers["Authorization"]))
        return ""

    server = serve_on_loopback(lambda _: app.wsgi_app, 0)
    demo.up.callback(server.stop)
    page = demo.open_another(cds_base=server.base_url)
    _post(f"{page}/patients/demo-08/hooks/patient-view")
    key = "6c1e4c2e-3a5f-4a0e-9d0e-000000000001"
    said = _post(f"{page}/cards/{key}/dismiss", data={"reason": "0", "comment": "seen"}).json()
    assert said["said"] == "Dismissed, and the service was told."
    ((name, body, authorization),) = told
    assert name == "s-patient-view"
    assert body["feedback"][0]["overrideReason"]["userComment"] == "seen"
    assert authorization.startswith("Bearer ")
    assert _post(f"{page}/cards/{key}/dismiss", data={"reason": "1"}).status_code == 404
    assert _post(f"{page}/cards/unknown/dismiss").status_code == 404
    chosen, written = (key[:-1] + last for last in "23")
    refused: list[tuple[str, dict[str, str]]] = [
        (chosen, {}),
        (chosen, {"comment": "seen"}),
        (written, {}),
        (written, {"comment": " "}),
    ]
    for card, fields in refused:
        reply = _post(f"{page}/cards/{card}/dismiss", data=fields)
        assert (reply.status_code, reply.json()["ok"]) == (400, False)
    assert len(told) == 1
    assert _post(f"{page}/cards/{chosen}/dismiss", data={"reason": "0"}).json()["ok"]
    assert _post(f"{page}/cards/{written}/dismiss", data={"comment": "seen with Dr Wang"}).json()["ok"]
    assert len(told) == 3


def _critical(key: str, reasons: list[dict[str, str]]) -> dict[str, Any]:
    card = {"uuid": key, "summary": "x", "indicator": "critical", "source": {"label": "s"}}
    return card | ({"overrideReasons": reasons} if reasons else {})
