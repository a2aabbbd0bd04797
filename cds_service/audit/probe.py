"""Would the service find its database and key in order? Tried without making or changing anything."""

from pathlib import Path

from sqlalchemy import Connection, Engine, delete, insert, make_url, select
from sqlalchemy.exc import DBAPIError

from cds_service.audit.audit_tables import INSTALLATION
from cds_service.audit.damage import damage_in
from cds_service.audit.database import connect, reading
from cds_service.audit.key_check import PSEUDONYM_KEY
from cds_service.audit.migrate import HEAD, current_revision, known_revisions
from cds_service.audit.pseudonym import Pseudonyms
from cds_service.audit.sqlite_file import check_place
from cds_service.audit.store_errors import OtherKey, StoreUnusable, UnknownRevision

IN_ORDER = "the database answers, its tables are up to date, and it can be written"
"""What is told of a database that needs nothing."""


def probe(url: str, keys: Pseudonyms | None) -> list[str]:
    """What a start will do to this database; with `keys`, whether they are the ones of its pseudonyms.

    Raises StoreUnusable (also UnknownRevision and OtherKey), or StoreUnavailable.
    """
    if (missing := _missing_file(url)) is not None:
        check_place(str(missing))
        return [f"the SQLite file {missing} is not there yet: the first start makes it"]
    engine = connect(url)
    try:
        return _tried(engine, keys)
    finally:
        engine.dispose()


def _missing_file(url: str) -> Path | None:
    """The file of a SQLite URL, where there is none yet."""
    if not url.startswith("sqlite"):
        return None
    database = make_url(url).database
    usual = database and database != ":memory:" and not database.startswith("file:")
    return Path(database).absolute() if database and usual and not Path(database).exists() else None


def _tried(engine: Engine, keys: Pseudonyms | None) -> list[str]:
    if damage := damage_in(engine):
        raise StoreUnusable(f"the file is damaged: {damage}")
    with reading(engine) as connection:
        revision = current_revision(connection)
        if revision is None:
            return ["the database answers, and is empty: the first start makes its tables"]
        if revision not in known_revisions():
            raise UnknownRevision(revision)
        if keys:
            _compare(connection, keys)
        _write_and_take_back(connection)
    if revision != HEAD:
        return [f"the database answers; a start brings its tables from revision {revision} to {HEAD}"]
    return [IN_ORDER]


def _compare(connection: Connection, keys: Pseudonyms) -> None:
    noted = connection.scalar(select(INSTALLATION.c.value).where(INSTALLATION.c.name == PSEUDONYM_KEY))
    if noted not in (None, keys.key_check()):
        raise OtherKey


def _write_and_take_back(connection: Connection) -> None:
    """A row for the length of a savepoint."""
    name = "probe"
    try:
        with connection.begin_nested() as savepoint:
            connection.execute(delete(INSTALLATION).where(INSTALLATION.c.name == name))
            connection.execute(insert(INSTALLATION), {"name": name, "value": ""})
            savepoint.rollback()
    except DBAPIError as error:
        raise StoreUnusable(f"cannot be written ({type(error.orig).__name__})") from error
