"""Safety facts that exist and cannot be read, and parts of the chart that could not be had."""

from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from cds_service.rules.analyte_words import ANALYTE_WORDS
from cds_service.rules.answers.alerts import Action, Alert, Severity
from cds_service.rules.lost_words import all_lost_words
from cds_service.trials.nct06802055.safety.result_text import result_evidence
from cds_service.trials.nct06802055.safety.safety_context import Doubt, Found, Situation
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.concepts import APLASTIC_ANAEMIA
from fhir_mappings.clinical_model.known_unknown import MEDICATION_PARTS, Evidence, Gap, Known, Lost, Part, Sex
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.results import Analyte, Reading, Result, day_of

_IN_WORDS = frozenset({Analyte.BLOOD_CULTURE})
"""Tests whose other words no rule of their own asks about."""
_OF_WOMEN = frozenset({Analyte.HCG, Analyte.HCG_QUALITATIVE, Analyte.PREGNANCY_STATUS})
_UNUSABLE = frozenset({Reading.UNREADABLE, Reading.UNIT_UNUSABLE})
_UNREAD = frozenset({Reading.UNREADABLE, Reading.UNIT_UNUSABLE, Reading.PRELIMINARY})
SAFETY_PARTS = (
    Part.CONDITIONS,
    Part.OBSERVATIONS,
    Part.ALLERGIES,
    Part.ADVERSE_EVENTS,
    Part.RESEARCH_SUBJECTS,
    *MEDICATION_PARTS,
)
"""The parts of a chart that may hold a critical finding, or that the patient has left the study."""


def unreadable_facts(chart: Situation) -> Iterator[Found]:
    """A newest result that is not readable, or preliminary; a part that could not be had.

    A result without a value (a test not done) is no doubt.
    """
    for analyte in filter(chart.results.get, chart.limits.watched):
        result = _unread(chart, analyte)
        if result and not _is_nobodys(chart, analyte):
            name = ANALYTE_WORDS[analyte]
            seen = say("safety.unread", written=result.as_written, day=day_of(result), name=name)
            barred = tuple(d for d in chart.limits.barred_by(analyte) if d in chart.drugs)
            if _is_unusable(result):
                yield _told(chart, seen, barred, chart.limits.warns_of(analyte), result_evidence(result))
            yield from (Doubt(drug, seen) for drug in barred)
    missing = [part.value for part in SAFETY_PARTS if chart.record.lacks(part)]
    if missing:
        seen = say("safety.unavailable", parts=", ".join(missing))
        yield from (Doubt(drug, seen) for drug in chart.drugs)


def unread_entries(chart: Situation) -> Iterator[Found]:
    """A diagnosis or a result that stands in the chart, but not even as a result of its day.

    It is told, and no dose is raised beside it. One that is older than what is acted upon, or whose test has
    a newer result, is no doubt (DECISIONS 49).
    """
    lost_together = chart.record.lost_together()
    if not lost_together:
        return
    dated = (r for results in chart.results.values() for r in results if r.when and r.when.is_one_day)
    on_record = {(r.reference, r.analyte) for r in dated}
    for alike in lost_together:
        entries = [_entry(chart, gap, lost, on_record) for gap, lost in alike]
        if waiting := [one for one in entries if one.drugs]:
            yield from _told_together(chart, waiting)


class _Entry(NamedTuple):
    """An unread entry, its tests that stand nowhere else, and the drugs that wait for it."""

    gap: Gap
    lost: Lost
    tests: list[str]
    drugs: tuple[Drug, ...]


def _entry(chart: Situation, gap: Gap, lost: Lost, on_record: Container[tuple[str, str]]) -> _Entry:
    """All drugs wait for a diagnosis, for a result those of its tests."""
    tests = [a for a in lost.analytes if (gap.reference, a) not in on_record]
    drugs = chart.drugs if _is_harm(lost) else _barred_by(chart, tests, lost.latest)
    return _Entry(gap, lost, tests, drugs)


def _told_together(chart: Situation, waiting: Sequence[_Entry]) -> Iterator[Found]:
    """One finding for entries that may have been the same, and a doubt for each drug that waits for them."""
    gap, newest = waiting[0].gap, waiting[0].lost
    seen = all_lost_words([(one.gap, one.lost) for one in waiting])
    barred = tuple(drug for drug in chart.drugs if any(drug in one.drugs for one in waiting))
    warns = bool(newest.concepts) or any(chart.limits.warns_of(t) for one in waiting for t in one.tests)
    evidence = Evidence(gap.reference, newest.day or None, newest.written or None)
    yield _told(chart, seen, barred, warns, evidence)
    yield from (Doubt(drug, seen) for drug in barred)


def _told(chart: Situation, seen: Phrase, barred: tuple[Drug, ...], warns: bool, evidence: Evidence) -> Alert:
    """The finding on the card; of what concerns both drugs it is told once."""
    severity = Severity.WARNING if warns else Severity.INFO
    drug = barred[0] if len(barred) == 1 else None
    return chart.alert("SAF-UNREAD", severity, Action.REVIEW, seen, drug, [evidence])


def _is_harm(lost: Lost) -> bool:
    """A diagnosis of a list, other than the disease that is treated, may be one that asks for a hold."""
    return bool(set(lost.concepts) - APLASTIC_ANAEMIA)


def _barred_by(chart: Situation, tests: Iterable[str], latest: str) -> tuple[Drug, ...]:
    """The drugs, of those that concern this patient, that wait while results of the tests are lost."""
    if latest and (chart.day - date.fromisoformat(latest)).days > chart.limits.recent_days:
        return ()
    barred = {
        drug
        for test in tests
        if not _is_nobodys(chart, test) and not chart.record.outdates(Analyte(test), latest)
        for drug in chart.limits.barred_by(test)
    }
    return tuple(drug for drug in chart.drugs if drug in barred)


def _is_nobodys(chart: Situation, analyte: str) -> bool:
    """A pregnancy test of a man tells nothing about him."""
    male = isinstance(chart.record.sex, Known) and chart.record.sex.value is Sex.MALE
    return male and analyte in _OF_WOMEN


def _unread(chart: Situation, analyte: Analyte) -> Result | None:
    """The newest result if it cannot be read, is recent, and no readable one is of a later day."""
    results = chart.results.get(analyte, ())
    newest = next((r for r in reversed(results) if r.reading is not Reading.NO_VALUE), None)
    if newest is None:
        return None
    day = day_of(newest)
    if (chart.day - day).days > chart.limits.recent_days:
        return None
    if _says_nothing(newest):
        return newest
    held = [r for r in results if r.when and r.when.last == day]
    same_day = [r for r in held if r.reading is not Reading.NO_VALUE and _says_nothing(r)]
    # A readable result of the same day settles it only where it was taken later, not merely listed later.
    timed = all(r.when and r.when.instant for r in (*same_day, newest))
    return same_day[-1] if same_day and not timed else None


def _says_nothing(result: Result) -> bool:
    """Not readable, or in words that the table of answers does not hold (DECISIONS 44)."""
    in_other_words = result.analyte in _IN_WORDS and result.presence is None and result.number is None
    return result.reading in _UNREAD or in_other_words


def _is_unusable(result: Result) -> bool:
    return result.reading in _UNUSABLE or (result.reading is Reading.USABLE and _says_nothing(result))
