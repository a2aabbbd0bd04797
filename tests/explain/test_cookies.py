"""Cookies of people who sign in: how long each is kept, for which pages, and what another site's frame changes."""

from datetime import timedelta

import pytest
from flask import Flask, Response

from cds_service.audit.database import open_store
from cds_service.signin.expected_patient import expect_patient, expected_patient, forget_expected
from cds_service.signin.oauth_code_flow import Pending
from cds_service.signin.oidc_discovery import Configuration
from cds_service.signin.sessions import Sessions
from cds_service.signin.signin_errors import SignInRefused, WhyRefused
from tests.audit.rows import NOW

PENDING = Pending("state-1", "n", "v", Configuration("a", "t", "j", "i"), {})
APP = Flask(__name__)


@pytest.fixture
def moment():
    return [NOW]


@pytest.fixture
def sessions(tmp_path, moment):
    engine, words = open_store(f"sqlite:///{tmp_path / 'x.sqlite3'}"), iter(f"secret-{n}" for n in range(9))
    yield Sessions(engine, lambda: moment[0], lambda: next(words), "/explain", "cds_explain")
    engine.dispose()


def cookies(response):
    """Each cookie of an answer: its name, its value and its attributes."""
    found = []
    for line in response.headers.getlist("Set-Cookie"):
        (name, _, value), *rest = (part.strip().partition("=") for part in line.split(";"))
        found.append((name, value, {key.lower(): told for key, _, told in rest}))
    return found


def browser(response=None, **more):
    """A request of a browser that has the answer's cookies."""
    kept = {name: value for name, value, _ in (cookies(response) if response else ())} | more
    return APP.test_request_context(headers={"Cookie": "; ".join(f"{k}={v}" for k, v in kept.items())})


@pytest.mark.parametrize("framed", [None, False, True])
def test_only_a_page_that_may_be_framed_has_its_cookie_in_the_frame(sessions, framed):
    more = {} if framed is None else {"framed": framed}
    leaving, begun = Response(), Response()
    with browser():
        sessions.leave(leaving, PENDING, **more)
        sessions.begin(begun, "n1", b"x", NOW + timedelta(hours=1), "/explain/s/n1/", **more)
    for response, path, seconds in ((leaving, "/explain/callback", "600"), (begun, "/explain/s/n1/", "3600")):
        ((_, value, told),) = cookies(response)
        assert value.startswith("secret-")
        assert (told["path"], told["max-age"]) == (path, seconds)
        assert (told["samesite"], "partitioned" in told) == (("None", True) if framed else ("Lax", False))
        assert {"secure", "httponly"} <= told.keys()


@pytest.mark.parametrize(
    ("state", "cookie", "later", "is_let_in"),
    [
        ("state-1", True, timedelta(), True),
        ("state-1", True, timedelta(minutes=10) - timedelta(seconds=1), True),
        ("state-1", True, timedelta(minutes=10), False),
        ("state-1", False, timedelta(), False),
        ("state-2", True, timedelta(), False),
        ("", True, timedelta(), False),
    ],
)
def test_the_way_back_is_this_browser_s_for_ten_minutes_and_once(
    sessions, moment, state, cookie, later, is_let_in
):
    response = Response()
    with browser():
        sessions.leave(response, PENDING)
    moment[0] += later
    with browser(response if cookie else None):
        if is_let_in:
            assert sessions.come_back(state) == PENDING
        for _ in range(2):
            with pytest.raises(SignInRefused) as caught:
                sessions.come_back(state)
            assert caught.value.why is WhyRefused.STATE


def test_a_session_opens_with_its_own_name_and_cookie_until_it_ends(sessions, moment):
    response, ended = Response(), Response()
    with browser():
        sessions.begin(response, "n1", b"whom", NOW + timedelta(hours=1), "/explain/s/n1/")
    with browser(response):
        assert sessions.content("n1") == b"whom"
        sessions.change("n1", b"more", NOW + timedelta(hours=1))
        assert sessions.content("n1") == b"more"
        for name, cookie in (("n2", {}), ("n1", {"cds_explain": "other"}), ("n1", {"cds_explain": ""})):
            with browser(response, **cookie), pytest.raises(SignInRefused) as caught:
                sessions.content(name)
            assert caught.value.why is WhyRefused.SESSION
        moment[0] += timedelta(hours=1)
        with pytest.raises(SignInRefused):
            sessions.content("n1")
        moment[0] -= timedelta(seconds=1)
        assert sessions.content("n1") == b"more"
        sessions.end(ended, "n1", "/explain/s/n1/")
        with pytest.raises(SignInRefused):
            sessions.content("n1")
    ((name, value, told),) = cookies(ended)
    assert (name, value, told["path"], told["max-age"]) == ("cds_explain", "", "/explain/s/n1/", "0")


# ---------------------------------------------------------------- the patient who is expected


def test_who_is_expected_is_kept_for_a_minute_and_in_no_address():
    response = Response()
    expect_patient(response, "p1", "/explain/launch")
    ((name, value, told),) = cookies(response)
    assert value == "p1"
    assert (told["path"], told["max-age"], told["samesite"]) == ("/explain/launch", "60", "Lax")
    assert {"secure", "httponly"} <= told.keys()
    with browser(response):
        assert expected_patient() == "p1"
        gone = Response()
        forget_expected(gone, "/explain/launch")
    assert [(one, told["path"], told["max-age"]) for one, _, told in cookies(gone)] == [
        (name, "/explain/launch", "0")
    ]


def test_where_nobody_is_expected_anybody_is_and_there_is_nothing_to_forget():
    response = Response()
    with browser():
        assert expected_patient() == ""
        forget_expected(response, "/explain/launch")
    assert cookies(response) == []
