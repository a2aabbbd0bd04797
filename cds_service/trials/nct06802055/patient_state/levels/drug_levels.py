"""Which drug level titration looks at, and whether it may be used; and the level that is a danger by itself.

Validity is decided before the number is looked at, in the order of DECISIONS 24: unit, assay and specimen,
timing, steady state, age, plausibility, duplicates.
"""

from collections.abc import Sequence
from datetime import datetime
from operator import lt

from cds_service.rules.answers.dosing_answers import Trough, Validity
from cds_service.rules.as_of import AsOf
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseInForce
from cds_service.trials.nct06802055.patient_state.interactions import ActiveInteraction
from cds_service.trials.nct06802055.patient_state.levels.level_limits import LevelLimits as LevelLimits
from cds_service.trials.nct06802055.patient_state.levels.sample_timing import is_after_a_dose, sample_timing
from cds_service.trials.nct06802055.patient_state.levels.steady_state import at_steady_state
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.record import ClinicalRecord, once_a_record
from fhir_mappings.clinical_model.results import (
    NOTHING_TOLD,
    Analyte,
    Assay,
    Comparator,
    Reading,
    Result,
    SampleTiming,
    Specimen,
    day_of,
    earliest_day_of,
    when_measured,
)

USABLE = frozenset({Validity.VALID, Validity.ASSUMED_TROUGH})
_OUT_OF_RANGE = frozenset(
    {Validity.BELOW_QUANTIFICATION, Validity.ABOVE_QUANTIFICATION, Validity.IMPLAUSIBLE}
)
_BELOW = frozenset({Comparator.LESS, Comparator.AT_MOST})
_ABOVE = frozenset({Comparator.MORE, Comparator.AT_LEAST})
_WRONG_ASSAYS = frozenset({Assay.POLYCLONAL, Assay.PARENT_AND_METABOLITE})
_WRONG_SPECIMENS = frozenset({Specimen.SERUM_OR_PLASMA, Specimen.DRIED_SPOT})
UNFIT_SPECIMENS = _WRONG_SPECIMENS | {Specimen.NAMED_SERUM}
"""Not titrated on. What only a name calls serum may be blood after all: its danger counts."""
_UNREAD = {
    Reading.UNIT_UNUSABLE: Validity.UNIT_UNUSABLE,
    Reading.PRELIMINARY: Validity.MISSING,
    Reading.NO_VALUE: Validity.MISSING,
    Reading.UNREADABLE: Validity.MISSING,
}


def titration_level(
    record: ClinicalRecord,
    dose: DoseInForce,
    other: DoseInForce | None,
    interactions: tuple[ActiveInteraction, ...],
    as_of: AsOf,
    limits: LevelLimits,
) -> Trough:
    """The newest level of a drug, with its validity.

    A sample coded as taken after a dose (C2, peak) was never meant as a trough: it gives way to any other.
    Of several levels of the newest day, those fit for titration count; the highest, if they agree.
    """
    levels = dated_levels(record, dose.drug, as_of)
    measured = [r for r in levels if r.reading is not Reading.NO_VALUE] or levels
    meant = [
        r for r in measured if (r.level or NOTHING_TOLD).timing is not SampleTiming.POST_DOSE
    ] or measured
    if not meant:
        return Trough(Validity.MISSING)
    newest = max(r.when.last for r in meant if r.when)
    same_day = [r for r in meant if r.when and r.when.last == newest]
    final = [r for r in same_day if r.reading is not Reading.PRELIMINARY] or same_day
    judged = [(r, level_validity(r, dose, other, interactions, as_of, limits)) for r in final]
    result, validity = _choose(judged, limits)
    when = result.when
    return Trough(
        validity,
        value=result.number,
        comparator=result.comparator,
        collected=when.text if when else None,
        day=when.last if when and when.is_one_day else None,
        reference=result.reference,
        method=(result.level or NOTHING_TOLD).method,
    )


@once_a_record
def dated_levels(record: ClinicalRecord, drug: Drug, as_of: AsOf) -> tuple[Result, ...]:
    """Dated results of the drug that do not lie ahead."""
    return tuple([r for r in record.of(Analyte(drug.value)) if r.when and not as_of.is_before(r.when)])


def level_validity(
    result: Result,
    dose: DoseInForce,
    other: DoseInForce | None,
    interactions: tuple[ActiveInteraction, ...],
    as_of: AsOf,
    limits: LevelLimits,
) -> Validity:
    """Whether one dated level may be titrated on as of a moment (DECISIONS 24)."""
    if result.reading is not Reading.USABLE:
        return _UNREAD[result.reading]
    details = result.level or NOTHING_TOLD
    if details.assay in _WRONG_ASSAYS:
        return Validity.WRONG_ASSAY
    if details.specimen in UNFIT_SPECIMENS:
        return Validity.WRONG_SPECIMEN
    timing = sample_timing(result, dose, limits)
    if timing is Validity.NOT_TROUGH:
        return timing
    if not at_steady_state(earliest_day_of(result), dose, other, interactions, limits):
        return Validity.NOT_STEADY_STATE
    if (as_of.day - earliest_day_of(result)).days > limits.of[dose.drug].age_days:
        return Validity.STALE
    return _plausibility(result, dose.drug, limits) or timing


