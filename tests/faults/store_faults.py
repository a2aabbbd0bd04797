"""What a database can do wrong, one row each: how it is brought about, and what is promised meanwhile."""

import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.audit.postgres import Cluster
from tests.live.service import Service


@dataclass(frozen=True)
class Database:
    """The database of a running service: a file, or a cluster."""

    url: str
    file: Path | None = None
    server: Cluster | None = None


Fault = Callable[[Service, Database], AbstractContextManager[None]]


@dataclass(frozen=True)
class StoreFault:
    """`ready` is what `/health/ready` answers meanwhile. Every call and every feedback is 503."""

    name: str
    kind: str
    cause: Fault
    ready: int


@contextmanager
def locked_file(_: Service, database: Database) -> Iterator[None]:
    """Another program writes for longer than we wait."""
    with closing(sqlite3.connect(database.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def locked_tables(_: Service, database: Database) -> Iterator[None]:
    """Another session holds the tables for longer than we wait."""
    with psycopg.connect(host=str(database.server.folder), user="cds", dbname="postgres") as other:
        other.execute("LOCK TABLE calls, seen_tokens, feedback IN ACCESS EXCLUSIVE MODE")
        yield
        other.rollback()


@contextmanager
def no_room_for_the_file(service: Service, database: Database) -> Iterator[None]:
    """No file of the workers may grow (the kernel refuses, as it does on a full disk)."""
    # The next row is appended to the write-ahead log; the service's own log is smaller, and may still grow.
    room = database.file.with_name(f"{database.file.name}-wal").stat().st_size
    assert room > service.log.stat().st_size + 10_000
    for worker in service.workers():
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    yield
    for worker in service.workers():
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


_FULL = """
CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER no_room BEFORE INSERT ON {table} FOR EACH STATEMENT EXECUTE FUNCTION no_room();
"""


@contextmanager
def no_room_for_the_tables(_: Service, database: Database) -> Iterator[None]:
    """The server answers each new row with its own error for a full disk (SQLSTATE 53100)."""
    database.server.sql(_FULL.format(table="seen_tokens"))
    try:
        yield
    finally:
        database.server.sql("DROP FUNCTION no_room CASCADE")


@contextmanager
def server_down(_: Service, database: Database) -> Iterator[None]:
    """The server has ended, as by a power cut."""
    database.server.stop()
    try:
        yield
    finally:
        database.server.start()


STORE_FAULTS = (
    StoreFault("is locked for longer than we wait (3 s)", "sqlite", locked_file, 200),
    StoreFault("is locked for longer than we wait (3 s)", "postgresql", locked_tables, 200),
    StoreFault("is full", "sqlite", no_room_for_the_file, 200),
    StoreFault("is full", "postgresql", no_room_for_the_tables, 200),
    StoreFault("is down", "postgresql", server_down, 503),
)
