"""The protocol's plain question, as the published models are asked it: hours, doses missed, covariates, levels, assays."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.pharmacokinetics.concentrations import DoseStretch
from cds_service.pharmacokinetics.regimen import DosingCourse
from cds_service.pharmacokinetics.residual_error import Sample
from cds_service.pharmacokinetics.validity import Measured
from cds_service.rules.answers.forecast_answer import CovariateSeen, DoseRun, MeasuredLevel, OutlookQuestion
from cds_service.services.forecasting import _asked
from fhir_mappings.clinical_model.medications import Dose

ZERO = date(2026, 2, 1)
TODAY = date(2026, 3, 2)
DAYS = 29
DAILY, TWICE = Decimal(24), Decimal(12)


def day(number):
    return ZERO + timedelta(days=number)


def a_run(first=0, until=DAYS, mg=2, every=DAILY, missed=()):
    return DoseRun(day(first), day(until), Decimal(mg), every, tuple(map(day, missed)))


def asked(ahead=7, **changes):
    question = OutlookQuestion(
        **{
            "drug": "sirolimus",
            "today": TODAY,
            "runs": (a_run(),),
            "levels": (),
            "covariates": {},
            "doses": (Dose(Decimal(2), DAILY), Dose(Decimal(3), DAILY)),
            "band": (Decimal(4), Decimal(12)),
            **changes,
        }
    )
    return _asked(question, ahead)


def test_today_the_days_ahead_and_the_band_are_in_the_models_units():
    found = asked()
    assert (found.now, found.ahead, found.doses, found.every) == (24.0 * DAYS, 24.0 * 7, (2.0, 3.0), 24.0)
    assert found.band == (4.0, 12.0)
    assert found.assay is None


@pytest.mark.parametrize(
    ("run", "courses"),
    [
        (a_run(until=3), [(0, 24, 3, 2)]),
        (a_run(until=1), [(0, 24, 1, 2)]),
        (a_run(until=3, every=TWICE), [(0, 12, 6, 2)]),
        (a_run(first=2, until=4), [(0, 24, 2, 2)]),
        (a_run(until=5, missed=[0]), [(24, 24, 4, 2)]),
        (a_run(until=5, missed=[4]), [(0, 24, 4, 2)]),
        (a_run(until=5, missed=[2]), [(0, 24, 2, 2), (72, 24, 2, 2)]),
    ],
)
def test_a_run_is_its_doses_without_the_missed_ones(run, courses):
    assert asked(runs=(run,)).history.courses == tuple(
        DosingCourse(*map(float, c[:2]), *c[2:]) for c in courses
    )


def test_a_second_run_is_told_by_the_clock_of_the_first():
    found = asked(runs=(a_run(until=2), a_run(first=2, until=4, mg=3)))
    assert found.history.courses == (DosingCourse(0.0, 24.0, 2, 2.0), DosingCourse(48.0, 24.0, 2, 3.0))


# ---------------------------------------------------------------- covariates


def seen(*values):
    return tuple(CovariateSeen(None if number is None else day(number), value) for number, value in values)


@pytest.mark.parametrize(
    ("weights", "now"),
    [
        (seen((None, 60)), Measured(60, None)),
        (seen((-5, 60)), Measured(60, DAYS + 5)),
        (seen((-5, 60), (10, 58)), Measured(58, DAYS - 10)),
        (seen((DAYS, 57)), Measured(57, 0)),
    ],
)
def test_a_covariate_is_what_was_seen_last_with_its_age(weights, now):
    assert asked(covariates={"weight": weights}).patient == {"weight": now}


@pytest.mark.parametrize(
    ("weights", "stretches"),
    [
        (seen((None, 60)), [(0, 60)]),
        (seen((-5, 60)), [(0, 60)]),
        (seen((0, 60)), [(0, 60)]),
        (seen((-9, 64), (-5, 60), (10, 58)), [(0, 60), (10, 58)]),
        (seen((10, 58)), [(0, 58), (10, 58)]),
        (seen((1, 58), (DAYS - 1, 57)), [(0, 58), (1, 58), (DAYS - 1, 57)]),
        (seen((1, 58), (DAYS, 57)), [(0, 58), (1, 58)]),
    ],
)
def test_a_stretch_begins_with_each_day_on_which_a_covariate_was_seen_anew(weights, stretches):
    found = asked(covariates={"weight": weights}).history.stretches
    assert found == tuple(DoseStretch(24.0 * start, {"weight": value}) for start, value in stretches)


def test_each_stretch_has_every_covariate():
    found = asked(covariates={"weight": seen((-5, 60), (3, 59)), "albumin": seen((8, 35))}).history.stretches
    assert [(one.start / 24, one.covariates) for one in found] == [
        (0, {"weight": 60, "albumin": 35}),
        (3, {"weight": 59, "albumin": 35}),
        (8, {"weight": 59, "albumin": 35}),
    ]


# ---------------------------------------------------------------- levels


def sample(hours=None, every=DAILY, **changes):
    level = MeasuredLevel(
        **{"day": day(10), "ng_per_ml": Decimal("5.5"), "hours_after_dose": hours, **changes}
    )
    (found,) = asked(levels=(level,), doses=(Dose(Decimal(2), every),)).samples
    return found


@pytest.mark.parametrize(
    ("hours", "every", "late"),
    [
        (None, DAILY, 0),
        (24.0, DAILY, 0),
        (23.5, DAILY, -0.5),
        (25.0, DAILY, 1.0),
        (2.0, DAILY, -22.0),
        (37.0, DAILY, -11.0),
        (12.5, TWICE, 0.5),
        (3.0, TWICE, -9.0),
        (23.0, TWICE, -1.0),
    ],
)
def test_a_level_stands_at_its_hours_after_the_dose_or_just_before_the_next(hours, every, late):
    assert sample(hours, every) == Sample(240.0 + late, 5.5, False, None)


@given(st.floats(0.1, 100), st.sampled_from([DAILY, TWICE]))
def test_a_level_is_never_further_than_one_interval_from_its_dose(hours, every):
    assert abs(sample(hours, every).hour - 240.0) <= float(every)


def test_without_a_dose_to_forecast_the_interval_is_a_day():
    level = MeasuredLevel(day(10), Decimal(5), 13.0)
    assert asked(levels=(level,), doses=()).samples[0].hour == 240.0 - 11.0


def test_below_the_limit_of_quantification_stays_below_it():
    assert sample(below=True).below


ASSAYS = {
    "lc-ms/ms": ("LC-MS/MS", "hplc uv", "Tandem MS", "mass spectrometry", "LC MS/MS", "ms/ms"),
    "immunoassay": (
        *("Immunoassay", "Abbott ARCHITECT", "CMIA", "Syva EMIT", "ECLIA", "Elecsys", "Dimension RxL"),
        *("AxSYM", "MEIA"),
    ),
    None: ("", "calculated", "slc", "emitter", None),
}


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in ASSAYS.items() for name in names])
def test_a_method_is_known_by_its_name(kind, name):
    assert sample(method=name).assay == kind
    older = MeasuredLevel(day(5), Decimal(5), method="CMIA" if kind != "immunoassay" else "HPLC")
    newest = MeasuredLevel(day(10), Decimal(5), method=name)
    assert asked(levels=(older, newest)).assay == kind
