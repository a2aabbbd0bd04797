"""Proof four: stored results of NONMEM, posologyr, mrgsolve and mapbayr (lesson 24).

Each file of `reference/` says who made it and how; each tolerance here says why it is not tighter.
"""

from typing import Any

import numpy as np
import pytest

from cds_service.pharmacokinetics.concentrations import concentrations, settled
from cds_service.pharmacokinetics.map_estimate import Estimate, Posterior, estimate
from cds_service.pharmacokinetics.population_model import Floats, PopulationModel, model
from cds_service.pharmacokinetics.residual_error import Sample
from tests.pharmacokinetics.stored import (
    Case,
    Patient,
    Run,
    factors,
    long_history,
    mapbayr,
    nonmem,
    places,
    stored,
)

DIGITS = 1e-8
"""Nine digits are stored."""

SOLVER = 5e-8
"""NONMEM solves to eight digits (TOL=8) and prints nine."""

NONMEM = 1e-5
"""Of an eta, so 0.001 % of a parameter: where NONMEM ends its search; 2.4e-6 is the most that was seen."""

POSOLOGYR = 1e-3
"""Where its optimiser ends; 4.9e-4 in run301, 5e-5 elsewhere, and as far from NONMEM as from us."""

MAPBAYR = 5e-6
"""Where newuoa ends with slopes that it only feels for; 1.8e-6 is the most that was seen."""

FITTED = ("run101", "run301", "run405", "run407")


def _samples(patient: Patient) -> list[Sample]:
    return [Sample(h, y, assay="lc-ms/ms") for h, y in zip(patient.hours, patient.measured, strict=True)]


def _estimates(run: Run) -> list[tuple[Patient, Estimate]]:
    return [(each, estimate(run.population, each.history, _samples(each))) for each in run.patient]


def _lower_triangle(found: Estimate, etas: list[str]) -> Floats:
    """The covariance of eta, as NONMEM prints it."""
    estimated = list(found.model.estimated)
    root = np.linalg.cholesky(found.model.between[np.ix_(estimated, estimated)])
    order = [estimated.index(place) for place in places(etas)]
    covariance = (root @ found.covariance @ root.T)[np.ix_(order, order)]
    return np.asarray(covariance[np.tril_indices(len(order))])


def _of_levels(model_: PopulationModel, measured: list[float]) -> float:
    """Ours is the density of ln(level), theirs of the level where the error is one of the level."""
    return float(2 * np.sum(np.log(measured))) if model_.residual.scale == "level" else 0.0


@pytest.mark.parametrize("name", ["run003", *FITTED])
def test_levels_of_the_typical_patient_are_those_of_nonmem(name: str) -> None:
    """One and two compartments, a lag, covariates that change from record to record; 0 within the lag."""
    run = nonmem(name)
    for each in run.patient:
        found = concentrations(run.population, each.history, each.hours, np.ones(7))
        np.testing.assert_allclose(found, each.typical, rtol=SOLVER, atol=1e-12)


@pytest.mark.parametrize("name", FITTED)
def test_levels_of_each_patient_are_those_of_nonmem(name: str) -> None:
    run = nonmem(name)
    for each in run.patient:
        found = concentrations(run.population, each.history, each.hours, factors(run.etas, each.eta))
        np.testing.assert_allclose(found, each.predicted, rtol=SOLVER)


@pytest.mark.parametrize("name", FITTED)
def test_estimates_are_those_of_nonmem_and_of_posologyr(name: str) -> None:
    """Error on the logarithm (407), proportional (101, 301), proportional and additive (405)."""
    run = nonmem(name)
    for each, found in _estimates(run):
        eta = np.log(found.factors[places(run.etas)])
        np.testing.assert_allclose(eta, each.eta, rtol=0, atol=NONMEM)
        np.testing.assert_allclose(eta, each.posologyr_eta, rtol=0, atol=POSOLOGYR)


@pytest.mark.parametrize("name", FITTED)
def test_the_uncertainty_of_estimates_is_that_of_nonmem(name: str) -> None:
    """The smallest covariances are printed with fewer true digits, hence the absolute part."""
    run = nonmem(name)
    for each, found in _estimates(run):
        covariance = _lower_triangle(found, run.etas)
        np.testing.assert_allclose(covariance, each.covariance, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", FITTED)
def test_how_likely_a_model_makes_the_levels_is_what_nonmem_says(name: str) -> None:
    """Its objective of one patient, by which the models are weighed; flat there, so closer than the etas."""
    run = nonmem(name)
    for each, found in _estimates(run):
        ours = -2 * found.evidence + _of_levels(run.population, each.measured)
        assert ours == pytest.approx(each.objective, rel=0, abs=2e-5)


_LEVELS = stored("mrgsolve_levels")


@pytest.mark.parametrize("case", _LEVELS["case"], ids=lambda c: f"{c['model']} {c['patient']}")
def test_levels_of_the_shipped_models_are_those_of_mrgsolve(case: dict[str, Any]) -> None:
    """Changed and missed doses, changing covariates, lag, chains of two and of five stages."""
    shipped = model(case["model"])
    patient = np.array(_LEVELS["factors"]) if case["patient"] == "other" else np.ones(7)
    found = concentrations(shipped, long_history(shipped.file.drug), _LEVELS["hours"], patient)
    np.testing.assert_allclose(found, case["levels"], rtol=DIGITS, atol=1e-12)


@pytest.mark.parametrize("case", _LEVELS["settled"], ids=lambda c: f"{c['mg']} mg")
def test_settled_troughs_are_those_of_mrgsolve(case: dict[str, Any]) -> None:
    shipped, covariates = model(case["model"]), case["covariates"]
    found = settled(shipped, covariates, case["mg"], case["every"], np.ones(7))
    assert found == pytest.approx(case["level"], rel=DIGITS)


@pytest.mark.parametrize("case", mapbayr(), ids=lambda c: f"{c.model} {c.assay} {c.eta[0]:.2f}")
def test_estimates_with_the_shipped_models_are_those_of_mapbayr(case: Case) -> None:
    """The errors as published, two kinds of assay, and levels below quantification as censored."""
    fitted = case.population
    history = long_history(fitted.file.drug)
    hours = stored("mapbayr_estimates")["hours"][fitted.file.drug]
    samples = case.samples(hours)
    found = estimate(fitted, history, samples)
    np.testing.assert_allclose(np.log(found.factors[places(case.etas)]), case.eta, rtol=0, atol=MAPBAYR)
    seen = [sample.ng_per_ml for sample in samples if not sample.below]
    ours = Posterior(fitted, history, samples).judge(found.u)[0] + _of_levels(fitted, seen)
    assert ours == pytest.approx(case.objective, rel=0, abs=1e-7)
    levels = concentrations(fitted, history, hours, factors(case.etas, case.eta))
    np.testing.assert_allclose(levels, case.predicted, rtol=DIGITS)


def test_the_stored_estimates_hold_levels_below_quantification_of_every_model() -> None:
    censored = {case.model for case in mapbayr() if any(case.below)}
    assert censored == {case.model for case in mapbayr()}
