"""Alarms of the watch: told once, and each step marked for those whom it was done for, and no other."""

from datetime import timedelta

import pytest

from cds_service.audit.alarm_rows import Told, alarms_known, mark, note_alarm
from tests.audit.rows import NOW

LATER = NOW + timedelta(hours=1)
STEPS = ("mailed", "acknowledged", "escalated")


def test_an_alarm_is_told_once(store):
    note_alarm(store, "a1", NOW, "Task/1", "SAF-TG")
    note_alarm(store, "a1", LATER, "Task/2", "SAF-K")
    assert alarms_known(store) == {"a1": Told("a1", NOW, "Task/1", "SAF-TG", "", "", "")}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_marked_for_those_that_are_named(store, step):
    for name in ("a1", "a2", "a3"):
        note_alarm(store, name, NOW, f"Task/{name}", "SAF-TG")
    mark(store, ["a1", "a3"], step, LATER)
    found = alarms_known(store)
    marked = {(name, one): getattr(told, one) for name, told in found.items() for one in STEPS}
    assert {key for key, at in marked.items() if at} == {("a1", step), ("a3", step)}
    assert marked["a1", step] == "2026-03-02T02:00:00+00:00"


def test_they_are_known_by_age_and_then_by_name(store):
    for name, at in (("b", NOW), ("c", NOW - timedelta(seconds=1)), ("a", NOW)):
        note_alarm(store, name, at, f"Task/{name}", "SAF-TG")
    assert list(alarms_known(store)) == ["c", "a", "b"]


def test_nothing_to_mark_changes_nothing(store):
    note_alarm(store, "a1", NOW, "Task/1", "SAF-TG")
    mark(store, [], "mailed", LATER)
    assert alarms_known(store)["a1"].mailed == ""
