"""The kinds of cases: a row of the table for each, and what is asked of one case of it.

A kind names its cases and answers each alone, from its name: so a quick subset, or one case that differs, costs
nothing for the others, and two processes need not agree on anything. A new kind (the population screen, a second
trial) is a row.
"""

import json
import random
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from tests.fuzz.mutations import body_of, mutated
from tests.same_answers import changes, charts, code_rows, doors, measured
from tests.same_answers.charts import Chart

Json = Any
Answers = Mapping[str, Json]
CASES = Path(__file__).parents[1] / "cases"
LIMITS = Path(__file__).parents[1] / "limits/charts.json"
CASES_AS_OF = "2026-11-22T12:00:00+08:00"
_MIXED, _CHANGED, _GAPPED, _SPOILED, _VIRTUAL = 1200, 1200, 500, 600, 6
_WEEKS = 8


@dataclass(frozen=True)
class Kind:
    """`names` are those of its cases; `answers` gives one case's answers by part, `parts` in their order."""

    name: str
    parts: tuple[str, ...]
    names: Callable[[], Iterable[str]]
    answers: Callable[[str], Answers]


def chance_of(name: str) -> random.Random:
    """The luck of one case: from its name alone."""
    return random.Random(name)


def language_of(name: str) -> str:
    """English for two cases of three, Chinese for the third."""
    return "zh" if zlib.crc32(name.encode()) % 3 == 0 else "en"


# ---------------------------------------------------------------- what is asked of a chart


def _read(chart: Chart, name: str) -> dict[str, Json]:
    """The assessment in the case's language, and the record."""
    told = doors.assess(chart.body, chart.as_of, chart.draft_body, language_of(name))
    return {"assessment": told, "record": doors.record(chart.body, chart.as_of)}


def _asked(chart: Chart, name: str) -> dict[str, Json]:
    """The same, and the cards of one service in the case's language."""
    chance = chance_of(f"service {name}")
    orders = ("aa-trial-order-select", "aa-trial-order-sign")
    service = chance.choice(orders if chart.drafts else doors.SERVICES)
    drafts = chart.drafts or (chance.choice(_drafts()),)
    return _read(chart, name) | {"cards": _cards(chart, service, name, drafts)}


def _cards(chart: Chart, service: str, name: str, drafts: Iterable[Json]) -> Json:
    if not all(isinstance(d, dict) and d.get("id") for d in drafts):
        return "a draft without id"
    try:
        body = doors.hook_call(service, chart.resources, drafts)
    except (StopIteration, KeyError):
        return "no Patient to ask about"
    return {"service": service} | doors.ask(service, body, _moment(chart.as_of), language_of(name))


def _moment(as_of: str) -> str:
    return as_of if "T" in as_of else f"{as_of}T09:00:00+08:00"


@cache
def _drafts() -> tuple[Json, ...]:
    return tuple(draft for chart in charts.told().values() for draft in chart.drafts)


# ---------------------------------------------------------------- the demo's patients


def _demo(name: str) -> Answers:
    return _read(charts.demo()[name], name)


def _visits() -> Iterable[str]:
    for patient, chart in charts.demo().items():
        for language in ("en", "zh"):
            for service in doors.SERVICES:
                ways = range(len(chart.drafts) or 1) if "order" in service else ("",)
                yield from (f"{patient} {language} {service} {way}".strip() for way in ways)


def _visit(name: str) -> Answers:
    patient, language, service, *way = name.split()
    chart = charts.demo()[patient]
    drafts = chart.drafts[int(way[0]) :][:1] if way and chart.drafts else _drafts()[:1]
    return {"cards": doors.ask(service, doors.hook_call(service, chart.resources, drafts), language=language)}


def _unsent() -> Iterable[str]:
    keys = sorted(
        json.loads(doors.hook_call(doors.SERVICES[0], charts.demo()["demo-01"].resources))["prefetch"]
    )
    return (f"{patient} without {key}" for patient in charts.demo() for key in keys)


def _unsent_answers(name: str) -> Answers:
    patient, _, key = name.split()
    service = chance_of(name).choice(("aa-trial-eligibility", "aa-trial-titration", "aa-trial-visit"))
    body = doors.hook_call(service, charts.demo()[patient].resources, lacking=[key])
    file = doors.assess(body, language=language_of(name))
    return {"cards": doors.ask(service, body, language=language_of(name)), "assessment": file}


def _forecast(name: str) -> Answers:
    patient, language = name.split()
    service = "aa-trial-titration"
    body = doors.hook_call(service, charts.demo()[patient].resources)
    return {"cards": doors.ask(service, body, language=language, forecast=True)}


# ---------------------------------------------------------------- charts kept in files