def _plausibility(result: Result, drug: Drug, limits: LevelLimits) -> Validity | None:
    """Why the number cannot be a trough that was measured, if it cannot."""
    lowest, highest = limits.of[drug].measurable
    if result.number is None:
        return Validity.MISSING
    if result.number < 0:
        return Validity.IMPLAUSIBLE
    if result.comparator in _BELOW or (result.comparator is None and result.number < lowest):
        return Validity.BELOW_QUANTIFICATION
    if result.comparator in _ABOVE:
        return Validity.ABOVE_QUANTIFICATION
    if result.number > highest:
        return Validity.ABOVE_QUANTIFICATION if drug == Drug.SIROLIMUS else Validity.IMPLAUSIBLE
    return None


def _choose(judged: list[tuple[Result, Validity]], limits: LevelLimits) -> tuple[Result, Validity]:
    usable = [(r, v) for r, v in judged if v in USABLE]
    if not usable:
        return max(judged, key=lambda pair: when_measured(pair[0]))
    result, validity = max(usable, key=lambda pair: pair[0].number or 0)
    numbers = [r.number for r, _ in usable if r.number is not None]
    disagree = max(numbers) - min(numbers) > min(numbers) * limits.duplicate_spread
    if disagree or any(v in _OUT_OF_RANGE for _, v in judged):
        return result, Validity.CONFLICTING
    return result, validity


# ---------------------------------------------------------------- danger


def dangerous_level(
    record: ClinicalRecord, drug: Drug, given: Sequence[datetime], as_of: AsOf, limits: LevelLimits
) -> Result | None:
    """The newest level that asks for a hold by itself, whatever its timing or steady state (DECISIONS 26).

    Final whole-blood results at most `safety_age_days` old; of ciclosporin none that was taken after a dose,
    by its code or by a documented dose (`given`). A safe level of a later day ends it; of two of one day, or
    of one moment, the dangerous one is believed.
    """
    levels = [
        r for r in dated_levels(record, drug, as_of) if _counts_for_safety(r, drug, given, as_of, limits)
    ]
    dangers = [r for r in levels if _is_danger(r, drug, limits)]
    if not dangers:
        return None
    newest = max(dangers, key=when_measured)
    return None if any(_is_safe(r, drug, limits) and _newer(r, newest) for r in levels) else newest


@once_a_record
def blood_levels(
    record: ClinicalRecord, drug: Drug, as_of: AsOf, days: int, *, surely: bool = False
) -> tuple[Result, ...]:
    """Final readable whole-blood levels of the last `days`, of whatever timing, oldest first.

    `surely`: without those that a name calls serum, which alarm but give no comfort.
    """
    wrong = UNFIT_SPECIMENS if surely else _WRONG_SPECIMENS
    found = [
        r
        for r in dated_levels(record, drug, as_of)
        if r.reading is Reading.USABLE and (r.level or NOTHING_TOLD).specimen not in wrong
        if r.when and (as_of.day - r.when.last).days <= days
    ]
    each = [r.when.last for r in found if r.when]
    one_a_day = all(map(lt, each, each[1:]))  # as nearly always; and a record's results stand in order
    return tuple(found if one_a_day else sorted(found, key=when_measured))


def is_dangerous(result: Result, drug: Drug, given: Sequence[datetime], limits: LevelLimits) -> bool:
    """Is it one that holds by itself, but for its age?"""
    after_a_dose = drug == Drug.CICLOSPORIN and is_after_a_dose(result, given, limits)
    return not after_a_dose and _is_danger(result, drug, limits)


def may_be_a_trough(result: Result, dose: DoseInForce, limits: LevelLimits) -> bool:
    """Neither timed as something else nor by an assay that also measures metabolites, nor called serum."""
    details = result.level or NOTHING_TOLD
    is_fit = details.assay not in _WRONG_ASSAYS and details.specimen not in UNFIT_SPECIMENS
    return is_fit and sample_timing(result, dose, limits) is not Validity.NOT_TROUGH


def _counts_for_safety(
    result: Result, drug: Drug, given: Sequence[datetime], as_of: AsOf, limits: LevelLimits
) -> bool:
    details = result.level or NOTHING_TOLD
    if result.reading is not Reading.USABLE or details.specimen in _WRONG_SPECIMENS:
        return False
    if drug == Drug.CICLOSPORIN and is_after_a_dose(result, given, limits):
        return False
    return (as_of.day - day_of(result)).days <= limits.safety_age_days


def _is_danger(result: Result, drug: Drug, limits: LevelLimits) -> bool:
    if drug == Drug.CICLOSPORIN:
        return result.above(limits.ciclosporin_danger) is True
    if result.comparator in _ABOVE and result.number is not None:
        return result.number >= limits.sirolimus_danger_open
    return result.above(limits.sirolimus_danger) is True


def _is_safe(result: Result, drug: Drug, limits: LevelLimits) -> bool:
    safe = limits.sirolimus_safe if drug == Drug.SIROLIMUS else limits.ciclosporin_safe
    details = result.level or NOTHING_TOLD
    is_fit = details.assay not in _WRONG_ASSAYS and details.specimen not in UNFIT_SPECIMENS
    return is_fit and result.above(safe) is False


def _newer(result: Result, than: Result) -> bool:
    assert result.when is not None
    assert than.when is not None
    return result.when.first > than.when.last
