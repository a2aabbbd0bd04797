"""The figure of a predicted course: the scale that all doses share, the target's place, the ticks of its axes."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.explain.predicted_curve import AxisLabel, _top, predicted_curves
from cds_service.rules.answers.dosing_answers import Band
from cds_service.rules.answers.forecast_answer import DoseOutlook, LevelExpected
from fhir_mappings.clinical_model.medications import Dose

TODAY = date(2026, 2, 26)
BAND = Band(Decimal(4), Decimal(12))


def an_outlook(mg=2, *, days=4, high=20.0, drawn=True):
    course = [LevelExpected(24.0 * n, 5.0 + n, 2.0, high) for n in range(days + 1)]
    told = (Decimal(1),) * 4
    return DoseOutlook(Dose(Decimal(mg), Decimal(24)), *told, tuple(course) if drawn else ())


SCALES = {
    0.5: 1,
    1: 1,
    1.1: 2,
    2: 2,
    2.4: 2.5,
    2.6: 5,
    5.1: 10,
    12: 20,
    20: 20,
    20.1: 25,
    25: 25,
    26: 50,
    51: 100,
    101: 200,
    240: 250,
    251: 500,
    501: 1000,
    60_000: 60_000,
}


@pytest.mark.parametrize(("high", "top"), SCALES.items())
def test_the_scale_ends_at_the_least_round_number_above_everything(high, top):
    assert _top(high) == top


@given(st.floats(0.01, 50_000))
def test_everything_is_below_the_scale_and_fills_two_fifths_of_it(high):
    assert high <= _top(high) <= max(1, 2.5 * high)


def test_all_doses_share_one_scale_and_the_target_stands_in_it():
    low, high = an_outlook(1, high=9.0), an_outlook(3, high=18.0)
    found = predicted_curves([low, high], BAND, TODAY)
    assert found.keys() == {low, high}
    for curve in found.values():
        assert [one.words for one in curve.levels] == ["0", "10", "20"]
        assert [one.at for one in curve.levels] == [92.0, 49.0, 6.0]
        assert (curve.target_top, curve.target_height) == (92 - 86 * 12 / 20, 86 * 8 / 20)
        assert curve.ends_at == round(92 - 86 * 9 / 20, 1)


def test_the_target_is_on_the_scale_also_where_every_level_is_below_it():
    (curve,) = predicted_curves([an_outlook(high=3.0)], BAND, TODAY).values()
    assert curve.levels[-1].words == "20"


@pytest.mark.parametrize(
    ("days", "ticks"),
    [
        (4, [(28, "02-26"), (190, "02-28"), (352, "03-02")]),
        (7, [(28, "02-26"), (166.9, "03-01"), (352, "03-05")]),
        (14, [(28, "02-26"), (190, "03-05"), (352, "03-12")]),
    ],
)
def test_the_days_stand_at_the_beginning_the_middle_and_the_end(days, ticks):
    (curve,) = predicted_curves([an_outlook(days=days)], BAND, TODAY).values()
    assert curve.days == tuple(AxisLabel(at, words) for at, words in ticks)


def test_the_curve_goes_hour_by_hour_and_the_ribbon_there_and_back():
    (curve,) = predicted_curves([an_outlook(days=1, high=10.0)], BAND, TODAY).values()
    assert curve.middle == "M28 70.5L352 66.2"
    assert curve.ribbon == "M28 49L352 49L352 83.4L28 83.4Z"


def test_a_dose_whose_course_is_not_known_has_no_figure():
    shown, hidden = an_outlook(), an_outlook(3, drawn=False)
    assert predicted_curves([hidden], BAND, TODAY) == {}
    assert predicted_curves([shown, hidden], BAND, TODAY).keys() == {shown}
