"""The tables. What was given and said is append-only: triggers refuse every UPDATE; only retention deletes.

Everything about a patient hangs on `calls` and goes with it. No column holds a name, a patient id, a measured
value, a comment or a token (docs/decisions/0006-store.md).
"""

from typing import Any

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, MetaData, Table, Text

from cds_service.audit.utc_type import UtcMoment

METADATA = MetaData(
    naming_convention={"ix": "ix_%(column_0_label)s", "fk": "fk_%(table_name)s_%(column_0_name)s"}
)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _json(name: str) -> Column[Any]:
    return Column(name, JSON, nullable=False)


def _of_card(*, part_of_key: bool = False) -> Column[str]:
    target = ForeignKey("given_advice.card", ondelete="CASCADE")
    return Column("card", Text, target, nullable=False, primary_key=part_of_key)


CALLS = Table(
    "calls",
    METADATA,
    Column("call", Text, primary_key=True),
    Column("at", UtcMoment, nullable=False, index=True),
    _text("service"),
    Column("hook_instance", Text, nullable=False, index=True),
    _text("issuer"),
    _text("tenant"),
    _text("patient"),
    Column("input_hash", Text),
    _text("software"),
    _text("texts"),
    _text("record_version"),
    _text("outcome"),
    _json("silenced"),
    Index("ix_calls_patient", "patient", "issuer", "tenant", "at"),
)
"""Every call that was answered, with or without a card, or refused for its content."""

GIVEN_ADVICE = Table(
    "given_advice",
    METADATA,
    Column("card", Text, primary_key=True),
    Column("call", Text, ForeignKey("calls.call", ondelete="CASCADE"), nullable=False, index=True),
    _text("kind"),
    _text("state"),
    _text("severity"),
    _json("decision"),
    _json("proposed"),
    _json("evidence"),
    _text("facts"),
    _json("reasons_offered"),
    _json("suggestions_offered"),
)
"""Every card that was given."""

GIVEN_RULES = Table(
    "given_rules",
    METADATA,
    _of_card(part_of_key=True),
    Column("rule", Text, primary_key=True, index=True),
    _text("inputs"),
)
"""The rules that spoke on a card, each with the keyed hash of what it saw."""

FEEDBACK = Table(
    "feedback",
    METADATA,
    Column("id", Integer, primary_key=True),
    _of_card(),
    _text("item"),
    _text("outcome"),
    _json("suggestions"),
    Column("suggestions_unknown", Integer, nullable=False),
    Column("reason_system", Text),
    Column("reason_code", Text),
    Column("comment_length", Integer),
    Column("outcome_at", UtcMoment, nullable=False),
    Column("received_at", UtcMoment, nullable=False),
    Index("ix_feedback_card", "card"),
)
"""Every reaction to a card, as often as it came (CH-126); equal ones have the same `item`."""

UNMATCHED_FEEDBACK = Table(
    "unmatched_feedback",
    METADATA,
    Column("id", Integer, primary_key=True),
    _text("why"),
    _text("service"),
    _text("issuer"),
    _text("tenant"),
    _text("card"),
    _text("item"),
    _text("outcome"),
    Column("comment_length", Integer),
    Column("outcome_at", UtcMoment, nullable=False),
    Column("received_at", UtcMoment, nullable=False, index=True),
)
"""Reactions to cards that the sender was never given at that service: kept, without effect."""

SILENCES = Table(
    "silences",
    METADATA,
    Column("item", Text, primary_key=True),
    _of_card(part_of_key=True),
    Column("rule", Text, primary_key=True),
    _text("inputs"),
    _text("state"),
    _text("severity"),
    _text("because"),
    Column("since", UtcMoment, nullable=False),
    Column("until", UtcMoment, nullable=False),
    Index("ix_silences_card", "card"),
)
"""What a reaction silences: one rule, for the patient of the card, while what it saw stays the same."""

SEEN_TOKENS = Table(
    "seen_tokens",
    METADATA,
    Column("issuer", Text, primary_key=True),
    Column("jti", Text, primary_key=True),
    Column("expires_at", UtcMoment, nullable=False, index=True),
)
"""Tokens that were used, by a hash of their `jti`, until they expire."""

SESSIONS = Table(
    "sessions",
    METADATA,
    Column("session", Text, primary_key=True),
    _text("sealed"),
    Column("expires_at", UtcMoment, nullable=False, index=True),
)
"""People signed in to a page. `session` is a hash; `sealed` opens only with their cookie."""

DELETIONS = Table(
    "deletions",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("at", UtcMoment, nullable=False),
    _text("what"),
    Column("calls", Integer, nullable=False),
    Column("unmatched", Integer, nullable=False),
)
"""That something was deleted, when and how much; never whose."""

LOOKS = Table(
    "looks",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("at", UtcMoment, nullable=False, index=True),
    _text("account"),
    _text("what"),
    Column("patients", Integer, nullable=False),
)
"""Who of the study team has seen names or changed a row, when, and of how many patients; never of whom."""

SIGNATURES = Table(
    "signatures",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("at", UtcMoment, nullable=False),
    _text("account"),
    _text("signer"),
    _text("content"),
    _text("software"),
    _json("items"),
)
"""Who has signed the reviewed content on the study team's page: its hash, and the content as it was."""

ALARMS = Table(
    "alarms",
    METADATA,
    Column("alarm", Text, primary_key=True),
    Column("at", UtcMoment, nullable=False),
    _text("task"),
    _text("rule"),
    _text("mailed"),
    _text("acknowledged"),
    _text("escalated"),
)
"""Critical findings that the watch tells: a keyed hash, the Task, when each step was done; never of whom."""

INSTALLATION = Table("installation", METADATA, Column("name", Text, primary_key=True), _text("value"))
"""Facts about this database: which pseudonym key its rows were made with."""

APPEND_ONLY = (
    CALLS,
    GIVEN_ADVICE,
    GIVEN_RULES,
    FEEDBACK,
    UNMATCHED_FEEDBACK,
    SILENCES,
    DELETIONS,
    LOOKS,
    SIGNATURES,
)