def _case_files() -> dict[str, Path]:
    return {f"{f.parent.name}/{f.name}": f for f in CASES.glob("*/*json")}


def _case(name: str) -> Answers:
    body = _case_files()[name].read_bytes()
    told: dict[str, Json] = {"assessment": doors.assess(body, CASES_AS_OF)}
    told["record"] = doors.record(body, CASES_AS_OF)
    if name.endswith(".hook.json"):
        service = next(s for s in doors.SERVICES if _hook_of(s) == json.loads(body)["hook"])
        told["cards"] = doors.ask(service, body, CASES_AS_OF)
    return told


def _hook_of(service: str) -> str:
    return str(json.loads(doors.hook_call(service, charts.demo()["demo-01"].resources))["hook"])


@cache
def _limits() -> dict[str, Chart]:
    kept = json.loads(LIMITS.read_text("utf-8"))
    return {name: _of_limit(one) for name, one in kept.items()}


def _of_limit(kept: Json) -> Chart:
    resources = tuple(entry["resource"] for entry in kept["chart"]["entry"])
    return Chart(resources, kept["asOf"], tuple(kept["drafts"] or ()), "limits")


# ---------------------------------------------------------------- charts made by chance


def numbered(many: int) -> Callable[[], Iterable[str]]:
    """Names of so many cases: 0001, 0002 ..."""
    return lambda: (f"{number:04}" for number in range(1, many + 1))


def _some_chart(chance: random.Random) -> Chart:
    """A chart of the journeys, of the limits, or (one in eight) of the demo."""
    if chance.random() < 1 / 8:
        return chance.choice(list(charts.demo().values()))
    return chance.choice([*charts.told().values(), *_limits().values()])


def mixed(name: str) -> Chart:
    """Two charts in one."""
    chance = chance_of(f"mixed {name}")
    first, second = _some_chart(chance), _some_chart(chance)
    if first.source == "demo":
        first, second = second, first
    if second.source == "demo":
        second = replace(second, resources=tuple(_of_p1(r) for r in second.resources))
    return changes.mixed(first, second, chance)


def _of_p1(resource: Json) -> Json:
    """The same entry as the patient's of the journeys' charts."""
    text = json.dumps(resource)
    for patient in doors.demo():
        text = text.replace(f"Patient/{patient}", "Patient/p1")
    return json.loads(text)


def changed(name: str) -> Chart:
    """A chart that was changed and can still be read."""
    chance = chance_of(f"changed {name}")
    return changes.changed(_some_chart(chance), chance)


def gapped(name: str) -> Chart:
    """A chart with a gap."""
    chance = chance_of(f"gapped {name}")
    return changes.gapped(_some_chart(chance), chance)


def _spoiled(name: str) -> Answers:
    """The fuzzer's changes of a chart: bytes that may be no chart at all."""
    chance = chance_of(f"spoiled {name}")
    chart = json.loads(_some_chart(chance).body)
    body = body_of(mutated(chart, chance), chance)
    return {"assessment": doors.assess(body, language=language_of(name)), "record": doors.record(body)}


# ---------------------------------------------------------------- the table

_READ = ("assessment", "record")
_ASKED = (*_READ, "cards")
KINDS: tuple[Kind, ...] = (
    Kind("demo", _READ, charts.demo, _demo),
    Kind("visit", ("cards",), _visits, _visit),
    Kind("unsent", ("cards", "assessment"), _unsent, _unsent_answers),
    Kind(
        "forecast", ("cards",), lambda: (f"{p} {x}" for p in charts.demo() for x in ("en", "zh")), _forecast
    ),
    Kind("case", _ASKED, _case_files, _case),
    Kind("limit", _ASKED, _limits, lambda name: _asked(_limits()[name], name)),
    Kind("told", _ASKED, charts.told, lambda name: _asked(charts.told()[name], name)),
    Kind("mixed", _ASKED, numbered(_MIXED), lambda name: _asked(mixed(name), name)),
    Kind("changed", _ASKED, numbered(_CHANGED), lambda name: _asked(changed(name), name)),
    Kind("gapped", _ASKED, numbered(_GAPPED), lambda name: _asked(gapped(name), name)),
    Kind("spoiled", _READ, numbered(_SPOILED), _spoiled),
    Kind("code", _READ, code_rows.rows, lambda name: _read(code_rows.chart(name), name)),
    Kind("measured", _ASKED, measured.charts, lambda name: _asked(measured.charts()[name], name)),
    Kind(
        "virtual", ("course",), numbered(_VIRTUAL), lambda n: {"course": doors.virtual_course(int(n), _WEEKS)}
    ),
    # The population screen comes here: Kind("screen", ("summary",), its charts, what `screen` says of one).
)
