"""A production service with two EHRs, on SQLite and on a real PostgreSQL."""

from tests.audit.conftest import pg, pg_url

__all__ = ["pg", "pg_url"]
