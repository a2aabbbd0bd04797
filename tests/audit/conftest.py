"""Every test of the store runs on SQLite and on a real PostgreSQL."""

import pytest

from cds_service.audit.audit_tables import METADATA
from cds_service.audit.database import open_store
from tests.audit.postgres import MISSING, binaries, cluster


@pytest.fixture(scope="session")
def pg():
    """A running cluster with one database that has our tables; or a skip that says what to install."""
    if binaries() is None:
        pytest.skip(MISSING)
    with cluster() as running:
        open_store(running.url("postgres")).dispose()
        yield running


@pytest.fixture
def pg_url(pg):
    """That database, with empty tables."""
    pg.sql(f"TRUNCATE {', '.join(METADATA.tables)} RESTART IDENTITY")
    return pg.url("postgres")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """The URL of a database with empty tables, or (SQLite) of none yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.sqlite3'}"
    return request.getfixturevalue("pg_url")


@pytest.fixture
def closing():
    """Engines handed to it are disposed of after the test."""
    engines = []

    def keep(engine):
        engines.append(engine)
        return engine

    yield keep
    for engine in engines:
        engine.dispose()


@pytest.fixture
def store(url, closing):
    """The database, open."""
    return closing(open_store(url))
