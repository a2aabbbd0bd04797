"""Exclusion 3: Paroxysmal nocturnal hemoglobinuria (PNH) clone >= 50 %."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from cds_service.rules.answers.criteria_answers import Basis, Finding
from cds_service.rules.attestation import Attested, answer_said
from cds_service.rules.criterion_evidence import Sighting, of_diagnosis, of_result
from cds_service.rules.sorted_diagnoses import diagnosed
from cds_service.rules.time_windows import newest_of_each, within
from cds_service.rules.verdict import Verdict, verdict_of
from cds_service.trials.nct06802055.criteria.eligibility_limits import EligibilityLimits
from cds_service.trials.nct06802055.criteria.unknowns import (
    Topic,
    attestation_on,
    laboratory_first,
    never_cleared_by_silence,
    note_set_aside,
    open_finding,
    seen_as,
)
from fhir_mappings.clinical_model.calendar import When, days_before, months_before
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte, Presence, Result

_ITEM = "E3"
CONFIRM_LARGE_CLONE = "pnh-clone-confirmation"
"""Missing where an old result showed a clone that would exclude: to be asked before anything else."""
CLONE_SIZE = "pnh-clone-size"
"""Missing where a fresh result does not tell on which side of the limit the clone lies."""
_WHITE_CELLS = {
    Analyte.PNH_GRANULOCYTES: say("eligibility.test.pnh_granulocytes"),
    Analyte.PNH_MONOCYTES: say("eligibility.test.pnh_monocytes"),
    Analyte.PNH_GRANULOCYTES_CD59: say("eligibility.test.pnh_granulocytes_cd59"),
}
_HUNDRED = Decimal(100)


class PnhCloneLimits(EligibilityLimits, frozen=True):
    """Percent, calendar months, days."""

    pnh_clone_percent: Decimal
    pnh_months: int
    pnh_transfusion_days: int


def exc_03_pnh_clone(record: ClinicalRecord, t0: date, limits: PnhCloneLimits) -> Finding:
    """The last clone in white cells; red cells only without one, and without transfusion before the test."""
    found = _measured(record, t0, limits)
    large = found.verdict is Verdict.MET or {CLONE_SIZE, CONFIRM_LARGE_CLONE} & set(found.missing)
    found = replace(found, against=bool(large))
    answer = attestation_on(record, t0, limits, _ITEM)
    if answer and CLONE_SIZE in found.missing and not answer.value:
        found = _not_attested_away(found, answer)
    elif answer:
        found = laboratory_first(found, answer, verdict_of(bool(answer.value)))
    noted = note_set_aside(record, t0, limits, _ITEM, found)
    return never_cleared_by_silence(record, _topic(limits), noted)


def _topic(limits: PnhCloneLimits) -> Topic:
    """The question says for how many months a test counts."""
    question = say("criterion.E3.question", percent=limits.pnh_clone_percent, months=limits.pnh_months)
    return Topic(_ITEM, question, say("criterion.E3.nothing"), fed_by=(Part.OBSERVATIONS,))


def _not_attested_away(found: Finding, answer: Attested) -> Finding:
    """A fresh clone that may reach the limit is measured again, whatever was answered (DECISIONS 73)."""
    seen = say("attestation.beside_data", data=found.seen, answer=answer_said(answer))
    return replace(found, basis=Basis.MIXED, seen=seen, evidence=(*found.evidence, answer.evidence))


def _measured(record: ClinicalRecord, t0: date, limits: PnhCloneLimits) -> Finding:
    earliest = months_before(t0, limits.pnh_months)
    lineages = newest_of_each(record, t0, (*_WHITE_CELLS, Analyte.PNH_RED_CELLS))
    red_cells = lineages.pop(Analyte.PNH_RED_CELLS)
    fresh = {a: last for a, last in lineages.items() if last and _all_fresh(last, earliest, t0)}
    if fresh:
        return _white_cells(fresh, limits)
    stale = [r for last in lineages.values() for r in last]
    if stale:
        return _stale(stale, [of_result(r, _WHITE_CELLS[r.analyte], "%") for r in stale], limits)
    return _red_cells(record, t0, limits, red_cells)


def _white_cells(lineages: dict[Analyte, tuple[Result, ...]], limits: PnhCloneLimits) -> Finding:
    """The largest clone of the newest draw counts; a small one elsewhere is no reason against a large one.

    Granulocytes by FLAER come before those by CD59, which then can only raise doubt.
    """
    results = [r for last in lineages.values() for r in last]
    sightings = [of_result(r, _WHITE_CELLS[r.analyte], "%") for r in results]
    verdicts = {analyte: _agreed(last, limits) for analyte, last in lineages.items()}
    drawn = max(r.when.first for r in results if r.when)
    newest_draw = {r.analyte for r in results if r.when and r.when.last >= drawn}
    if Analyte.PNH_GRANULOCYTES in newest_draw:
        newest_draw.discard(Analyte.PNH_GRANULOCYTES_CD59)
    if any(verdicts[analyte] is Verdict.MET for analyte in newest_draw):
        return seen_as(Verdict.MET, sightings)
    return _said_by(set(verdicts.values()), sightings, limits)


def _agreed(results: Sequence[Result], limits: PnhCloneLimits) -> Verdict:
    """What all newest results of one lineage say."""
    verdicts = {_large(r, limits) for r in results}
    return verdicts.pop() if len(verdicts) == 1 else Verdict.UNKNOWN


def _red_cells(record: ClinicalRecord, t0: date, limits: PnhCloneLimits, last: Sequence[Result]) -> Finding:
    sightings = [of_result(r, say("eligibility.test.pnh_red_cells"), "%") for r in last]
    if not last:
        coded = [of_diagnosis(d) for d in diagnosed(record, t0, Concept.PNH_DIAGNOSIS)]
        return open_finding(_topic(limits), coded, missing=("pnh-clone",))
    if not _all_fresh(last, months_before(t0, limits.pnh_months), t0):
        return _stale(last, sightings, limits)
    if record.lacks(Part.PROCEDURES) or any(_transfused_before(record, r.when, limits) for r in last):
        found = open_finding(_topic(limits), sightings, missing=("pnh-clone-white-cells",))
        return replace(found, seen=say("criterion.E3.diluted", seen=found.seen))
    return _said_by({_agreed(last, limits)}, sightings, limits)


def _transfused_before(record: ClinicalRecord, sampled: When | None, limits: PnhCloneLimits) -> bool:
    """Donor cells are no clone: transfused red cells make the patient's own look fewer."""
    return sampled is not None and any(
        within(t.when, days_before(sampled.first, limits.pnh_transfusion_days), sampled.last) is not False
        for t in record.transfusions(Concept.RED_CELL_TRANSFUSION)
    )


