"""Proof three: the closed form agrees with other methods."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from cds_service.pharmacokinetics.compartments import Array, repeated_doses, step
from cds_service.pharmacokinetics.concentrations import (
    BeyondItsUse,
    DoseHistory,
    DoseStretch,
    concentrations,
    settled,
)
from cds_service.pharmacokinetics.population_model import Floats, PopulationModel
from cds_service.pharmacokinetics.regimen import DoseTaken, DosingCourse, courses_of
from tests.pharmacokinetics.patients import (
    DAY,
    GOLUBOVIC,
    HYBRID,
    JIAO,
    MAO,
    NOBODY_SPECIAL,
    PRESS,
    SOMEBODY,
    WILHELM,
    WOILLARD,
    changing_course,
)

FOLLOWING = (GOLUBOVIC, HYBRID, MAO, PRESS, WILHELM, WOILLARD)
rates = st.floats(0.05, 50)


def system(parameters: Floats, stages: int) -> Floats:
    """The matrix A of x' = A x; x = central, peripheral, then the gut chain from last to first stage."""
    cl, v1, q, v2, ka = parameters[:5]
    found = np.zeros((2 + stages, 2 + stages))
    found[:2, :2] = [[-(cl + q) / v1, q / v2], [q / v1, -q / v2]]
    for stage in range(stages):
        found[2 + stage, 2 + stage] = -ka
        found[0 if stage == 0 else 1 + stage, 2 + stage] = ka
    return found


@given(rates, rates, rates, rates, st.floats(0.05, 9), st.floats(0.1, 200), st.sampled_from([1, 2, 5]))
def test_the_closed_form_is_the_matrix_exponential(
    cl: float, v1: float, q: float, v2: float, ka: float, hours: float, stages: int
) -> None:
    parameters = np.array([cl, v1 * 10, q, v2 * 10, ka, 1, 0])
    other = expm(system(parameters, stages) * hours)
    np.testing.assert_allclose(step(parameters, np.asarray(hours), stages), other, atol=1e-7, rtol=1e-6)


@pytest.mark.parametrize("stages", [1, 2, 5])
@pytest.mark.parametrize("off", [0.0, 1e-9, 1e-4, 0.01, 0.0199, 0.0201, 0.05])
def test_absorption_about_as_fast_as_elimination_loses_no_digits(off: float, stages: int) -> None:
    parameters = np.array([5.0, 10.0, 0.0, 1.0, 0.5 * (1 + off), 1, 0])
    exact = expm(system(parameters, stages) * 30.0)[0, -1]
    assert step(parameters, np.asarray(30.0), stages)[0, -1] == pytest.approx(exact, rel=1e-6)


def test_one_compartment_is_the_textbook_formula() -> None:
    cl, v, ka, t = 7.0, 500.0, 0.75, 24.0
    parameters = np.array([cl, v, 0.0, 1.0, ka, 1, 0])
    k = cl / v
    bateman = ka / (ka - k) * (np.exp(-k * t) - np.exp(-ka * t))
    assert step(parameters, np.asarray(t))[0, 2] == pytest.approx(bateman, rel=1e-12)


