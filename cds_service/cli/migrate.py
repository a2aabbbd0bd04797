"""`cds-service migrate`: the tables brought up to date before any new instance starts."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from cds_service.settings.environment import Settings


def add_migrate(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command, without options: the database is that of the settings."""
    command = commands.add_parser(
        "migrate",
        help="bring the database's tables up to date, and end; `serve` does the same at its start",
        epilog="example: cds-service migrate",
    )
    command.set_defaults(run=lambda _: migrate_database())


def migrate_database() -> int:
    """Exit code 2 for settings or a database that cannot be used, tables of a newer version included."""
    from cds_service.cli.with_store import with_store  # `--help` needs none of it

    return with_store(_said)


def _said(engine: "Engine", _: "Settings") -> str:
    from cds_service.audit.database import reading
    from cds_service.audit.migrate import current_revision

    with reading(engine) as connection:
        return f"Tables are at revision {current_revision(connection)}.\n"
