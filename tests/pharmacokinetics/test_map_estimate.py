"""Proofs one, two and four: no data gives the population, much data the patient, a second optimiser the same."""

import dataclasses

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from scipy.optimize import approx_fprime, minimize

from cds_service.pharmacokinetics.concentrations import DoseHistory, DoseStretch
from cds_service.pharmacokinetics.map_estimate import (
    EDGE,
    EdgeSolution,
    InvalidPatient,
    Posterior,
    estimate,
    factors_of,
)
from cds_service.pharmacokinetics.population_model import Floats, PopulationModel, Residual
from cds_service.pharmacokinetics.regimen import DosingCourse
from cds_service.pharmacokinetics.residual_error import Sample
from cds_service.pharmacokinetics.virtual_patients import draw
from tests.pharmacokinetics.patients import (
    DAY,
    GOLUBOVIC,
    HYBRID,
    MAO,
    PRESS,
    SOMEBODY,
    UMPIERREZ,
    WILHELM,
    WOILLARD,
    changing_course,
    measured,
    usual_course,
)

MODELS = (MAO, GOLUBOVIC, HYBRID, PRESS, WOILLARD, WILHELM)
VISITS = [7 * DAY, 14 * DAY, 28 * DAY, 42 * DAY]


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.name)
def test_without_levels_the_estimate_is_the_population(model: PopulationModel) -> None:
    found = estimate(model, changing_course(), ())
    assert found.factors.tolist() == [1.0] * 7
    np.testing.assert_array_equal(found.covariance, np.eye(len(model.estimated)))


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.name)
def test_with_many_exact_levels_the_estimate_is_the_patient(model: PopulationModel) -> None:
    """Rich levels of an exact assay, in a patient who is always the same, outweigh the population.

    Levels tell of clearances and volumes only by their ratio to the absorbed fraction.
    """
    always: dict[str, object] = {"occasion_cv": {}, "occasion_variance": {}, "occasion_correlation": ()}
    exact = dataclasses.replace(
        model, file=msgspec.structs.replace(model.file, residual=Residual(0.001), **always)
    )
    u = np.linspace(-0.8, 0.8, len(model.estimated))
    truth = np.real(factors_of(model, u))
    history = usual_course(model)
    hours = [DAY * k + h for k in (8, 20, 40) for h in (0.5, 1, 2, 4, 8, 12, 23.5)]
    found = estimate(exact, history, measured(model, history, truth, hours))
    np.testing.assert_allclose(_told(found.factors), _told(truth), rtol=0.01)
    assert np.all(np.diag(found.covariance) < 1)


def _told(factors: Floats) -> Floats:
    cl, v1, q, v2, ka, f = factors[:6]
    return np.array([cl / f, v1 / f, q / f, v2 / f, ka])


@pytest.mark.parametrize("model", [*MODELS, UMPIERREZ], ids=lambda m: m.name)
@pytest.mark.parametrize("scale", ["logarithm", "level"])
def test_the_search_ends_where_the_slope_does(model: PopulationModel, scale: str) -> None:
    """Far from the typical patient, where a search by slopes alone once turned back and called that an end."""
    proportional = msgspec.structs.replace(model.file, residual=Residual(0.1, scale=scale))  # type: ignore[arg-type]
    exacter = dataclasses.replace(model, file=proportional)
    history = usual_course(model)
    hours = [8 * DAY + h for h in (1, 3, 12)]
    for sign in (-1, 1):
        truth = np.real(factors_of(model, np.full(len(model.estimated), sign * 1.5)))
        samples = measured(model, history, truth, hours)
        found = estimate(exacter, history, samples)
        np.testing.assert_allclose(Posterior(exacter, history, samples).judge(found.u)[1], 0, atol=1e-4)


def test_a_search_that_does_not_settle_is_no_answer() -> None:
    history = changing_course()
    samples = measured(GOLUBOVIC, history, np.full(7, 1.3), VISITS)
    with pytest.raises(InvalidPatient, match="did not settle"):
        estimate(GOLUBOVIC, history, samples, most_steps=1)


@pytest.mark.parametrize("model", [MAO, GOLUBOVIC, UMPIERREZ], ids=lambda m: m.name)
@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_gradient_is_the_slope(model: PopulationModel, seed: int) -> None:
    """On the scale of the logarithm and of the level; with levels of another method and censored ones."""
    chance = np.random.default_rng(seed)
    history = usual_course(model)
    samples = [
        *measured(model, history, draw(model, 1, chance)[0], VISITS, chance),
        Sample(50 * DAY, 2.0, below=True, assay="lc-ms/ms"),
    ]
    judge = Posterior(model, history, samples).judge
    u = chance.normal(size=len(model.estimated))
    numeric = approx_fprime(u, lambda at: judge(at)[0], 1e-6)
    np.testing.assert_allclose(judge(u)[1], numeric, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.name)
