"""What is asked of a forecaster about one decision, and for which patients nothing is asked at all."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise

from cds_service.rules.answers.dosing_answers import State, TitrationDecision
from cds_service.rules.answers.forecast_answer import (
    CovariateSeen,
    DoseRun,
    Forecaster,
    MeasuredLevel,
    NoForecast,
    Outlook,
    OutlookQuestion,
)
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.rules.as_of import AsOf
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseInForce, DoseStatus
from cds_service.trials.nct06802055.patient_state.doses.dose_bounds import bounds, sirolimus_doses
from cds_service.trials.nct06802055.patient_state.doses.titration_limits import TitrationLimits
from cds_service.trials.nct06802055.patient_state.enrolled_case import EnrolledCase
from cds_service.trials.nct06802055.patient_state.interactions import ActiveInteraction
from cds_service.trials.nct06802055.patient_state.levels.drug_levels import UNFIT_SPECIMENS
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.calendar import age_on, hours_between
from fhir_mappings.clinical_model.known_unknown import Known, Sex
from fhir_mappings.clinical_model.medications import Dose, MedicationSource, MedicationStatus
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte, Comparator, Reading, Result

TOLD = (State.CONTINUE, State.INCREASE, State.DECREASE, State.RECHECK, State.AT_CAP_BELOW_TARGET)
"""The states beside which a forecast may stand: not where a drug is held, stopped, started or undecided."""

_COVARIATES = {
    "haematocrit_percent": Analyte.HAEMATOCRIT,
    "ast_u_l": Analyte.AST,
    "weight_kg": Analyte.WEIGHT,
    "cholesterol_mmol_l": Analyte.CHOLESTEROL,
}
_BELOW = (Comparator.LESS, Comparator.AT_MOST)
_LONGEST_HOURS = 48


def outlook(
    case: EnrolledCase,
    decision: TitrationDecision,
    limits: TitrationLimits,
    forecaster: Forecaster,
) -> Outlook | None:
    """The forecast beside a decision; None where nothing can be said, since no dose or no target stands."""
    record, as_of = case.record, case.as_of
    dose = case.doses[Drug(decision.drug)]
    other = case.doses[Drug.CICLOSPORIN if decision.drug == Drug.SIROLIMUS else Drug.SIROLIMUS]
    if decision.state not in TOLD or decision.target is None or decision.current is None or not dose.steps:
        return None
    levels = tuple(_levels(record, dose, as_of))
    refused = _refused(record, dose, case.interactions, levels)
    if refused:
        return Outlook(as_of.day, none_because=refused)
    question = OutlookQuestion(
        decision.drug,
        as_of.day,
        _runs(dose, as_of.day),
        levels,
        _covariates(record, as_of, other),
        real_doses(decision, case.renal.standing, limits),
        (decision.target.low, decision.target.high),
    )
    return forecaster(question)


def _refused(
    record: ClinicalRecord,
    dose: DoseInForce,
    interactions: tuple[ActiveInteraction, ...],
    levels: tuple[MeasuredLevel, ...],
) -> NoForecast | None:
    """Whom no model studied: with a drug that moves the level, or after a course that was held or stopped."""
    drug = dose.drug
    if any(a.interaction.changes_levels and a.interaction.class_with(drug) is not None for a in interactions):
        return NoForecast.INTERACTING_DRUG
    stopped = (MedicationStatus.ON_HOLD, MedicationStatus.STOPPED)
    orders = [
        m for m in record.medications if m.source is MedicationSource.ORDER and drug.value in m.ingredients
    ]
    if dose.off or any(order.status in stopped and order.for_study is not False for order in orders):
        return NoForecast.COURSE_INTERRUPTED
    return None if levels else NoForecast.NO_LEVEL


def _runs(dose: DoseInForce, today: date) -> tuple[DoseRun, ...]:
    """Every dose until the next one; the present one until today."""
    ends = [*(step.day for step in dose.steps[1:]), today]
    return tuple(
        DoseRun(step.day, end, *_evenly(step.dose), dose.missed)
        for step, end in zip(dose.steps, ends, strict=True)
        if end > step.day
    )


def _evenly(dose: Dose) -> tuple[Decimal, Decimal]:
    """Milligrams and hours; of an uneven day the mean dose, as the models know no other."""
    parts = max(len(dose.parts), 1)
    return dose.amount_mg / parts, dose.every_hours / parts


def _levels(record: ClinicalRecord, dose: DoseInForce, as_of: AsOf) -> Iterator[MeasuredLevel]:
    """Readable whole-blood levels since the first dose, not coded as taken after a dose, one a day."""
    found: dict[date, MeasuredLevel] = {}
    for result in record.of(Analyte(dose.drug.value)):
        day = result.when.last if result.when and result.when.is_one_day else None
        if day is None or not dose.steps[0].day < day <= as_of.day or not _is_fit(result):
            continue
        details = result.level
        found[day] = MeasuredLevel(
            day,
            result.number or Decimal(0),
            _hours_after_dose(result, dose),
            result.comparator in _BELOW,
            details.method if details else None,
        )
    yield from (found[day] for day in sorted(found))


def _is_fit(result: Result) -> bool:
    if result.reading is not Reading.USABLE or not result.number or result.number <= 0:
        return False
    if result.comparator is not None and result.comparator not in _BELOW:
        return False
    details = result.level
    timed = details is None or not details.is_after_dose
    return timed and (details is None or details.specimen not in UNFIT_SPECIMENS)


def _hours_after_dose(result: Result, dose: DoseInForce) -> float | None:
    """From the last documented intake, where it was at most two days before."""
    collected = result.when.instant if result.when else None
    before = [given for given in dose.given if collected and given < collected]
    if not collected or not before:
        return None
    hours = hours_between(max(before), collected)
    return hours if hours <= _LONGEST_HOURS else None


def _covariates(
    record: ClinicalRecord, as_of: AsOf, other: DoseInForce
) -> dict[str, tuple[CovariateSeen, ...]]:
    found = {name: tuple(_course(record, analyte, as_of)) for name, analyte in _COVARIATES.items()}
    if isinstance(record.birth_date, Known):
        found["age"] = (CovariateSeen(None, float(age_on(record.birth_date.value.last, as_of.day))),)
    if other.drug == Drug.CICLOSPORIN:
        found["ciclosporin_daily_mg"] = _ciclosporin(other)
    found["creatinine_clearance"] = tuple(_clearances(record, as_of, found))
    return {name: values for name, values in found.items() if values}


def _course(record: ClinicalRecord, analyte: Analyte, as_of: AsOf) -> Iterator[CovariateSeen]:
    for result in record.of(analyte):
        when = result.when
        usable = result.reading is Reading.USABLE and result.comparator is None and result.number is not None
        if usable and when and when.is_one_day and when.last <= as_of.day:
            yield CovariateSeen(when.last, float(result.number or 0))


def _ciclosporin(ciclosporin: DoseInForce) -> tuple[CovariateSeen, ...]:
    """Nothing where the dose is not known: a model that needs it then does not speak."""
    if ciclosporin.status is DoseStatus.NONE:
        return (CovariateSeen(None, 0.0),)
    if not ciclosporin.taken:
        return ()
    steps = tuple(CovariateSeen(step.day, float(step.dose.daily_mg)) for step in ciclosporin.steps)
    now = ciclosporin.dose
    return (*steps, CovariateSeen(None, float(now.daily_mg))) if now else steps


def _clearances(
    record: ClinicalRecord, as_of: AsOf, found: dict[str, tuple[CovariateSeen, ...]]
) -> Iterator[CovariateSeen]:
    """Cockcroft and Gault (1976): (140 - age) x kg x 1.23 (men) or 1.04 (women) / creatinine in umol/L."""
    ages, weights = found.get("age"), found.get("weight_kg")
    if not ages or not weights or not isinstance(record.sex, Known):
        return
    factor = 1.23 if record.sex.value is Sex.MALE else 1.04
    for seen in _course(record, Analyte.CREATININE, as_of):
        if seen.value > 0:
            value = (140 - ages[0].value) * weights[-1].value * factor / seen.value
            yield CovariateSeen(seen.day, value)


def real_doses(decision: TitrationDecision, renal: RenalState, limits: TitrationLimits) -> tuple[Dose, ...]:
    """The present dose, the proposed one, and their neighbours of real tablets, within the trial record."""
    drug = Drug(decision.drug)
    allowed = bounds(drug, renal, limits)
    grid = _grid(drug, limits, allowed.low_mg, allowed.high_mg)
    named = [d for d in (decision.current, decision.proposed) if d and allowed.allow(d)]
    wanted = {dose.amount_mg for dose in named}
    for amount in tuple(wanted):
        wanted |= {mg for pair in pairwise(sorted({*grid, amount})) if amount in pair for mg in pair}
    return tuple(allowed.dose(mg) for mg in sorted(wanted))


def _grid(drug: Drug, limits: TitrationLimits, low: Decimal, high: Decimal) -> tuple[Decimal, ...]:
    if drug == Drug.SIROLIMUS:
        return sirolimus_doses(limits)
    step = limits.ciclosporin_grid_mg
    return tuple(step * k for k in range(1, int(high / step) + 1) if low <= step * k <= high)
