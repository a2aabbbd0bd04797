"""What an attacker may try at a launch or at a session; each is refused, and the page of nobody is shown."""

import re

import pytest
import requests
from flask import Response

from tests.explain.forger import OTHER_KEY, forging
from tests.explain.rig import USER, Browser, addresses_of, query_of


@pytest.fixture(scope="module")
def two_servers():
    with forging() as forger:
        yield forger


@pytest.fixture
def forger(two_servers):
    """A record system that answers rightly until a test says otherwise."""
    two_servers.behave()
    return two_servers


def heading(browser):
    found = re.search(r"<h1>(.*?)</h1>", browser.page.text)
    return found[1] if found else ""


# ---------------------------------------------------------------- who may launch


def test_the_record_system_of_these_tests_is_let_in_when_nothing_is_wrong(forger):
    browser = forger.launch()
    assert browser.page.status_code == 200
    assert "The trial does not concern this patient" in browser.page.text


@pytest.mark.parametrize(
    "change",
    [
        lambda base: base.replace("/fhir", "/other"),
        lambda base: f"{base}/below",
        lambda base: base.replace("http://", "https://"),
        lambda base: base.replace("127.0.0.1", "localhost"),
        lambda base: base.replace("//", "//user@"),
        lambda base: base.replace("//127", "//evil.example%2f127"),
        lambda base: f"{base}/../fhir",
        lambda base: f"{base}?x=1",
        lambda base: "",
        lambda base: "file:///etc/passwd",
    ],
)
def test_an_unknown_iss_is_refused_and_nothing_is_sent_anywhere(forger, change):
    forger.paths.clear()
    browser = Browser()
    browser.open(f"{forger.cds}/explain/launch", params={"iss": change(forger.base), "launch": "x"})
    assert browser.page.status_code == 400
    assert heading(browser) == "This record system is not known here"
    assert forger.paths == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"token_endpoint": "http://127.0.0.1:1/token"}, "sign-in that is not allowed"),
        ({"authorization_endpoint": "https://evil.example/authorize"}, "sign-in that is not allowed"),
        ({"jwks_uri": "http://user@127.0.0.1/jwks"}, "sign-in that is not allowed"),
        ({"code_challenge_methods_supported": ["plain"]}, "too weak"),
        ({"code_challenge_methods_supported": None}, "too weak"),
        ({"issuer": None}, "could not be asked"),
        ({"token_endpoint": 7}, "could not be asked"),
    ],
)
def test_a_configuration_that_leads_elsewhere_or_is_weak_is_refused(forger, changed, said):
    forger.configuration = changed
    browser = forger.launch()
    assert said in heading(browser)
    assert "/fhir/auth/token" not in forger.paths[-3:]


# ---------------------------------------------------------------- the way back


def test_a_state_that_is_wrong_missing_or_of_another_browser_is_refused(shared):
    victim = shared.launch("demo-08")
    callback = next(url for url in addresses_of(victim.page) if "/callback" in url)
    code = query_of(callback)["code"]
    for query in ("", f"?code={code}", f"?code={code}&state=", f"?code={code}&state=guessed"):
        browser = Browser()
        assert browser.open(f"{shared.cds.base_url}/explain/callback{query}").status_code == 400
        assert heading(browser) == "This sign-in did not begin in this window"


def test_the_way_back_can_be_gone_once(shared):
    browser = shared.launch("demo-08")
    callback = next(url for url in addresses_of(browser.page) if "/callback" in url)
    assert browser.open(callback).status_code == 400
    assert heading(browser) == "This sign-in did not begin in this window"


def test_somebody_elses_way_back_does_not_sign_in_a_victim(shared):
    """Login CSRF: the attacker stops before coming back, and lures the victim to the address."""
    attacker, victim = Browser(), Browser()
    address = shared.launch_url("demo-08")
    while "/callback" not in address:
        step = attacker.get(address, allow_redirects=False, timeout=20)
        address = step.headers["Location"]
    assert victim.open(address).status_code == 400
    assert "cds_explain" not in victim.cookies.get_dict()


