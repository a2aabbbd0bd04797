"""The first tables, and the triggers that keep them append-only."""

import sqlalchemy as sa
from alembic import op

from cds_service.audit.utc_type import UtcMoment

revision = "0001"
down_revision = None

_APPEND_ONLY = (
    "calls",
    "given_advice",
    "given_rules",
    "feedback",
    "unmatched_feedback",
    "silences",
    "deletions",
)


def upgrade() -> None:
    """Make the tables."""
    _calls()
    _advice()
    _reactions()
    _silences()
    _upkeep()
    for table in _APPEND_ONLY:
        _refuse_updates(table)


def _calls() -> None:
    op.create_table(
        "calls",
        sa.Column("call", sa.Text, primary_key=True),
        sa.Column("at", UtcMoment, nullable=False),
        *_texts("service", "hook_instance", "issuer", "tenant", "patient"),
        sa.Column("input_hash", sa.Text),
        *_texts("software", "texts", "record_version", "outcome"),
        sa.Column("silenced", sa.JSON, nullable=False),
    )
    op.create_index("ix_calls_at", "calls", ["at"])
    op.create_index("ix_calls_hook_instance", "calls", ["hook_instance"])
    op.create_index("ix_calls_patient", "calls", ["patient", "issuer", "tenant", "at"])


def _advice() -> None:
    op.create_table(
        "given_advice",
        sa.Column("card", sa.Text, primary_key=True),
        _reference("call", "calls.call", "fk_given_advice_call"),
        *_texts("kind", "state", "severity"),
        *_jsons("decision", "proposed", "evidence"),
        *_texts("facts"),
        *_jsons("reasons_offered", "suggestions_offered"),
    )
    op.create_index("ix_given_advice_call", "given_advice", ["call"])
    op.create_table(
        "given_rules",
        _of_card("given_rules", part_of_key=True),
        sa.Column("rule", sa.Text, primary_key=True),
        *_texts("inputs"),
    )
    op.create_index("ix_given_rules_rule", "given_rules", ["rule"])


def _reactions() -> None:
    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer, primary_key=True),
        _of_card("feedback"),
        *_texts("item", "outcome"),
        *_jsons("suggestions"),
        sa.Column("suggestions_unknown", sa.Integer, nullable=False),
        sa.Column("reason_system", sa.Text),
        sa.Column("reason_code", sa.Text),
        sa.Column("comment_length", sa.Integer),
        *_moments("outcome_at", "received_at"),
    )
    op.create_index("ix_feedback_card", "feedback", ["card"])
    op.create_table(
        "unmatched_feedback",
        sa.Column("id", sa.Integer, primary_key=True),
        *_texts("why", "service", "issuer", "tenant", "card", "item", "outcome"),
        sa.Column("comment_length", sa.Integer),
        *_moments("outcome_at", "received_at"),
    )
    op.create_index("ix_unmatched_feedback_received_at", "unmatched_feedback", ["received_at"])


def _silences() -> None:
    op.create_table(
        "silences",
        sa.Column("item", sa.Text, primary_key=True),
        _of_card("silences", part_of_key=True),
        sa.Column("rule", sa.Text, primary_key=True),
        *_texts("inputs", "state", "severity", "because"),
        *_moments("since", "until"),
    )
    op.create_index("ix_silences_card", "silences", ["card"])


def _upkeep() -> None:
    op.create_table(
        "seen_tokens",
        sa.Column("issuer", sa.Text, primary_key=True),
        sa.Column("jti", sa.Text, primary_key=True),
        *_moments("expires_at"),
    )
    op.create_index("ix_seen_tokens_expires_at", "seen_tokens", ["expires_at"])
    op.create_table(
        "deletions",
        sa.Column("id", sa.Integer, primary_key=True),
        *_moments("at"),
        *_texts("what"),
        sa.Column("calls", sa.Integer, nullable=False),
        sa.Column("unmatched", sa.Integer, nullable=False),
    )
    op.create_table("installation", sa.Column("name", sa.Text, primary_key=True), *_texts("value"))


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _jsons(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.JSON, nullable=False) for name in names]


def _moments(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, UtcMoment, nullable=False) for name in names]


def _of_card(table: str, *, part_of_key: bool = False) -> sa.Column[str]:
    return _reference("card", "given_advice.card", f"fk_{table}_card", part_of_key=part_of_key)


def _reference(column: str, target: str, name: str, *, part_of_key: bool = False) -> sa.Column[str]:
    key = sa.ForeignKey(target, name=name, ondelete="CASCADE")
    return sa.Column(column, sa.Text, key, nullable=False, primary_key=part_of_key)


def _refuse_updates(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION refuse_update() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_update()"
    )
