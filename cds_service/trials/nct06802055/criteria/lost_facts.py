"""What stands in the chart and could not be used opens the criteria that it could decide (DECISIONS 49).

Whether it could is tried, not listed: the criteria are judged again as if the entry held, a result as lowest
and negative, and as high and positive. Where the answer would then be another, the criterion is open.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from cds_service.rules.answers.criteria_answers import Finding
from cds_service.rules.lost_words import all_lost_words
from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.criteria.unknowns import clearing
from fhir_mappings.clinical_model.calendar import on_day
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.diagnoses import Certainty, Course, Diagnosis
from fhir_mappings.clinical_model.known_unknown import Gap, Lost
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.record import ClinicalRecord, latest_day
from fhir_mappings.clinical_model.results import Analyte, Presence, Result

Judge = Callable[[ClinicalRecord], dict[str, Finding]]
_EXTREMES = (
    (Decimal(0), Presence.NEGATIVE),
    (Decimal(5), Presence.POSITIVE),  # the highest of ECOG
    (Decimal(100), Presence.POSITIVE),  # the highest of Karnofsky, and of percentages
    (Decimal(1_000_000), Presence.POSITIVE),
)


def opened_by_lost(record: ClinicalRecord, t0: date, judge: Judge) -> dict[str, Finding]:
    """The findings of all criteria; none lets the patient in that an unusable entry could have decided.

    Entries that may have been the same are tried together, so that hundreds of them cost as much as one.
    """
    found = judge(record)
    could: dict[str, list[Finding]] = {}
    words: dict[str, list[Phrase]] = {}
    for alike in record.lost_together():
        trials = [judge(supposed) for supposed in _as_if_they_held(record, t0, alike)]
        for number, finding in found.items():
            others = [trial[number] for trial in trials if trial[number].verdict is not finding.verdict]
            if others and _may_open(number, finding):
                could.setdefault(number, []).extend(others)
                words.setdefault(number, []).append(all_lost_words(alike))
    return found | {n: _opened(found[n], others, tuple(words[n])) for n, others in could.items()}


def _may_open(number: str, finding: Finding) -> bool:
    """What definite data say against the patient stays; what silence says, for or against, does not."""
    return finding.verdict in (clearing(number), Verdict.UNKNOWN) or not finding.evidence


def _as_if_they_held(
    record: ClinicalRecord, t0: date, alike: Sequence[tuple[Gap, Lost]]
) -> Iterator[ClinicalRecord]:
    dated = [(gap, lost, _day_of(lost, t0)) for gap, lost in alike]
    diagnoses = [_diagnosis(gap, lost, day) for gap, lost, day in dated if lost.concepts]
    if diagnoses:
        known = sorted((*record.diagnoses, *diagnoses), key=lambda d: latest_day(d.onset or d.recorded))
        yield replace(record, diagnoses=tuple(known))
    for number, presence in _EXTREMES:
        supposed = [
            Result(gap.reference, Analyte(analyte), on_day(day), number=number, presence=presence)
            for gap, lost, day in dated
            for analyte in lost.analytes
        ]
        if supposed:
            together = sorted((*record.results, *supposed), key=lambda r: latest_day(r.when))
            yield replace(record, results=tuple(together))


def _day_of(lost: Lost, t0: date) -> date:
    """As new as it may be."""
    return min(date.fromisoformat(lost.latest), t0) if lost.latest else t0


def _diagnosis(gap: Gap, lost: Lost, day: date) -> Diagnosis:
    """Confirmed and active."""
    concepts, when = frozenset(map(Concept, lost.concepts)), on_day(day)
    return Diagnosis(gap.reference, concepts, lost.name, Certainty.CONFIRMED, Course.ACTIVE, when, when)


def _opened(finding: Finding, others: Iterable[Finding], lost: tuple[Phrase, ...]) -> Finding:
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
