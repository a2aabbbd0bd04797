"""The forecast: its interval holds what it promises, and it says which models speak and which do not."""

import numpy as np
import pytest
from msgspec.structs import replace

from cds_service.pharmacokinetics.concentrations import DoseHistory, DoseStretch, concentrations
from cds_service.pharmacokinetics.forecast import Question, forecast
from cds_service.pharmacokinetics.level_course import level_courses
from cds_service.pharmacokinetics.population_model import PopulationModel
from cds_service.pharmacokinetics.regimen import DosingCourse
from cds_service.pharmacokinetics.residual_error import Sample
from cds_service.pharmacokinetics.validity import Fit, Measured
from cds_service.pharmacokinetics.virtual_patients import draw, draw_occasions
from cds_service.trials.nct06802055.two_drugs import Drug
from tests.pharmacokinetics.patients import (
    DAY,
    GOLUBOVIC,
    HYBRID,
    JIAO,
    MAO,
    PRESS,
    SOMEBODY,
    UMPIERREZ,
    WOILLARD,
    measured,
)

PATIENT = {name: Measured(value, 3) for name, value in SOMEBODY.items()}
MONTH = DoseHistory((DosingCourse(0, DAY, 28, 2),), (DoseStretch(0, SOMEBODY),))


def question(samples: tuple[Sample, ...] = (), **more: object) -> Question:
    usual = Question(
        MONTH, samples, PATIENT, 28 * DAY, (1.0, 2.0, 3.0), DAY, 14 * DAY, (4.0, 12.0), "immunoassay"
    )
    return replace(usual, **more)  # type: ignore[arg-type]


def missed(truth: PopulationModel, by: PopulationModel, people: int, seed: int) -> tuple[float, float]:
    """The shares of patients whose next measured trough lies below the 90 % interval, and above it.

    At each sampling the patient is as on that occasion: within-patient variation is part of the truth.
    """
    chance = np.random.default_rng(seed)
    is_sirolimus = truth.file.drug == Drug.SIROLIMUS
    mg, every = (2.0, DAY) if is_sirolimus else (100.0, DAY / 2)
    past = DoseHistory((DosingCourse(0, every, int(28 * DAY / every), mg),), MONTH.stretches)
    going_on = DoseHistory((DosingCourse(0, every, int(42 * DAY / every), mg),), MONTH.stretches)
    asked = question(history=past, doses=(mg,), every=every, assay=truth.file.assay)
    low = high = 0
    for factors in draw(truth, people, chance):
        now = factors * draw_occasions(truth, 3, chance)
        samples = [
            measured(truth, going_on, one, [day * DAY], chance)[0]
            for one, day in zip(now, (10, 20, 42), strict=True)
        ]
        (dose,) = forecast([by], replace(asked, samples=tuple(samples[:2]))).doses
        low += samples[2].ng_per_ml < dose.low
        high += samples[2].ng_per_ml > dose.high
    return low / people, high / people


@pytest.mark.parametrize("model", [MAO, GOLUBOVIC, HYBRID, UMPIERREZ, PRESS, WOILLARD], ids=lambda m: m.name)
def test_the_interval_holds_nine_of_ten_when_the_model_is_true(model: PopulationModel) -> None:
    """And misses as often below as above: 1 in 20 each, of 200."""
    low, high = missed(model, model, 200, seed=11)
    assert 0.05 <= low + high <= 0.15
    assert max(low, high) <= 0.09


def test_when_the_model_is_wrong_coverage_is_reported(record_property: pytest.FixtureRequest) -> None:
    """Not promised, so not required to be nine of ten; but far from useless, and in the report of the run."""
    share = 1 - sum(missed(HYBRID, MAO, 100, seed=12))
    record_property("coverage of mao_2024 when hybrid_sirolimus is true", share)  # type: ignore[operator]
    assert 0.5 < share <= 1


def test_without_levels_the_forecast_is_the_populations() -> None:
    (dose,) = forecast([MAO], question(doses=(2.0,))).doses
    going_on = DoseHistory((DosingCourse(0, DAY, 42, 2),), MONTH.stretches)
    assert dose.median == pytest.approx(concentrations(MAO, going_on, [42 * DAY], np.ones(7))[0], rel=1e-9)
    levels = np.concatenate(
        [
            [s.ng_per_ml for s in measured(MAO, going_on, f, [42 * DAY], _noise)]
            for f in draw(MAO, 4000, _noise)
        ]
    )
    assert dose.low == pytest.approx(np.quantile(levels, 0.05), rel=0.06)
    assert dose.high == pytest.approx(np.quantile(levels, 0.95), rel=0.06)
    assert dose.in_band == pytest.approx(np.mean((levels >= 4) & (levels <= 12)), abs=0.03)


_noise = np.random.default_rng(3)


def test_a_higher_dose_forecasts_a_higher_trough() -> None:
    doses = forecast([MAO, GOLUBOVIC], question()).doses
    assert [d.mg for d in doses] == [1.0, 2.0, 3.0]
    assert doses[0].median < doses[1].median < doses[2].median
    assert all(d.low < d.median < d.high and 0 <= d.in_band <= 1 for d in doses)


def test_where_nothing_measurable_may_be_the_interval_begins_at_nothing() -> None:
    """Golubovic 2019's error is 1.9 ng/mL at the least: of a trough of 1 ng/mL an assay may see nothing."""
    (dose,) = forecast([GOLUBOVIC], question(doses=(0.25,), band=(0.5, 2.0))).doses
    assert dose.low == 0
    assert 0 < dose.median < dose.high
    assert 0 < dose.in_band < 1


