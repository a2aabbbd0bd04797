"""`write_list` against a real FHIR server: created once, kept, lost, found again; people's work untouched."""

from collections import Counter
from datetime import timedelta

import pytest
import requests

from cds_service.fhir_client.create_resource import WriteRefused
from cds_service.study_list import write_list as write
from cds_service.study_list.judgement import judgement_in
from cds_service.study_list.list_server import update_entry
from cds_service.study_list.list_state import read_list_state
from cds_service.study_list.resources import with_status, with_work
from cds_service.study_list.subject_codes import SubjectStatus
from cds_service.study_list.write_list import write_list
from fhir_mappings.writers.validation import problems
from tests.study_list.people import NEXT_NIGHT, NIGHT, gone, summary

KINDS = ("List", "ResearchSubject", "Task")


def everything(server):
    return {f"{kind}/{r['id']}": r for kind in KINDS for r in server.search(kind, {})}


def by_hand(server, patient, status, criterion=None, at=NIGHT):
    state = read_list_state(server)
    subject, task = state.subjects[patient], state.tasks[patient]
    server.transact(
        [
            update_entry(with_status(subject, status, "Nurse Lin", at, criterion)),
            update_entry(
                with_work(task, who="Nurse Lin", at=at, status=status, note="called", owner="Dr Wu")
            ),
        ]
    )


def test_a_candidate_gets_one_subject_and_one_task_and_stands_in_the_list(server):
    told = write_list([summary("a"), summary("b", against=("E3",)), gone("c")], server, NIGHT)
    assert (told.new, told.changed, told.lost) == (1, 0, 0)
    found = everything(server)
    assert Counter(key.partition("/")[0] for key in found) == {"List": 1, "ResearchSubject": 1, "Task": 1}
    assert [problems(resource) for resource in found.values()] == [[], [], []]
    subject = next(r for r in found.values() if r["resourceType"] == "ResearchSubject")
    task = next(r for r in found.values() if r["resourceType"] == "Task")
    whole = next(r for r in found.values() if r["resourceType"] == "List")
    assert subject["status"] == "candidate"
    assert subject["individual"] == task["for"] == {"reference": "Patient/a"}
    assert (
        task["focus"]["reference"]
        == f"ResearchSubject/{subject['id']}"
        == whole["entry"][0]["item"]["reference"]
    )
    assert judgement_in(task).open_criteria == ("E8",)
    assert judgement_in(task).questions == (("E8", "What of E8?"),)
    assert (judgement_in(task).last_stay, judgement_in(task).department) == ("2026-02-27", "Haematology")


def test_the_second_writing_of_the_same_run_changes_nothing(server):
    run = [summary(p) for p in "abc"]
    write_list(run, server, NIGHT)
    before = everything(server)
    told = write_list(run, server, NIGHT)
    assert (told.new, told.changed, told.lost, told.unchanged) == (0, 0, 0, 3)
    assert everything(server) == before  # versions and times of writing included


def test_a_night_without_news_moves_the_date_of_the_list_alone(server):
    write_list([summary("a")], server, NIGHT)
    before = everything(server)
    write_list([summary("a")], server, NEXT_NIGHT)
    after = everything(server)
    changed = [key for key in before if before[key] != after[key]]
    assert [key.partition("/")[0] for key in changed] == ["List"]
    assert after[changed[0]]["entry"] == before[changed[0]]["entry"]


@pytest.mark.parametrize("status", list(SubjectStatus))
def test_a_status_that_a_person_has_set_survives_the_night(server, status):
    write_list([summary("a")], server, NIGHT)
    by_hand(server, "Patient/a", status, "E8")
    told = write_list([summary("a", unknown=("E7", "E8"))], server, NEXT_NIGHT)
    state = read_list_state(server)
    assert told.changed == 1
    assert state.subjects["Patient/a"]["status"] == status
    assert state.subjects["Patient/a"]["extension"][0]["extension"][0] == {
        "url": "who",
        "valueString": "Nurse Lin",
    }
    task = state.tasks["Patient/a"]
    assert task["note"][0]["text"] == "called"
    assert task["owner"] == {"display": "Dr Wu"}
    assert judgement_in(task).open_criteria == ("E7", "E8")