def test_a_second_optimiser_finds_the_same_patient(model: PopulationModel) -> None:
    """Nelder and Mead's simplex uses no gradient and starts elsewhere."""
    chance = np.random.default_rng(7)
    history = usual_course(model)
    samples = measured(model, history, draw(model, 1, chance)[0], VISITS, chance)
    judge = Posterior(model, history, samples).judge
    start = np.full(len(model.estimated), 0.3)
    options = {"xatol": 1e-5, "fatol": 1e-9, "maxiter": 6000, "maxfev": 6000, "adaptive": True}
    other = minimize(lambda u: judge(u)[0], start, method="Nelder-Mead", options=options)
    found = estimate(model, history, samples)
    assert judge(found.u)[0] <= other.fun + 1e-4
    np.testing.assert_allclose(found.u, other.x, atol=5e-3)


@pytest.mark.parametrize("model", [*MODELS, UMPIERREZ], ids=lambda m: m.name)
@settings(max_examples=15, deadline=None)
@given(st.floats(0.6, 5), st.floats(0.6, 5))
def test_levels_that_are_higher_never_mean_a_faster_clearance(
    model: PopulationModel, first: float, second: float
) -> None:
    """Up to five times the typical trough: there a spread in ng/mL once sent the estimate the wrong way."""
    low, high = sorted((first, second))
    history = usual_course(model)
    (typical,) = measured(model, history, np.ones(7), [28 * DAY])

    def clearance(times: float) -> float:
        seen = replace(typical, ng_per_ml=times * typical.ng_per_ml)
        return float(estimate(model, history, [seen]).factors[0])

    assert clearance(high) <= clearance(low) + 1e-4


@pytest.mark.parametrize("model", [*MODELS, UMPIERREZ], ids=lambda m: m.name)
def test_a_patient_with_the_typical_levels_is_the_typical_one(model: PopulationModel) -> None:
    """Within 5 %: where the error grows with the level, the likeliest level lies a little beside the measured."""
    history = usual_course(model)
    found = estimate(model, history, measured(model, history, np.ones(7), VISITS))
    np.testing.assert_allclose(found.factors, 1, rtol=0.05)


def test_a_level_below_quantification_says_at_most_and_is_never_a_number() -> None:
    history = changing_course()
    at = 20 * DAY
    typical = measured(MAO, history, np.ones(7), [at])[0].ng_per_ml
    hardly = estimate(MAO, history, [Sample(at, 10 * typical, below=True, assay="immunoassay")])
    assert hardly.factors[0] == pytest.approx(1, abs=1e-3)
    much = estimate(MAO, history, [Sample(at, typical / 2, below=True, assay="immunoassay")])
    number = estimate(MAO, history, [Sample(at, typical / 4, assay="immunoassay")])
    assert 1.2 < much.factors[0] < number.factors[0]


def test_a_level_of_another_method_counts_for_less() -> None:
    history = changing_course()
    off = measured(MAO, history, np.ones(7), [20 * DAY])[0].ng_per_ml * 1.5
    same, other, untold = (
        estimate(MAO, history, [Sample(20 * DAY, off, assay=assay)]).factors[0]
        for assay in ("immunoassay", "lc-ms/ms", None)
    )
    assert same < other < 1
    assert other == untold


def test_an_estimate_at_the_edge_is_a_refusal() -> None:
    """A level that nobody in the population could have, seen again and again."""
    history = changing_course()
    samples = [Sample(20 * DAY + k, 300.0, assay="immunoassay") for k in range(12)]
    with pytest.raises(EdgeSolution) as refused:
        estimate(MAO, history, samples)
    assert refused.value.parameter in ("cl", "v1")
    assert EDGE == 4.0


@pytest.mark.parametrize(
    ("courses", "sample", "problem"),
    [
        ((), Sample(24, 5), "no dose was taken"),
        ((DosingCourse(0, 24, 5, -2),), Sample(24, 5), "a dose is no amount"),
        ((DosingCourse(0, 24, 5, float("nan")),), Sample(24, 5), "a dose is no amount"),
        ((DosingCourse(0, 24, 5, 2),), Sample(24, 0), "a level is no concentration"),
        ((DosingCourse(0, 24, 5, 2),), Sample(24, float("inf")), "a level is no concentration"),
        ((DosingCourse(24, 24, 5, 2),), Sample(24, 5), "a level from before the first dose"),
    ],
)
def test_an_impossible_patient_is_refused(
    courses: tuple[DosingCourse, ...], sample: Sample, problem: str
) -> None:
    with pytest.raises(InvalidPatient) as refused:
        estimate(MAO, DoseHistory(courses, (DoseStretch(0, SOMEBODY),)), [sample])
    assert refused.value.problem == problem


def test_a_level_counts_for_less_where_patients_vary_from_time_to_time() -> None:
    """The hybrid's clearance varies by 10 % from one time to the next; without that, one level says more."""
    history = usual_course(HYBRID)
    (seen,) = measured(HYBRID, history, np.ones(7), [20 * DAY])
    off = [Sample(seen.hour, seen.ng_per_ml * 1.4, assay=seen.assay)]
    steady = dataclasses.replace(HYBRID, file=msgspec.structs.replace(HYBRID.file, occasion_cv={}))
    varying_patient, steady_patient = (estimate(m, history, off).factors[0] for m in (HYBRID, steady))
    assert steady_patient < varying_patient < 1
