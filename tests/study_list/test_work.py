"""A person's work on a row, and rows that are due to be judged anew, against a real FHIR server and by table."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.fhir_client.create_resource import WriteRefused
from cds_service.fhir_client.fhir_get import NotFetched
from cds_service.study_list import work_on_list
from cds_service.study_list.judge_listed import MOST_AT_ONCE, due_tests
from cds_service.study_list.judgement import as_inputs, judgement_of
from cds_service.study_list.list_server import ListServer
from cds_service.study_list.list_state import ListState, _sort_in, read_list_state
from cds_service.study_list.subject_codes import SubjectStatus
from cds_service.study_list.work_on_list import (
    LONGEST_NOTE,
    LONGEST_OWNER,
    ChangedMeanwhile,
    NoSuchRow,
    StatusChange,
    Worker,
    change_row,
)
from cds_service.study_list.write_list import write_list
from cds_service.trials.nct06802055.registration import RECORD
from tests.study_list.people import NIGHT, summary

CHEN = Worker("Chen", NIGHT + timedelta(hours=7))
A = "Patient/a"


@pytest.fixture
def listed(server):
    write_list([summary("a")], server, NIGHT)
    return server


def seen(server):
    task, subject = read_list_state(server).tasks[A], read_list_state(server).subjects[A]
    return f"{task['meta']['versionId']}-{subject['meta']['versionId']}"


def change(server, version=None, **wanted):
    return change_row(server, A, version or seen(server), StatusChange(**wanted), CHEN)


@pytest.mark.parametrize("status", SubjectStatus)
def test_a_status_is_written_with_who_and_when(listed, status):
    criterion = "E4" if status is SubjectStatus.INELIGIBLE else None
    row = change(listed, status=status, criterion=criterion, note="Called.", owner="Li")
    assert (row.status, row.owner) == (status.value, "Li")
    assert (row.set_by.who, row.set_by.at, row.set_by.criterion) == (
        "Chen",
        "2026-03-02T09:00:00+00:00",
        criterion or "",
    )
    assert [(note.who, note.text) for note in row.notes] == [("Chen", "Called.")]
    assert row.version == seen(listed)


def test_a_note_alone_sets_no_status_and_takes_nobody_away(listed):
    change(listed, owner="Li")
    row = change(listed, note="x")
    assert (row.status, row.set_by, row.owner) == ("candidate", None, "Li")
    assert change(listed, owner="").owner == ""


@pytest.mark.parametrize(("length", "kept"), [(LONGEST_NOTE, 1000), (LONGEST_NOTE + 1, 1000)])
def test_words_are_kept_up_to_their_length(listed, length, kept):
    row = change(listed, note="n" * length, owner="o" * (LONGEST_OWNER + 1))
    assert (len(row.notes[0].text), len(row.owner)) == (kept, 100)


def test_of_a_row_that_was_changed_meanwhile_nothing_is_written(listed):
    version = seen(listed)
    change(listed, note="first")
    with pytest.raises(ChangedMeanwhile) as caught:
        change(listed, version, status=SubjectStatus.SCREENING, note="second")
    assert [note.text for note in caught.value.row.notes] == ["first"]
    assert caught.value.row.status == "candidate"
    assert caught.value.row.version == seen(listed)


@pytest.mark.parametrize(
    ("status", "raised"),
    [(409, ChangedMeanwhile), (412, ChangedMeanwhile), (400, WriteRefused), (422, WriteRefused)],
)
def test_a_conflict_in_the_very_moment_is_told_as_one(listed, monkeypatch, status, raised):
    version = seen(listed)

    def refuse(*_):
        raise WriteRefused(status, "")

    monkeypatch.setattr(ListServer, "transact", refuse)
    with pytest.raises(raised):
        change(listed, version, note="x")


@pytest.mark.parametrize("lost", ["task", "subject", "both"])
def test_who_is_not_on_the_list_has_no_row(listed, monkeypatch, lost):
    task, subject = read_list_state(listed).tasks[A], read_list_state(listed).subjects[A]
    found = (None if lost != "subject" else task, None if lost != "task" else subject)
    monkeypatch.setattr(work_on_list, "read_one", lambda *_: found)
    with pytest.raises(NoSuchRow):
        change_row(listed, A, "1-1", StatusChange(), CHEN)


def test_who_was_taken_off_while_it_was_written_has_no_row_any_more(listed, monkeypatch):
    version, real = seen(listed), work_on_list.read_one
    answers = iter([real(listed, A), (None, None)])
    monkeypatch.setattr(work_on_list, "read_one", lambda *_: next(answers))
    with pytest.raises(NoSuchRow):
        change_row(listed, A, version, StatusChange(note="x"), CHEN)


def test_another_patients_row_is_not_taken_for_theirs(listed):
    with pytest.raises(NoSuchRow):
        change_row(listed, "Patient/b", "1-1", StatusChange(note="x"), CHEN)


def test_a_server_that_is_away_is_told_as_such(listed):
    away = replace(listed, base=read_base("http://127.0.0.1:9/fhir"), seconds=1.0)
    with pytest.raises(NotFetched):
        change(away, seen(listed), note="x")


# ---------------------------------------------------------------- due to be judged anew

FORM = "https://aa-cds.example/Questionnaire/form"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Responses:
    """A server that holds answers to forms, whatever is asked."""

    def __init__(self, *responses):
        self.responses, self.asked = responses, []

    def search(self, kind, parameters):
        self.asked.append((kind, parameters))
        return list(self.responses)


def an_answer(authored="2026-03-02T08:00:00+00:00", patient=A, **changes):
    return {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": FORM,
        "status": "completed",
        "subject": {"reference": patient},
        "authored": authored,
        **changes,
    }


def a_task(as_of=NIGHT):
    judged = judgement_of(summary("a"), as_of) if as_of else None
    return {"input": as_inputs(judged) if judged else []}


def due(*answers, tasks=None, asked=None, form=FORM):
    state = ListState(tasks={A: a_task()} if tasks is None else tasks, asked=asked or {})
    server = Responses(*answers)
    found = due_tests(state, server, form, NOW)
    assert server.asked == [("QuestionnaireResponse", {"authored": "ge2026-01-30"})]
    return found


@pytest.mark.parametrize(
    ("changes", "is_due"),
    [
        ({}, True),
        ({"questionnaire": f"{FORM}|2"}, True),
        ({"questionnaire": "https://other.example/form"}, False),
        ({"questionnaire": None}, False),
        ({"status": "amended"}, True),
        ({"status": "in-progress"}, False),
        ({"status": "entered-in-error"}, False),
        ({"status": "stopped"}, False),
        ({"subject": {"reference": "Patient/b"}}, False),
        ({"subject": {"reference": "https://e.example/fhir/Patient/a/_history/2"}}, True),
        ({"authored": "2026-03-02T02:00:00+00:00"}, False),
        ({"authored": "2026-03-02T02:00:01+00:00"}, True),
        ({"authored": "2026-03-02T10:00:00+08:00"}, False),
        ({"authored": "2026-03-02"}, True),
        ({"authored": "2026-03-01"}, False),
    ],
)
def test_a_row_is_due_by_an_answer_to_the_trials_form_later_than_its_judgement(changes, is_due):
    assert due(an_answer(**changes)) == ([A] if is_due else [])


def test_a_row_that_was_never_judged_is_due_by_any_answer_and_without_a_form_by_none():
    assert due(an_answer("2026-02-01"), tasks={A: a_task(None)}) == [A]
    assert due(an_answer(), form=None) == []


def test_who_was_asked_about_is_due_until_there_is_a_row_and_who_waits_longest_stands_first():
    asked = {A: {"authoredOn": "2026-01-01"}, "Patient/b": {"authoredOn": "2026-03-02T09"}, "Patient/c": {}}
    assert due(an_answer(), asked=asked) == ["Patient/c", A, "Patient/b"]
    assert due(asked=asked) == ["Patient/c", "Patient/b"]


def test_so_many_are_judged_before_the_page_is_shown():
    asked = {f"Patient/{n:02}": {"authoredOn": f"2026-02-{n % 28 + 1:02}"} for n in range(30)}
    assert len(due(tasks={}, asked=asked)) == MOST_AT_ONCE == 25


TASK = {"for": {"reference": A}, "groupIdentifier": {"value": RECORD.id}}
OURS = {"identifier": [{"system": "urn:aa-cds:study-list:task", "value": "x"}]}


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        (OURS, "tasks"),
        ({"intent": "proposal", "status": "requested"}, "asked"),
        ({"intent": "proposal"}, "asked"),
        ({"intent": "proposal", "status": "cancelled"}, None),
        ({"intent": "proposal", "status": "entered-in-error"}, None),
        ({"intent": "order", "status": "requested"}, None),
        ({**OURS, "groupIdentifier": {"value": "NCT00000000"}}, None),
        ({**OURS, "for": {"reference": "Group/g"}}, None),
        ({**OURS, "for": {"reference": "https://e.example/fhir/Patient/a/_history/1"}}, "tasks"),
    ],
)
def test_a_task_is_the_lists_own_or_a_cards_question_or_neither(changes, place):
    state = ListState()
    _sort_in({**TASK, **changes}, state, RECORD)
    assert (A in state.tasks, A in state.asked) == (place == "tasks", place == "asked")