def _said_by(verdicts: set[Verdict], sightings: Sequence[Sighting], limits: PnhCloneLimits) -> Finding:
    if len(verdicts) == 1 and Verdict.UNKNOWN not in verdicts:
        return seen_as(verdicts.pop(), sightings)
    found = open_finding(_topic(limits), sightings, missing=("pnh-clone", CLONE_SIZE))
    if {Verdict.MET, Verdict.NOT_MET} <= verdicts:
        return replace(found, seen=say("criterion.E3.disagree", seen=found.seen))
    return found


def _stale(results: Sequence[Result], sightings: Sequence[Sighting], limits: PnhCloneLimits) -> Finding:
    large = any(_large(r, limits) is Verdict.MET for r in results)
    found = open_finding(_topic(limits), sightings, missing=(CONFIRM_LARGE_CLONE if large else "pnh-clone",))
    seen = say("eligibility.seen.stale_months", seen=found.seen, months=limits.pnh_months)
    return replace(found, seen=seen)


def _large(result: Result, limits: PnhCloneLimits) -> Verdict:
    """Is the clone at or above the limit? "Not detected" is 0 %; a percentage outside 0-100 is no answer."""
    if result.number is None:
        return Verdict.NOT_MET if result.presence is Presence.NEGATIVE else Verdict.UNKNOWN
    if not 0 <= result.number <= _HUNDRED:
        return Verdict.UNKNOWN
    below = result.below(limits.pnh_clone_percent)
    return Verdict.UNKNOWN if below is None else verdict_of(not below)


def _all_fresh(results: Sequence[Result], earliest: date, t0: date) -> bool:
    return all(within(r.when, earliest, t0) for r in results)
