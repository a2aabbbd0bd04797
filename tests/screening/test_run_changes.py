"""From one run to the next: who is new, lost or changed, and why, for every pair of places on the list."""

from itertools import product

import pytest

from cds_service.rules.answers.criteria_answers import EligibilityStatus as Status
from cds_service.screening import changes_since_last_run as changes
from cds_service.screening.changes_since_last_run import (
    Earlier,
    PatientChange,
    RunChange,
    Step,
    changes_in_words,
    run_changes_since,
)
from cds_service.screening.summary import CriterionSummary, PatientSummary

NEW, LOST, CHANGED = RunChange.NEW, RunChange.LOST, RunChange.CHANGED
ON_THE_LIST = {
    None: False,
    Status.NOT_A_CANDIDATE: False,
    Status.ALREADY_ENROLLED: False,
    Status.INELIGIBLE: False,
    Status.UNDETERMINED: True,
    Status.ELIGIBLE_PENDING: True,
}
"""Each status, and none: is somebody with it on the study team's list?"""


def a_summary(status, criteria=(("I1", "met"),), participation="none"):
    told = tuple(CriterionSummary(name, verdict) for name, verdict in criteria)
    return PatientSummary("Patient/p1", status, told, participation=participation)


@pytest.fixture
def between(monkeypatch, tmp_path):
    """The one change between two summaries of a patient; None where there is none."""

    def told(old, new):
        monkeypatch.setattr(changes, "read_summaries", lambda *_: iter([new] if new else []))
        earlier = Earlier("yesterday", {old.patient: old} if old else {})
        found = run_changes_since(earlier, tmp_path, "today")
        assert (found.schema, found.since, found.as_of) == ("screening-changes/1", "yesterday", "today")
        assert found.words == changes_in_words(found.patients)
        (*rest,) = found.patients
        assert len(rest) <= 1
        return rest[0] if rest else None

    return told


def test_the_table_has_every_status():
    assert ON_THE_LIST.keys() - {None} == set(Status)


@pytest.mark.parametrize(("before", "after"), [*product(ON_THE_LIST, repeat=2)])
def test_each_pair_of_places_is_a_change_or_none(between, before, after):
    found = between(before and a_summary(before), after and a_summary(after))
    was, is_now = ON_THE_LIST[before], ON_THE_LIST[after]
    expected = NEW if is_now and not was else LOST if was and not is_now else None
    if is_now and was and before is not after:
        expected = CHANGED
    assert (found and found.change) is expected
    if found:
        assert (found.patient, found.before, found.after) == ("Patient/p1", before, after)


EXCLUDED = (("I1", "not-met"), ("E3", "present"), ("E4", "absent"), ("I5", "unknown"))
FINE = (("I1", "met"), ("E3", "absent"), ("E4", "absent"), ("I5", "met"))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (None, a_summary(Status.UNDETERMINED), ("first-seen",)),
        (a_summary(Status.UNDETERMINED), None, ("not-a-candidate",)),
        (a_summary(Status.UNDETERMINED, FINE), a_summary(Status.INELIGIBLE, EXCLUDED), ("I1", "E3")),
        (a_summary(Status.INELIGIBLE, EXCLUDED), a_summary(Status.UNDETERMINED, FINE), ("I1", "E3")),
        (
            a_summary(Status.UNDETERMINED),
            a_summary(Status.NOT_A_CANDIDATE, (), participation="enrolled"),
            ("participation",),
        ),
        (
            a_summary(Status.NOT_A_CANDIDATE, (), participation="withdrawn"),
            a_summary(Status.UNDETERMINED),
            ("participation",),
        ),
        (
            a_summary(Status.UNDETERMINED, FINE),
            a_summary(Status.UNDETERMINED, (*FINE[:2], ("E4", "unknown"), ("I5", "unknown"))),
            ("E4", "I5"),
        ),
        (a_summary(Status.UNDETERMINED), a_summary(Status.ELIGIBLE_PENDING), ()),
    ],
)
def test_each_change_says_why(between, old, new, why):
    assert between(old, new).why == why


@pytest.mark.parametrize(
    ("before", "after", "steps"),
    [
        (FINE, FINE, ()),
        (
            FINE,
            EXCLUDED,
            (Step("I1", "met", "not-met"), Step("E3", "absent", "present"), Step("I5", "met", "unknown")),
        ),
        ((("I1", "met"),), (("I1", "met"), ("I2", "met")), (Step("I2", None, "met"),)),
        ((("I1", "met"), ("I2", "met")), (("I1", "met"),), (Step("I2", "met", None),)),
        ((), FINE, ()),
        (FINE, (), ()),
    ],
)
def test_steps_are_the_criteria_answered_otherwise_where_both_runs_had_any(between, before, after, steps):
    found = between(a_summary(Status.UNDETERMINED, before), a_summary(Status.UNDETERMINED, after))
    assert (found.steps if found else ()) == steps


def told_of(change, *why):
    return PatientChange("Patient/p", change, None, None, why)


@pytest.mark.parametrize(
    ("patients", "words"),
    [
        ((), "0 new, 0 lost, 0 changed"),
        ((told_of(NEW, "E3"), told_of(CHANGED, "E4")), "1 new, 0 lost, 1 changed"),
        (
            (told_of(LOST, "E4", "E3"), told_of(LOST, "E3"), told_of(NEW)),
            "1 new, 2 lost, 0 changed; lost by E3 2, E4 1",
        ),
        ((told_of(LOST),), "0 new, 1 lost, 0 changed"),
    ],
)
def test_changes_in_a_line_count_why_people_are_lost(patients, words):
    assert changes_in_words(patients) == words


def test_patients_stand_in_order(monkeypatch, tmp_path):
    names = ("Patient/b", "Patient/a", "Patient/c")
    people = [PatientSummary(name, Status.UNDETERMINED) for name in names]
    monkeypatch.setattr(changes, "read_summaries", lambda *_: iter(people[:2]))
    found = run_changes_since(Earlier("", {"Patient/c": people[2]}), tmp_path, "")
    assert [(one.patient, one.change) for one in found.patients] == [
        ("Patient/a", NEW),
        ("Patient/b", NEW),
        ("Patient/c", LOST),
    ]
