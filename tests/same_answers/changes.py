"""Changes of a chart, drawn by a seeded chance: some leave it readable, some make a gap in it.

Each change takes a resource of the chart as a copy that it may alter, and returns what stands in its place.
"""

import copy
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.same_answers.charts import Chart, pieces

Json = Any
Change = Callable[[Json, random.Random], Sequence[Json]]
_TIMES = ("0.1", "0.25", "0.5", "0.8", "0.9", "0.99", "1.01", "1.1", "1.25", "1.5", "2", "3", "10")
_SHIFTS = (-400, -180, -90, -30, -14, -7, -3, -1, 1, 2, 5, 10, 21, 60, 120)
_LATER = (1, 2, 3, 5, 7, 10, 14, 21, 30, 45, 60, 91, 120, 169, 200, 365)
_OTHER_WAY = {
    "g/L": ("g/dL", "0.1"),
    "ng/mL": ("ug/L", "1"),
    "umol/L": ("mg/dL", "0.0113"),
    "10*9/L": ("10*3/uL", "1"),
    "mg/L": ("mg/dL", "0.1"),
    "kg": ("g", "1000"),
    "mg": ("g", "0.001"),
    "%": ("1", "0.01"),
}
_STATUSES: dict[str, tuple[str, ...]] = {
    "Observation": ("final", "preliminary", "amended", "corrected", "cancelled", "registered", "unknown"),
    "MedicationRequest": ("active", "on-hold", "stopped", "completed", "cancelled", "draft", "unknown"),
    "MedicationDispense": ("completed", "in-progress", "cancelled", "stopped", "declined", "preparation"),
    "MedicationAdministration": ("completed", "in-progress", "not-done", "on-hold", "stopped"),
    "MedicationStatement": ("active", "completed", "intended", "stopped", "on-hold", "not-taken"),
    "Procedure": ("completed", "in-progress", "preparation", "not-done", "stopped", "unknown"),
    "ResearchSubject": ("on-study", "screening", "candidate", "withdrawn", "off-study", "follow-up"),
    "Consent": ("active", "rejected", "inactive", "draft", "proposed"),
}
_CLINICAL = ("active", "recurrence", "relapse", "inactive", "remission", "resolved")
_VERIFICATION = ("confirmed", "provisional", "differential", "unconfirmed", "refuted")


def changed(chart: Chart, chance: random.Random) -> Chart:
    """The chart with one to three readable changes, often judged some days later."""
    as_of = _later(chart.as_of, chance.choice(_LATER)) if chance.random() < 0.4 else chart.as_of
    return replace(_with(chart, _READABLE, chance), as_of=as_of)


def gapped(chart: Chart, chance: random.Random) -> Chart:
    """The chart with one to three changes that leave a gap."""
    return _with(chart, _GAPS, chance)


def mixed(chart: Chart, other: Chart, chance: random.Random) -> Chart:
    """One chart with up to twelve entries of another beside its own."""
    ids = {(r["resourceType"], r.get("id")) for r in chart.resources}
    more = [r for r in other.resources if r["resourceType"] != "Patient"]
    more = [r for r in more if (r["resourceType"], r.get("id")) not in ids]
    taken = chance.sample(more, min(len(more), chance.randint(1, 12)))
    return replace(chart, resources=(*chart.resources, *taken), drafts=chart.drafts or other.drafts)


def _with(chart: Chart, changes: Sequence[Change], chance: random.Random) -> Chart:
    resources = [*chart.resources]
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(resources))
        if resources[place]["resourceType"] == "Patient" and chance.random() < 0.8:
            continue
        resources[place : place + 1] = chance.choice(changes)(copy.deepcopy(resources[place]), chance)
        if not resources:
            break
    return replace(chart, resources=tuple(resources))


def _later(as_of: str, days: int) -> str:
    """The same time of day, or a day alone, so many days later."""
    later = datetime.fromisoformat(as_of) + timedelta(days=days)
    return later.isoformat() if "T" in as_of else later.date().isoformat()


# ---------------------------------------------------------------- still readable


def _number(resource: Json, chance: random.Random) -> Sequence[Json]:
    amounts = list(_amounts(resource))
    if amounts:
        amount = chance.choice(amounts)
        amount["value"] = _times(amount["value"], chance.choice(_TIMES))
    return [resource]


def _unit(resource: Json, chance: random.Random) -> Sequence[Json]:
    """The same amount in another unit."""
    for amount in _amounts(resource):
        if (unit := amount.get("unit")) in _OTHER_WAY:
            name, times = _OTHER_WAY[unit]
            amount |= {"unit": name, "code": name} if "code" in amount else {"unit": name}
            amount["value"] = _times(amount["value"], times)
    return [resource]


def _day(resource: Json, chance: random.Random) -> Sequence[Json]:
    """Everything in it some days earlier or later."""
    days = chance.choice(_SHIFTS)
    return [_shifted(resource, days)]


def _status(resource: Json, chance: random.Random) -> Sequence[Json]:
    if resource["resourceType"] in _STATUSES:
        resource["status"] = chance.choice(_STATUSES[resource["resourceType"]])
    for member, values in (("clinicalStatus", _CLINICAL), ("verificationStatus", _VERIFICATION)):
        for coding in _codings(resource.get(member)):
            coding["code"] = chance.choice(values)
    return [resource]


