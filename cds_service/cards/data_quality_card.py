"""What could not be read: named, so that no silence is taken for "nothing found"."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from msgspec.structs import replace

from cds_service.cards.assessment_json import gap_json
from cds_service.cards.card_builder import Message, bullets, loudest
from cds_service.cards.card_context import CardContext
from cds_service.cards.first_look import headline
from cds_service.rules.answers.alerts import Severity
from cds_service.rules.lost_words import lost_words
from cds_service.rules.thresholds import Origin, Rule
from fhir_mappings.clinical_model.known_unknown import Gap, Part
from fhir_mappings.clinical_model.messages import Phrase, listing, say

_RULE = Rule("DATA-01", Origin.ASSUMPTION, "contract, section 2: no missing part ends in silence")


def data_quality_message(unavailable: Iterable[Part], gaps: Sequence[Gap], context: CardContext) -> Message:
    """The card that names the parts of the chart that could not be had; their rules answered "unknown"."""
    parts, words = [Phrase(f"part.{part}") for part in sorted(unavailable)], context.words
    summaries = [
        say("dataQuality.summary", parts=listing(parts)),
        say("dataQuality.count", count=len(parts)),
    ]
    text = headline(summaries, words)
    unnamed = [part for part in parts if words.plain(part) not in text]
    first = [words.markdown(line) for line in (*unnamed, *_entries(gaps), *_studies(gaps))]
    return Message(
        kind="data-quality",
        rules=[_RULE],
        severity=Severity.WARNING,
        summaries=summaries,
        detail=[words.markdown(say("dataQuality.detail")), *([bullets(first)] if first else [])],
        decision={"unavailable": sorted(unavailable), "dataQuality": [gap_json(gap) for gap in gaps]},
        overrides=("data-wrong", "other"),
    )


def with_unread(message: Message, unavailable: Collection[Part], context: CardContext) -> Message:
    """The same card, which says first what of the chart it could not look at, as loud as that deserves.

    For a service beside which another one gives a card about it. The trial card is never louder than "info"
    (DECISIONS 17).
    """
    parts = [Phrase(f"part.{part}") for part in sorted(unavailable)]
    line = context.words.markdown(say("dataQuality.beside", parts=listing(parts)))
    loud = [message.severity] if message.kind == "eligibility" else [message.severity, Severity.WARNING]
    return replace(
        message,
        severity=loudest(loud),
        detail=[line, *message.detail],
        extra={**(message.extra or {}), "unavailable": sorted(unavailable)},
    )


def _entries(gaps: Iterable[Gap]) -> Iterator[Phrase]:
    """The entries that took their part with them because nothing can be told of what they say."""
    for gap in gaps:
        for lost in gap.lost:
            if not (lost.analytes or lost.concepts):
                yield lost_words(gap, lost)


def _studies(gaps: Iterable[Gap]) -> list[Phrase]:
    """The participations of which nobody can tell in which study they are."""
    names = sorted({gap.reference for gap in gaps if gap.problem == "STUDY_UNRESOLVED"})
    return [say("dataQuality.study", reference=name) for name in names]
