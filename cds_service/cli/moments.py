"""`--as-of`: a day, or an instant with its offset."""

import re
from datetime import date, datetime
from datetime import time as clock
from zoneinfo import ZoneInfo

from cds_service.rules.as_of import AsOf, as_of

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})")
_LAST_SECOND = clock(23, 59, 59)


class NotAMoment(ValueError):
    """The text is neither YYYY-MM-DD nor YYYY-MM-DDThh:mm:ss+hh:mm. Attribute `text` holds it."""

    def __init__(self, text: str) -> None:
        super().__init__(f"--as-of {text!r} is neither YYYY-MM-DD nor YYYY-MM-DDThh:mm:ss+hh:mm")
        self.text = text


def moment(text: str, zone: ZoneInfo) -> AsOf:
    """Read `--as-of`; a day means its last second at the site, so that all of that day's results count.

    Raises NotAMoment.
    """
    try:
        if _DAY.fullmatch(text):
            return as_of(datetime.combine(date.fromisoformat(text), _LAST_SECOND, zone), zone, text)
        if _INSTANT.fullmatch(text):
            return as_of(datetime.fromisoformat(text), zone, text)
    except ValueError as error:
        raise NotAMoment(text) from error
    raise NotAMoment(text)
