"""What stands in the chart and could not be used opens the criteria that it could decide (DECISIONS 49).

Whether it could is tried, not listed: the criteria are judged again as if the entry held, a result as lowest
and negative, and as high and positive. Where the answer would then be another, the criterion is open.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

from cds_service.protocol.answers.eligibility import Finding
from cds_service.protocol.lost_words import lost_words
from cds_service.protocol.verdict import Verdict
from fhir_mappings.vocabulary.calendar import on_day
from fhir_mappings.vocabulary.concepts import Concept
from fhir_mappings.vocabulary.diagnoses import Certainty, Course, Diagnosis
from fhir_mappings.vocabulary.facts import Gap, Lost
from fhir_mappings.vocabulary.phrases import Phrase, say
from fhir_mappings.vocabulary.record import ClinicalRecord
from fhir_mappings.vocabulary.results import Analyte, Presence, Result

Judge = Callable[[ClinicalRecord], dict[str, Finding]]
_EXTREMES = (
    (Decimal(0), Presence.NEGATIVE),
    (Decimal(5), Presence.POSITIVE),  # the highest of ECOG
    (Decimal(100), Presence.POSITIVE),  # the highest of Karnofsky, and of percentages
    (Decimal(1_000_000), Presence.POSITIVE),
)


def opened_by_lost(record: ClinicalRecord, t0: date, judge: Judge) -> dict[str, Finding]:
    """The findings of all criteria; none lets the patient in that an unusable entry could have decided."""
    found = judge(record)
    for one in record.lost():
        trials = [judge(supposed) for supposed in _as_if_it_held(record, t0, *one)]
        words = lost_words(*one)
        for number, finding in found.items():
            others = [trial[number] for trial in trials if trial[number].verdict is not finding.verdict]
            if others and _may_open(number, finding):
                found[number] = _opened(finding, others, words)
    return found


def _may_open(number: str, finding: Finding) -> bool:
    """What definite data say against the patient stays; what silence says, for or against, does not."""
    return finding.verdict in (clearing(number), Verdict.UNKNOWN) or not finding.evidence


def clearing(number: str) -> Verdict:
    """The answer to a criterion that lets a patient in."""
    return Verdict.MET if number.startswith("I") else Verdict.NOT_MET


def _as_if_it_held(record: ClinicalRecord, t0: date, gap: Gap, lost: Lost) -> Iterator[ClinicalRecord]:
    day = min(date.fromisoformat(lost.latest), t0) if lost.latest else t0
    if lost.concepts:
        supposed_one = _diagnosis(gap, lost, day)
        yield replace(record, diagnoses=tuple(sorted((*record.diagnoses, supposed_one), key=_known)))
    for number, presence in _EXTREMES:
        supposed = [
            Result(gap.reference, Analyte(analyte), on_day(day), number=number, presence=presence)
            for analyte in lost.analytes
        ]
        if supposed:
            yield replace(record, results=tuple(sorted((*record.results, *supposed), key=_by_day)))


def _diagnosis(gap: Gap, lost: Lost, day: date) -> Diagnosis:
    """Confirmed, active, and as new as it may be."""
    concepts, when = frozenset(map(Concept, lost.concepts)), on_day(day)
    return Diagnosis(gap.reference, concepts, lost.name, Certainty.CONFIRMED, Course.ACTIVE, when, when)


def _known(diagnosis: Diagnosis) -> date:
    when = diagnosis.onset or diagnosis.recorded
    return when.last if when else date.min


def _by_day(result: Result) -> date:
    return result.when.last if result.when else date.min


def _opened(finding: Finding, others: Iterable[Finding], lost: Phrase) -> Finding:
    """Not settled any more, or, where it was not settled before, with the unread entry among what is seen."""
    changed = {part for other in others for part in set(other.parts) - set(finding.parts)}
    names = {part for part, _ in changed}
    return replace(
        finding,
        verdict=Verdict.UNKNOWN,
        seen=say("eligibility.seen.lost", seen=finding.seen, lost=lost),
        missing=(*finding.missing, "UNREAD"),
        question=finding.question or say("eligibility.question.lost", lost=lost),
        parts=tuple((part, Verdict.UNKNOWN if part in names else said) for part, said in finding.parts),
    )
