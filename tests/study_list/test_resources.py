"""The list's own resources as built: who, when and what of each change, what stays as people have it, one list for each trial."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cds_service.study_list.judgement import ListJudgement
from cds_service.study_list.resources import (
    OnTheList,
    list_of,
    new_subject,
    new_task,
    with_judgement,
    with_status,
    with_work,
)
from cds_service.study_list.subject_codes import (
    SET_BY_HAND,
    SUBJECT_SYSTEM,
    TASK_SYSTEM,
    SubjectStatus,
    identifier_of,
    is_listed_for,
)
from cds_service.trials.nct06802055.registration import RECORD

AT = datetime(2026, 3, 2, 9, 30, 15, 999, tzinfo=ZoneInfo("Asia/Shanghai"))
TOLD = "2026-03-02T09:30:15+08:00"
FIRST, THEN = "2026-03-01T03:00:00+08:00", "2026-03-02T03:00:00+08:00"
JUDGED = ListJudgement("undetermined", (("E4", "unknown"),), as_of=THEN, listed=FIRST)
TASK_OF = {
    "candidate": "requested",
    "screening": "in-progress",
    "ineligible": "completed",
    "on-study": "completed",
    "withdrawn": "completed",
}


@pytest.mark.parametrize("study", [None, "ResearchStudy/7"])
def test_a_new_candidate_is_one_by_number_and_by_the_servers_study_where_there_is_one(study):
    made = new_subject("Patient/p1", study, RECORD)
    assert made["study"].get("reference") == study
    assert made["study"]["identifier"] == RECORD.identifier
    assert (made["status"], made["individual"]) == ("candidate", {"reference": "Patient/p1"})
    assert made["identifier"] == [{"system": SUBJECT_SYSTEM, "value": "NCT06802055/p1"}]


def test_a_new_task_says_for_whom_about_what_and_since_when():
    made = new_task("Patient/p1", "urn:uuid:s", JUDGED, RECORD)
    assert (made["status"], made["intent"], made["authoredOn"], made["lastModified"]) == (
        "requested",
        "plan",
        THEN,
        FIRST,
    )
    assert (made["for"], made["focus"]) == ({"reference": "Patient/p1"}, {"reference": "urn:uuid:s"})
    assert made["groupIdentifier"] == RECORD.identifier
    assert made["identifier"] == [{"system": TASK_SYSTEM, "value": "NCT06802055/p1"}]
    assert "NCT06802055" in made["code"]["text"]


@pytest.mark.parametrize(
    ("changes", "news", "moment"),
    [({}, "new", FIRST), ({"changed": THEN}, "changed", THEN), ({"changed": THEN, "lost": "L"}, "lost", "L")],
)
def test_the_machine_s_part_is_renewed_and_people_s_stays(changes, news, moment):
    task = {"owner": {"display": "Chen"}, "note": [{"text": "x"}], "status": "in-progress", "input": ["old"]}
    judged = ListJudgement(**{"status": "undetermined", "as_of": THEN, "listed": FIRST, **changes})
    made = with_judgement(task, judged)
    assert {name: made[name] for name in ("owner", "note", "status")} == {
        name: task[name] for name in ("owner", "note", "status")
    }
    assert made["businessStatus"]["coding"][0]["code"] == news
    assert made["lastModified"] == moment
    assert made["input"] != ["old"]


@pytest.mark.parametrize("criterion", [None, "E4"])
@pytest.mark.parametrize("status", SubjectStatus)
def test_a_status_says_who_set_it_when_and_by_which_criterion(status, criterion):
    before = [{"url": "other", "valueString": "kept"}, {"url": SET_BY_HAND, "extension": [{"url": "who"}]}]
    made = with_status({"id": "s", "extension": before}, status, "Chen", AT, criterion)
    assert (made["id"], made["status"]) == ("s", status.value)
    other, by_hand = made["extension"]
    assert other == before[0]
    assert by_hand["url"] == SET_BY_HAND
    assert by_hand["extension"] == [
        {"url": "who", "valueString": "Chen"},
        {"url": "when", "valueDateTime": TOLD},
        *([{"url": "criterion", "valueCode": criterion}] if criterion else []),
    ]


def work(task=None, **changes):
    return with_work(
        task or {}, **{"who": "Chen", "at": AT, "status": None, "note": "", "owner": None, **changes}
    )


@pytest.mark.parametrize(("status", "told"), TASK_OF.items())
def test_a_task_is_as_far_as_the_status_that_was_set(status, told):
    assert work(status=SubjectStatus(status)) == {"status": told}
    assert TASK_OF.keys() == set(SubjectStatus)


def test_a_note_is_put_behind_those_that_are_there_with_who_and_when():
    there = {"note": [{"text": "before"}]}
    written = {"authorString": "Chen", "time": TOLD, "text": "Called."}
    assert work(there, note="Called.") == {"note": [{"text": "before"}, written]}
    assert there == {"note": [{"text": "before"}]}
    assert work(there) == there


@pytest.mark.parametrize(
    ("owner", "left"),
    [(None, {"owner": {"display": "Li"}}), ("", {}), ("Chen", {"owner": {"display": "Chen"}})],
)
def test_whose_task_it_is_is_left_taken_away_or_changed(owner, left):
    assert work({"owner": {"display": "Li"}}, owner=owner) == left


def test_an_equal_list_looks_equal_whatever_the_order():
    entries = [OnTheList(f"ResearchSubject/{n}", JUDGED) for n in ("b", "a", "c")]
    made = list_of(entries, AT, RECORD)
    assert made == list_of(entries[::-1], AT, RECORD)
    assert [one["item"]["reference"][-1] for one in made["entry"]] == ["a", "b", "c"]
    assert {one["date"] for one in made["entry"]} == {FIRST}
    assert {one["flag"]["coding"][0]["code"] for one in made["entry"]} == {"new"}
    assert (made["status"], made["mode"], made["date"]) == ("current", "working", TOLD)
    assert made != list_of(entries, AT + timedelta(seconds=1), RECORD)


@pytest.mark.parametrize(
    ("identifier", "is_ours"),
    [
        ({"system": SUBJECT_SYSTEM, "value": "NCT06802055/p1"}, True),
        ({"system": SUBJECT_SYSTEM, "value": "NCT068020555/p1"}, False),
        ({"system": SUBJECT_SYSTEM, "value": "NCT06802055"}, False),
        ({"system": TASK_SYSTEM, "value": "NCT06802055/p1"}, False),
        ({"value": "NCT06802055/p1"}, False),
        ({"system": SUBJECT_SYSTEM}, False),
        ({}, False),
    ],
)
def test_a_subject_is_listed_for_its_trial_by_its_whole_number(identifier, is_ours):
    assert is_listed_for(RECORD, identifier) is is_ours
    assert is_listed_for(RECORD, identifier_of(SUBJECT_SYSTEM, "Patient/p1", RECORD))
