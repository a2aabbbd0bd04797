"""The one "now" that every rule is asked about."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec

from fhir_mappings.clinical_model.calendar import When


class AsOf(msgspec.Struct, frozen=True):
    """The moment of the assessment: an aware instant, its day in the site's time zone, and its own text."""

    instant: datetime
    day: date
    text: str

    def is_before(self, when: When) -> bool:
        """True while all of `when` still lies ahead."""
        return when.instant > self.instant if when.instant else when.first > self.day


def as_of(instant: datetime, zone: ZoneInfo, text: str | None = None) -> AsOf:
    """The moment `instant` (aware) at a site in `zone`; `text` is how it was asked for, if it was."""
    if instant.tzinfo is None:
        raise ValueError("an as-of moment needs its offset")
    return AsOf(instant, instant.astimezone(zone).date(), text or instant.isoformat(timespec="seconds"))
