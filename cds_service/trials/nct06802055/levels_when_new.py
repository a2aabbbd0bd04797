"""Every level of a drug as the rule saw it when it was new, for who looks back (DECISIONS 91)."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from cds_service.rules.answers.dosing_answers import Validity
from cds_service.rules.answers.trial_part import Participation
from cds_service.rules.as_of import AsOf, as_of
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseInForce, dose_in_force
from cds_service.trials.nct06802055.patient_state.interactions import active_interactions
from cds_service.trials.nct06802055.patient_state.levels.drug_levels import dated_levels, level_validity
from cds_service.trials.nct06802055.read_reviewed import Protocol
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.calendar import days_before
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Result, earliest_day_of

_OTHER = {Drug.SIROLIMUS: Drug.CICLOSPORIN, Drug.CICLOSPORIN: Drug.SIROLIMUS}
_END_OF_DAY = time(23, 59, 59)


def level_course(
    record: ClinicalRecord, drug: Drug, participation: Participation, now: AsOf, protocol: Protocol
) -> tuple[tuple[Result, Validity | None], ...]:
    """The levels of one drug that are dated to the day, oldest first, each with its validity.

    Those of the newest day are judged as of `now`, as titration judges them; an earlier one as of its own
    day, beside the dose that it was drawn on. None: drawn outside the trial, where no rule looks at it.
    """
    levels = [r for r in dated_levels(record, drug, now) if r.when and r.when.is_one_day]
    levels.sort(key=_order)
    newest = max((earliest_day_of(r) for r in levels), default=None)
    course: list[tuple[Result, Validity | None]] = []
    for result in levels:
        moment = now if earliest_day_of(result) == newest else _end_of(earliest_day_of(result), record.zone)
        outside = participation.start is None or earliest_day_of(result) < participation.start
        validity = None if outside else _seen_at(result, drug, record, participation, moment, protocol)
        course.append((result, validity))
    return tuple(course)


def _seen_at(
    result: Result,
    drug: Drug,
    record: ClinicalRecord,
    participation: Participation,
    moment: AsOf,
    protocol: Protocol,
) -> Validity:
    def dose_of(one: Drug, when: AsOf) -> DoseInForce:
        return dose_in_force(record, one, participation, when, protocol.doses)

    dose, other = dose_of(drug, moment), dose_of(_OTHER[drug], moment)
    day = earliest_day_of(result)
    if moment.day == day and dose.since is not None and dose.since >= day:
        before = dose_of(drug, _end_of(days_before(day, 1), record.zone))
        dose = replace(before, given=dose.given, missed=dose.missed)
    interactions = active_interactions(record, moment, protocol.interactions, protocol.interacting)
    return level_validity(result, dose, other, interactions, moment, protocol.levels)


def _end_of(day: date, zone: ZoneInfo) -> AsOf:
    return as_of(datetime.combine(day, _END_OF_DAY, zone), zone)


def _order(result: Result) -> tuple[date, float]:
    instant = result.when.instant if result.when else None
    return earliest_day_of(result), instant.timestamp() if instant else 0.0
