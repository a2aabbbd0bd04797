"""One patient's resources, with all that a reader needs to make sense of them."""

from dataclasses import dataclass
from datetime import date, datetime

from fhir_mappings.readers.dates import when_or_none
from fhir_mappings.readers.references import Bag
from fhir_mappings.readers.settings import ReaderSettings
from fhir_mappings.vocabulary.calendar import When


@dataclass(frozen=True, slots=True)
class Chart:
    """The resources, the site, and the moment (aware) the chart is read for."""

    bag: Bag
    settings: ReaderSettings
    as_of: datetime

    @property
    def day(self) -> date:
        """The calendar day of the moment at the site."""
        return self.as_of.astimezone(self.settings.zone).date()

    def when(self, text: str | None) -> When | None:
        """A date as written, in the site's time zone; None when there is none or it cannot be read."""
        return when_or_none(text, self.settings.zone)

    def is_ahead(self, when: When | None) -> bool:
        """True when all of `when` lies after the moment: no fact yet."""
        if when is None:
            return False
        return when.instant > self.as_of if when.instant else when.first > self.day
