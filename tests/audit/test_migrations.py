"""The tables are brought up to date at the start; what a newer version made is refused."""

import multiprocessing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from cds_service.audit.append_calls import append_call
from cds_service.audit.audit_tables import METADATA
from cds_service.audit.database import open_store, reading, writing
from cds_service.audit.migrate import HEAD, current_revision
from cds_service.audit.store_errors import UnknownRevision
from tests.audit.rows import a_call, rows


def test_the_migrations_make_exactly_the_tables_of_the_code(store):
    with reading(store) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_the_newest_script_is_the_one_that_the_program_asks_for():
    config = Config()
    config.set_main_option("script_location", "cds_service.audit:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_opening_again_keeps_the_rows(store, url, closing):
    append_call(store, a_call())
    assert len(rows(closing(open_store(url)), "calls")) == 1


@pytest.mark.parametrize("revision", ["0005", "9999", ""])
def test_tables_of_an_unknown_revision_are_refused_and_left_alone(store, url, revision):
    append_call(store, a_call())
    _stamp(store, revision)
    try:
        with pytest.raises(UnknownRevision) as refused:
            open_store(url)
        assert refused.value.revision == revision
        assert len(rows(store, "calls")) == 1
        with reading(store) as connection:
            assert current_revision(connection) == revision
    finally:
        _stamp(store, HEAD)


def _stamp(store, revision):
    with writing(store) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": revision})


def test_several_processes_may_start_at_once_on_an_empty_database(tmp_path, pg):
    pg.sql("DROP DATABASE IF EXISTS fresh")
    pg.sql("CREATE DATABASE fresh")
    urls = [f"sqlite:///{tmp_path / 'fresh.sqlite3'}", pg.url("fresh")]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(_open, urls * 2) == [HEAD] * 4


def _open(url):
    engine = open_store(url)
    with reading(engine) as connection:
        revision = current_revision(connection)
    engine.dispose()
    return revision
