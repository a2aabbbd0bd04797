"""Creatinine and potassium beside the calendar: after a rise, in injury, after a high ciclosporin level."""

from collections.abc import Iterator

from cds_service.rules.answers.dosing_answers import Validity
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.trials.nct06802055.monitoring.plan import Candidate, after
from cds_service.trials.nct06802055.monitoring.study_course import EVENT, StudyCourse
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.results import Analyte, Result

_RISING = frozenset({RenalState.WATCH, RenalState.IMPAIRED})


def after_creatinine_rise(course: StudyCourse) -> Iterator[Candidate]:
    """A week after a creatinine that was too high, within two days after one of acute kidney injury."""
    last = course.calendar.measured.get(Analyte.CREATININE, ())[-1:]
    if course.case.renal.standing is RenalState.AKI:
        yield from in_kidney_injury(Analyte.CREATININE, course)
    elif course.case.renal.state in _RISING and last and last[0].when:
        due = after(last[0].when.last, course.limits.kidney_after_rise)
        late = after(due, course.limits.kidney_in_injury[1])
        seen = say("schedule.kidney", day=last[0].when.last, seen=course.case.renal.seen)
        yield Candidate(due, late, course.case.rules["MON-REN"], seen, EVENT, asked=True)


def in_kidney_injury(analyte: Analyte, course: StudyCourse) -> Iterator[Candidate]:
    """Creatinine and potassium each day or two while the kidneys are injured, at once if there is none."""
    if course.case.renal.standing is not RenalState.AKI:
        return
    last = course.calendar.measured.get(analyte, ())[-1:]
    done = last[0].when.last if last and last[0].when else None
    first, second = course.limits.kidney_in_injury
    due = after(done, first) if done else course.calendar.day
    late = after(done, second) if done else course.calendar.day
    seen = say("schedule.injury", first=first, last=second, seen=course.case.renal.seen)
    yield Candidate(due, late, course.case.rules["MON-REN"], seen, EVENT, asked=True)


def after_high_ciclosporin(analyte: Analyte, course: StudyCourse) -> Iterator[Candidate]:
    """Two to three days after a ciclosporin level above what is only reduced (`titration.md` 5.2, 10)."""
    levels = course.calendar.measured.get(Analyte.CICLOSPORIN, ())
    high = [r for r in levels if r.above(course.dosing.ciclosporin_high) and not _is_no_trough(r, course)]
    if not high or high[-1].when is None:
        return
    day = high[-1].when.last
    first, last = window = course.dosing.ciclosporin_high_recheck
    seen = say("schedule.highCiclosporin", value=high[-1].number, day=day, first=first, last=last)
    yield from course.follow_up(analyte, day, window, "MON-CSA-HIGH", seen, instead=False, asked=True)


def _is_no_trough(result: Result, course: StudyCourse) -> bool:
    trough = course.case.levels.get(Drug.CICLOSPORIN)
    same = trough is not None and trough.reference == result.reference
    return same and trough is not None and trough.validity is Validity.NOT_TROUGH
