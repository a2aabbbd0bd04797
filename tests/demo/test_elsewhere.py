"""The demo with another FHIR server: a token goes there alone, orders name people it has, apps where it can."""

import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from wsgiref.types import WSGIApplication

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from rich.console import Console

from cds_service import wiring
from cds_service.cli.demo_site import demo_settings
from cds_service.demo.demo_patients import demo_patients
from cds_service.demo.elsewhere import Elsewhere, NotForElsewhere
from cds_service.demo.json_http import JsonHttp, Unanswered
from cds_service.demo.known_client import KnownClient
from cds_service.demo.loopback import RunningServer, serve_on_loopback
from cds_service.demo.mini_ehr.user import User, user_on
from cds_service.demo.record_access import ClientCredentials, OAuthClient, OpenAccess, RecordToken
from cds_service.demo.record_client import FhirClient
from cds_service.demo.start_demo import run_demo
from tests.demo.cds_double import CdsDouble, card
from tests.demo.record_double import CLIENT, PRACTITIONER, SECRET, RecordDouble
from tests.demo.running import now

PATIENT = "demo-08"


def chart() -> tuple[dict[str, Any], ...]:
    (patient,) = (one for one in demo_patients(now().date()) if one.id == PATIENT)
    return tuple({(r["resourceType"], r["id"]): r for r in patient.resources}.values())