def test_who_is_lost_stays_on_record_with_the_criterion_and_may_come_back(server):
    write_list([summary("a"), summary("b")], server, NIGHT)
    told = write_list([summary("a", unknown=(), against=("E3",)), gone("b")], server, NEXT_NIGHT)
    assert (told.lost, told.lost_by) == (2, Counter({"E3": 1, "not-a-candidate": 1}))
    state = read_list_state(server)
    assert judgement_in(state.tasks["Patient/a"]).news == ("lost", NEXT_NIGHT.isoformat())
    assert {s["status"] for s in state.subjects.values()} == {"candidate"}
    again = write_list([summary("a"), gone("b")], server, NEXT_NIGHT + timedelta(days=1))
    assert (again.new, again.lost, again.unchanged) == (1, 0, 1)


def test_who_entered_the_trial_is_not_lost(server):
    write_list([summary("a")], server, NIGHT)
    told = write_list([summary("a", status="already-enrolled", participation="enrolled")], server, NEXT_NIGHT)
    assert (told.lost, told.changed) == (0, 1)


def test_whom_a_run_does_not_name_is_left_alone_and_counted(server):
    """An incremental run, or an export that lacks a ward: absence proves nothing."""
    write_list([summary("a"), summary("b")], server, NIGHT)
    before = everything(server)
    told = write_list([summary("a")], server, NEXT_NIGHT)
    assert (told.not_told, told.lost) == (1, 0)
    after = everything(server)
    assert [k for k in before if before[k] != after[k] and not k.startswith("List/")] == []


def test_an_older_run_takes_nothing_back(server):
    write_list([summary("a", unknown=())], server, NEXT_NIGHT)
    before = everything(server)
    write_list([summary("a", unknown=("E7", "E8"))], server, NIGHT)
    assert everything(server) == before


def test_a_subject_that_the_hospital_has_already_is_taken_and_not_doubled(server):
    theirs = {
        "resourceType": "ResearchSubject",
        "id": "own-1",
        "status": "ineligible",
        "study": {"identifier": {"value": "NCT06802055"}},
        "individual": {"reference": "Patient/a"},
    }
    requests.put(f"{server.base.url}/ResearchSubject/own-1", json=theirs, timeout=5).raise_for_status()
    write_list([summary("a")], server, NIGHT)
    assert [s["id"] for s in server.search("ResearchSubject", {})] == ["own-1"]
    assert read_list_state(server).subjects["Patient/a"]["status"] == "ineligible"


def test_a_person_who_works_meanwhile_loses_nothing_and_the_night_goes_on(server, monkeypatch):
    write_list([summary("a")], server, NIGHT)
    plan, times = write._plan, []

    def slow(*given):
        made = plan(*given)
        if not times:
            by_hand(server, "Patient/a", SubjectStatus.SCREENING)
        times.append(1)
        return made

    monkeypatch.setattr(write, "_plan", slow)
    write_list([summary("a", unknown=())], server, NEXT_NIGHT)
    state = read_list_state(server)
    assert len(times) == 2
    assert state.subjects["Patient/a"]["status"] == "screening"
    assert state.tasks["Patient/a"]["note"][0]["text"] == "called"
    assert judgement_in(state.tasks["Patient/a"]).status == "eligible-pending-investigator"


def test_a_server_that_refuses_is_told_as_such(server):
    with pytest.raises(WriteRefused):
        server.transact(
            [{"resource": {"resourceType": "Task"}, "request": {"method": "POST", "url": "Task"}}]
        )


def test_who_was_asked_about_comes_on_the_list_whatever_the_rules_say(server):
    told = write_list([summary("a", against=("E3",))], server, NIGHT, asked=frozenset({"Patient/a"}))
    assert told.new == 1
    assert judgement_in(read_list_state(server).tasks["Patient/a"]).excluded_by == ("E3",)


def test_more_than_one_request_holds_are_all_written(server):
    run = [summary(f"p{n}") for n in range(230)]
    assert write_list(run, server, NIGHT).new == 230
    assert write_list(run, server, NEXT_NIGHT).unchanged == 230
