"""Sessions of the pages for people: sealed, and gone when they expire."""

import sqlalchemy as sa
from alembic import op

from cds_service.audit.utc_type import UtcMoment

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "sessions",
        sa.Column("session", sa.Text, primary_key=True),
        sa.Column("sealed", sa.Text, nullable=False),
        sa.Column("expires_at", UtcMoment, nullable=False),
    )
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
