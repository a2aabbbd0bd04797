"""What every request and answer passes: request ids, headers, CORS, limits on how often; errors included."""

import io
import json

import pytest
from msgspec.structs import replace

from cds_service.settings.client_list import ListedClient
from cds_service.web.log_redaction import configure_logging
from cds_service.web.rate_limits import WINDOW_SECONDS
from cds_service.wiring import build_app
from tests.standard.tokens import BASE, CLIENTS, EHR, NOW, OTHER_EHR, a_token, bearer, published_keys
from tests.web.test_client_trust import BODY, DISCOVERY, URL, call, client_for, listed, once, settings_for

PAGE, OTHER_PAGE = "https://ehr.hospital.example", "https://other.hospital.example:8443"
REQUEST_ID = "0123456789abcdef0123456789ABCDEF"


@pytest.fixture(scope="module")
def client():
    return client_for(
        settings_for(
            listed(EHR, origins=frozenset({PAGE})), listed(OTHER_EHR, origins=frozenset({OTHER_PAGE}))
        )
    )


@pytest.fixture
def log():
    stream = io.StringIO()
    configure_logging(stream)
    return stream


def lines_of(log):
    return [json.loads(line) for line in log.getvalue().splitlines()]


def an_answer(client, kind, **headers):
    """One answer of each kind that there is."""
    sent = {"headers": headers}
    good = {"headers": {"Authorization": once(), **headers}}
    match kind:
        case "cards":
            return client.post(URL, data=BODY, content_type="application/json", **good)
        case "discovery":
            return client.get(DISCOVERY, headers={"Authorization": once(aud=f"{BASE}{DISCOVERY}"), **headers})
        case "health":
            return client.get("/health/live", **sent)
        case 400:
            return client.post(URL, data=b"{}", content_type="application/json", **good)
        case 401:
            return client.post(URL, data=BODY, content_type="application/json", **sent)
        case 404:
            return client.get("/nothing-here", **sent)
        case 405:
            return client.delete(URL, **sent)
        case 412:
            body = json.dumps({**json.loads(BODY), "prefetch": {}})
            return client.post(URL, data=body, content_type="application/json", **good)
        case 413:
            return client.post(URL, data=b" " * 60_000_001, content_type="application/json", **good)
        case 415:
            return client.post(URL, data=BODY, content_type="text/plain", **good)
    raise AssertionError(kind)


KINDS = ["cards", "discovery", "health", 400, 401, 404, 405, 412, 413, 415]


@pytest.mark.parametrize("kind", KINDS)
def test_every_answer_has_its_headers(client, kind):
    answer = an_answer(client, kind)
    assert answer.status_code == (kind if isinstance(kind, int) else 200)
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "Server" not in answer.headers
    assert "Access-Control-Allow-Origin" not in answer.headers


HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
}


def test_a_service_that_is_not_reached_by_https_does_not_demand_it():
    plain = replace(settings_for(), public_base_url="http://127.0.0.1:8080")
    assert "Strict-Transport-Security" not in client_for(plain).get("/health/live").headers


# ---------------------------------------------------------------- request ids


@pytest.mark.parametrize("kind", KINDS)
def test_a_request_id_is_in_the_answer_and_in_each_line_of_the_call(client, log, kind):
    answer = an_answer(client, kind, **{"X-Request-ID": REQUEST_ID})
    assert answer.headers["X-Request-ID"] == REQUEST_ID
    assert {line["request_id"] for line in lines_of(log)} <= {REQUEST_ID}
    assert lines_of(log) or kind in ("health", "discovery")


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "MRN-123456",
        "Wang Fang",
        REQUEST_ID[:-1],
        REQUEST_ID + "0",
        REQUEST_ID.replace("0", "g"),
        "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea ",
        "d1577c69dfbe-44ad-ba6d-3e05e953b2ea",
        "\u00e9" * 32,
    ],
)
def test_any_other_request_id_is_replaced(client, log, given):
    headers = {} if given is None else {"X-Request-ID": given.encode("utf-8").decode("latin-1")}
    answers = [an_answer(client, 404, **headers).headers["X-Request-ID"] for _ in range(2)]
    assert len(set(answers)) == 2
    assert {len(answer) for answer in answers} == {36}
    assert given in (None, "") or given not in log.getvalue()


def test_a_uuid_is_taken_over(client):
    given = "D1577c69-dfbe-44ad-ba6d-3e05e953b2ea"
    assert an_answer(client, 404, **{"X-Request-ID": given}).headers["X-Request-ID"] == given


def test_what_a_call_bound_does_not_stand_in_the_lines_of_the_next(client, log):
    an_answer(client, "cards")
    an_answer(client, 404)
    *_, last = lines_of(log)
    assert last["event"] == "http_refused"
    assert {"service", "hook_instance", "missed"}.isdisjoint(last)


def test_a_refused_call_names_service_and_hook_instance(client, log):
    an_answer(client, 412)
    *_, last = lines_of(log)
    assert (last["event"], last["status"]) == ("hook_refused", 412)
    assert last["service"] == "aa-trial-titration"
    assert last["hook_instance"] == json.loads(BODY)["hookInstance"]
    assert "patient" in last["missed"]


# ---------------------------------------------------------------- web pages of other origins


