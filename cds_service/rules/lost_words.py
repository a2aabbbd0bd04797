"""How an entry that could not be used is told: its name, its day and its words as they stand, and why."""

from collections.abc import Sequence

from cds_service.rules.analyte_words import ANALYTE_WORDS
from fhir_mappings.clinical_model.known_unknown import Gap, Lost
from fhir_mappings.clinical_model.messages import Argument, Phrase, say
from fhir_mappings.clinical_model.results import Analyte

_WHY = {
    "ANSWER_NOT_LISTED": say("lost.why.answer"),
    "CODE_NOT_KNOWN": say("lost.why.code"),
    "CODES_DISAGREE": say("lost.why.codes"),
    "CODE_MISSING": say("lost.why.codeless"),
    "DATE_IMPRECISE": say("lost.why.date"),
    "DATE_MISSING": say("lost.why.undated"),
    "DATE_UNREADABLE": say("lost.why.date"),
    "FUTURE_DATED": say("lost.why.future"),
    "MODIFIER_UNKNOWN": say("lost.why.modifier"),
    "STATUS_NOT_RECOGNISED": say("lost.why.status"),
    "SUBJECT_UNRESOLVED": say("lost.why.subject"),
    "UNIT_UNUSABLE": say("lost.why.unit"),
    "VALUE_IMPLAUSIBLE": say("lost.why.implausible"),
    "VALUE_UNREADABLE": say("lost.why.value"),
}


LOST = frozenset({"lost.dated_value", "lost.value", "lost.dated", "lost.named"})
"""The sentences below; each has a short form without the reason."""


def all_lost_words(alike: Sequence[tuple[Gap, Lost]]) -> Phrase:
    """Several entries that may have been the same: the newest in its own words, the others counted."""
    first = lost_words(*alike[0])
    return say("lost.more", first=first, count=len(alike) - 1) if len(alike) > 1 else first


def newest_of(told: Phrase) -> Phrase:
    """The sentence of the newest entry alone."""
    first = dict(told.values).get("first")
    return first if isinstance(first, Phrase) else told


def lost_words(gap: Gap, lost: Lost) -> Phrase:
    """One sentence: what it calls itself, the day and the value as they stand, and why they were not used."""
    name = _name(gap, lost)
    why = _WHY.get(gap.problem, say("lost.why.unreadable"))
    if lost.day and lost.written:
        return say("lost.dated_value", name=name, day=lost.day, written=lost.written, why=why)
    if lost.written:
        return say("lost.value", name=name, written=lost.written, why=why)
    if lost.day:
        return say("lost.dated", name=name, day=lost.day, why=why)
    return say("lost.named", name=name, why=why)


def _name(gap: Gap, lost: Lost) -> Argument:
    """The test in our words; else what the entry calls itself; else its reference."""
    if len(lost.analytes) == 1:
        return ANALYTE_WORDS[Analyte(lost.analytes[0])]
    return lost.name or gap.reference or say("lost.entry")