def at_home(*more: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """The chart of one patient, as a server has it that does not know the demo's investigator."""
    others = [r for r in chart() if r["resourceType"] != "Practitioner"]
    text = re.sub(r'"Practitioner/[^"]+"', '"Practitioner/dr-7"', json.dumps(others))
    return (*json.loads(text), *more)


@dataclass
class Visit:
    """A demo that is up, at another record: its page, and what it printed."""

    page: str
    said: str

    def advice(self, patient: str = PATIENT) -> dict[str, Any]:
        """What the page shows when the chart is opened."""
        address = f"{self.page}/patients/{patient}/hooks/patient-view"
        answer: dict[str, Any] = requests.post(address, timeout=20).json()
        return answer


def demo_at(elsewhere: Elsewhere, folder: Path, check: Callable[[Visit], object]) -> None:
    """The demo as the command runs it, with the real service; `check` looks at it while it is up."""
    out, pages, checked = io.StringIO(), list[str](), list[bool]()

    def start_cds(base: str, known: KnownClient) -> RunningServer:
        def build(port: int) -> WSGIApplication:
            settings = demo_settings(base, port, folder, known, own_record=False)
            return wiring.build_app(settings, unsigned=True).wsgi_app

        return serve_on_loopback(build, 0)

    def look() -> None:
        check(Visit(pages[0].rstrip("/"), out.getvalue()))
        checked.append(True)

    console = Console(file=out, width=200)
    run_demo(
        0,
        False,
        now,
        start_cds,
        elsewhere=elsewhere,
        open_page=pages.append,
        out=console,
        listen=lambda: look,
    )
    assert checked


# ---------------------------------------------------------------- getting in


@pytest.fixture
def key() -> Any:
    return ec.generate_private_key(ec.SECP384R1())


def jwk_of(key: Any) -> str:
    return json.dumps({**ECAlgorithm.to_jwk(key, as_dict=True), "kid": "k1"})


WAYS = ("token", "secret", "key")


def elsewhere_by(way: str, base: str, key: Any, **more: Any) -> Elsewhere:
    if way == "token":
        return Elsewhere(base, token="good", **more)
    proof = {"secret": SECRET} if way == "secret" else {"jwk": jwk_of(key)}
    return Elsewhere(base, client=OAuthClient(CLIENT, **proof), **more)


@pytest.mark.parametrize("way", WAYS)
def test_the_demo_shows_a_record_that_wants_to_know_who_asks(way: str, key: Any, tmp_path: Path) -> None:
    record = RecordDouble(at_home(PRACTITIONER), "good", True, key=key.public_key() if way == "key" else None)
    with record.running() as base:

        def check(visit: Visit) -> None:
            came = visit.advice()
            assert came["ok"]
            assert "Increase sirolimus" in came["html"]

        demo_at(elsewhere_by(way, base, key), tmp_path, check)
    assert {sent for _, path, sent in record.asked if "/metadata" not in path} == {"Bearer good"}
    assert len(record.given) == (way != "token")


def test_without_leave_the_record_says_so_and_nothing_is_shown(tmp_path: Path) -> None:
    with RecordDouble(at_home(), "good").running() as base:

        def check(visit: Visit) -> None:
            assert "HTTP 401" in requests.get(f"{visit.page}/patients/{PATIENT}", timeout=10).text

        demo_at(Elsewhere(base), tmp_path, check)


def test_a_client_that_is_not_known_there_is_told_what_the_server_says(tmp_path: Path) -> None:
    with RecordDouble(at_home(), "good", True).running() as base:
        wrong = Elsewhere(base, client=OAuthClient(CLIENT, "wrong"))

        def check(visit: Visit) -> None:
            page = requests.get(f"{visit.page}/patients/{PATIENT}", timeout=10)
            assert (page.status_code, "invalid_client: who is that?" in page.text) == (502, True)

        demo_at(wrong, tmp_path, check)


def test_the_token_goes_to_the_record_and_is_lent_to_the_demos_own_service_alone(tmp_path: Path) -> None:
    double = CdsDouble()
    with RecordDouble(at_home(PRACTITIONER), "good").running() as base, double.running() as cds:
        elsewhere = Elsewhere(base, f"{cds.base_url}/cds-services", token="good")
        demo_at(elsewhere, tmp_path, lambda visit: visit.advice())
    (asked,) = double.asked
    assert "good" not in json.dumps(asked)
    assert "fhirAuthorization" not in asked


def test_the_demos_own_service_may_fetch_what_was_not_sent(tmp_path: Path) -> None:
    record = RecordDouble(at_home(PRACTITIONER), "good")
    with record.running() as base:

        def check(visit: Visit) -> None:
            cookies = {"ehr_prefetch": "none"}
            address = f"{visit.page}/patients/{PATIENT}/hooks/patient-view"
            came = requests.post(address, timeout=20, cookies=cookies).json()
            assert "Increase sirolimus" in came["html"]
            assert '"good"' not in came["exchanges"]

        demo_at(Elsewhere(base, token="good"), tmp_path, check)
    assert {sent for _, path, sent in record.asked if "/metadata" not in path} == {"Bearer good"}


class Stopwatch:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("lifetime", [300, "300"])
def test_a_token_is_asked_for_again_shortly_before_it_ends(lifetime: object) -> None:
    record, seconds = RecordDouble((), "good", lifetime=lifetime), Stopwatch()
    with record.running() as base:
        access = ClientCredentials(
            OAuthClient(CLIENT, SECRET), lambda: base.replace("/fhir", "/token"), seconds
        )
        for moment, asked in ((0.0, 1), (269.9, 1), (270.0, 2), (539.9, 2), (540.0, 3)):
            seconds.now = 1000.0 + moment
            assert access.token() == "good"
            assert len(record.given) == asked


def test_a_token_of_unknown_length_is_used_for_minutes() -> None:
    record, seconds = RecordDouble((), "good", lifetime=None), Stopwatch()
    with record.running() as base:
        access = ClientCredentials(
            OAuthClient(CLIENT, SECRET), lambda: base.replace("/fhir", "/token"), seconds
        )
        for moment in (0.0, 269.0, 271.0):
            seconds.now = 1000.0 + moment
            access.token()
    assert len(record.given) == 2


@pytest.mark.parametrize("body", [b"not json", b"[]", b"{}", b'{"access_token": ""}'])
def test_an_endpoint_that_gives_no_token_is_an_answer_in_words(body: bytes) -> None:
    def says(_: object, start: Any) -> list[bytes]:
        start("200 OK", [("Content-Type", "application/json")])
        return [body]

    server = serve_on_loopback(lambda _: says, 0)
    try:
        with pytest.raises(Unanswered, match="gives no token"):
            ClientCredentials(OAuthClient(CLIENT, SECRET), lambda: f"{server.base_url}/t").token()
    finally:
        server.stop()
    with pytest.raises(Unanswered, match="gives no token"):
        ClientCredentials(OAuthClient(CLIENT, SECRET), lambda: f"{server.base_url}/t").token()


@pytest.mark.parametrize(
    ("elsewhere", "why"),
    [
        (Elsewhere("http://ehr.example/fhir", token="t"), "without https"),
        (Elsewhere("http://ehr.example/fhir", client=OAuthClient("c", "s")), "without https"),
        (
            Elsewhere("https://e.example/f", client=OAuthClient("c", "s"), token_url="http://e.example/t"),
            "without https",
        ),
        (Elsewhere("https://e.example/f", token="t", client=OAuthClient("c", "s")), "not both"),
        (Elsewhere(token="t"), "name it, too"),
        (Elsewhere(client=OAuthClient("c", "s")), "name it, too"),
        (Elsewhere(user="Practitioner/1"), "name it, too"),
    ],
)
def test_no_secret_travels_in_the_open_or_to_the_demo_itself(elsewhere: Elsewhere, why: str) -> None:
    with pytest.raises(NotForElsewhere, match=why):
        _ = elsewhere.access


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8080", "[::1]:8080"])
def test_within_this_computer_a_token_may_travel(host: str) -> None:
    assert isinstance(Elsewhere(f"http://{host}/fhir", token="t").access, RecordToken)
    assert isinstance(Elsewhere(f"http://{host}/fhir").access, OpenAccess)


def test_no_secret_is_ever_printed() -> None:
    client = OAuthClient("c", "SECRET", "SECRET")
    shown = (Elsewhere("https://e.example/f", token="SECRET"), client, RecordToken("SECRET"))
    assert "SECRET" not in repr((*shown, ClientCredentials(client, str)))


@pytest.mark.parametrize(
    ("jwk", "why"),
    [
        ('{"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"}', "ES384 or RS384"),
        ("{}", "no token"),
        ("?", "no token"),
    ],
)
def test_a_key_that_is_none_is_told(jwk: str, why: str) -> None:
    with pytest.raises(Unanswered, match=why):
        ClientCredentials(OAuthClient(CLIENT, jwk=jwk), lambda: "https://id.example/token").token()


# ---------------------------------------------------------------- who signs


@pytest.mark.parametrize(
    ("people", "wanted", "found"),
    [
        ((PRACTITIONER,), None, User("Practitioner/dr-7", "Mei Zhao")),
        ((PRACTITIONER,), "Practitioner/dr-7", User("Practitioner/dr-7", "Mei Zhao")),
        (
            ({"resourceType": "Practitioner", "id": "x"},),
            None,
            User("Practitioner/x", "Practitioner/x"),
        ),
        ((), None, User("Practitioner/demo-investigator", "示例医师 (demo investigator)", on_file=False)),
    ],
)
def test_somebody_whom_the_server_has_signs(
    people: tuple[dict[str, Any], ...], wanted: str | None, found: User
) -> None:
    with RecordDouble(people).running() as base:
        assert user_on(FhirClient(JsonHttp(), base), wanted) == found


def test_one_who_is_wanted_and_not_there_is_no_user() -> None:
    with RecordDouble((PRACTITIONER,)).running() as base, pytest.raises(Unanswered):
        user_on(FhirClient(JsonHttp(), base), "Practitioner/nobody")


ORDER = {"key": "draft-1", "product": "sirolimus-1mg", "amount": "2", "unit": "mg", "often": "once"}


@pytest.mark.parametrize(
    ("people", "requester"),
    [
        ((PRACTITIONER,), {"reference": "Practitioner/dr-7", "display": "Mei Zhao"}),
        ((), {"display": "示例医师 (demo investigator)"}),
    ],
)
def test_an_order_is_taken_by_a_server_that_refuses_unknown_people(
    people: tuple[dict[str, Any], ...], requester: dict[str, str], tmp_path: Path
) -> None:
    patient = {"resourceType": "Patient", "id": "p1", "name": [{"given": ["A"]}]}
    with RecordDouble((patient, *people)).running() as base:

        def check(visit: Visit) -> None:
            answer = requests.post(f"{visit.page}/patients/p1/orders", data=ORDER, timeout=10).json()
            assert answer["ok"], answer
            bundle = requests.get(f"{base}/MedicationRequest?patient=p1", timeout=10).json()
            assert [entry["resource"]["requester"] for entry in bundle["entry"]] == [requester]
            assert ("signed with a name alone" in visit.said) is not people

        demo_at(Elsewhere(base, allow_writes=True), tmp_path, check)


def test_the_demo_patients_can_be_put_there_first(tmp_path: Path) -> None:
    with RecordDouble(()).running() as base:

        def check(visit: Visit) -> None:
            assert "Increase sirolimus" in visit.advice()["html"]
            assert "Practitioner/demo-investigator\n" in visit.said

        demo_at(Elsewhere(base, allow_writes=True, load=True), tmp_path, check)


# ---------------------------------------------------------------- apps


@pytest.mark.parametrize(
    ("smart", "launches", "expected"),
    [
        (True, True, "&launch=opened-1"),
        (True, False, ""),
        (False, False, None),
    ],
)
def test_explain_is_a_link_where_the_server_offers_smart_and_a_word_where_not(
    smart: bool, launches: bool, expected: str | None, tmp_path: Path
) -> None:
    record = RecordDouble(at_home(PRACTITIONER), smart=smart, launches=launches)
    with record.running() as base:

        def check(visit: Visit) -> None:
            html = visit.advice()["html"]
            link = re.search(r'href="(/cards/[^"]+/links/0)"', html)
            assert (link is None) is (expected is None)
            assert ("offers no SMART launch" in html) is (expected is None)
            assert "Explain" in html
            assert ("data-no-launch" in html) is (expected is None)
            if link:
                answer = requests.get(f"{visit.page}{link[1]}", timeout=10, allow_redirects=False)
                where = answer.headers["Location"]
                assert f"iss={quote(base, safe='')}" in where
                assert where.endswith(expected or quote(base, safe=""))
                assert PATIENT not in where

        demo_at(Elsewhere(base), tmp_path, check)
    patients = [opened["parameters"]["patient"] for opened in record.opened]
    assert patients == ([PATIENT] if launches else [])


def test_a_launch_that_cannot_be_is_not_found_either(tmp_path: Path) -> None:
    double = CdsDouble()
    link = {"label": "App", "url": "https://app.example/l", "type": "smart"}
    double.answers["s-patient-view"] = {"cards": [card("info", uuid="u1", links=[link])]}
    with RecordDouble(at_home()).running() as base, double.running() as cds:

        def check(visit: Visit) -> None:
            assert "App: cannot be opened here" in visit.advice()["html"]
            assert requests.get(f"{visit.page}/cards/u1/links/0", timeout=10).status_code == 404

        demo_at(Elsewhere(base, f"{cds.base_url}/cds-services"), tmp_path, check)