def test_a_code_buys_one_token(shared):
    """The record system's own door: the second use of a code is refused, whoever comes with it."""
    browser = shared.launch("demo-08")
    callback = next(url for url in addresses_of(browser.page) if "/callback" in url)
    again = {
        "grant_type": "authorization_code",
        "code": query_of(callback)["code"],
        "redirect_uri": callback.partition("?")[0],
        "client_id": "aa-cds-explain",
        "code_verifier": "v" * 43,
    }
    answer = requests.post(f"{shared.fhir.base_url}/auth/token", data=again, timeout=5)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_an_authorization_without_pkce_or_for_another_server_is_refused_by_the_demo(shared):
    browser = shared.launch("demo-08")
    asked = next(url for url in addresses_of(browser.page) if "/auth/authorize" in url)
    parameters = query_of(asked) | {"launch": shared.authorization.launches.launch_id("demo-08", USER, None)}
    plain, _, _ = asked.partition("?")
    for change in ({"code_challenge": ""}, {"code_challenge_method": "plain"}, {"aud": "https://x.example"}):
        new = parameters | {"nonce": f"n{len(change)}{next(iter(change))}"} | change
        answer = requests.get(plain, params=new, allow_redirects=False, timeout=5)
        assert "code=" not in answer.headers.get("Location", "")
        assert answer.status_code in (400, 302)


def test_a_launch_word_is_good_once(shared):
    address = shared.launch_url("demo-08")
    assert Browser().open(address).status_code == 200
    assert Browser().open(address).status_code == 400


# ---------------------------------------------------------------- what the token says


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("aud", "somebody-else"),
        ("aud", ["somebody-else"]),
        ("aud", None),
        ("iss", "https://somebody.else.example"),
        ("iss", None),
        ("nonce", "another"),
        ("nonce", None),
        ("exp", 1_700_000_000),
        ("exp", None),
        ("iat", 4_000_000_000),
        ("sub", None),
        ("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"),
    ],
)
def test_an_id_token_with_a_wrong_claim_is_refused(forger, name, wrong):
    forger.claims = {name: wrong}
    browser = forger.launch()
    assert heading(browser) == "Who you are could not be verified"
    assert "One" not in browser.page.text


def test_an_id_token_signed_by_somebody_else_is_refused(forger):
    forger.key = OTHER_KEY
    assert heading(forger.launch()) == "Who you are could not be verified"


def test_an_id_token_without_a_signature_is_refused(forger):
    forger.header = {"alg": "none"}
    assert heading(forger.launch()) == "Who you are could not be verified"


def test_an_id_token_signed_with_the_public_key_as_a_shared_secret_is_refused(forger):
    forger.header = {"alg": "HS256"}
    assert heading(forger.launch()) == "Who you are could not be verified"


def test_seconds_may_be_a_string(forger):
    forger.token = {"expires_in": "3600"}
    assert forger.launch().page.status_code == 200


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"id_token": None}, "Who you are could not be verified"),
        ({"id_token": "not.a.token"}, "Who you are could not be verified"),
        ({"patient": None}, "No patient was chosen"),
        ({"patient": ".."}, "No patient was chosen"),
        ({"patient": "a/../b"}, "No patient was chosen"),
        ({"patient": 7}, "No patient was chosen"),
        ({"token_type": "mac"}, "answer cannot be used"),
        ({"access_token": "two words"}, "answer cannot be used"),
        ({"expires_in": None}, "answer cannot be used"),
        ({"expires_in": -1}, "answer cannot be used"),
        ({"expires_in": "0"}, "answer cannot be used"),
        ({"expires_in": "soon"}, "did not confirm the sign-in"),
        ({"expires_in": "9" * 5000}, "did not confirm the sign-in"),
        ({"error": "invalid_grant"}, "did not confirm the sign-in"),
    ],
)
def test_a_token_response_that_is_not_whole_is_refused(forger, changed, said):
    forger.token = changed
    browser = forger.launch()
    assert said in heading(browser)
    assert browser.page.status_code == 502
    assert "/explain/s/" not in browser.page.url


@pytest.mark.parametrize(
    "answer",
    [
        lambda: Response(status=302, headers={"Location": "http://127.0.0.1:1/x"}),
        lambda: Response("x" * 300_000, content_type="application/json"),
        lambda: Response("<p>maintenance</p>", 503),
        lambda: Response("[]", content_type="application/json"),
    ],
)
def test_a_token_endpoint_that_redirects_floods_or_fails_is_refused(forger, answer):
    forger.answer = answer()
    assert heading(forger.launch()) == "The record system did not confirm the sign-in"


