"""A record system that asks for a moment: the page passes it on as 503 with its `Retry-After`, in plain words."""

import pytest
from flask import Response

from cds_service.cds_hooks.errors import DataNotAvailable, DataNotAvailableNow
from cds_service.demo import fhir_server
from cds_service.demo.fhir_store import Result
from cds_service.explain.waiting import seconds_to_wait
from cds_service.fhir_client.fhir_get import NotFetched, WhyNotFetched
from cds_service.signin.signin_errors import SignInRefused, WhyRefused
from tests.explain.forger import forging

WORDS = {"en": "The record system asks for a moment", "zh": "病历系统繁忙，请稍候"}


@pytest.fixture
def busy(monkeypatch):
    """Say what every answer of the record's is from now on, over the wire."""
    reply = fhir_server._reply

    def answer(status: int, headers: dict[str, str]) -> None:
        monkeypatch.setattr(fhir_server, "_reply", lambda _: reply(Result(status, None, headers)))

    return answer


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_record_is_told_in_words_with_the_moment_to_come_again(shared, busy, status, language):
    browser = shared.launch("demo-08")
    page = browser.url
    busy(status, {"Retry-After": "17"})
    answer = browser.open(f"{page}?language={language}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "17")
    assert WORDS[language] in answer.text
    assert "17" in answer.text.partition("<main")[2]


@pytest.mark.parametrize(("status", "headers"), [(503, {}), (500, {"Retry-After": "17"}), (404, {})])
def test_a_record_that_names_no_moment_has_not_answered(shared, busy, status, headers):
    browser = shared.launch("demo-08")
    page = browser.url
    busy(status, headers)
    answer = browser.open(page)
    assert (answer.status_code, "Retry-After" in answer.headers) == (502, False)
    assert "could not be read" in answer.text


def test_a_source_and_answers_wait_as_well(rig, busy):
    browser = rig.launch("demo-03")
    page, token = browser.url, browser.form_token
    link = browser.page.text.partition("/source/")[2].partition('"')[0].partition("?")[0]
    busy(503, {"Retry-After": "5"})
    source = browser.open(f"{page}source/{link}")
    assert (source.status_code, source.headers["Retry-After"]) == (503, "5")
    sent = browser.post(f"{page}attestation", data={"form_token": token, "I2": "yes"}, timeout=20)
    assert (sent.status_code, sent.headers["Retry-After"]) == (503, "5")
    assert WORDS["en"] in sent.text


def test_answers_that_only_the_writing_refuses_stay_on_the_page(rig, monkeypatch):
    browser = rig.launch("demo-03")
    reply = fhir_server._reply

    def only_reading(result: Result):
        return reply(Result(503, None, {"Retry-After": "5"}) if result.status == 201 else result)

    monkeypatch.setattr(fhir_server, "_reply", only_reading)
    answer = browser.submit("attestation", I2="yes")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "did not confirm it" in answer.text
    assert 'name="I2" value="yes" checked' in answer.text


@pytest.mark.parametrize(
    ("status", "headers", "handed_on"),
    [(503, {"Retry-After": "7"}, True), (429, {"Retry-After": "7"}, True), (503, {}, False), (500, {"Retry-After": "7"}, False)],
)  # fmt: skip
def test_a_busy_token_endpoint_is_told_like_a_busy_record(status, headers, handed_on):
    with forging() as forger:
        forger.answer = Response("busy", status, headers)
        answer = forger.launch().page
    assert (answer.status_code, answer.headers.get("Retry-After")) == (
        (503, "7") if handed_on else (502, None)
    )
    assert (WORDS["en"] in answer.text) is handed_on


def _because(error: Exception, cause: Exception | None) -> Exception:
    error.__cause__ = cause
    return error


BUSY = NotFetched(WhyNotFetched.SERVER_ERROR, "configuration", 9)


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (BUSY, 9),
        (NotFetched(WhyNotFetched.SERVER_ERROR, "Patient"), None),
        (NotFetched(WhyNotFetched.SERVER_ERROR, "Patient", 0), 0),
        (DataNotAvailableNow(("patient",), 3), 3),
        (DataNotAvailable(("patient",)), None),
        (_because(SignInRefused(WhyRefused.CONFIGURATION), BUSY), 9),
        (SignInRefused(WhyRefused.TOKEN_REQUEST, "HTTPError", 4), 4),
        (_because(SignInRefused(WhyRefused.CONFIGURATION), None), None),
    ],
)
def test_who_asks_for_how_long(error, seconds):
    assert seconds_to_wait(error) == seconds
