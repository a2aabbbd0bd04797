"""`Retry-After` (RFC 9110, section 10.2.3): for how long a server asks to be left alone, in seconds.

A date is read by the clock that wrote it, the server's own `Date`; ours may be wrong, and is not looked at.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

_ASKS_TO_WAIT = (429, 503)
_SECONDS = re.compile(r"[0-9]{1,9}")
_LONGEST = 24 * 60 * 60
"""Nobody at the bedside waits for longer, and an intermediary that is told so may give up for good."""


def retry_after(status: int, headers: Mapping[str, str]) -> int | None:
    """The seconds, at most a day; None where the answer asks for no such thing, or not as HTTP writes it."""
    return seconds_asked(headers) if status in _ASKS_TO_WAIT else None


def seconds_asked(headers: Mapping[str, str]) -> int | None:
    """The seconds of `Retry-After` whatever the status, as a long job under way has it with a 202."""
    written = headers.get("Retry-After", "").strip()
    if not written:
        return None
    seconds = int(written) if _SECONDS.fullmatch(written) else _between(headers.get("Date", ""), written)
    return None if seconds is None else min(max(seconds, 0), _LONGEST)


def _between(now: str, then: str) -> int | None:
    start, end = _moment(now), _moment(then)
    return round((end - start).total_seconds()) if start and end else None


def _moment(text: str) -> datetime | None:
    """An HTTP date; one without a zone is none."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else None
