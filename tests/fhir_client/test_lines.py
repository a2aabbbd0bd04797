"""The line to one FHIR server: so many at once, so long in the queue, and after silence left alone for a while."""

import json
import threading
import time
from io import StringIO

import pytest

from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.fhir_client.deadline import deadline_in
from cds_service.fhir_client.fhir_get import NotFetched, WhyNotFetched
from cds_service.fhir_client.server_limits import LineLimits, ServerLine, ServerLines
from cds_service.web.log_redaction import configure_logging

Why = WhyNotFetched
LONG = 5.0
LIMITS = LineLimits(calls=2, queue=1, queue_seconds=0.1, silences=3, least_patience=0.04, rest_seconds=0.3)


def answers():
    return "an answer"


def fails(why):
    def job():
        raise NotFetched(why, "Patient")

    return job


def ask(line, *jobs, seconds=LONG):
    """What becomes of these jobs: what they gave, or why not."""
    outcomes = line.all({f"Patient/{n}": job for n, job in enumerate(jobs)}, deadline_in(seconds))
    return [one.why if isinstance(one, NotFetched) else one for one in outcomes.values()]


def silent(line, times=1, **how):
    for _ in range(times):
        assert ask(line, fails(Why.TIMEOUT), fails(Why.TIMEOUT), **how) == [Why.TIMEOUT] * 2


def after_rest():
    time.sleep(LIMITS.rest_seconds + 0.05)


def test_each_job_has_its_own_outcome():
    assert ask(ServerLine(LIMITS), answers, fails(Why.NOT_FOUND)) == ["an answer", Why.NOT_FOUND]


def test_after_three_silent_calls_in_a_row_the_server_is_left_alone_and_then_tried():
    line = ServerLine(LIMITS)
    silent(line, 3)
    assert ask(line, answers) == [Why.RESTING]
    after_rest()
    assert ask(line, answers) == ["an answer"]
    silent(line, 2)
    assert ask(line, answers) == ["an answer"]  # the count has begun anew


def test_a_trial_that_hears_nothing_begins_another_rest():
    line = ServerLine(LIMITS)
    silent(line, 3)
    after_rest()
    silent(line)
    assert ask(line, answers) == [Why.RESTING]
    after_rest()
    assert ask(line, answers) == ["an answer"]


def test_while_one_call_tries_the_others_are_not_asked():
    line = ServerLine(LIMITS)
    silent(line, 3)
    after_rest()
    begun, end = threading.Event(), threading.Event()

    def trial():
        begun.set()
        end.wait(LONG)
        return "an answer"

    tried = []
    thread = threading.Thread(target=lambda: tried.extend(ask(line, trial)))
    thread.start()
    assert begun.wait(LONG)
    assert ask(line, answers) == [Why.RESTING]
    end.set()
    thread.join(LONG)
    assert tried == ["an answer"]
    assert ask(line, answers) == ["an answer"]


NOT_ASKED = (
    Why.NO_SERVER,
    Why.SERVER_NOT_ALLOWED,
    Why.TOKEN_SPENT,
    Why.OTHER_CLIENT,
    Why.NO_SCOPE,
    Why.NOT_KEPT,
)


@pytest.mark.parametrize("why", [why for why in Why if why not in (Why.TIMEOUT, *NOT_ASKED)])
def test_any_other_failure_is_a_sign_of_life(why):
    line = ServerLine(LIMITS)
    silent(line, 2)
    assert ask(line, fails(why), fails(Why.TIMEOUT)) == [why, Why.TIMEOUT]
    silent(line, 2)
    assert ask(line, answers) == ["an answer"]


@pytest.mark.parametrize("why", NOT_ASKED)
def test_what_was_never_asked_says_nothing_of_the_server(why):
    line = ServerLine(LIMITS)
    silent(line, 2)
    assert ask(line, fails(why)) == [why]
    assert ask(line, fails(why), fails(Why.TIMEOUT)) == [why, Why.TIMEOUT]
    assert ask(line, answers) == [Why.RESTING]


def test_a_call_in_a_hurry_proves_nothing():
    line = ServerLine(LIMITS)
    silent(line, 5, seconds=0.02)
    assert ask(line, answers) == ["an answer"]


def test_one_hanging_search_beside_an_answer_is_no_silence():
    line = ServerLine(LIMITS)
    for _ in range(5):
        assert ask(line, answers, fails(Why.TIMEOUT)) == ["an answer", Why.TIMEOUT]


def test_the_log_says_once_which_server_rests():
    stream = StringIO()
    configure_logging(stream)
    line = ServerLine(LIMITS, "https://ehr.example/fhir")
    silent(line, 3)
    ask(line, answers)
    (said,) = map(json.loads, stream.getvalue().splitlines())
    assert (said["event"], said["base"], said["seconds"]) == (
        "fhir_server_rests",
        "https://ehr.example/fhir",
        LIMITS.rest_seconds,
    )


def test_a_hanging_server_keeps_so_many_calls_and_no_more():
    line, end, begun = ServerLine(LIMITS), threading.Event(), threading.Semaphore(0)
    outcomes = []

    def hangs():
        begun.release()
        end.wait(LONG)
        return "late"

    threads = [threading.Thread(target=lambda: outcomes.extend(ask(line, hangs))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert begun.acquire(timeout=LONG)
    started = time.monotonic()
    assert ask(line, answers) == [Why.BUSY]
    assert LIMITS.queue_seconds <= time.monotonic() - started < LONG
    end.set()
    for thread in threads:
        thread.join(LONG)
    assert outcomes == ["late", "late"]
    assert ask(line, answers) == ["an answer"]


def test_who_finds_the_queue_full_is_refused_at_once_and_who_waits_gets_the_next_place():
    limits = LineLimits(calls=1, queue=1, queue_seconds=LONG)
    line, end, begun, outcomes = ServerLine(limits), threading.Event(), threading.Event(), []

    def hangs():
        begun.set()
        end.wait(LONG)
        return "first"

    first = threading.Thread(target=lambda: outcomes.extend(ask(line, hangs)))
    first.start()
    assert begun.wait(LONG)
    second = threading.Thread(target=lambda: outcomes.extend(ask(line, answers)))
    second.start()
    while line._queue._value:
        time.sleep(0.001)
    assert ask(line, answers) == [Why.BUSY]
    end.set()
    first.join(LONG)
    second.join(LONG)
    assert sorted(outcomes) == ["an answer", "first"]


def test_each_listed_server_has_one_line_whatever_callers_name():
    lines = ServerLines(LIMITS)
    ward, icu = read_base("https://gateway.example/ward"), read_base("https://gateway.example/ward/icu")
    listed = (ward, icu)
    below = read_base("https://gateway.example/ward/a/b")
    assert lines.to(ward, listed) is lines.to(below, listed)
    assert lines.to(icu, listed) is not lines.to(ward, listed)
    assert lines.to(read_base("https://gateway.example/ward/icu/x"), listed) is lines.to(icu, listed)
    assert lines.to(None, listed) is lines.to(None, ())


def test_one_server_s_silence_is_not_another_s():
    lines = ServerLines(LIMITS)
    one, other = read_base("https://one.example"), read_base("https://other.example")
    silent(lines.to(one, (one, other)), 3)
    assert ask(lines.to(one, (one, other)), answers) == [Why.RESTING]
    assert ask(lines.to(other, (one, other)), answers) == ["an answer"]
