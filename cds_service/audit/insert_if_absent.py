"""Inserting what may be there already: the one statement that both databases write differently."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Executable, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_once(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows; those whose key exists stay as they are."""
    if rows:
        connection.execute(_inserting(connection.dialect.name, table), list(rows))


@cache  # making a statement costs more than sending it
def _inserting(dialect: str, table: Table) -> Executable:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(table).on_conflict_do_nothing()
