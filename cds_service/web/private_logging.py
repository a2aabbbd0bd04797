"""Logs without patients: fixed event names, and only attributes from a short list.

Anything that is not on the list is dropped, so that a careless line cannot carry a name, an id or a token.
"""

import logging
import sys
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict

ALLOWED = frozenset(
    {
        "error",
        "event",
        "faults",
        "hook_instance",
        "indicators",
        "insecure",
        "issuer",
        "level",
        "matched",
        "milliseconds",
        "reason",
        "service",
        "status",
        "timestamp",
        "unmatched",
        "where",
    }
)


def configure_logging(stream: TextIO = sys.stderr, level: int = logging.INFO) -> None:
    """One JSON object a line on `stream` (standard output carries results only), from `level` on."""
    structlog.configure(
        processors=[
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
    for name in ("urllib3", "requests", "werkzeug"):
        logging.getLogger(name).setLevel(logging.ERROR)


def only_allowed(_: Any, __: str, event: EventDict) -> EventDict:
    """Drop every attribute that is not on the list."""
    return {name: value for name, value in event.items() if name in ALLOWED}
