"""Every test of the store runs on SQLite and on a real PostgreSQL."""

from itertools import count

import pytest

from cds_service.store.engine import open_store
from tests.store.postgres import MISSING, binaries, cluster

_numbers = count(1)


@pytest.fixture(scope="session")
def pg():
    """A running cluster, or a loud skip."""
    if binaries() is None:
        pytest.skip(MISSING)
    with cluster() as running:
        running.sql("CREATE DATABASE prepared")  # every test's database is a copy of it
        open_store(running.url("prepared")).dispose()
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """The URL of a database of this test's own, with tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.sqlite3'}"
    running = request.getfixturevalue("pg")
    name = f"test_{next(_numbers)}"
    running.sql(f"CREATE DATABASE {name} TEMPLATE prepared")
    return running.url(name)


@pytest.fixture
def store(url):
    """The database, open."""
    engine = open_store(url)
    yield engine
    engine.dispose()
