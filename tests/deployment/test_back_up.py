"""docs/how-to/back-up-and-restore.md, done: a copy of a database in use, the restore, and the key apart from it."""

import os
import re
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from cds_service.audit.append_calls import append_call
from cds_service.audit.database import connect, open_store
from cds_service.audit.key_check import check_key
from cds_service.audit.pseudonym import Pseudonyms
from cds_service.audit.store_errors import StoreUnusable
from tests.audit.conftest import pg
from tests.audit.postgres import binaries
from tests.audit.rows import a_call, a_card, everything
from tests.installation import A_KEY, ANOTHER_KEY

PAGE = (Path(__file__).parents[2] / "docs/how-to/back-up-and-restore.md").read_text(encoding="utf-8")
__all__ = ["pg"]


def filled(url):
    """A database in use: rows on record, and its engine still open."""
    engine = open_store(url)
    check_key(engine, Pseudonyms(A_KEY))
    for number in range(5):
        append_call(engine, a_call(a_card(f"card {number}"), hook_instance=f"h{number}"))
    return engine


def command(program):
    """The page's line that runs this program, without the user that it is run as there."""
    asked = [line.partition(" -- ")[2] for line in PAGE.splitlines() if line.startswith("runuser ")]
    (found,) = [line for line in asked if line.startswith(f"{program} ")]
    return found


def test_a_copy_of_a_sqlite_file_in_use_has_every_row(tmp_path):
    file, copy = tmp_path / "cds.sqlite3", tmp_path / "cds-new.sqlite3"
    engine = filled(f"sqlite:///{file}")
    assert file.with_name("cds.sqlite3-wal").stat().st_size  # where a copy of the file alone would miss them
    statement = re.search(r'"(VACUUM INTO .*)"', command("sqlite3"))[1]
    with closing(sqlite3.connect(file)) as backing:
        backing.execute(re.sub(r"'/backup/cds-.*\.sqlite3'", f"'{copy}'", statement))
    before = everything(engine)
    engine.dispose()
    for part in tmp_path.glob("cds.sqlite3*"):
        part.unlink()
    copy.chmod(0o600)
    copy.rename(file)
    restored = open_store(f"sqlite:///{file}")
    assert everything(restored) == before
    check_key(restored, Pseudonyms(A_KEY))
    restored.dispose()


def test_a_dump_of_a_postgresql_in_use_has_every_row(pg, tmp_path):
    pg.sql("CREATE DATABASE cds")
    engine = filled(pg.url("cds"))
    before = everything(engine)
    engine.dispose()
    for program in ("pg_dump", "psql", "createdb", "pg_restore"):
        line = re.sub(r"/backup/cds-.*\.dump", str(tmp_path / "copy"), command(program))
        there = {**os.environ, "PGHOST": str(pg.folder), "PGUSER": "cds"}
        if program == "psql":
            there["PGDATABASE"] = "postgres"
        subprocess.run(["sh", "-c", f"{binaries()}/{line}"], check=True, env=there)
    for name in ("cds", "cds_before"):
        found = connect(pg.url(name))
        assert everything(found) == before
        found.dispose()


def test_the_database_without_its_own_key_is_refused(tmp_path):
    engine = filled(f"sqlite:///{tmp_path / 'cds.sqlite3'}")
    with pytest.raises(StoreUnusable):
        check_key(engine, Pseudonyms(ANOTHER_KEY))
    engine.dispose()
