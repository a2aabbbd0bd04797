"""Moments as both databases keep them: always UTC, never without a zone."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect
from sqlalchemy.types import TypeDecorator


class NaiveMoment(ValueError):
    """A moment without a time zone has no place in the database."""

    def __init__(self) -> None:
        super().__init__("a moment needs its time zone")


class UtcMoment(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC. SQLite knows no zones, so the zone is put back when reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Into the database."""
        if value is None or value.tzinfo is None:
            raise NaiveMoment
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime:
        """Out of the database; no column of moments may be empty."""
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