def _code(resource: Json, chance: random.Random) -> Sequence[Json]:
    """The code, drug or event of another resource of its type."""
    alike = [p for p in pieces() if p["resourceType"] == resource["resourceType"]]
    other = chance.choice(alike) if alike else resource
    for member in ("code", "medicationCodeableConcept", "event", "vaccineCode"):
        if member in other and member in resource:
            resource[member] = copy.deepcopy(other[member])
    return [resource]


def _gone(_: Json, __: random.Random) -> Sequence[Json]:
    return []


def _again(resource: Json, chance: random.Random) -> Sequence[Json]:
    """A second one some days earlier, with another amount."""
    second = _shifted(copy.deepcopy(resource), chance.choice(_SHIFTS[:8])) | {
        "id": f"again{chance.randrange(99)}"
    }
    return [resource, *_number(second, chance)]


def _beside(resource: Json, chance: random.Random) -> Sequence[Json]:
    """Any piece beside it."""
    return [resource, copy.deepcopy(chance.choice(pieces())) | {"id": f"beside{chance.randrange(99)}"}]


def _other_sex_or_age(resource: Json, chance: random.Random) -> Sequence[Json]:
    if resource["resourceType"] == "Patient":
        resource["gender"] = chance.choice(("male", "female", "other", "unknown"))
        resource["birthDate"] = f"{chance.randint(1930, 2012)}-0{chance.randint(1, 9)}-15"
    return [resource]


# ---------------------------------------------------------------- with a gap


def _without(resource: Json, chance: random.Random) -> Sequence[Json]:
    """Any one member missing."""
    names = sorted(resource.keys() - {"resourceType"})
    if names:
        del resource[chance.choice(names)]
    return [resource]


def _undated(resource: Json, _: random.Random) -> Sequence[Json]:
    dated = [name for name in resource if name.endswith(("DateTime", "Period", "On", "Over", "Date", "date"))]
    return [{name: value for name, value in resource.items() if name not in dated}]


def _imprecise(resource: Json, chance: random.Random) -> Sequence[Json]:
    """Dates of which only year and month, or the year, are said."""
    return [_dates(resource, lambda text: text[: chance.choice((4, 7))])]


def _unitless(resource: Json, _: random.Random) -> Sequence[Json]:
    for amount in _amounts(resource):
        for name in ("unit", "code", "system"):
            amount.pop(name, None)
    return [resource]


def _strange(resource: Json, chance: random.Random) -> Sequence[Json]:
    """A member that changes what the resource means."""
    odd: tuple[Json, ...] = (
        {"modifierExtension": [{"url": "https://hospital.example/odd", "valueBoolean": True}]},
        {"implicitRules": "https://hospital.example/rules"},
        {"subject": {"reference": "Patient/p2"}, "patient": {"reference": "Patient/p2"}},
        {"subject": {"display": "the patient"}},
        {"status": "entered-in-error"},
        {"status": "no-such-status"},
        {"dataAbsentReason": {"text": "not asked"}},
        {"code": {"text": "不详"}},
        {"code": {"coding": [{"system": "https://hospital.example/local", "code": "X1"}]}},
        {"effectiveDateTime": "2999-12-31", "onsetDateTime": "2999-12-31", "authoredOn": "2999-12-31"},
        {"doNotPerform": True},
        {"status": 7},
    )
    added = chance.choice(odd)
    return [resource | {name: value for name, value in added.items() if name in resource or len(added) == 1}]


_READABLE: tuple[Change, ...] = (
    _number, _number, _number, _unit, _day, _day, _status, _status, _code, _gone, _again, _again, _beside,
    _beside, _other_sex_or_age,
)  # fmt: skip
_GAPS: tuple[Change, ...] = (_without, _undated, _imprecise, _unitless, _strange, _strange, _gone)


# ---------------------------------------------------------------- where numbers, dates and codes stand


def _amounts(value: Json) -> Iterator[Json]:
    """Every quantity in a resource."""
    if isinstance(value, dict):
        if isinstance(value.get("value"), int | float) and not isinstance(value["value"], bool):
            yield value
        for inside in value.values():
            yield from _amounts(inside)
    elif isinstance(value, list):
        for inside in value:
            yield from _amounts(inside)


def _times(value: float, times: str) -> float | int:
    product = (Decimal(str(value)) * Decimal(times)).normalize()
    whole = product == product.to_integral_value()
    return int(product) if whole else float(round(product, 4))


def _codings(concept: Json) -> list[Json]:
    found = concept.get("coding") if isinstance(concept, dict) else None
    return [c for c in found if isinstance(c, dict)] if isinstance(found, list) else []


def _shifted(resource: Json, days: int) -> Json:
    def later(text: str) -> str:
        try:
            day = date.fromisoformat(text[:10]) + timedelta(days=days)
        except (ValueError, OverflowError):
            return text
        return day.isoformat() + text[10:]

    return _dates(resource, later)


def _dates(value: Json, change: Callable[[str], str]) -> Json:
    """The same JSON with every date in it changed."""
    if isinstance(value, dict):
        return {name: _dates(inside, change) for name, inside in value.items()}
    if isinstance(value, list):
        return [_dates(inside, change) for inside in value]
    looks_like_a_date = isinstance(value, str) and value[:4].isdigit() and value[4:5] == "-"
    return change(value) if looks_like_a_date else value
