"""A model knows for whom it is valid (lesson 23)."""

import pytest

from cds_service.pharmacokinetics.validity import Fit, Measured, judge_validity
from tests.pharmacokinetics.patients import GOLUBOVIC, MAO, WOILLARD
from tests.tables import Case, cases


@pytest.mark.parametrize(
    "case",
    cases("""
    case                        | haematocrit | age  | fit
    inside the study            | 30          | 5    | INSIDE
    on the lowest studied       | 25          | 0    | INSIDE
    just below it               | 24.9        | 0    | STRETCHED
    on the highest studied      | 50          | 0    | INSIDE
    just above it               | 50.1        | 0    | STRETCHED
    on the lowest possible      | 15          | 0    | STRETCHED
    below what is possible      | 14.9        | 0    | NOT_FOR_THIS_PATIENT
    above what is possible      | 60.1        | 0    | NOT_FOR_THIS_PATIENT
    fresh to the day            | 30          | 28   | INSIDE
    stale by a day              | 30          | 29   | NOT_FOR_THIS_PATIENT
    of a day that nobody told   | 30          | -    | INSIDE
"""),
    ids=lambda c: c["case"],
)
def test_a_value_and_its_age_decide(case: Case) -> None:
    age = None if case["age"] == "-" else int(case["age"])
    found = judge_validity(MAO, {"haematocrit_percent": Measured(float(case["haematocrit"]), age)})
    assert found.fit.name == case["fit"]
    assert found.because == (() if found.fit is Fit.INSIDE else ("haematocrit_percent",))


def test_a_missing_covariate_counts_as_outside() -> None:
    assert judge_validity(MAO, {}).fit is Fit.NOT_FOR_THIS_PATIENT


def test_a_model_without_covariates_is_for_everybody_in_its_population() -> None:
    assert judge_validity(WOILLARD, {}).fit is Fit.INSIDE


def test_the_worst_covariate_decides_and_only_what_is_as_bad_is_named() -> None:
    patient = {
        "age": Measured(80),
        "ast_u_l": Measured(20, 3),
        "ciclosporin_daily_mg": Measured(150),
    }
    found = judge_validity(GOLUBOVIC, patient)
    assert found.fit is Fit.STRETCHED
    assert found.because == ("age", "ciclosporin_daily_mg")


def test_a_covariate_that_does_not_age_is_never_stale() -> None:
    patient = {"age": Measured(40, 9000), "ast_u_l": Measured(20, 3), "ciclosporin_daily_mg": Measured(0)}
    assert judge_validity(GOLUBOVIC, patient).fit is Fit.INSIDE
