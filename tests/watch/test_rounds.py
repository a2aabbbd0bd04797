"""Rounds against a real FHIR server: delivered, doubled, late, away for an hour, mail down, acknowledged, escalated."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
import requests
from msgspec import structs

from cds_service.study_list.judge_listed import assessed
from cds_service.watch import watch_rounds as rounds
from fhir_mappings.clinical_model.known_unknown import Gap
from tests.watch.rig import PATIENT, elsewhere, potassium, running

HOUR = timedelta(hours=1)


@pytest.fixture
def rig():
    with running() as made:
        yield made


def told(rig):
    return len(rig.all("Task")), len(rig.all("CommunicationRequest")), len(rig.sent)


def test_nothing_critical_tells_nobody(rig):
    rig.write(potassium(5.9))
    done = rig.round()
    assert (done.enrolled, done.looked_at, done.told, done.behind) == (1, 1, 0, False)
    assert told(rig) == (0, 0, 0)


def test_a_critical_result_becomes_a_task_a_message_and_a_mail_once(rig):
    rig.write(potassium(6.0))
    assert rig.round().told == 1
    for _ in range(3):
        assert rig.round(timedelta(minutes=1)).told == 0
    assert told(rig) == (1, 1, 1)
    (task,) = rig.all("Task")
    assert (task["status"], task["priority"], task["for"]["reference"]) == (
        "requested",
        "stat",
        f"Patient/{PATIENT}",
    )
    assert "SAF-K6" in task["description"]
    assert "6" in task["description"]


def test_the_mail_holds_nothing_of_the_patient(rig):
    rig.write(potassium(6.4))
    rig.round()
    text = rig.sent[0].as_string()
    assert "1 critical finding(s)" in text
    for secret in (PATIENT, "6.4", "potassium", "SAF-", "Task/"):
        assert secret not in text


def test_a_restarted_watch_and_a_second_one_double_nothing(rig):
    rig.write(potassium(6.4))
    rig.round()
    rig.since = None
    rig.round()
    with rig.watch.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM alarms")  # a second instance that knows of nothing
    rig.round()
    assert told(rig)[:2] == (1, 1)


def test_a_second_critical_result_is_told_again(rig):
    rig.write(potassium(6.4, minutes=50))
    rig.round()
    rig.write(potassium(6.8, minutes=5))
    assert rig.round(timedelta(minutes=1)).told == 1
    assert told(rig) == (2, 2, 2)


def test_a_result_that_comes_late_is_told_when_it_comes(rig):
    rig.round()
    rig.write(potassium(6.4, minutes=60 * 16))  # newer than the one of yesterday 07:30 at any time of day
    assert rig.round(timedelta(minutes=1)).told == 1


def test_a_server_away_for_an_hour_loses_nothing_and_doubles_nothing(rig):
    rig.round()
    whole, rig.watch = rig.watch, elsewhere(rig)
    before = rig.since
    for _ in range(6):
        done = rig.round(HOUR / 6)
        assert (done.behind, done.told) == (True, 0)
    assert rig.since == before
    rig.watch = whole
    rig.write(potassium(6.4))
    assert rig.round().told == 1
    assert rig.since == rig.now
    assert told(rig) == (1, 1, 1)


def test_a_chart_that_cannot_be_had_is_looked_at_again(rig):
    rig.write(potassium(6.4))
    whole = rig.watch
    rig.watch = replace(
        whole,
        installation=structs.replace(
            whole.installation, gatherer=structs.replace(whole.installation.gatherer, bases=())
        ),
    )
    done = rig.round()
    assert (done.missed, done.behind, done.told, rig.since) == (1, True, 0, None)
    rig.watch = whole
    assert rig.round().told == 1


def test_a_mail_that_does_not_go_out_is_tried_until_it_does(rig):
    rig.mail_is_down = True
    rig.write(potassium(6.4))
    assert (rig.round().told, len(rig.sent)) == (1, 0)
    assert rig.round(timedelta(minutes=1)).mailed == 0
    rig.mail_is_down = False
    assert rig.round(timedelta(minutes=1)).mailed == 1
    assert rig.round(timedelta(minutes=1)).mailed == 0


def _accept(rig):
    (task,) = rig.all("Task")
    answer = requests.put(f"{rig.base}/Task/{task['id']}", json=task | {"status": "accepted"}, timeout=10)
    assert answer.status_code == 200


@pytest.mark.parametrize(("minutes", "escalated"), [(29, 0), (30, 1)])
def test_unacknowledged_for_the_set_time_it_goes_to_the_next_once(rig, minutes, escalated):
    rig.write(potassium(6.4))
    rig.round()
    assert rig.round(timedelta(minutes=minutes)).escalated == escalated
    assert rig.round().escalated == 0
    assert [m["To"] for m in rig.sent[1:]] == ["head@hospital.example"] * escalated


def test_an_accepted_task_is_acknowledged_and_not_escalated(rig):
    rig.write(potassium(6.4))
    rig.round()
    _accept(rig)
    done = rig.round(timedelta(minutes=31))
    assert (done.acknowledged, done.escalated, done.unanswered) == (1, 0, 0)


def test_who_is_not_enrolled_is_not_watched(rig):
    rig.write(potassium(6.9, patient="demo-01"))
    done = rig.round()
    assert (done.enrolled, done.told) == (1, 0)


@pytest.mark.parametrize(("minutes", "told_of"), [(4, 1), (6, 0)])
def test_clocks_may_differ_by_five_minutes(rig, minutes, told_of):
    rig.write(potassium(6.4))
    rig.since = rig.now + timedelta(minutes=minutes)
    assert rig.round().told == told_of


@pytest.mark.parametrize("problem", ["PART_UNAVAILABLE", "CHART_INCOMPLETE"])
def test_a_chart_had_in_part_is_told_of_and_looked_at_again(rig, monkeypatch, problem):
    def in_part(*asked):
        found = assessed(*asked)
        return SimpleNamespace(safety=found.safety, gaps=(*found.gaps, Gap(problem, "", "")))

    monkeypatch.setattr(rounds, "assessed", in_part)
    rig.write(potassium(6.4))
    done = rig.round()
    assert (done.told, done.missed, done.behind, rig.since) == (1, 1, True, None)
