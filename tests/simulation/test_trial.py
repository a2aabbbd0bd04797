"""Parts of the virtual trial: bodies that behave, chance that repeats, visits that are FHIR."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from cds_service.protocol.answers.dosing import State
from cds_service.simulation import fhir_visits as fhir
from cds_service.simulation.assumptions import assumptions
from cds_service.simulation.body import Body, Doses
from cds_service.simulation.outcomes import outcome
from cds_service.simulation.people import TRUTHS, Person, person
from cds_service.simulation.policies import Fixed, Oracle, Plan, Proportional, Visit, Wish
from cds_service.simulation.program_policy import Program
from cds_service.simulation.run import Trial, patients, run_trial
from cds_service.simulation.statistics import mean, ratio_of_means, summary
from cds_service.simulation.trial import Course, planned, run
from fhir_mappings.readers.bundle import decode
from fhir_mappings.vocabulary.medications import Drug
from fhir_mappings.vocabulary.studies import Arm
from tests.simulation.bedside import bedside

KNOWN = assumptions()


def somebody(arm: Arm = Arm.SIROLIMUS, **more: object) -> Person:
    """A patient without luck: no missed dose, no interacting drug."""
    found = next(p for p in (person(1, n, KNOWN) for n in range(12)) if p.arm is arm)
    luck = found.luck.without()
    quiet = replace(luck, mislabelled=np.zeros_like(luck.mislabelled), uncoded=np.zeros_like(luck.uncoded))
    return replace(found, interaction=None, luck=quiet, **more)  # type: ignore[arg-type]


def test_the_same_seed_gives_the_same_patient_and_another_seed_another() -> None:
    first, again, other = person(1, 5, KNOWN), person(1, 5, KNOWN), person(2, 5, KNOWN)
    assert first.haematocrit.tolist() == again.haematocrit.tolist()
    assert first.luck.sirolimus_noise.tolist() == again.luck.sirolimus_noise.tolist()
    assert first.age != other.age or first.weight_kg != other.weight_kg


def test_both_arms_and_every_truth_are_there_in_equal_parts() -> None:
    people = [person(3, number, KNOWN) for number in range(60)]
    assert {truth: sum(p.truth == truth for p in people) for truth in TRUTHS} == dict.fromkeys(TRUTHS, 20)
    assert sum(p.arm is Arm.COMBINED for p in people) == 30
    assert all(18 <= p.age <= 80 for p in people)


def test_twice_the_dose_is_twice_the_level_in_a_proportional_body() -> None:
    patient = somebody(truth="age_and_ciclosporin")
    levels = []
    for mg in (1.0, 2.0):
        body = Body(patient, KNOWN)
        body.live(0, 60, Doses(mg))
        levels.append(body.sirolimus[60])
    assert levels[1] == pytest.approx(2 * levels[0], rel=1e-6)


def test_living_in_two_pieces_is_living_in_one() -> None:
    patient = person(1, 4, KNOWN)
    whole, pieces = Body(patient, KNOWN), Body(patient, KNOWN)
    whole.live(0, 40, Doses(2, 75))
    for first, last in ((0, 11), (11, 12), (12, 40)):
        pieces.live(first, last, Doses(2, 75))
    np.testing.assert_allclose(whole.sirolimus, pieces.sirolimus, rtol=1e-12)
    np.testing.assert_allclose(whole.ciclosporin, pieces.ciclosporin, rtol=1e-12)
    np.testing.assert_allclose(whole.creatinine, pieces.creatinine, rtol=1e-12)


def test_ciclosporin_raises_sirolimus_and_hurts_the_kidneys_which_recover() -> None:
    patient = somebody(Arm.COMBINED, truth="age_and_ciclosporin", renal_half=100.0)
    alone, both = Body(patient, KNOWN), Body(patient, KNOWN)
    alone.live(0, 80, Doses(2, 0))
    both.live(0, 80, Doses(2, 150))
    assert both.sirolimus[80] > 1.1 * alone.sirolimus[80]
    assert both.creatinine[80] > 1.2 * patient.creatinine
    hurt = both.creatinine[80]
    both.live(80, 160, Doses(2, 0))
    assert both.creatinine[160] < 0.5 * (hurt + patient.creatinine)


def test_what_is_imagined_does_not_happen() -> None:
    body = Body(person(1, 4, KNOWN), KNOWN)
    body.live(0, 20, Doses(2, 75))
    before = body.sirolimus.copy()
    imagined = body.imagine(20, 40, Doses(3, 75))
    assert imagined.sirolimus[40] > 0
    assert body.sirolimus.tolist() == before.tolist()


def test_a_sample_two_hours_after_a_dose_is_higher_than_a_trough() -> None:
    body = Body(somebody(), KNOWN)
    assert body.sirolimus_sample(24) == 0
    body.live(0, 30, Doses(2))
    assert body.sirolimus_sample(2) > 1.5 * body.sirolimus_sample(24)
    assert body.sirolimus_sample(24) == pytest.approx(body.sirolimus[30], rel=1e-9)


def test_every_visit_is_fhir_that_the_reader_takes_without_a_gap() -> None:
    patient = person(1, 4, KNOWN)
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
    assert planned(quiet, 175) == [0, 7, 14, 28, 42, 56, 70, 90, 118, 146, 174, 175]
    met = next(p for p in (person(1, n, KNOWN) for n in range(99)) if p.interaction)
    assert met.interaction
    assert {met.interaction.first, met.interaction.last} <= set(planned(met, 175))


@pytest.mark.parametrize(
    ("wish", "today", "day"),
    [
        (Wish("sirolimus-trough", 17, 24), 10, 17),
        (Wish("creatinine", 11, 17), 10, 17),
        (Wish("creatinine", 11, 11), 10, 11),
        (Wish("creatinine", 9, 9), 10, 11),
    ],
)
def test_a_wish_is_met_when_its_window_opens_or_at_its_end_if_it_is_open(
    wish: Wish, today: int, day: int
) -> None:
    assert wish.day(today) == day


def _course(
    policy: str = "program", arm: Arm = Arm.SIROLIMUS
) -> tuple[Course, Program | Fixed | Proportional]:
    chosen = {"program": lambda: Program(bedside(), KNOWN), "fixed": Fixed, "label": Proportional}[policy]()
    return run(somebody(arm), policy, chosen, KNOWN), chosen


def test_the_program_starts_follows_and_stays_within_the_record() -> None:
    course, program = _course()
    assert isinstance(program, Program)
    assert program.said[0].decision.state is State.INITIATE
    assert {s.decision.drug for s in program.said} == {Drug.SIROLIMUS}
    assert all(1 <= seen.doses.sirolimus <= 3 for seen in course.visits if seen.doses.sirolimus)
    told = outcome(course, program.said, KNOWN)
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
    low = Visit(20, somebody(), (fhir.Level(Drug.SIROLIMUS, 3.0, 11.75, True),), 70.0, Doses(2, 0), None, 28)  # type: ignore[arg-type]
    rule = Proportional()
    rule.decide(replace(low, day=0))
    plan = rule.decide(low)
    assert plan.doses.sirolimus == 3
    assert plan.wishes == (Wish("sirolimus-trough", 27, 34),)
    assert rule.decide(replace(low, day=22, doses=plan.doses)) == Plan(plan.doses)


def test_the_oracle_finds_the_band_where_there_is_one() -> None:
    oracle = run(somebody(truth="age_and_ciclosporin"), "oracle", Oracle(KNOWN), KNOWN)
    fixed, _ = _course("fixed")
    assert outcome(oracle, (), KNOWN).in_band >= outcome(fixed, (), KNOWN).in_band


def test_any_number_of_processes_gives_the_same_figures() -> None:
    trial = Trial(6, 4, ("fixed", "label"), bedside())
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
    told = summary(patients(Trial(3, 1, ("fixed",), bedside()), range(3)), 1)
    assert told["patients"] == 3
    assert told["policies"]["fixed"]["ciclosporinInBand"] is None
    assert told["ofTheOraclesShare"] == {"fixed": None}
