"""A figure as data: panels one below another on one time axis. The browser draws it; nothing is drawn here.

Times are the hospital's own, without offset, so that a browser in another zone shows the hospital's day.
Everything has a label in words: the same data make the table beside the figure.
"""

from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from fhir_mappings.clinical_model.calendar import When, days_after

_NOON = time(12)


class Shape(StrEnum):
    """How a value that may not decide is drawn, so that its reason is seen without pointing at it."""

    CIRCLE = "circle"
    DIAMOND = "diamond"
    TRIANGLE = "triangle"
    SQUARE = "rect"
    POINTED = "pointed"


GLYPHS = {
    Shape.CIRCLE: "○",
    Shape.DIAMOND: "◇",
    Shape.TRIANGLE: "△",
    Shape.SQUARE: "□",
    Shape.POINTED: "▽",
}
"""The hollow shapes as letters, for the legend."""


class Point(msgspec.Struct, frozen=True, omit_defaults=True):
    """One measurement. `hollow`: it may not decide, or its value is only a bound; the line passes it by.

    `state` says in words what it is good for, "" where nothing is to be said.
    """

    t: str
    v: float
    label: str
    hollow: bool = False
    shape: Shape = Shape.CIRCLE
    state: str = ""


class DrawnLine(msgspec.Struct, frozen=True):
    """A threshold."""

    v: float
    label: str


class DrawnBand(msgspec.Struct, frozen=True, rename={"start": "from", "end": "to"}):
    """A target range, both ends inside, and the time for which it was in force; "" is an open end."""

    low: float
    high: float
    label: str
    start: str = ""
    end: str = ""


class Mark(msgspec.Struct, frozen=True):
    """Something that happened, shown at the foot of a panel."""

    t: str
    label: str


class Bar(msgspec.Struct, frozen=True, rename={"start": "from", "end": "to"}):
    """A stretch of time in a lane; `going_on` when nothing says that it ended."""

    start: str
    end: str
    label: str
    tone: str
    going_on: bool = False


class Lane(msgspec.Struct, frozen=True):
    """One row of bars."""

    name: str
    bars: tuple[Bar, ...]


class Spread(msgspec.Struct, frozen=True):
    """A forecast value with its interval; `label` says of what."""

    t: str
    low: float
    middle: float
    high: float
    label: str


class Panel(msgspec.Struct, frozen=True):
    """One panel: points with thresholds, or lanes."""

    name: str
    unit: str = ""
    points: tuple[Point, ...] = ()
    bands: tuple[DrawnBand, ...] = ()
    lines: tuple[DrawnLine, ...] = ()
    marks: tuple[Mark, ...] = ()
    lanes: tuple[Lane, ...] = ()
    forecast: tuple[Spread, ...] = ()


class DrawnFigure(msgspec.Struct, frozen=True, rename={"first": "from", "last": "to", "shown": "shown_from"}):
    """A figure from `first` to `last`; at first it shows what lies after `shown`."""

    name: str
    title: str
    first: str
    last: str
    shown: str
    now: str
    now_label: str
    panels: tuple[Panel, ...]


def axis_moment(when: When, zone: ZoneInfo) -> str:
    """The time of a result; noon of its day where only the day is known."""
    if when.instant is not None:
        return when.instant.astimezone(zone).replace(tzinfo=None).isoformat(timespec="minutes")
    return day(when.first)


def day(on: date) -> str:
    """The middle of a day."""
    return datetime.combine(on, _NOON).isoformat(timespec="minutes")


def start_of(on: date) -> str:
    """The beginning of a day."""
    return datetime.combine(on, time()).isoformat(timespec="minutes")


def end_of_axis(on: date) -> str:
    """The end of a day."""
    return start_of(days_after(on, 1))


def drawn_number(value: Decimal) -> float:
    """For drawing only."""
    return float(value)


def legend(figure: DrawnFigure) -> tuple[tuple[str, str], ...]:
    """What the dots of a figure mean: a glyph and its words, each once, the filled one first."""
    points = [point for panel in figure.panels for point in panel.points if point.state]
    told = dict.fromkeys((GLYPHS[p.shape] if p.hollow else "●", p.state) for p in points)
    return tuple(sorted(told, key=lambda one: one[0] != "●"))


def as_script(figures: tuple[DrawnFigure, ...]) -> str:
    """JSON that may stand in a script element: no text of the record can end the element."""
    text = msgspec.json.encode(figures).decode()
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
