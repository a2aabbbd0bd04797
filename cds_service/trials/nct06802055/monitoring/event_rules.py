"""What asks for a test beside the calendar: dose changes, interactions, kidney, haemoglobin, visits."""

from collections.abc import Iterator
from datetime import date

from cds_service.rules.answers.dosing_answers import Recheck, State, TitrationDecision, Validity
from cds_service.trials.nct06802055.monitoring.kidney_tests import (
    after_creatinine_rise,
    after_high_ciclosporin,
    in_kidney_injury,
)
from cds_service.trials.nct06802055.monitoring.plan import Candidate, Test, after
from cds_service.trials.nct06802055.monitoring.study_course import EVENT, StudyCourse
from cds_service.trials.nct06802055.monitoring.tests_findings_ask_for import asked_by_findings
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseStatus
from cds_service.trials.nct06802055.patient_state.dosing_reasons import Reason
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.results import Analyte, Result

_HAEMOGLOBIN, _VISIT = 0, 2
_MEASURED_WELL = frozenset({Validity.VALID, Validity.ASSUMED_TROUGH, Validity.STALE})


def reasons_for(test: Test, course: StudyCourse) -> list[Candidate]:
    """All reasons beside the calendar for a test."""
    found = [*_asked_by_titration(test.name, course), *asked_by_findings(test, course)]
    match test.name:
        case "sirolimus-trough":
            found += _after_dose_change(course, Drug.SIROLIMUS)
            found += _after_ciclosporin_change(course)
            found += _after_partner(course, Analyte.SIROLIMUS)
            found += _after_haemoglobin_rise(course)
        case "ciclosporin-trough":
            found += _after_dose_change(course, Drug.CICLOSPORIN)
            found += _after_partner(course, Analyte.CICLOSPORIN)
        case "creatinine":
            found += after_creatinine_rise(course)
            found += after_high_ciclosporin(Analyte.CREATININE, course)
        case "potassium":
            found += in_kidney_injury(Analyte.POTASSIUM, course)
            found += after_high_ciclosporin(Analyte.POTASSIUM, course)
        case "cbc":
            found += _visits(course)
    return found


def _asked_by_titration(name: str, course: StudyCourse) -> Iterator[Candidate]:
    """A recheck is the dosing rules' own date for a level, so it takes the place of the calendar's."""
    for decision in course.titration:
        recheck = decision.recheck
        if recheck and name in _rechecked(decision, recheck):
            due = recheck.not_before or recheck.by or course.calendar.day
            seen = say("schedule.recheck")
            yield Candidate(due, recheck.by or due, decision.rule, seen, EVENT, instead=True, asked=True)


def _rechecked(decision: TitrationDecision, recheck: Recheck) -> tuple[str, ...]:
    """Ciclosporin given again after a hold is looked at with kidneys and potassium (DECISIONS 58)."""
    begins = decision.state is State.INITIATE or Reason.CHANGE_ORDERED in decision.reasons
    again = begins and Reason.RESTART_AFTER_HOLD in decision.reasons
    beside = ("creatinine", "potassium") if again and decision.drug == Drug.CICLOSPORIN else ()
    return (recheck.test, *beside)


def _after_dose_change(course: StudyCourse, drug: Drug) -> Iterator[Candidate]:
    dose = course.case.doses.get(drug)
    if dose is None or dose.status is not DoseStatus.KNOWN or len(dose.steps) < 2:
        return
    changed = dose.steps[-1].day
    window = course.limits.sirolimus_after_change
    if drug == Drug.CICLOSPORIN:
        window = course.limits.ciclosporin_after_change
    seen = say("schedule.doseChanged", day=changed)
    yield from course.follow_up(Analyte(drug), changed, window, "MON-DOSE", seen, instead=True)


