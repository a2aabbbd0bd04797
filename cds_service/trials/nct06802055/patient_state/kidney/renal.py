"""Renal state for ciclosporin: replayed over all creatinines from the baseline window on (DECISIONS 30)."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from statistics import median

from cds_service.rules.answers.renal_answers import RenalFinding, RenalState
from cds_service.rules.answers.trial_part import Participation
from cds_service.rules.as_of import AsOf
from cds_service.rules.thresholds import Rule
from cds_service.trials.nct06802055.patient_state.kidney.egfr import egfr_on
from cds_service.trials.nct06802055.patient_state.kidney.renal_replay import LASTING, Creatinine, RenalCourse
from cds_service.trials.nct06802055.patient_state.kidney.renal_replay import RenalLimits as RenalLimits
from fhir_mappings.clinical_model.calendar import days_before
from fhir_mappings.clinical_model.known_unknown import Evidence, Part
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte


def renal_state(
    record: ClinicalRecord,
    participation: Participation,
    as_of: AsOf,
    limits: RenalLimits,
    rules: Mapping[str, Rule],
    reduced_since: date | None = date.min,
) -> RenalFinding:
    """The renal state as of one moment.

    `reduced_since`: the day from which ciclosporin has been at most at the dose for impaired kidneys, None
    while it is not: kidneys are called stable on that dose only (DECISIONS 60).
    Without a creatinine of the last `creatinine_age_days`, or when the results could not be read, the state
    is UNKNOWN; `last` then tells the state that the last creatinine left, if only new values can end it.
    """
    rule = rules["CSA-REN"]
    entry = participation.first_dose or participation.start
    values = _creatinines(record, as_of, days_before(entry or as_of.day, limits.baseline_days))
    if not values:
        unread = record.lacks(Part.OBSERVATIONS)
        seen = say("renal.seen.unread") if unread else say("renal.seen.none")
        return RenalFinding(RenalState.UNKNOWN, rule, seen)
    baseline = _baseline(values, entry, limits)
    states = RenalCourse(values, baseline, entry, limits, reduced_since).states()
    state = states[-1]
    newest = values[-1]
    age = (as_of.day - newest.day).days
    is_old = age > limits.creatinine_age_days
    told = not is_old and (state in LASTING or not record.lacks(Part.OBSERVATIONS))
    acute = [v.day for v, left in zip(values, states, strict=True) if left is RenalState.AKI]
    return RenalFinding(
        state if told else RenalState.UNKNOWN,
        rule,
        _seen(newest, baseline, age if is_old else None),
        egfr=newest.egfr,
        creatinine=newest.umol,
        baseline=baseline,
        age_days=age,
        rising=len(values) > 2 and values[-1].umol > values[-2].umol > values[-3].umol,
        evidence=(Evidence(newest.reference, newest.day.isoformat(), newest.umol, "umol/L"),),
        last=state if state in LASTING else RenalState.UNKNOWN,
        acute_on=max(acute, default=None),
    )


def renal_course(
    record: ClinicalRecord,
    participation: Participation,
    as_of: AsOf,
    limits: RenalLimits,
    reduced_since: date | None = date.min,
) -> tuple[tuple[Creatinine, RenalState], ...]:
    """Each creatinine from the baseline window on, oldest first, with the state that it left."""
    entry = participation.first_dose or participation.start
    values = _creatinines(record, as_of, days_before(entry or as_of.day, limits.baseline_days))
    states = RenalCourse(values, _baseline(values, entry, limits), entry, limits, reduced_since).states()
    return tuple(zip(values, states, strict=True))


def _creatinines(record: ClinicalRecord, as_of: AsOf, first: date) -> list[Creatinine]:
    """Creatinines above 0 that are dated to the day, from `first` on; of one moment, the highest."""
    values: dict[object, Creatinine] = {}
    for result in record.usable(Analyte.CREATININE):
        when, umol = result.when, result.number
        if not when or not when.is_one_day or not first <= when.first <= as_of.day or not umol or umol < 0:
            continue
        if when.instant and when.instant > as_of.instant:
            continue
        key = when.instant or when.first
        if key not in values or umol > values[key].umol:
            egfr = egfr_on(record, umol, when.first)
            values[key] = Creatinine(when.first, when.instant, umol, result.high, egfr, result.reference)
    return sorted(values.values(), key=_order)


def _order(value: Creatinine) -> tuple[date, float, Decimal]:
    return value.day, value.instant.timestamp() if value.instant else 0.0, value.umol


def _baseline(values: list[Creatinine], entry: date | None, limits: RenalLimits) -> Decimal | None:
    """The median before the first study dose, or before the start of the study; None with too few values."""
    before = [value.umol for value in values if entry and value.day < entry]
    return median(before) if len(before) >= limits.baseline_values else None


def _seen(newest: Creatinine, baseline: Decimal | None, age: int | None) -> Phrase:
    measured = say(
        "renal.seen",
        creatinine=newest.umol,
        day=newest.day,
        baseline=say("renal.baseline", value=baseline) if baseline else say("renal.noBaseline"),
        egfr=say("renal.egfr", value=newest.egfr) if newest.egfr is not None else say("renal.noEgfr"),
    )
    return measured if age is None else say("renal.seen.old", measured=measured, days=age)