@pytest.mark.parametrize("stages", [1, 2, 5])
def test_repeated_doses_are_the_sum_of_single_ones(stages: int) -> None:
    parameters = np.array([12.0, 118.0, 5.0, 609.0, 2.0, 1, 0])

    def moved(hours: float) -> Array:
        return step(parameters, np.asarray(hours), stages)

    single = sum(moved(12.0 * k) for k in range(9))
    np.testing.assert_allclose(repeated_doses(moved(12.0), moved(108.0)), single, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("model", FOLLOWING, ids=lambda m: m.name)
def test_a_real_history_agrees_with_a_stepwise_solver_of_the_equations(model: PopulationModel) -> None:
    """Changed and missed doses, changing covariates: the ODE is integrated piece by piece."""
    history = changing_course()
    hours = [10 * DAY - 1, 13 * DAY, 20 * DAY + 2, 40 * DAY, 55 * DAY]
    np.testing.assert_allclose(
        concentrations(model, history, hours, NOBODY_SPECIAL), _integrated(model, history, hours), rtol=2e-5
    )


def _integrated(model: PopulationModel, history: DoseHistory, hours: list[float]) -> Floats:
    lag = model.typical(history.stretches[0].covariates)[6]
    doses = [(c.start + lag + c.every * k, c.mg) for c in history.courses for k in range(c.count)]
    events = sorted({*hours, *(t for t, _ in doses), *(s.start for s in history.stretches)})
    state, now, found = np.zeros(2 + model.file.stages), 0.0, []
    for event in events:
        parameters = model.typical(_covariates(history, now))
        matrix = system(parameters, model.file.stages)
        if event > now:
            solved = solve_ivp(
                lambda _, x, a=matrix: a @ x, (now, event), state, method="LSODA", rtol=1e-8, atol=1e-12
            )
            state, now = solved.y[:, -1], event
        if event in hours:
            found.append(1000 * state[0] / parameters[1])
        state[-1] += sum(mg for t, mg in doses if t == event) * parameters[5]
    return np.array(found)


def _covariates(history: DoseHistory, now: float) -> dict[str, float]:
    return dict([s for s in history.stretches if s.start <= now][-1].covariates)


@pytest.mark.parametrize("model", FOLLOWING, ids=lambda m: m.name)
def test_after_long_enough_a_regimen_has_settled_where_steady_state_says(model: PopulationModel) -> None:
    every = 24.0 if model.file.drug == "sirolimus" else 12.0
    days = 120
    history = DoseHistory((DosingCourse(0, every, int(days * 24 / every), 2),), (DoseStretch(0, SOMEBODY),))
    late = concentrations(model, history, [days * DAY], NOBODY_SPECIAL)[0]
    assert late == pytest.approx(settled(model, SOMEBODY, 2, every, NOBODY_SPECIAL), rel=1e-5)


def test_a_model_of_troughs_only_is_not_asked_how_fast_a_level_settles() -> None:
    with pytest.raises(BeyondItsUse) as refused:
        concentrations(JIAO, changing_course(), [DAY], NOBODY_SPECIAL)
    assert refused.value.model == "jiao_2009"


def test_before_any_dose_there_is_no_drug() -> None:
    history = DoseHistory((), (DoseStretch(0, SOMEBODY),))
    assert concentrations(MAO, history, [DAY], NOBODY_SPECIAL).tolist() == [0.0]
    later = DoseHistory((DosingCourse(5 * DAY, DAY, 3, 2),), (DoseStretch(0, SOMEBODY),))
    assert concentrations(MAO, later, [DAY, 6 * DAY], NOBODY_SPECIAL)[0] == 0.0


def test_doses_become_runs_and_a_missed_or_changed_dose_ends_one() -> None:
    doses = [DoseTaken(24.0 * k, 2) for k in (0, 1, 2, 4, 5)] + [DoseTaken(24.0 * k, 3) for k in (6, 7)]
    assert courses_of(reversed(doses)) == (
        DosingCourse(0, 24, 3, 2),
        DosingCourse(96, 24, 2, 2),
        DosingCourse(144, 24, 2, 3),
    )
    assert courses_of([DoseTaken(3, 1)]) == (DosingCourse(3, 24, 1, 1),)
    assert courses_of([DoseTaken(3, 1), DoseTaken(3, 1)]) == (
        DosingCourse(3, 24, 1, 1),
        DosingCourse(3, 24, 1, 1),
    )


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.sampled_from([1.0, 2.0, 3.0])), max_size=40, unique_by=lambda p: p[0]
    )
)
def test_no_dose_is_lost_or_invented(taken: list[tuple[int, float]]) -> None:
    doses = [DoseTaken(24.0 * day, mg) for day, mg in taken]
    found = [(c.start + c.every * k, c.mg) for c in courses_of(doses) for k in range(c.count)]
    assert sorted(found) == sorted((d.hour, d.mg) for d in doses)


def test_a_part_of_a_course_holds_the_doses_of_its_hours_and_no_other() -> None:
    course = DosingCourse(0, 24, 5, 2)
    assert course.within(24, 72) == DosingCourse(24, 24, 2, 2)
    assert course.within(-10, 1000) == course
    assert course.within(1, 24) is None
    assert course.within(120, 240) is None
