"""Statements as the page shows them: each with its rule, the origin of that, and links to its evidence."""

from collections.abc import Callable, Iterable
from decimal import Decimal

import msgspec

from cds_service.cards.translations import Wording, plain_number
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.rules.thresholds import Rule
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.messages import Argument, Phrase, say


class StatementOrigin(msgspec.Struct, frozen=True):
    """Where a rule comes from: the letter and its words, and the place in the source."""

    rule: str
    letter: str
    words: str
    source: str


class StatementSeen(msgspec.Struct, frozen=True):
    """One piece of evidence; `link` opens the resource."""

    link: str
    kind: str
    date: str
    value: str


RENAL_TONES = {
    RenalState.NORMAL: "good",
    RenalState.RECOVERED: "good",
    RenalState.STABILISED: "info",
    RenalState.WATCH: "info",
    RenalState.IMPAIRED: "warning",
    RenalState.AKI: "critical",
    RenalState.UNKNOWN: "unknown",
}
"""The tone of each state of the kidneys, in words and in the figure."""


class Statement(msgspec.Struct, frozen=True):
    """What a rule says. `tone` is one of good, info, warning, critical, unknown."""

    tone: str
    tag: str
    text: str
    origin: StatementOrigin
    more: str = ""
    seen: tuple[StatementSeen, ...] = ()
    title: str = ""
    """What the statement is about, where the tag does not say it."""


_UNITS = {"umol/L": "µmol/L", "10*9/L": "10⁹/L", "10*12/L": "10¹²/L", "ug/L": "µg/L", "{score}": ""}
"""Units of UCUM that are written otherwise where people read them."""


class Teller(msgspec.Struct, frozen=True):
    """Turns answers into statements of one language. `link` makes the address of a resource's page."""

    words: Wording
    link: Callable[[str], str]

    def say(self, key: str, **values: Argument) -> str:
        """A sentence of the wording files as plain text."""
        return self.words.plain(say(key, **values))

    def plain(self, phrase: Phrase) -> str:
        """What a rule has to say."""
        return self.words.plain(phrase)

    def origin(self, rule: Rule) -> StatementOrigin:
        """The rule's provenance."""
        source = self.words.source(rule.source)
        return StatementOrigin(rule.id, rule.origin.value, self.say(f"card.origin.{rule.origin}"), source)

    def seen(self, evidence: Iterable[Evidence]) -> tuple[StatementSeen, ...]:
        """Links to the resources, each once."""
        unique = {(e.reference, e.date, e.value): e for e in evidence}
        return tuple(
            StatementSeen(self.link(e.reference), self._kind(e.reference), e.date or "", self._value(e))
            for e in unique.values()
        )

    def _kind(self, reference: str) -> str:
        """What sort of entry it is, in the language of the page where it has a word for it."""
        kind = reference.partition("/")[0]
        return self.words.sentences.get(f"page.kind.{kind}", kind)

    def _value(self, evidence: Evidence) -> str:
        """As people write it: "66 µmol/L", "no"."""
        value = evidence.value
        if value is None:
            return ""
        if isinstance(value, Decimal):
            unit = _UNITS.get(evidence.unit or "", evidence.unit)
            return f"{plain_number(value)} {unit}" if unit else plain_number(value)
        text = self.words.sentences.get(f"page.value.{value}", value)
        return f"{text} {evidence.unit}" if evidence.unit else text
