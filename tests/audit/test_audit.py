"""Nothing is recorded twice, nothing half, and nothing changes afterwards."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec.structs import replace
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError

from cds_service.audit.append_calls import append_call
from cds_service.audit.audit_records import CallOutcome, HeldBack
from cds_service.audit.audit_tables import APPEND_ONLY
from tests.audit.rows import NOW, a_call, a_card, rows, uuid


def test_a_call_is_recorded_with_each_card_and_each_rule(store):
    append_call(store, a_call(a_card("a"), a_card("b", rules=("SRL-03",), kind="titration", state="HOLD")))
    [call] = rows(store, "calls")
    assert (call["at"], call["service"], call["outcome"]) == (NOW, "aa-trial-eligibility", "answered")
    assert {card["card"] for card in rows(store, "given_advice")} == {uuid("a"), uuid("b")}
    assert {card["call"] for card in rows(store, "given_advice")} == {call["call"]}
    assert sorted((r["card"] == uuid("a"), r["rule"]) for r in rows(store, "given_rules")) == [
        (False, "SRL-03"),
        (True, "I1"),
        (True, "I2"),
    ]


def test_a_call_without_a_card_is_recorded_too(store):
    held = HeldBack("eligibility", ("I1",), "snoozed", NOW)
    append_call(store, a_call(outcome=CallOutcome.NOT_CONCERNED, input_hash=None, held_back=(held,)))
    [call] = rows(store, "calls")
    assert call["input_hash"] is None
    assert call["silenced"] == [
        {"kind": "eligibility", "rules": ["I1"], "because": "snoozed", "until": "2026-03-02T01:00:00+00:00"}
    ]
    assert rows(store, "given_advice") == []


def test_a_repeated_call_is_recorded_once(store):
    call = a_call(a_card())
    append_call(store, call)
    before = [rows(store, table.name) for table in APPEND_ONLY]
    append_call(store, replace(call, at=NOW.replace(hour=5)))
    assert [rows(store, table.name) for table in APPEND_ONLY] == before


@pytest.mark.parametrize(
    "other",
    [
        {"input_hash": "sha256:2"},
        {"hook_instance": uuid("h2")},
        {"service": "aa-trial-diagnosis"},
        {"tenant": "other"},
        {"issuer": "https://other.example"},
        {"patient": "0" * 64},
        {"outcome": CallOutcome.PATIENT_MISMATCH},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_call_that_differs_is_another_call(store, other):
    append_call(store, a_call())
    append_call(store, a_call(**other))
    assert len(rows(store, "calls")) == 2


def test_the_same_call_from_several_threads_at_once_is_recorded_once(store):
    call = a_call(*(a_card(f"c{number}") for number in range(5)))
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda _: append_call(store, call), range(30)))
    assert len(rows(store, "calls")) == 1
    assert len(rows(store, "given_advice")) == 5
    assert len(rows(store, "given_rules")) == 10


def test_no_row_of_the_audit_can_be_changed(store):
    append_call(store, a_call(a_card()))
    for table in APPEND_ONLY[:3]:
        before = rows(store, table.name)
        with pytest.raises(DBAPIError, match="append-only"), store.begin() as connection:
            connection.execute(update(table).values({next(iter(table.c)): "changed"}))
        assert rows(store, table.name) == before


def test_every_audit_table_has_its_trigger(store):
    with store.begin() as connection:
        source = "sqlite_master WHERE type = 'trigger'"
        if store.dialect.name == "postgresql":
            source = "information_schema.triggers"
        column = "trigger_name" if store.dialect.name == "postgresql" else "name"
        found = connection.exec_driver_sql(f"SELECT {column} FROM {source}").scalars().all()
    assert set(found) == {f"{table.name}_is_append_only" for table in APPEND_ONLY}
