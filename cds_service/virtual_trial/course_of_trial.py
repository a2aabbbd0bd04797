"""The virtual trial itself: every patient under every policy, 25 weeks, visit by visit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from cds_service.pharmacokinetics.population_model import Floats
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from cds_service.virtual_trial.assumptions import Assumptions
from cds_service.virtual_trial.fhir_visits import Level
from cds_service.virtual_trial.pk_ground_truth import PEAK_HOURS, Body, Doses
from cds_service.virtual_trial.policies import Plan, Policy, PolicyVisit
from cds_service.virtual_trial.virtual_adults import VirtualAdult

PLANNED = (0, 7, 14, 28, 42, 56, 70, 84, 112, 140, 168)
"""Days of the schedule: D8, D15, every two weeks to Week 13, then every four, on one day of the week.

D85 and D169 lie in the windows of the read-outs of Weeks 13 and 25.
"""

_AFTER_PARTNER = 7
_AFTER_PARTNER_STOPPED = 14
_SIROLIMUS_HOUR, _CICLOSPORIN_HOUR = 12.0, 8.0
_LOWEST = 0.3


@dataclass(frozen=True, slots=True)
class SeenAtVisit:
    """One visit of a course: what was measured, and what was prescribed after it."""

    day: int
    sirolimus: float | None
    ciclosporin: float | None
    creatinine: float
    doses: Doses
    held: bool


@dataclass(frozen=True, slots=True)
class PatientCourse:
    """One patient under one policy: the truth by day, and every visit. `seconds` of computing."""

    policy: str
    person: VirtualAdult
    sirolimus: Floats
    ciclosporin: Floats
    creatinine: Floats
    visits: tuple[SeenAtVisit, ...]
    seconds: float


def run_course(person: VirtualAdult, name: str, policy: Policy, known: Assumptions) -> PatientCourse:
    """25 weeks of one patient under one policy."""
    begun = perf_counter()
    body, plan, day, seen = Body(person, known), Plan(Doses()), 0, []
    calendar = planned(person, known.days)
    while day < known.days:
        visit = _visit(person, body, day, plan, calendar, known)
        plan = policy.decide(visit)
        seen.append(_seen(visit, plan))
        until = _next(visit, plan)
        _live(body, day, until, plan)
        day = until
    troughs = body.sirolimus, body.ciclosporin, body.creatinine
    return PatientCourse(name, person, *troughs, tuple(seen), perf_counter() - begun)


def run_all(
    person: VirtualAdult, policies: Mapping[str, Policy], known: Assumptions
) -> tuple[PatientCourse, ...]:
    """One patient under every policy, with the same luck."""
    return tuple(run_course(person, name, policy, known) for name, policy in policies.items())


def planned(person: VirtualAdult, days: int) -> Sequence[int]:
    """The days everybody is seen: the schedule, and what a new or stopped interacting drug asks for."""
    course = person.interaction
    events = (
        (course.first, course.first + _AFTER_PARTNER, course.last, course.last + _AFTER_PARTNER_STOPPED)
        if course
        else ()
    )
    return sorted({day for day in (*PLANNED, *events) if day < days} | {days})


def _next(visit: PolicyVisit, plan: Plan) -> int:
    """The next planned visit, or sooner where a wish cannot wait for it."""
    pressing = [wish.day(visit.day) for wish in plan.wishes if wish.last < visit.next_planned]
    return min([visit.next_planned, *(max(day, visit.day + 1) for day in pressing)])


def _live(body: Body, day: int, until: int, plan: Plan) -> None:
    first = Doses(
        0.0 if Drug.SIROLIMUS in plan.held_first else plan.doses.sirolimus,
        0.0 if Drug.CICLOSPORIN in plan.held_first else plan.doses.ciclosporin,
    )
    if plan.held_first:
        body.live(day, day + 1, first)
        day += 1
    if day < until:
        body.live(day, until, plan.doses)


def _visit(
    person: VirtualAdult, body: Body, day: int, plan: Plan, calendar: Sequence[int], known: Assumptions
) -> PolicyVisit:
    noise = known.creatinine_cv * person.luck.creatinine_noise[day]
    creatinine = float(body.creatinine[day] * np.exp(noise))
    measured = tuple(_level(person, body, drug, day) for drug in _drugs(person)) if day else ()
    after = next(later for later in calendar if later > day)
    return PolicyVisit(day, person, measured, creatinine, plan.doses, body, after)


def _drugs(person: VirtualAdult) -> tuple[Drug, ...]:
    return tuple(Drug) if person.arm == Arm.COMBINED else (Drug.SIROLIMUS,)


def _level(person: VirtualAdult, body: Body, drug: Drug, day: int) -> Level:
    """A sample of the morning: late or early, sometimes after the dose, measured with the assay's noise."""
    luck = person.luck
    if drug == Drug.SIROLIMUS:
        late, every, due, noise = luck.sirolimus_late[day], 24, _SIROLIMUS_HOUR, luck.sirolimus_noise
    else:
        late, every, due, noise = luck.ciclosporin_late[day], 12, _CICLOSPORIN_HOUR, luck.ciclosporin_noise
    hours = PEAK_HOURS if luck.mislabelled[day] else every + float(late)
    sample = body.sirolimus_sample if drug == Drug.SIROLIMUS else body.ciclosporin_sample
    read = sample(hours) * float(np.exp(person.assay_cv * noise[day]))
    return Level(drug, max(read, _LOWEST), due + float(late), not luck.uncoded[day])


def _seen(visit: PolicyVisit, plan: Plan) -> SeenAtVisit:
    sirolimus, ciclosporin = visit.level(Drug.SIROLIMUS), visit.level(Drug.CICLOSPORIN)
    held = bool(plan.held_first) or (plan.doses.sirolimus == 0 and visit.day > 0)
    return SeenAtVisit(visit.day, sirolimus, ciclosporin, visit.creatinine, plan.doses, held)
