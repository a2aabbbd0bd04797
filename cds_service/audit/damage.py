"""Is a SQLite file whole? A damaged one goes on answering from memory, and loses what it is given later."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from urllib.parse import quote

import structlog
from sqlalchemy import Engine

_REST = 100
"""Looking takes one part in so many of the time, however large the file has become."""

_log = structlog.get_logger()


@dataclass(slots=True)
class FileWatch:
    """Looks at the whole file of `engine` when asked, but not all the time; PostgreSQL looks after its own.

    Once damage was seen, each time: so that a file put back is noticed at once.
    """

    engine: Engine
    seconds: Callable[[], float] = time.monotonic
    _next: float = field(default=0.0, init=False)

    def is_whole(self) -> bool:
        """True, too, for a file that cannot be opened now: that is told by whoever needs it."""
        begun = self.seconds()
        if begun < self._next:
            return True
        found = damage_in(self.engine)
        if found is not None:
            _log.error("store_damaged", reason=found)
            return False
        self._next = begun + _REST * (self.seconds() - begun)
        return True


def damage_in(engine: Engine) -> str | None:
    """What SQLite finds wrong with the pages of the file, in its words; None for nothing, and for PostgreSQL.

    By a connection of its own: those that are open still have pages in memory as they were.
    """
    if engine.dialect.name != "sqlite":
        return None
    try:
        with closing(sqlite3.connect(f"file:{quote(str(engine.url.database))}?mode=ro", uri=True)) as own:
            (found,) = own.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError:  # locked, or not there
        return None
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if found == "ok" else str(found).splitlines()[-1]
