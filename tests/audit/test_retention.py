"""What is deleted is gone from every table and from the file; what is not, stays."""

from datetime import timedelta
from pathlib import Path

import pytest

from cds_service.audit.alarm_rows import note_alarm
from cds_service.audit.append_calls import append_call
from cds_service.audit.audit_tables import METADATA
from cds_service.audit.database import open_store
from cds_service.audit.feedback_rows import record
from cds_service.audit.looks import Look, record_look
from cds_service.audit.retention import delete_before, delete_patient
from tests.audit.rows import (
    KEYS,
    NOW,
    PATIENT,
    RESTRAINT,
    SENDER,
    SNOOZE_90,
    a_call,
    a_card,
    everything,
    overridden,
    rows,
    uuid,
)

OTHER = KEYS.of_patient("ward", "p2")
HANGING = ("calls", "given_advice", "given_rules", "feedback", "silences")


def visit(store, name, patient=PATIENT, at=NOW, **changes):
    append_call(store, a_call(a_card(name), hook_instance=name, patient=patient, at=at, **changes))
    record(store, KEYS, SENDER, [overridden(name, SNOOZE_90), overridden("nobody's")], at, RESTRAINT)


def counts(store, *tables):
    return [len(rows(store, table)) for table in tables]


@pytest.mark.parametrize(("seconds", "left"), [(-1, 2), (0, 2), (1, 1)])
def test_what_is_older_goes_with_all_that_hangs_on_it(store, seconds, left):
    visit(store, "new")
    visit(store, "old", at=NOW - timedelta(days=30))
    cutoff = NOW - timedelta(days=30) + timedelta(seconds=seconds)
    assert delete_before(store, cutoff, NOW) == 2 - left
    assert counts(store, *HANGING, "unmatched_feedback") == [left, left, 2 * left, left, 2 * left, left]
    [note] = rows(store, "deletions")
    assert (note["what"], note["calls"], note["unmatched"], note["at"]) == ("older", 2 - left, 2 - left, NOW)


@pytest.mark.parametrize(("seconds", "is_left"), [(-1, True), (0, True), (1, False)])
def test_looks_and_alarms_go_by_the_same_edge(store, seconds, is_left):
    record_look(store, NOW, "study-nurse", Look.LIST, 1)
    note_alarm(store, "a1", NOW, "Task/1", "SAF-TG")
    assert delete_before(store, NOW + timedelta(seconds=seconds), NOW) == 0
    assert counts(store, "looks", "alarms") == [is_left, is_left]


NOT_BY_AGE = {"deletions", "installation", "signatures", "seen_tokens", "sessions"}
"""Kept for ever, or gone by an end of their own."""


def test_every_table_with_rows_of_a_day_has_its_end_here():
    """A new table is to be deleted by age, too, or to stand above with its reason."""
    assert METADATA.tables.keys() - NOT_BY_AGE == {*HANGING, "unmatched_feedback", "looks", "alarms"}


def test_a_patient_goes_and_others_stay(store):
    visit(store, "his")
    visit(store, "hers", patient=OTHER)
    assert delete_patient(store, PATIENT, "ward", NOW) == 1
    assert counts(store, *HANGING) == [1, 1, 2, 1, 2]
    told = everything(store)
    assert PATIENT not in told
    assert uuid("his") not in told
    assert OTHER in told
    assert [(note["what"], note["calls"]) for note in rows(store, "deletions")] == [("patient", 1)]


def test_a_patient_of_another_client_or_tenant_with_the_same_id_can_be_spared(store):
    visit(store, "here")
    append_call(store, a_call(a_card("there"), hook_instance="there", issuer="https://other.example"))
    append_call(store, a_call(a_card("elsewhere"), hook_instance="elsewhere", tenant="other"))
    assert delete_patient(store, PATIENT, "ward", NOW, issuer=SENDER.issuer) == 1
    assert {row["card"] for row in rows(store, "given_advice")} == {uuid("there"), uuid("elsewhere")}
    assert delete_patient(store, PATIENT, "ward", NOW) == 1
    assert [row["card"] for row in rows(store, "given_advice")] == [uuid("elsewhere")]


def test_more_calls_than_fit_one_transaction_are_deleted_too(store):
    for number in range(7):
        visit(store, f"v{number}")
    assert delete_before(store, NOW + timedelta(days=1), NOW, at_once=3) == 7
    assert counts(store, *HANGING) == [0] * 5


def test_nothing_of_a_deleted_patient_is_left_in_the_sqlite_file(tmp_path, closing):
    file = tmp_path / "store.sqlite3"
    store = closing(open_store(f"sqlite:///{file}"))
    visit(store, "his")
    assert PATIENT.encode() in _bytes_beside(file)
    delete_patient(store, PATIENT, "ward", NOW)
    assert PATIENT.encode() not in _bytes_beside(file)
    assert uuid("his").encode() not in _bytes_beside(file)


def _bytes_beside(file: Path):
    return b"".join(part.read_bytes() for part in file.parent.glob(f"{file.name}*"))