def test_each_level_makes_the_interval_narrower() -> None:
    widths = []
    for count in (0, 1, 3):
        seen = measured(MAO, MONTH, np.ones(7), [DAY * (8 + 6 * k) for k in range(count)])
        (dose,) = forecast([MAO], question(seen, doses=(2.0,))).doses
        widths.append(dose.high / dose.low)
    assert widths[0] > widths[1] > widths[2]


def test_models_are_weighed_by_their_fit_and_the_weights_are_told() -> None:
    fast = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    seen = measured(GOLUBOVIC, MONTH, fast, [10 * DAY, 10 * DAY + 3, 20 * DAY, 20 * DAY + 3])
    found = forecast([MAO, GOLUBOVIC], question(seen))
    weights = {share.name: share.weight for share in found.models}
    assert sum(weights.values()) == pytest.approx(1)
    assert weights["golubovic_2019"] > weights["mao_2024"]
    assert found.samples == 4


def test_a_model_that_may_not_speak_says_why_and_weighs_nothing() -> None:
    young = PATIENT | {"haematocrit_percent": Measured(30, 60)}
    found = forecast([MAO, JIAO, GOLUBOVIC], question(patient=young))
    told = {share.name: (share.refused, share.weight) for share in found.models}
    assert told == {
        "mao_2024": ("not-for-this-patient", 0.0),
        "jiao_2009": ("steady-state-only", 0.0),
        "golubovic_2019": (None, 1.0),
    }
    assert found.fit is Fit.INSIDE


def test_when_no_model_may_speak_there_is_no_forecast() -> None:
    found = forecast([MAO, GOLUBOVIC], question(patient={}))
    assert found.doses == ()
    assert found.fit is Fit.NOT_FOR_THIS_PATIENT


def test_levels_that_nobody_could_have_refuse_the_model() -> None:
    wild = tuple(Sample(10 * DAY + k, 300.0, assay="immunoassay") for k in range(12))
    found = forecast([MAO], question(wild))
    assert [share.refused for share in found.models] == ["edge-solution"]
    assert found.doses == ()


def test_a_patient_who_took_nothing_has_no_forecast() -> None:
    found = forecast([MAO], question(history=DoseHistory((), MONTH.stretches)))
    assert [share.refused for share in found.models] == ["invalid-patient"]


def test_stretched_models_are_called_so() -> None:
    found = forecast([MAO], question(patient=PATIENT | {"haematocrit_percent": Measured(20, 3)}))
    assert found.fit is Fit.STRETCHED
    assert found.doses


def test_a_model_that_looks_at_the_dose_is_told_it() -> None:
    stretched = PATIENT | {"ciclosporin_daily_mg": Measured(100)}
    asked = question(
        patient=stretched, doses=(50.0, 100.0), every=12.0, dose_covariate="ciclosporin_daily_mg"
    )
    low, high = forecast([HYBRID], asked).doses
    plain_low, plain_high = forecast([HYBRID], replace(asked, dose_covariate=None)).doses
    assert low.median > plain_low.median
    assert high.median / plain_high.median > low.median / plain_low.median


def test_ciclosporin_by_a_chain_of_absorption() -> None:
    history = DoseHistory((DosingCourse(0, 12, 20, 100),), (DoseStretch(0, {}),))
    asked = Question(history, (), {}, 240.0, (75.0, 100.0), 12.0, 168.0, (120.0, 180.0))
    low, high = forecast([WOILLARD], asked).doses
    assert high.median / low.median == pytest.approx(100 / 75, rel=0.02)
    assert 0.1 < high.in_band < 0.4


def test_the_course_of_a_level_ends_in_the_forecast_of_the_trough() -> None:
    """At the trough the drawn course is the forecast; before it, it rises after each dose and never turns over."""
    seen = (Sample(20 * DAY, 5.0, assay="immunoassay"),)
    for models, asked in (
        ([MAO, GOLUBOVIC], question(seen)),
        ([WOILLARD], question(doses=(75.0,), every=DAY / 2, ahead=7 * DAY, band=(100.0, 200.0))),
        ([MAO], question(doses=(1e-5,))),
    ):
        doses, courses = forecast(models, asked).doses, level_courses(models, asked)
        assert len(courses) == len(doses)
        for dose, course in zip(doses, courses, strict=True):
            last = course[-1]
            expected = pytest.approx((dose.median, dose.low, dose.high), rel=1e-6, abs=1e-6)
            assert (last.median, last.low, last.high) == expected
            assert (course[0].hour, last.hour) == (0, asked.ahead)
            assert all(at.low <= at.median <= at.high for at in course)
            assert [at.hour for at in course] == sorted({at.hour for at in course})
            peak = max(at.median for at in course if at.hour < asked.every)
            assert peak > 1.05 * last.median or dose.median == 0
    assert level_courses([MAO], question(patient={})) == ()


def test_the_ribbon_holds_what_it_promises_between_the_troughs_too() -> None:
    """Without levels the ribbon is the population's: of 4,000 measured levels 5 of 100 lie under it, 5 above."""
    asked = question(doses=(2.0,))
    (course,) = level_courses([MAO], asked)
    at = next(one for one in course if one.hour == 10 * DAY + 2)
    taking = DoseHistory((*MONTH.courses, DosingCourse(28 * DAY, DAY, 14, 2.0)), MONTH.stretches)
    chance = np.random.default_rng(7)
    people = draw(MAO, 4_000, chance) * draw_occasions(MAO, 4_000, chance)
    levels = np.array([measured(MAO, taking, one, [38 * DAY + 2], chance)[0].ng_per_ml for one in people])
    assert float((levels < at.low).mean()) == pytest.approx(0.05, abs=0.015)
    assert float((levels > at.high).mean()) == pytest.approx(0.05, abs=0.015)