def _after_ciclosporin_change(course: StudyCourse) -> Iterator[Candidate]:
    """Ciclosporin changes the clearance of sirolimus: started, stopped or changed by 50 mg a day or more.

    What happened before day 1 is answered by the first trough.
    """
    dose = course.case.doses.get(Drug.CICLOSPORIN)
    if dose is None:
        return
    days = [step.day for step in dose.steps[:1]]
    for before, now in zip(dose.steps, dose.steps[1:], strict=False):
        if abs(now.dose.daily_mg - before.dose.daily_mg) >= course.limits.ciclosporin_change_mg:
            days.append(now.day)
    if dose.status is not DoseStatus.KNOWN and dose.taken_until and dose.taken_until < course.calendar.day:
        days.append(dose.taken_until)
    changed = max(days, default=course.calendar.day_one)
    if changed > course.calendar.day_one:
        window = course.limits.sirolimus_after_change
        seen = say("schedule.ciclosporinChanged", day=changed)
        yield from course.follow_up(Analyte.SIROLIMUS, changed, window, "MON-CSA-CHANGE", seen, instead=False)


def _after_partner(course: StudyCourse, analyte: Analyte) -> Iterator[Candidate]:
    """A trough 7 days after an inhibitor or inducer started, 14 after it stopped (`titration.md` 8)."""
    drug, limits = Drug(analyte), course.limits
    for active in course.case.interactions:
        partner = active.interaction
        if not partner.changes_levels or partner.class_with(drug) is None:
            continue
        if active.stopped:
            seen = say("schedule.partnerStopped", name=partner.name, day=active.stopped)
            yield from course.follow_up(
                analyte, active.stopped, limits.after_partner_stopped, "MON-DDI", seen, instead=False
            )
        elif active.started and active.started > course.calendar.day_one:
            soon = partner.critical_with == drug
            window = limits.after_critical_partner if soon else limits.after_partner_started
            seen = say("schedule.partnerStarted", name=partner.name, day=active.started)
            yield from course.follow_up(analyte, active.started, window, "MON-DDI", seen, instead=False)


def _after_haemoglobin_rise(course: StudyCourse) -> Iterator[Candidate]:
    """Haemoglobin up by more than 20 g/L since the last valid trough (DECISIONS 38)."""
    trough = course.case.levels.get(Drug.SIROLIMUS)
    if trough is None or trough.day is None or trough.validity not in _MEASURED_WELL:
        return
    counts = course.calendar.measured.get(Analyte.HAEMOGLOBIN, ())
    before = _nearest(counts, trough.day, course.limits.haemoglobin_near_trough)
    now = counts[-1] if counts else None
    if before is None or now is None or now.number is None or before.number is None or now.when is None:
        return
    if now.when.last > trough.day and now.number - before.number > course.limits.haemoglobin_rise:
        seen = say(
            "schedule.haemoglobin",
            value=now.number,
            day=now.when.last,
            before=before.number,
            trough_day=trough.day,
        )
        due = now.when.last
        late = after(due, course.limits.sirolimus_after_change[1])
        yield Candidate(due, late, course.case.rules["SRL-HCT"], seen, _HAEMOGLOBIN)


def _nearest(counts: tuple[Result, ...], day: date, reach: int) -> Result | None:
    near = [r for r in counts if r.when and abs((r.when.last - day).days) <= reach]
    return min(near, key=lambda r: abs((r.when.last - day).days) if r.when else reach, default=None)


def _visits(course: StudyCourse) -> Iterator[Candidate]:
    """The blood count of Weeks 13 and 25 (P): week n is days 7(n-1)+1 to 7n, with the window either side."""
    day_one, reach = course.calendar.day_one, course.limits.visit_window
    counts = course.calendar.measured.get(Analyte.HAEMOGLOBIN, ())
    for week in course.limits.visit_weeks:
        first, last = after(day_one, 7 * (week - 1)), after(day_one, 7 * week - 1)
        opens, closes = after(first, -reach), after(last, reach)
        inside = any(r.when and opens <= r.when.last <= closes for r in counts)
        if not inside and course.calendar.day <= closes:
            seen = say("schedule.visit", week=week, first=first, last=last)
            yield Candidate(first, last, course.case.rules[f"MON-W{week}"], seen, _VISIT)
