"""Web pages of other origins, over HTTP: unless the site lists them, none is allowed to read an answer."""

from typing import Any

import pytest

from tests.standard.over_http.hospital import DISCOVERY, TITRATION, WHOLE, Hospital, open_hospital

ENDPOINTS = [
    ("GET", DISCOVERY),
    ("POST", f"{DISCOVERY}/{TITRATION}"),
    ("POST", f"{DISCOVERY}/{TITRATION}/feedback"),
]
ORIGINS = ["https://evil.example", "https://ehr.hospital.example", "null", "*", ""]


def told_to_browsers(reply: Any) -> list[str]:
    return [name for name in reply.headers if name.lower().startswith("access-control-allow")]


@pytest.mark.ch("CH-151", "CH-155")
@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
@pytest.mark.parametrize("origin", ORIGINS)
def test_no_page_that_is_not_listed_may_read_an_answer(
    hospital: Hospital, method: str, path: str, origin: str
) -> None:
    asks = {
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    body = {} if method == "POST" else None
    replies = (
        hospital.send("OPTIONS", path, headers={"Origin": origin, "Authorization": None, **asks}),
        hospital.send(method, path, headers={"Origin": origin}, json=body),
        hospital.send(method, path, headers={"Origin": origin, "Authorization": None}, json=body),
    )
    assert [told_to_browsers(reply) for reply in replies] == [[], [], []]


@pytest.mark.ch("CH-151")
@pytest.mark.parametrize("origin", ORIGINS)
def test_a_client_that_is_no_browser_is_answered_whatever_origin_it_names(
    hospital: Hospital, origin: str
) -> None:
    reply = hospital.post(
        {"hook": "patient-view", "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"}
        | {"context": {"userId": "Practitioner/1", "patientId": "p1"}, "prefetch": WHOLE},
        headers={"Origin": origin},
    )
    assert reply.status_code == 200
    assert told_to_browsers(reply) == []


LISTED = "https://ehr.hospital.example"


@pytest.mark.ch("CH-151", "CH-155")
@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_a_page_of_a_listed_origin_may_read_every_answer_refusals_included(method: str, path: str) -> None:
    asks = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization"}
    with open_hospital(listed={"origins": frozenset({LISTED})}) as hospital:
        preflight = hospital.send("OPTIONS", path, headers={"Origin": LISTED, "Authorization": None, **asks})
        refused = hospital.send(method, path, headers={"Origin": LISTED, "Authorization": None}, json={})
        foreign = hospital.send(method, path, headers={"Origin": f"{LISTED}.evil.example"}, json={})
    assert refused.status_code == 401
    for reply in (preflight, refused):
        assert reply.headers["Access-Control-Allow-Origin"] == LISTED
        assert "Access-Control-Allow-Credentials" not in reply.headers
    assert told_to_browsers(foreign) == []
