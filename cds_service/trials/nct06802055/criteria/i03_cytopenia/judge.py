"""Inclusion 3: haemoglobin < 100 g/L, platelets < 50 x 10^9/L or neutrophils < 1.0 x 10^9/L at enrolment."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal

import msgspec

from cds_service.rules.answers.criteria_answers import Basis, Finding
from cds_service.rules.verdict import Verdict, any_of, verdict_of
from cds_service.trials.nct06802055.patient_state.blood.counts import (
    BLOOD_LINES,
    BloodCount,
    CountLimits,
    count_evidence,
    count_said,
    dated_line,
    sampled,
)
from cds_service.trials.nct06802055.patient_state.blood.haematology import Haematology, read_haematology
from cds_service.trials.nct06802055.patient_state.blood.possible_exposure import growth_factor_before
from cds_service.trials.nct06802055.patient_state.blood.severity import severity_by_counts, severity_said
from cds_service.trials.nct06802055.patient_state.blood.transfusions import (
    confounded,
    transfusion_evidence,
    transfusion_said,
)
from cds_service.trials.nct06802055.patient_state.blood.unexplained_rise import rose_unexplained
from fhir_mappings.clinical_model.calendar import days_before
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte, Reading, Result

MISSING = {
    Analyte.HAEMOGLOBIN: "haemoglobin",
    Analyte.PLATELETS: "platelets",
    Analyte.NEUTROPHILS: "neutrophils",
}
_RAISED_BY = {
    Analyte.HAEMOGLOBIN: Concept.RED_CELL_TRANSFUSION,
    Analyte.PLATELETS: Concept.PLATELET_TRANSFUSION,
}


class _Line(msgspec.Struct, frozen=True):
    """The newest fresh value of one line, and the count of the day it stands in."""

    result: Result
    count: BloodCount


def inc_03_cytopenia(record: ClinicalRecord, t0: date, limits: CountLimits) -> Finding:
    """Strictly below one limit: MET. NOT_MET only with all three lines fresh and no transfusion to hide one.

    Each line is the newest value at most 14 days old; a newer value of one line is never passed over for
    the sake of an older full count.
    """
    blood = read_haematology(record, limits)
    lines = _fresh_lines(blood, record, t0, limits)
    low = {analyte: verdict_of(line.result.below(_limit(analyte, limits))) for analyte, line in lines.items()}
    verdict = any_of(low.get(analyte, Verdict.UNKNOWN) for analyte in BLOOD_LINES)
    missing = tuple(MISSING[a] for a in BLOOD_LINES if low.get(a, Verdict.UNKNOWN) is Verdict.UNKNOWN)
    if record.lacks(Part.OBSERVATIONS):
        missing = (*missing, f"DATA_UNAVAILABLE:{Part.OBSERVATIONS.value}")
        verdict = Verdict.UNKNOWN
    elif verdict is Verdict.NOT_MET and _may_be_hidden(lines, blood, limits):
        missing = _transfusions_missing(record)
        verdict = Verdict.UNKNOWN
    return _finding(verdict, missing, lines, blood, _unused(record, lines, t0, limits), limits, t0)


def _limit(analyte: Analyte, limits: CountLimits) -> Decimal:
    match analyte:
        case Analyte.HAEMOGLOBIN:
            return limits.haemoglobin_below
        case Analyte.PLATELETS:
            return limits.platelets_below
        case _:
            return limits.neutrophils_below


def _transfusions_missing(record: ClinicalRecord) -> tuple[str, ...]:
    if record.lacks(Part.PROCEDURES):
        return ("transfusions", f"DATA_UNAVAILABLE:{Part.PROCEDURES.value}")
    return ("transfusions",)


# ---------------------------------------------------------------- the values


def _fresh_lines(
    blood: Haematology, record: ClinicalRecord, t0: date, limits: CountLimits
) -> dict[Analyte, _Line]:
    """The newest value of each line in the window."""
    found: dict[Analyte, _Line] = {}
    for count in blood.between(days_before(t0, limits.fresh_max_days), t0):
        for analyte, result in _lines(count):
            found[analyte] = _Line(result, count)
    return found


def _lines(count: BloodCount) -> Iterator[tuple[Analyte, Result]]:
    for analyte, result in zip(
        BLOOD_LINES, (count.haemoglobin, count.platelets, count.neutrophils), strict=True
    ):
        if result is not None:
            yield analyte, result


def _newest_unusable(record: ClinicalRecord, t0: date, limits: CountLimits) -> dict[Analyte, Result]:
    earliest = days_before(t0, limits.fresh_max_days)
    return {
        result.analyte: result
        for result in record.results
        if result.analyte in MISSING
        and result.reading is not Reading.USABLE
        and result.when
        and earliest <= result.when.first
        and result.when.last <= t0
    }


def _is_newer(result: Result, line: _Line | None) -> bool:
    if line is None or result.when is None:
        return True
    return (result.when.last, *sampled(result)[:1]) >= (line.count.day, *sampled(line.result)[:1])


def _unused(
    record: ClinicalRecord, lines: Mapping[Analyte, _Line], t0: date, limits: CountLimits
) -> list[Result]:
    """Results newer than those used, that could not be: shown, so that nobody wonders."""
    newest = _newest_unusable(record, t0, limits)
    return [result for analyte, result in newest.items() if _is_newer(result, lines.get(analyte))]


# ---------------------------------------------------------------- what may hide a low count


def _may_be_hidden(lines: Mapping[Analyte, _Line], blood: Haematology, limits: CountLimits) -> bool:
    """Haemoglobin or platelets that a transfusion, on record or suspected, may have raised (DECISIONS 4)."""
    for analyte, product in _RAISED_BY.items():
        count = lines[analyte].count
        if confounded(blood.transfusions, product, count, limits) is not Verdict.NOT_MET:
            return True
        if rose_unexplained(product, count, _limit(analyte, limits), blood, limits):
            return True
    return False


# ---------------------------------------------------------------- the finding


def _finding(
    verdict: Verdict,
    missing: tuple[str, ...],
    lines: Mapping[Analyte, _Line],
    blood: Haematology,
    unused: list[Result],
    limits: CountLimits,
    t0: date,
) -> Finding:
    newest = max((line.count.day for line in lines.values()), default=None)
    evidence = count_evidence(_reported(lines))
    if newest:
        evidence += transfusion_evidence(blood.transfusions, newest)
    notes = (*_notes(lines, blood, limits, t0), *_unused_said(unused))
    settled = verdict is not Verdict.UNKNOWN
    return Finding(
        verdict,
        Basis.DATA if evidence else Basis.NONE,
        _seen(_values_said(lines, limits), notes),
        evidence,
        () if settled else missing,
        None if settled else _question(missing, limits),
    )


def _seen(values: tuple[Phrase, ...], notes: tuple[Phrase, ...]) -> Phrase:
    if notes:
        return say("criterion.I3.seen_with_notes", values=values, notes=notes)
    return say("criterion.I3.seen", values=values)


def _reported(lines: Mapping[Analyte, _Line]) -> Iterator[Result]:
    for analyte, line in lines.items():
        if analyte is Analyte.NEUTROPHILS and line.count.computed_from:
            yield from line.count.computed_from
        else:
            yield line.result


def _values_said(lines: Mapping[Analyte, _Line], limits: CountLimits) -> tuple[Phrase, ...]:
    """One sentence for one draw; else each line with its own day, and each line that was not counted."""
    drawn_on = {line.count.day for line in lines.values()}
    if len(lines) == len(BLOOD_LINES) and len(drawn_on) == 1:
        return (count_said(lines[Analyte.HAEMOGLOBIN].count),)
    days = limits.fresh_max_days
    return tuple(dated_line(lines[a].result) if a in lines else _not_counted(a, days) for a in BLOOD_LINES)


def _not_counted(analyte: Analyte, days: int) -> Phrase:
    match analyte:
        case Analyte.HAEMOGLOBIN:
            return say("criterion.I3.no_haemoglobin", days=days)
        case Analyte.PLATELETS:
            return say("criterion.I3.no_platelets", days=days)
        case _:
            return say("criterion.I3.no_neutrophils", days=days)


def _notes(
    lines: Mapping[Analyte, _Line], blood: Haematology, limits: CountLimits, t0: date
) -> Iterator[Phrase]:
    if not lines:
        return
    newest = max((line.count for line in lines.values()), key=lambda count: count.day)
    if (t0 - min(line.count.day for line in lines.values())).days > limits.fresh_preferred_days:
        yield say("criterion.I3.not_recent", days=limits.fresh_preferred_days)
    if newest.is_full:
        yield severity_said(severity_by_counts(newest, limits))
    yield transfusion_said(blood.transfusions, newest, limits)
    if growth_factor := growth_factor_before(blood.growth_factors, newest.day, limits):
        yield say("count.growth_factor", day=growth_factor.first)


def _unused_said(unused: list[Result]) -> Iterator[Phrase]:
    for result in unused:
        day = result.when.last if result.when else None
        match result.reading:
            case Reading.PRELIMINARY:
                yield say("count.unused_preliminary", value=result.as_written, day=day)
            case _:
                yield say("count.unused_unreadable", value=result.as_written, day=day)


def _question(missing: tuple[str, ...], limits: CountLimits) -> Phrase:
    if "transfusions" in missing:
        return say("criterion.I3.question_transfusions")
    return say("criterion.I3.question", days=limits.fresh_max_days)
