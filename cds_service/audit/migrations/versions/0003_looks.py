"""Who looked at the study list or changed it, when, and at how many; never at whom."""

import sqlalchemy as sa
from alembic import op

from cds_service.audit.utc_type import UtcMoment

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table, append-only as the other records are."""
    op.create_table(
        "looks",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", UtcMoment, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("patients", sa.Integer, nullable=False),
    )
    op.create_index("ix_looks_at", "looks", ["at"])
    _refuse_updates("looks")


def _refuse_updates(table: str) -> None:
    """On PostgreSQL the function is there since 0001."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
        return
    op.execute(
        f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_update()"
    )
