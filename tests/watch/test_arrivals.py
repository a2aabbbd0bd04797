"""Who is watched and whose arrivals count: every status of a subject, every way to name the study, batches, Tasks' places."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from cds_service.fhir_client.fhir_get import NotFetched, WhyNotFetched
from cds_service.trials.nct06802055.registration import RECORD
from cds_service.watch.arrivals import arrived_since, enrolled_patients
from cds_service.watch.tell_alarms import Alarm, is_alarm_of, task_entries
from cds_service.watch.watch_rounds import Round, _task_in
from fhir_mappings.readers.reader_settings import TrialIdentity
from tests.watch.rig import running

SINCE = datetime(2026, 3, 2, 9, tzinfo=UTC)
OURS = TrialIdentity(frozenset({"NCT06802055"}), frozenset({"ResearchStudy/ours"}))
WATCHED_KINDS = ("Observation", "MedicationRequest", "ResearchSubject")


class Server:
    """Answers searches from what it holds, whatever is asked; keeps what it was asked."""

    trial = RECORD

    def __init__(self, **held):
        self.held, self.asked = held, []

    def search(self, kind, parameters):
        self.asked.append((kind, parameters))
        return list(self.held.get(kind, ()))


def a_subject(status="on-study", study=None, patient="Patient/p1"):
    return {
        "resourceType": "ResearchSubject",
        "id": "s",
        "status": status,
        "study": study or {"reference": "ResearchStudy/ours"},
        "individual": {"reference": patient},
    }


IN_THE_TRIAL = {
    "on-study": True,
    "on-study-intervention": True,
    "on-study-observation": True,
    "follow-up": True,
    "pending-off-study": True,
    "candidate": False,
    "eligible": False,
    "ineligible": False,
    "not-registered": False,
    "off-study": False,
    "potential-candidate": False,
    "screening": False,
    "withdrawn": False,
    None: False,
}
"""Every status of FHIR R4 (valueset-research-subject-status), and none."""


@pytest.mark.parametrize(("status", "is_watched"), IN_THE_TRIAL.items())
def test_each_status_is_in_the_trial_or_not_whatever_the_server_passes_over(status, is_watched):
    server = Server(ResearchSubject=[a_subject(status)])
    assert (enrolled_patients(server, OURS) == {"Patient/p1"}) is is_watched
    asked = dict(server.asked)["ResearchSubject"]["status"].split(",")
    assert set(asked) == {name for name, is_in in IN_THE_TRIAL.items() if is_in}


@pytest.mark.parametrize(
    ("study", "is_ours"),
    [
        ({"reference": "ResearchStudy/ours"}, True),
        ({"reference": "https://ehr.example/fhir/ResearchStudy/ours"}, True),
        ({"reference": "ResearchStudy/ours/_history/3"}, True),
        ({"identifier": {"value": "nct06802055"}}, True),
        ({"identifier": {"value": "https://clinicaltrials.gov/study/NCT06802055"}}, True),
        ({"reference": "ResearchStudy/other"}, False),
        ({"identifier": {"value": "NCT00000000"}}, False),
        ({"identifier": {}}, False),
        ({"display": "NCT06802055"}, False),
    ],
)
def test_a_subject_is_of_the_study_that_it_names(study, is_ours):
    found = enrolled_patients(Server(ResearchSubject=[a_subject(study=study)]), OURS)
    assert (found == {"Patient/p1"}) is is_ours


def test_the_study_that_the_server_has_by_its_number_is_ours_too():
    identifier = [{"system": RECORD.system, "value": RECORD.id}]
    here = {"resourceType": "ResearchStudy", "id": "here", "identifier": identifier}
    server = Server(
        ResearchStudy=[here], ResearchSubject=[a_subject(study={"reference": "ResearchStudy/here"})]
    )
    assert enrolled_patients(server, OURS) == {"Patient/p1"}
    del server.held["ResearchStudy"]
    assert enrolled_patients(server, OURS) == frozenset()


@pytest.mark.parametrize(
    ("reference", "patient"),
    [
        ("Patient/p1", {"Patient/p1"}),
        ("https://ehr.example/fhir/Patient/p1", {"Patient/p1"}),
        ("Patient/p1/_history/2", {"Patient/p1"}),
        ("Group/g", set()),
        ("", set()),
        ("#p1", set()),
    ],
)
def test_only_a_patient_is_watched(reference, patient):
    assert enrolled_patients(Server(ResearchSubject=[a_subject(patient=reference)]), OURS) == patient


@pytest.mark.parametrize("kind", WATCHED_KINDS)
def test_what_arrives_of_each_type_names_its_patient(kind):
    element = "individual" if kind == "ResearchSubject" else "subject"
    other = {"resourceType": kind, "id": "2", element: {"reference": "Patient/stranger"}}
    server = Server(
        **{kind: [{"resourceType": kind, "id": "1", element: {"reference": "Patient/p1"}}, other]}
    )
    assert arrived_since(server, frozenset({"Patient/p1", "Patient/p2"}), SINCE) == {"Patient/p1"}
    assert tuple(asked for asked, _ in server.asked) == WATCHED_KINDS
    assert {parameters["_lastUpdated"] for _, parameters in server.asked} == {"ge2026-03-02T09:00:00+00:00"}
    assert {parameters["patient"] for _, parameters in server.asked} == {"Patient/p1,Patient/p2"}


@pytest.mark.parametrize(("many", "questions"), [(0, []), (1, [1]), (50, [50]), (51, [50, 1])])
def test_fifty_patients_are_one_question_of_each_type(many, questions):
    server = Server()
    arrived_since(server, frozenset(f"Patient/{n}" for n in range(many)), SINCE)
    asked = [
        parameters["patient"].count(",") + 1 for kind, parameters in server.asked if kind == "Observation"
    ]
    assert asked == questions
    assert len(server.asked) == 3 * len(questions)


# ---------------------------------------------------------------- alarms

ALARM = Alarm("n", "Patient/p1", "SAF-K6", "potassium 6.4 mmol/L", SINCE)


@pytest.mark.parametrize(
    ("location", "task"),
    [
        ("Task/17/_history/1", "17"),
        ("Task/17", "17"),
        ("https://ehr.example/fhir/Task/17/_history/1", "17"),
        ("CommunicationRequest/17", ""),
        ("17", ""),
        ("", ""),
        ("Task/", ""),
    ],
)
def test_where_the_task_was_written_is_read_from_the_answer(location, task):
    assert _task_in(location) == task


@pytest.mark.parametrize(
    ("beside", "name", "is_its_own"),
    [
        ("", "abc", True),
        ("", "NCT1.abc", False),
        ("NCT1", "NCT1.abc", True),
        ("NCT1", "abc", False),
        ("NCT1", "NCT2.abc", False),
    ],
)
def test_an_alarm_is_looked_after_by_the_watch_of_its_trial(beside, name, is_its_own):
    assert is_alarm_of(beside, name) is is_its_own


@pytest.mark.parametrize("team", ["", "CareTeam/1"])
@pytest.mark.parametrize("beside", [None, {"system": "x", "value": "NCT1"}])
def test_a_task_and_a_message_are_made_once_for_whom_they_are(team, beside):
    with running() as rig:
        words = rig.watch.words
    task, message = task_entries(ALARM, words, team, beside)
    for entry, kind in ((task, "Task"), (message, "CommunicationRequest")):
        one = entry["resource"]
        assert (one["resourceType"], one["priority"], one["authoredOn"]) == (
            kind,
            "stat",
            "2026-03-02T09:00:00+00:00",
        )
        assert one.get("groupIdentifier") == beside
        assert entry["request"] == {
            "method": "POST",
            "url": kind,
            "ifNoneExist": "identifier=urn:aa-cds:watch:alarm|n",
        }
        assert one["identifier"] == [{"system": "urn:aa-cds:watch:alarm", "value": "n"}]
    assert (task["resource"]["status"], task["resource"]["intent"]) == ("requested", "order")
    assert task["resource"].get("owner") == ({"reference": team} if team else None)
    assert message["resource"].get("recipient") == ([{"reference": team}] if team else None)
    assert message["resource"]["status"] == "active"
    assert task["resource"]["description"] == message["resource"]["payload"][0]["contentString"]


# ---------------------------------------------------------------- rounds


def test_rounds_add_up_and_are_behind_where_one_is():
    one, other = Round(1, 2, 3, 4, 5, 6, 7, 8), Round(10, 20, 30, 40, 50, 60, 70, 80, behind=True)
    both = Round(11, 22, 33, 44, 55, 66, 77, 88, behind=True)
    assert one + other == other + one == both
    assert not (one + one).behind


def test_a_server_that_has_no_task_any_more_answers_for_nobody():
    """A Task that is gone, or a server that is away, is nobody's acknowledgement."""
    with running() as rig:
        places = {"a1": "t1", "a2": "", "a3": "t3"}
        known = [SimpleNamespace(alarm=alarm, task=task) for alarm, task in places.items()]
        for tasks, seen in (
            ({}, []),
            ({"t1": {"status": "requested"}}, []),
            ({"t1": {}}, []),
            ({"t1": {"status": "accepted"}, "t3": {"status": "completed"}}, ["a1", "a3"]),
        ):
            watch = replace(rig.watch, server=Tasks(tasks))
            assert watch._take_answers(known, SINCE) == seen
        assert replace(rig.watch, server=Tasks(None))._take_answers(known, SINCE) == []
        assert replace(rig.watch, server=Tasks({}))._take_answers([], SINCE) == []


class Tasks:
    trial = RECORD

    def __init__(self, tasks):
        self.tasks = tasks

    def by_id(self, kind, ids):
        if self.tasks is None:
            raise NotFetched(WhyNotFetched.TIMEOUT, kind)
        assert (kind, list(ids)) == ("Task", ["t1", "t3"])
        return self.tasks
