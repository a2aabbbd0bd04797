"""The virtual trial: visits that are FHIR, ways of dosing, and what a course comes to."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from cds_service.rules.answers.dosing_answers import State
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from cds_service.virtual_trial import fhir_visits as fhir
from cds_service.virtual_trial.course_of_trial import PatientCourse, planned, run_course
from cds_service.virtual_trial.pk_ground_truth import Body, Doses
from cds_service.virtual_trial.policies import Fixed, Oracle, Plan, PolicyVisit, Proportional, Wish
from cds_service.virtual_trial.program_policy import Program
from cds_service.virtual_trial.simulation_run import SimulatedTrial, patients, run_trial
from cds_service.virtual_trial.statistics import mean, ratio_of_means, summary
from cds_service.virtual_trial.trial_outcomes import trial_outcome
from cds_service.virtual_trial.true_renal_state import impaired_from
from cds_service.virtual_trial.virtual_adults import virtual_adult
from fhir_mappings.readers.bundle import decode
from tests.virtual_trial.bedside import bedside
from tests.virtual_trial.people import KNOWN, somebody


def test_every_visit_is_fhir_that_the_reader_takes_without_a_gap() -> None:
    patient = virtual_adult(1, 4, KNOWN)
    resources = [
        *fhir.person_resources(patient),
        *fhir.laboratory(patient, 14, 80.0),
        fhir.level_resource(fhir.Level(Drug.SIROLIMUS, 6.2, 11.75, is_coded=True), 14),
        fhir.intake(Drug.SIROLIMUS, 13, 12.0, 2.0, taken=True),
        fhir.order(Drug.SIROLIMUS, 0, 2.0),
        fhir.supply(Drug.SIROLIMUS, 0, 2.0, 35),
        *fhir.partner_order("J02AC01", "fluconazole", 20, 30),
    ]
    decoded = decode(msgspec.json.encode(fhir.bundle(resources)))
    assert decoded.gaps == ()
    assert len(decoded.resources) == len(resources)


def test_the_schedule_is_the_protocols_with_a_visit_where_an_interacting_drug_comes_or_goes() -> None:
    quiet = replace(somebody(), interaction=None)
    assert planned(quiet, 175) == [0, 7, 14, 28, 42, 56, 70, 84, 112, 140, 168, 175]
    met = next(p for p in (virtual_adult(1, n, KNOWN) for n in range(99)) if p.interaction)
    assert met.interaction
    assert {met.interaction.first, met.interaction.last} <= set(planned(met, 175))


@pytest.mark.parametrize(
    ("wish", "today", "day"),
    [
        (Wish(17, 24), 10, 17),
        (Wish(11, 17), 10, 17),
        (Wish(11, 11), 10, 11),
        (Wish(9, 9), 10, 11),
    ],
)
def test_a_wish_is_met_when_its_window_opens_or_at_its_end_if_it_is_open(
    wish: Wish, today: int, day: int
) -> None:
    assert wish.day(today) == day


def _course(
    policy: str = "program", arm: Arm = Arm.SIROLIMUS
) -> tuple[PatientCourse, Program | Fixed | Proportional]:
    chosen = {"program": lambda: Program(bedside(), KNOWN), "fixed": Fixed, "label": Proportional}[policy]()
    return run_course(somebody(arm), policy, chosen, KNOWN), chosen


def test_the_program_starts_follows_and_stays_within_the_record() -> None:
    course, program = _course()
    assert isinstance(program, Program)
    assert program.said[0].decision.state is State.INITIATE
    assert {s.decision.drug for s in program.said} == {Drug.SIROLIMUS}
    assert all(1 <= seen.doses.sirolimus <= 3 for seen in course.visits if seen.doses.sirolimus)
    told = trial_outcome(course, program.said, KNOWN)
    assert told.outside_record == 0
    assert told.ciclosporin_in_band is None
    assert 0 <= told.in_band <= 1


def test_the_same_program_gives_the_same_course_again() -> None:
    first, _ = _course(arm=Arm.COMBINED)
    again, _ = _course(arm=Arm.COMBINED)
    assert first.visits == again.visits


def test_fixed_dosing_changes_nothing_and_the_label_rule_follows_the_level() -> None:
    fixed, _ = _course("fixed")
    assert {seen.doses for seen in fixed.visits} == {Doses(2.0, 0.0)}
    low = PolicyVisit(
        20, somebody(), (fhir.Level(Drug.SIROLIMUS, 3.0, 11.75, True),), 70.0, Doses(2, 0), None, 28
    )  # type: ignore[arg-type]
    rule = Proportional()
    rule.decide(replace(low, day=0))
    plan = rule.decide(low)
    assert plan.doses.sirolimus == 3
    assert plan.wishes == (Wish(27, 34),)
    assert rule.decide(replace(low, day=22, doses=plan.doses)) == Plan(plan.doses, wishes=plan.wishes)
    assert rule.decide(replace(low, day=27, levels=(), doses=plan.doses)) == Plan(plan.doses)


def test_the_oracle_finds_the_band_where_there_is_one() -> None:
    oracle = run_course(somebody(truth="age_and_ciclosporin"), "oracle", Oracle(KNOWN), KNOWN)
    fixed, _ = _course("fixed")
    assert trial_outcome(oracle, (), KNOWN).in_band >= trial_outcome(fixed, (), KNOWN).in_band


def test_the_oracle_is_bound_by_the_record_once_the_kidneys_were_impaired() -> None:
    tough = somebody(Arm.COMBINED, renal_half=900.0)
    body = Body(tough, KNOWN)
    body.live(0, 28, Doses(2, 50))
    visit = PolicyVisit(28, tough, (), tough.creatinine, Doses(2, 50), body, 42)
    oracle = Oracle(KNOWN)
    assert oracle.decide(visit).doses.ciclosporin > 50
    body.creatinine[28] = impaired_from(tough)
    assert oracle.decide(visit).doses.ciclosporin <= 50
    body.creatinine[28] = tough.creatinine
    assert oracle.decide(visit).doses.ciclosporin <= 50
    assert Oracle(KNOWN).decide(visit).doses.ciclosporin > 50


@pytest.mark.parametrize(("clearance", "highest", "is_held"), [(0.2, 16.4, True), (0.28, 13.5, False)])
def test_the_oracle_gives_nothing_only_where_the_rules_would_hold_too(
    clearance: float, highest: float, is_held: bool
) -> None:
    slow = np.array([clearance, 1, 1, 1, 1, 1, 1])
    patient = somebody(truth="age_and_ciclosporin", age=44, sirolimus_factors=slow, assay_bias=1.0)
    course = run_course(patient, "oracle", Oracle(KNOWN), KNOWN)
    assert course.sirolimus[28:].max() == pytest.approx(highest, abs=0.1)
    assert (0 in {seen.doses.sirolimus for seen in course.visits}) is is_held


@pytest.mark.parametrize(("undocumented", "held"), [(False, False), (True, True)])
def test_a_sample_after_the_dose_is_seen_through_where_the_dose_is_documented(
    undocumented: bool, held: bool
) -> None:
    patient = somebody(assay_bias=1.25, truth="age_and_ciclosporin", age=50)
    days = KNOWN.days + 1
    luck = replace(
        patient.luck,
        mislabelled=np.arange(days) == 28,
        undocumented=np.full(days, undocumented),
        uncoded=np.zeros(days, bool),
    )
    program = Program(bedside(), KNOWN)
    course = run_course(replace(patient, luck=luck), "program", program, KNOWN)
    level = next(seen.sirolimus for seen in course.visits if seen.day == 28)
    assert level
    assert level > 15
    said = next(s.decision for s in program.said if s.day == 28)
    assert (said.state is State.HOLD) is held
    assert held or "NOT_TROUGH" in said.reasons


def test_days_in_the_band_count_until_the_kidneys_are_impaired() -> None:
    patient = somebody(Arm.COMBINED, creatinine=80.0, age=40)
    days = KNOWN.days + 1
    creatinine = np.where(np.arange(days) < 102, 80.0, 101.0)
    creatinine[150:] = 80.0
    course = PatientCourse("label", patient, np.full(days, 8.0), np.full(days, 150.0), creatinine, (), 0.0)
    told = trial_outcome(course, (), KNOWN)
    assert told.ciclosporin_in_band == 1
    assert told.ciclosporin_in_band_unharmed == pytest.approx((102 - 28) / (days - 28))
    worn = replace(course, person=replace(patient, creatinine=150.0))
    assert trial_outcome(worn, (), KNOWN).ciclosporin_in_band_unharmed is None


def test_any_number_of_processes_gives_the_same_figures() -> None:
    trial = SimulatedTrial(6, 4, ("fixed", "label"), bedside())
    alone, together = run_trial(trial, 1), run_trial(trial, 2)
    assert [(o.number, o.policy, o.in_band) for o in alone] == [
        (o.number, o.policy, o.in_band) for o in together
    ]
    assert [o.number for o in alone] == [n for n in range(6) for _ in range(2)]


def test_figures_carry_their_interval_and_pairs_their_ratio() -> None:
    figure = mean([0.0, 1.0, 1.0, 0.0])
    assert figure
    assert (figure.value, figure.patients) == (0.5, 4)
    assert figure.low == pytest.approx(0.5 - 1.96 * np.std([0, 1, 1, 0], ddof=1) / 2)
    assert mean([]) is None
    same = np.array([0.4, 0.9, 0.8])
    assert ratio_of_means(same, same, 1).value == 1
    assert ratio_of_means(same / 2, same, 1).high == pytest.approx(0.5)


def test_a_summary_has_every_policy_and_who_is_not_there_is_null() -> None:
    told = summary(patients(SimulatedTrial(3, 1, ("fixed",), bedside()), range(3)), 1)
    assert told["patients"] == 3
    assert told["policies"]["fixed"]["ciclosporinInBand"] is None
    assert told["ofTheOraclesShare"] == {"fixed": None}
