"""In how many seconds a page may be asked for again: by the error that says so, however deep it lies."""

import pytest
from flask import Response

from cds_service.cds_hooks.errors import DataNotAvailableNow
from cds_service.explain.waiting import asking_to_wait, seconds_to_wait
from cds_service.fhir_client.fhir_get import NotFetched, WhyNotFetched
from cds_service.signin.signin_errors import SignInRefused, WhyRefused


def because(error, cause):
    error.__cause__ = cause
    return error


def not_fetched(seconds=None):
    return NotFetched(WhyNotFetched.SERVER_ERROR, "x", seconds)


def refused(seconds=None):
    return SignInRefused(WhyRefused.CONFIGURATION, "", seconds)


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (None, None),
        (ValueError(), None),
        (not_fetched(), None),
        (not_fetched(7), 7),
        (not_fetched(0), 0),
        (refused(7), 7),
        (DataNotAvailableNow(("patient",), 7), 7),
        (because(refused(), not_fetched(7)), 7),
        (because(refused(5), not_fetched(7)), 5),
        (because(ValueError(), because(refused(), not_fetched(7))), 7),
        (because(refused(), ValueError()), None),
    ],
)
def test_the_first_that_says_how_long_is_believed(error, seconds):
    assert seconds_to_wait(error) == seconds


def test_such_an_answer_is_one_of_the_moment():
    answer = asking_to_wait(Response("x", 502), 7)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
