"""Inserting what may be there already: the one statement that both databases write differently."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Executable, Table

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite


def insert_once(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows; those whose key exists stay as they are."""
    if rows:
        connection.execute(_inserting(connection.dialect.name, table), list(rows))


@cache  # making a statement costs more than sending it
def _inserting(dialect: str, table: Table) -> Executable:
    return inserting(dialect, table).on_conflict_do_nothing()


def inserting(dialect: str, table: Table) -> "postgresql.Insert | sqlite.Insert":
    """An insert as the dialect writes it. Only the one in use is imported: each costs time at every start."""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)
