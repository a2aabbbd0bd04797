"""A predicted course as the paths of a small figure: the curve, its 90 % ribbon, the target behind them.

The numbers are the model's own, hour by hour; only the line from one hour to the next is ours. All doses of
a drug have one scale: their figures can be compared at a glance.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date

import msgspec

from cds_service.rules.answers.dosing_answers import Band
from cds_service.rules.answers.forecast_answer import DoseOutlook, LevelExpected
from fhir_mappings.clinical_model.calendar import days_after

WIDTH, HEIGHT = 360, 112
LEFT, RIGHT, TOP, FOOT = 28, 352, 6, 92
_DAY = 24
_TICKS = 2


class AxisLabel(msgspec.Struct, frozen=True):
    """A word on an axis, at its place."""

    at: float
    words: str


class PredictedCurve(msgspec.Struct, frozen=True):
    """One dose's figure, in the units of its drawing; `ends_at` is the height of the trough to come."""

    middle: str
    ribbon: str
    target_top: float
    target_height: float
    ends_at: float
    levels: tuple[AxisLabel, ...]
    days: tuple[AxisLabel, ...]


def predicted_curves(
    doses: Iterable[DoseOutlook], band: Band, today: date
) -> dict[DoseOutlook, PredictedCurve]:
    """A figure for every dose whose course is known."""
    drawn = [one for one in doses if one.course]
    if not drawn:
        return {}
    top = _top(max(float(band.high), *(at.high for one in drawn for at in one.course)))
    return {one: _curve(one.course, band, top, today) for one in drawn}


def _top(high: float) -> float:
    """The least of 2, 5, 10, 20, 25, 50 ... that everything is below."""
    steps = [factor * 10**power for power in range(5) for factor in (1, 2, 2.5, 5)]
    return next((float(step) for step in steps if step >= high), high)


def _curve(course: Sequence[LevelExpected], band: Band, top: float, today: date) -> PredictedCurve:
    last = course[-1].hour

    def x(hour: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * hour / last, 1)

    def y(level: float) -> float:
        return round(FOOT - (FOOT - TOP) * level / top, 1)

    there = [(x(at.hour), y(at.high)) for at in course]
    back = [(x(at.hour), y(at.low)) for at in reversed(course)]
    return PredictedCurve(
        middle=_path((x(at.hour), y(at.median)) for at in course),
        ribbon=_path([*there, *back]) + "Z",
        target_top=y(float(band.high)),
        target_height=round(y(float(band.low)) - y(float(band.high)), 1),
        ends_at=y(course[-1].median),
        levels=tuple(AxisLabel(y(level), f"{level:g}") for level in (0, top / 2, top)),
        days=tuple(_days(today, round(last / _DAY), x)),
    )


def _days(today: date, days: int, x: Callable[[float], float]) -> Iterable[AxisLabel]:
    for part in range(_TICKS + 1):
        ahead = days * part // _TICKS
        yield AxisLabel(x(ahead * _DAY), f"{days_after(today, ahead):%m-%d}")


def _path(points: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)
