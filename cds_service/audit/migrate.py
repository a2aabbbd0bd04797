"""Brings the tables up to date by the Alembic scripts in `migrations/`, and refuses what it does not know."""

from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from cds_service.audit.store_errors import UnknownRevision

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0004"
"""The newest revision in `migrations/versions`."""

_LOCK = 6802055  # any number that every instance of this program agrees on


def migrate(connection: Connection) -> None:
    """All missing migrations in the connection's transaction, one instance at a time.

    Raises UnknownRevision for tables that a newer version made.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    revision = current_revision(connection)
    if revision != HEAD:
        _upgrade(connection, revision)


def current_revision(connection: Connection) -> str | None:
    """The revision of the tables; None for a database without any."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def known_revisions() -> frozenset[str]:
    """Those that this version can start from."""
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(_config())
    return frozenset(script.revision for script in scripts.walk_revisions())


def _upgrade(connection: Connection, revision: str | None) -> None:
    # Imported only when there is something to do: other starts are a quarter of a second faster.
    from alembic import command

    if revision is not None and revision not in known_revisions():
        raise UnknownRevision(revision)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "cds_service.audit:migrations")
    return config
