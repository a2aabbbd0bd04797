"""Opening the database, and the two kinds of transaction: reading, and writing.

SQLite is a file on one host, in WAL mode; PostgreSQL comes by URL. Each write is one transaction, on disk
before the caller goes on, so that nothing is answered that was not recorded.
"""

import os
import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, select
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from cds_service.audit.audit_tables import INSTALLATION
from cds_service.audit.migrate import migrate
from cds_service.audit.postgresql_patience import Impatient
from cds_service.audit.sqlite_file import OwnFile, SameFile, check_file
from cds_service.audit.store_errors import StoreUnavailable, StoreUnusable

WAIT_SECONDS = 3
"""How long a call waits for a lock, a connection, or a statement."""

_OURS = (IntegrityError, DataError, ProgrammingError)  # faults of this program, not of the database's health


def open_store(url: str) -> Engine:
    """The database of this URL, ready: tables up to date, no connection open (workers may be forked).

    Raises StoreUnusable (also UnknownRevision), or StoreUnavailable when it does not answer.
    """
    engine = connect(url)
    try:
        with writing(engine) as connection:
            migrate(connection)
    finally:
        engine.dispose()
    return engine


def connect(url: str, wait_seconds: int = WAIT_SECONDS) -> Engine:
    """The engine alone; nothing is created or changed, except that a new SQLite file is made.

    Raises StoreUnusable.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreUnusable("is no database URL") from None  # its message quotes the URL
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _sqlite(parsed, wait_seconds)
    if backend == "postgresql":
        return _postgresql(parsed, wait_seconds)
    raise StoreUnusable("must start with sqlite:/// or postgresql://")


@contextmanager
def writing(engine: Engine, *, outlasts_power: bool = True) -> Iterator[Connection]:
    """One transaction that writes; committed, or it raises StoreUnavailable and nothing happened.

    Without `outlasts_power` it is there for everybody at once, but on disk only with the next write that has
    to be: nothing that anybody is told may rest on it.
    """
    options = {"cds_writes": True, "cds_outlasts_power": outlasts_power}
    with _translated(), engine.execution_options(**options).begin() as connection:
        if not outlasts_power and engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One transaction that only reads. Raises StoreUnavailable."""
    with _translated(), engine.begin() as connection:
        yield connection


def is_ready(engine: Engine) -> bool:
    """Does the database answer, with our tables?"""
    try:
        with reading(engine) as connection:
            connection.execute(select(INSTALLATION.c.name).limit(1)).all()
    except (StoreUnavailable, ProgrammingError):
        return False
    return True


def empty_log(engine: Engine) -> None:
    """SQLite: what was deleted also stands in the write-ahead log until that is emptied into the file."""
    if engine.dialect.name != "sqlite":
        return
    with _translated(), closing(engine.raw_connection()) as connection:
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except _OURS:
        raise
    except (DBAPIError, PoolTimeout, sqlite3.Error) as error:
        origin = error.orig if isinstance(error, DBAPIError) else error
        raise StoreUnavailable(type(origin).__name__, _why_unconnected(error)) from error


def _why_unconnected(error: Exception) -> str:
    """What the driver says where no connection came about: host, user and database, never the password."""
    if isinstance(error, OperationalError) and error.statement is None:
        return str(error.orig).partition("\n")[0]
    return ""


def _sqlite(url: URL, wait_seconds: int) -> Engine:
    check_file(url.database)
    engine = create_engine(
        url.set(drivername="sqlite+pysqlite"),
        hide_parameters=True,
        connect_args={"timeout": wait_seconds},
        pool_timeout=wait_seconds,
    )
    same_file = SameFile(url.database)
    event.listen(engine, "do_connect", OwnFile(url.database).open)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "connect", same_file.note)
    event.listen(engine, "checkout", same_file.check)
    event.listen(engine, "begin", _begin_sqlite)
    return _safe_to_fork(engine)


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions begin when we say so, see _begin_sqlite
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",  # a committed row survives a power cut, too
        "foreign_keys = ON",
        "secure_delete = ON",  # what is deleted is overwritten
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes its lock at once: one that reads first and asks later could be refused it."""
    options = connection.get_execution_options()
    writes = options.get("cds_writes", False)
    if writes:  # in WAL mode NORMAL leaves the disk to the next writer that waits for it
        waits = options.get("cds_outlasts_power", True)
        connection.exec_driver_sql(f"PRAGMA synchronous = {'FULL' if waits else 'NORMAL'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgresql(url: URL, wait_seconds: int) -> Engine:
    patience = f"-c statement_timeout={wait_seconds}s -c lock_timeout={wait_seconds}s"
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            hide_parameters=True,
            connect_args={"connect_timeout": wait_seconds, "options": patience},
            pool_pre_ping=True,  # a restarted server costs nobody an error
            pool_timeout=wait_seconds,
        )
    except ModuleNotFoundError as error:
        raise StoreUnusable(f"needs {error.name}: pip install 'cds-service[postgres]'") from None
    event.listen(engine, "do_connect", Impatient(wait_seconds).open)
    return _safe_to_fork(engine)


def _safe_to_fork(engine: Engine) -> Engine:
    """No connection is open while the process forks.

    A child must never speak on its parent's connections. For SQLite it is not enough to drop them: a child
    that did was seen to remove the write-ahead log, with committed rows in it, under its parent.
    """
    seen = weakref.ref(engine)

    def close_all() -> None:
        if (living := seen()) is not None:
            living.dispose()

    os.register_at_fork(before=close_all)
    return engine
