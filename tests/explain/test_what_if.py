"""What if: doses ranked by chance, and for each the predicted course of the model, on one scale, never ours."""

import re
from datetime import date
from decimal import Decimal

import pytest
from msgspec.structs import replace

from cds_service.explain.predicted_curve import FOOT, LEFT, RIGHT, TOP, predicted_curves
from cds_service.explain.what_if import what_if
from cds_service.rules.answers.dosing_answers import Band
from cds_service.rules.answers.forecast_answer import DoseOutlook, LevelExpected, drawing
from cds_service.settings.forecast_settings import ForecastEntry, forecaster_of
from cds_service.trials.nct06802055.assess import assess
from fhir_mappings.clinical_model.medications import Dose
from tests.builders import NOW, TODAY
from tests.explain.test_figures import charted
from tests.scenarios.test_forecast import chart

BAND = Band(Decimal(4), Decimal(12))


def _outlook(mg: int, *levels: tuple[float, float, float, float]) -> DoseOutlook:
    course = tuple(LevelExpected(*level) for level in levels)
    return DoseOutlook(Dose(Decimal(mg), Decimal(24)), *(Decimal(1),) * 4, course)


def _numbers(path: str) -> list[float]:
    return [float(number) for number in re.findall(r"[\d.]+", path)]


def test_a_curve_stands_where_its_numbers_say() -> None:
    one = _outlook(1, (0, 5, 2.5, 7.5), (24, 10, 5, 20), (48, 5, 2.5, 10))
    other = _outlook(2, (0, 5, 5, 5), (48, 5, 5, 5))
    curves = predicted_curves([one, other, _outlook(3)], BAND, date(2026, 3, 2))
    assert set(curves) == {one, other}  # a dose without a course has no figure
    curve, middle = curves[one], (LEFT + RIGHT) / 2
    height = FOOT - TOP  # of 0 to 20, the least round number that holds everything
    assert _numbers(curve.middle) == [
        LEFT,
        FOOT - height / 4,
        middle,
        FOOT - height / 2,
        RIGHT,
        FOOT - height / 4,
    ]
    assert _numbers(curve.ribbon)[2:4] == [middle, TOP]
    assert (curve.target_top, curve.target_height) == (
        FOOT - height * 12 / 20,
        pytest.approx(height * 8 / 20, abs=0.1),
    )
    assert curve.ends_at == curves[other].ends_at == FOOT - height / 4
    assert [label.words for label in curve.levels] == ["0", "10", "20"]
    assert [(label.at, label.words) for label in curve.days] == [
        (LEFT, "03-02"),
        (middle, "03-03"),
        (RIGHT, "03-04"),
    ]


@pytest.mark.parametrize(("high", "top"), [(11, "20"), (12, "20"), (21, "25"), (60, "100")])
def test_the_scale_holds_target_and_ribbon(high: float, top: str) -> None:
    (curve,) = predicted_curves([_outlook(1, (0, 1, 1, high), (24, 1, 1, 1))], BAND, TODAY).values()
    assert curve.levels[-1].words == top


def test_each_dose_of_the_record_has_its_course_and_only_where_the_site_forecasts() -> None:
    plain = charted(*chart())
    assert what_if(plain.assessment, TODAY, plain.tell) == []
    forecaster = forecaster_of(ForecastEntry(enabled=True))
    assert forecaster
    for found, is_drawn in ((drawing(forecaster), True), (forecaster, False)):
        protocol = replace(plain.protocol, forecaster=found)
        assessment = assess(plain.record, NOW, protocol)
        (told,) = what_if(assessment, TODAY, plain.tell)
        assert sorted(choice.dose for choice in told.choices) == [f"{mg} mg once daily" for mg in (1, 2, 3)]
        assert [choice.chance for choice in told.choices] == sorted(
            (c.chance for c in told.choices), reverse=True
        )
        assert [choice.curve is not None for choice in told.choices] == [is_drawn] * 3
        (decision,) = (one for one in assessment.titration if one.outlook)
        marked = {choice.dose: (choice.is_now, choice.is_proposed) for choice in told.choices}
        assert marked == {
            f"{mg} mg once daily": (
                decision.current is not None and decision.current.amount_mg == mg,
                decision.proposed is not None and decision.proposed.amount_mg == mg,
            )
            for mg in (1, 2, 3)
        }
        assert {*marked.values()} == {(True, True), (False, False)}