def test_a_person_of_another_server_is_nobody_here(forger):
    forger.claims = {"fhirUser": "https://elsewhere.example/fhir/Practitioner/p"}
    forger.token = {"scope": "launch openid fhirUser patient/*.crus"}
    assert forger.launch().page.status_code == 200


# ---------------------------------------------------------------- the session


def test_the_cookie_of_one_session_opens_no_other(shared):
    one, other = shared.launch("demo-08"), shared.launch("demo-11")
    secret = one.cookies.get_dict()["cds_explain"]
    stolen = requests.get(other.url, cookies={"cds_explain": secret}, timeout=5)
    assert stolen.status_code == 403
    assert "吴桂芳" not in stolen.text


def test_without_its_cookie_a_session_does_not_open(shared):
    browser = shared.launch("demo-08")
    for cookies in ({}, {"cds_explain": ""}, {"cds_explain": "guessed"}):
        assert requests.get(browser.url, cookies=cookies, timeout=5).status_code == 403


def test_a_cookie_that_was_there_before_is_not_taken_over(shared):
    """Session fixation: whatever the browser brings, it leaves with a name and a secret of ours."""
    browser = Browser()
    browser.cookies.set("cds_explain", "planted", domain="127.0.0.1", path="/explain")
    browser.open(shared.launch_url("demo-08"))
    assert browser.page.status_code == 200
    fresh = [c.value for c in browser.cookies if c.path.startswith("/explain/s/")]
    assert len(fresh) == 1
    assert fresh[0] != "planted"
    assert len(fresh[0]) == 43
    assert requests.get(browser.url, cookies={"cds_explain": "planted"}, timeout=5).status_code == 403


def test_cookies_are_out_of_reach_of_scripts_and_of_other_sites(shared):
    browser = shared.launch("demo-08")
    set_cookies = [r.headers["Set-Cookie"] for r in browser.page.history if "Set-Cookie" in r.headers]
    assert len(set_cookies) == 2
    for line in set_cookies:
        assert {"Secure", "HttpOnly", "SameSite=Lax"} <= set(line.split("; "))
        assert "Domain" not in line


def test_a_page_that_may_be_framed_has_a_partitioned_cookie():
    with forging(frame_ancestors=("http://localhost:1",)) as forger:
        browser = forger.launch()
        for step in (r for r in browser.page.history if "Set-Cookie" in r.headers):
            assert {"Secure", "HttpOnly", "SameSite=None", "Partitioned"} <= set(
                step.headers["Set-Cookie"].split("; ")
            )
        assert browser.page.headers["Content-Security-Policy"].endswith("frame-ancestors http://localhost:1")


def test_nobody_else_may_frame_a_page_and_nothing_foreign_runs_in_it(shared):
    policy = shared.launch("demo-08").page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "<script>" not in shared.launch("demo-08").page.text


def test_every_redirect_of_ours_leads_to_the_record_system_or_to_ourselves(shared):
    address = shared.launch_url("demo-08") + "&redirect_uri=https://evil.example&next=//evil.example"
    browser = Browser()
    browser.open(address)
    assert browser.page.status_code == 200
    known = (f"{shared.cds.base_url}/", f"{shared.fhir.base_url}/")
    assert all(url.startswith(known) for url in addresses_of(browser.page))


def test_a_link_of_one_session_opens_nothing_in_another(shared):
    one, other = shared.launch("demo-08"), shared.launch("demo-11")
    sealed = re.search(r"/source/([^\"?]+)", one.page.text)[1]
    page = other.url
    for link in (sealed, "UGF0aWVudC9kZW1vLTA4", "Patient%2Fdemo-08"):
        assert other.open(f"{page}source/{link}").status_code in (403, 404)


@pytest.mark.parametrize("where", ["attestation", "end"])
def test_a_form_without_the_sessions_word_or_from_a_foreign_page_is_refused(shared, where):
    browser = shared.launch("demo-03")
    right = {"form_token": browser.form_token, "I2": "yes"}
    for data, headers in (
        ({"I2": "yes"}, {}),
        (right | {"form_token": "guessed"}, {}),
        (right, {"Origin": "https://evil.example"}),
        (right, {"Origin": "null"}),
    ):
        answer = browser.post(f"{browser.url}{where}", data=data, headers=headers, timeout=5)
        assert answer.status_code == 400
        assert "This form cannot be taken" in answer.text
    assert browser.open(browser.url).status_code == 200
