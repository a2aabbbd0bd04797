"""One patient's resources, with all that a reader needs to make sense of them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

from fhir_mappings.clinical_model.calendar import When
from fhir_mappings.clinical_model.known_unknown import Gap
from fhir_mappings.readers.dates import LONGEST_REMEMBERED, end_of, remembered, when_or_none
from fhir_mappings.readers.reader_settings import ReaderSettings
from fhir_mappings.readers.references import Bag

if TYPE_CHECKING:
    from fhir_mappings.readers.dosage import Instructions
    from fhir_mappings.readers.drug_identification import DrugSeen


@dataclass(frozen=True, slots=True)
class ReadingContext:
    """The resources, the site, and the moment (aware) the chart is read for.

    `day` is the moment's calendar day at the site. A chart says few things many times, so what has been read
    is remembered: `moments` by the date as written, `drugs` by concept or product, `instructions` by their
    lines and the product's strength, `for_study` by order. `ahead`: the moments that were found to lie ahead.
    """

    bag: Bag
    settings: ReaderSettings
    as_of: datetime
    day: date = field(init=False)
    drugs: "dict[object, DrugSeen | None]" = field(default_factory=dict, compare=False, repr=False)
    instructions: "dict[object, Instructions]" = field(default_factory=dict, compare=False, repr=False)
    for_study: dict[int, bool] = field(default_factory=dict, compare=False, repr=False)
    moments: dict[str, When | None] = field(default_factory=dict, compare=False, repr=False)
    ahead: list[datetime] = field(default_factory=list, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "day", self.as_of.astimezone(self.settings.zone).date())

    def when(self, text: str | None) -> When | None:
        """A date as written, in the site's time zone; None when there is none or it cannot be read."""
        if text is None:
            return None
        if text not in self.moments:
            read = remembered if len(text) <= LONGEST_REMEMBERED else when_or_none
            self.moments[text] = read(text, self.settings.zone)
        return self.moments[text]

    def respelled(self) -> Iterator[Gap]:
        """Each date that was read although it is not written as FHIR writes dates."""
        for text, when in self.moments.items():
            if when is not None and when.text != text:
                yield Gap("DATE_RESPELLED", detail=f"{text} -> {when.text}")

    def until(self, text: str | None) -> When | None:
        """The end of a stretch of time; None when it has none, also by a placeholder such as 9999-12-31."""
        return end_of(self.when(text))

    def is_ahead(self, when: When | None) -> bool:
        """True when all of `when` lies after the moment: no fact yet."""
        if when is None or when.last < self.day:
            return False
        if when.instant is None:
            return when.first > self.day
        if when.instant <= self.as_of:
            return False
        self.ahead.append(when.instant)
        return True
