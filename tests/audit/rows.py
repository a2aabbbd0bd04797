"""Calls, cards and reactions for the tests of the store, as plain values."""

from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from msgspec.structs import replace
from sqlalchemy import select

from cds_service.audit.audit_records import GivenCall, GivenCard, GivenRule
from cds_service.audit.audit_tables import METADATA
from cds_service.audit.feedback_rows import Sender
from cds_service.audit.pseudonym import Pseudonyms
from cds_service.cds_hooks.feedback_request import CardReaction, FeedbackOutcome
from cds_service.rules.suppression_limits import Restraint
from cds_service.rules.thresholds import read_limits

KEYS = Pseudonyms("k" * 32)
RESTRAINT = read_limits(Restraint, "restraint")
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
PATIENT = KEYS.of_patient("ward", "p1")
REASONS = "urn:aa-cds:CodeSystem/override-reason"
SNOOZE_7, SNOOZE_30, SNOOZE_90 = (f"{REASONS}|snooze-{days}" for days in (7, 30, 90))
SENDER = Sender("aa-trial-eligibility", "https://ehr.example", "ward")


def uuid(name):
    return str(uuid5(NAMESPACE_URL, name))


def a_card(name="card", rules=("I1", "I2"), inputs="same", **changes):
    card = GivenCard(
        card=uuid(name),
        kind="eligibility",
        state="undetermined",
        severity="info",
        rules=tuple(GivenRule(rule, KEYS.of_inputs(rule, inputs)) for rule in rules),
        decision={"status": "undetermined", "findings": []},
        evidence=("Observation/hb",),
        reasons_offered=(SNOOZE_7, SNOOZE_30, SNOOZE_90, f"{REASONS}|other"),
        suggestions_offered=(uuid("suggestion"),),
    )
    return replace(card, **changes)


def a_call(*cards, hook_instance="h1", **changes):
    call = GivenCall(
        service=SENDER.service,
        hook_instance=uuid(hook_instance),
        issuer=SENDER.issuer,
        tenant=SENDER.tenant,
        patient=PATIENT,
        at=NOW,
        software="0.1.0",
        texts="t1",
        record_version="2025-06-04",
        input_hash="sha256:1",
        cards=cards,
    )
    return replace(call, **changes)


def overridden(name="card", reason=None, comment=None, days=0, **changes):
    at = NOW + timedelta(days=days)
    return replace(CardReaction(uuid(name), FeedbackOutcome.OVERRIDDEN, at, (), reason, comment), **changes)


def accepted(name="card", suggestions=("suggestion",), days=0):
    return CardReaction(
        uuid(name), FeedbackOutcome.ACCEPTED, NOW + timedelta(days=days), tuple(uuid(s) for s in suggestions)
    )


def rows(engine, table):
    with engine.begin() as connection:
        return [dict(row) for row in connection.execute(select(METADATA.tables[table])).mappings()]


def everything(engine):
    """Every value of every column of every table, as one text."""
    return "\n".join(repr(row) for table in METADATA.tables for row in rows(engine, table))
