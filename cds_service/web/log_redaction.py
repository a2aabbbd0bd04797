"""Logs without patients: fixed event names, and only attributes from a short list.

Anything that is not on the list is dropped, so that a careless line cannot carry a name, an id or a token.
"""

import logging
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec
import structlog
from structlog.typing import EventDict, Processor

ALLOWED = frozenset(
    {
        "base",
        "content",
        "count",
        "error",
        "event",
        "failures",
        "faults",
        "hook_instance",
        "indicators",
        "insecure",
        "issuer",
        "level",
        "matched",
        "milliseconds",
        "missed",
        "reason",
        "request_id",
        "rules",
        "seconds",
        "service",
        "status",
        "timestamp",
        "unmatched",
        "where",
    }
)


def configure_logging(
    stream: TextIO = sys.stderr, level: int = logging.INFO, watchers: Sequence[Processor] = ()
) -> None:
    """One JSON object a line on `stream` (standard output carries results only), from `level` on.

    `watchers` see every line before it is written: the metrics are counted from them.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            *watchers,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            only_allowed,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    # These libraries name addresses, and addresses hold patient ids.
    for name in ("authlib", "urllib3", "requests", "werkzeug"):
        logging.getLogger(name).setLevel(logging.ERROR)


def only_allowed(_: Any, __: str, event: EventDict) -> EventDict:
    """Drop every attribute that is not on the list."""
    return {name: value for name, value in event.items() if name in ALLOWED}


class JsonLines(logging.Formatter):
    """What a library says, as a line of our log; of an exception its type: its message may quote a call."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "event": "server",
            "said": record.getMessage(),
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
        }
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
        return msgspec.json.encode(line).decode()
