"""Who signed the reviewed content on the page; and how far the alarms of the watch got."""

import sqlalchemy as sa
from alembic import op

from cds_service.audit.utc_type import UtcMoment

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables; signatures are append-only, as other records are."""
    op.create_table(
        "signatures",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", UtcMoment, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("account", "signer", "content", "software")),
        sa.Column("items", sa.JSON, nullable=False),
    )
    _refuse_updates("signatures")
    op.create_table(
        "alarms",
        sa.Column("alarm", sa.Text, primary_key=True),
        sa.Column("at", UtcMoment, nullable=False),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("task", "rule", "mailed", "acknowledged", "escalated")
        ),
    )


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