@pytest.mark.parametrize("origin", [PAGE, OTHER_PAGE])
@pytest.mark.parametrize("kind", KINDS)
def test_a_listed_origin_is_echoed_on_every_answer(client, kind, origin):
    answer = an_answer(client, kind, Origin=origin)
    assert answer.headers.getlist("Access-Control-Allow-Origin") == [origin]
    assert answer.headers["Access-Control-Expose-Headers"] == "X-Request-ID"
    assert "Origin" in answer.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "*",
        "",
        "http://ehr.hospital.example",
        "https://ehr.hospital.example:444",
        "https://ehr.hospital.example.evil.example",
        "https://evil-ehr.hospital.example",
        "https://ehrxhospital.example",
        "https://ehr.hospital.example/",
        "https://other.hospital.example",
    ],
)
@pytest.mark.parametrize("kind", ["cards", 401, 404])
def test_no_other_origin_is_told_anything(client, kind, origin):
    headers = an_answer(client, kind, Origin=origin).headers
    assert not [name for name, _ in headers if name.startswith("Access-Control-")]


def preflight(client, url, origin=PAGE, method="POST"):
    return client.options(
        url,
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization,content-type,x-other",
        },
    )


@pytest.mark.parametrize(("url", "method"), [(URL, "POST"), (DISCOVERY, "GET")])
def test_a_preflight_needs_no_token_and_allows_just_what_a_call_needs(client, url, method):
    answer = preflight(client, url, method=method)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    allowed = answer.headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert allowed == ["authorization", "content-type"]
    assert set(answer.headers["Access-Control-Allow-Methods"].split(", ")) == {"GET", "POST"}


@pytest.mark.parametrize(("origin", "method"), [("https://evil.example", "POST"), (PAGE, "DELETE")])
def test_any_other_preflight_allows_nothing(client, origin, method):
    headers = preflight(client, URL, origin, method).headers
    assert "Access-Control-Allow-Methods" not in headers


def test_without_origins_there_is_no_cors_at_all():
    headers = preflight(client_for(settings_for()), URL).headers
    assert not [name for name, _ in headers if name.startswith("Access-Control-")]


# ---------------------------------------------------------------- how often


def limited(**limits):
    clients = [ListedClient(CLIENTS[issuer], published_keys()[issuer]) for issuer in (EHR, OTHER_EHR)]
    return build_app(replace(settings_for(*clients), **limits), lambda: NOW).test_client()


def statuses(client, times, header=lambda: None):
    return [call(client, header()).status_code for _ in range(times)]


def test_a_client_that_calls_too_often_is_told_to_wait_and_the_others_are_not():
    client = limited(client_calls_per_second=0.3)
    assert statuses(client, 5, once) == [200, 200, 200, 429, 429]
    answer = call(client, once())
    assert answer.headers["Retry-After"] == str(WINDOW_SECONDS)
    (issue,) = answer.get_json()["issue"]
    assert (issue["code"], answer.headers["Cache-Control"]) == ("throttled", "no-store")
    other = bearer(a_token(signer="other-1", iss=OTHER_EHR, jti="other-client"))
    assert call(client, other).status_code == 200


def test_a_stranger_uses_up_nobody_s_calls():
    client = limited(client_calls_per_second=0.3)
    assert set(statuses(client, 20)) == {401}
    assert statuses(client, 3, lambda: once(exp=-100, iat=-200)) == [401] * 3
    assert statuses(client, 3, once) == [200] * 3


def test_an_address_that_calls_too_often_is_refused_before_its_token_is_looked_at():
    client = limited(address_calls_per_second=0.4)
    assert statuses(client, 6) == [401] * 4 + [429] * 2
    assert call(client, once()).status_code == 429
    assert call(client, once(), environ_base={"REMOTE_ADDR": "192.0.2.9"}).status_code == 200
    assert client.get("/health/live").status_code == 200


def test_an_address_is_the_one_connected_to_us_whatever_the_headers_say():
    client = limited(address_calls_per_second=0.2)
    said = [
        client.get(DISCOVERY, headers={"X-Forwarded-For": f"192.0.2.{n}", "Forwarded": f"for=192.0.2.{n}"})
        for n in range(4)
    ]
    assert [answer.status_code for answer in said] == [401, 401, 429, 429]


# ---------------------------------------------------------------- what a proxy says


FORWARDED = {
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Port": "81",
    "X-Forwarded-Prefix": "/other",
    "Forwarded": "host=evil.example;proto=http",
}


def test_the_audience_is_our_own_url_whatever_a_proxy_says(client):
    answer = client.post(
        URL, data=BODY, content_type="application/json", headers={"Authorization": once(), **FORWARDED}
    )
    assert answer.status_code == 200
    elsewhere = once(aud=f"http://evil.example{URL}")
    answer = client.post(
        URL, data=BODY, content_type="application/json", headers={"Authorization": elsewhere, **FORWARDED}
    )
    assert answer.status_code == 401


# ---------------------------------------------------------------- ready


def ready(**checks):
    from cds_service.cds_hooks.discovery import Catalogue
    from cds_service.web.wsgi_app import create_app
    from tests.web.doors import OPEN

    app = create_app(Catalogue(()), OPEN, lambda: NOW, 1000, {"software": "1"}, checks=checks)
    return app.test_client().get("/health/ready")


def test_ready_says_which_versions_are_in_force():
    answer = ready(database=lambda: True, models=lambda: True)
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ready", "software": "1"})


def test_what_is_not_ready_is_named_with_503_and_nothing_else_is_said():
    answer = ready(database=lambda: False, models=lambda: True)
    assert answer.status_code == 503
    assert answer.get_json() == {"status": "not-ready", "notReady": ["database"]}
