"""Dated lines are steps, each from its own day; several amounts of one line; times of the day (DECISIONS 54)."""

from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_mappings.clinical_model.known_unknown import Known
from fhir_mappings.clinical_model.medications import Dose, MedicationEvent, apart_in_a_day, day_of_doses
from fhir_mappings.readers.amounts import NO_STRENGTH, Strength
from fhir_mappings.readers.dosage import Dosage, counts_without_strength, is_single_dose, read_instructions
from fhir_mappings.readers.phases import phases
from fhir_mappings.readers.reader_settings import TrialIdentity
from tests.builders import OUR_NAMES, TODAY, ZONE
from tests.mapping.charts import Json, dispense, line, order, problems, read, statement

DAILY: Json = {"frequency": 1, "period": 1, "periodUnit": "d"}
TWICE: Json = {"frequency": 2, "period": 1, "periodUnit": "d"}
UP = "2026-02-24"


def dated(amount: Any, start: str | None, end: str | None = None, **more: Any) -> Json:
    """A daily line between its own days."""
    bounds = {name: day for name, day in (("start", start), ("end", end)) if day}
    return line(amount, repeat=DAILY | {"boundsPeriod": bounds}, **more)


def shown(event: MedicationEvent) -> tuple[str, str, str | None, int | None]:
    """Milligrams, first day, last day, days of supply."""
    dose = event.dose.value.amount_mg if isinstance(event.dose, Known) else event.dose.why
    supply = None if event.supply_days is None else int(event.supply_days)
    first = event.start.first.isoformat() if event.start else "-"
    return str(dose), first, event.end.last.isoformat() if event.end else None, supply


def steps_of(*resources: Json) -> list[tuple[str, str, str | None, int | None]]:
    return [shown(event) for event in read(*resources).medications]


# ---------------------------------------------------------------- which lines hold when


SPANS: list[tuple[str, list[tuple[str | None, str | None]], list[tuple[str, str | None, str | None]]]] = [
    ("one after the other", [("2026-02-20", "2026-02-23"), (UP, None)], [("1", "2026-02-20", "2026-02-23"), ("2", UP, None)]),
    ("in any order", [(UP, None), ("2026-02-20", "2026-02-23")], [("2", "2026-02-20", "2026-02-23"), ("1", UP, None)]),
    ("an end on the day of the next start", [("2026-02-20", UP), (UP, None)], [("1", "2026-02-20", "2026-02-23"), ("2", UP, None)]),
    ("no first start", [(None, "2026-02-23"), (UP, None)], [("1", None, "2026-02-23"), ("2", UP, None)]),
    ("days in between", [("2026-02-20", "2026-02-21"), (UP, None)], [("1", "2026-02-20", "2026-02-21"), ("2", UP, None)]),
    ("both for a while", [("2026-02-20", UP), ("2026-02-22", None)], [("1", "2026-02-20", "2026-02-21"), ("12", "2026-02-22", UP), ("2", "2026-02-25", None)]),
    ("an undated one beside", [(None, None), (UP, None)], [("1", None, "2026-02-23"), ("12", UP, None)]),
    ("three steps", [("2026-02-20", "2026-02-21"), ("2026-02-22", "2026-02-23"), (UP, "2026-02-28")], [("1", "2026-02-20", "2026-02-21"), ("2", "2026-02-22", "2026-02-23"), ("3", UP, "2026-02-28")]),
    ("alike", [(UP, None), (UP, None)], [("12", None, None)]),
    ("one day that begins and ends the line", [(UP, UP), (UP, None)], [("12", UP, UP), ("2", "2026-02-25", None)]),
    ("undated", [(None, None)], [("1", None, None)]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "spans", "expected"), SPANS, ids=[row[0] for row in SPANS])
def test_each_stretch_of_days_has_its_lines(name: str, spans: Any, expected: Any) -> None:
    lines = [dated(place, start, end) for place, (start, end) in enumerate(spans, 1)]
    told = phases(msgspec.convert(lines, tuple[Dosage, ...]), ZONE)
    found = [
        (
            "".join(str(held.dose_and_rate[0].dose_quantity.value) for held in phase.lines),  # type: ignore[union-attr]
            phase.first.isoformat() if phase.first else None,
            phase.last.isoformat() if phase.last else None,
        )
        for phase in told
    ]
    assert found == expected


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.none() | st.integers(1, 20), st.none() | st.integers(1, 20)).filter(
            lambda span: None in span or span[0] <= span[1]  # type: ignore[operator]
        ),
        min_size=1,
        max_size=4,
    )
)
def test_the_stretches_never_overlap_and_no_line_is_lost(spans: list[tuple[int | None, int | None]]) -> None:
    def day(number: int | None) -> str | None:
        return None if number is None else date(2026, 2, number).isoformat()

    lines = msgspec.convert(
        [dated(n, day(a), day(b)) for n, (a, b) in enumerate(spans, 1)], tuple[Dosage, ...]
    )
    told = phases(lines, ZONE)
    for earlier, later in pairwise(told):
        assert earlier.last is not None
        assert later.first is not None
        assert earlier.last < later.first
    assert {id(held) for phase in told for held in phase.lines} == {id(each) for each in lines}


# ---------------------------------------------------------------- orders, supplies and statements in steps


STEP_UP = [dated(1, "2026-02-10", "2026-02-23"), dated(2, UP)]


def test_an_order_of_dated_lines_is_one_order_a_line_from_its_own_day() -> None:
    found = steps_of(order("sirolimus", *STEP_UP))
    assert found == [("1", "2026-02-10", "2026-02-23", None), ("2", UP, None, None)]
    assert [m.reference for m in read(order("sirolimus", *STEP_UP)).medications] == [
        "MedicationRequest/m1"
    ] * 2


def test_a_step_that_lies_ahead_is_a_plan_of_an_order_and_of_nothing_else() -> None:
    ahead = [dated(1, "2026-02-10", "2026-03-20"), dated(2, "2026-03-21")]
    assert [row[0] for row in steps_of(order("sirolimus", *ahead))] == ["1", "2"]
    supply = {"daysSupply": {"value": 60, "unit": "d"}, "whenHandedOver": "2026-02-10"}
    assert [row[0] for row in steps_of(dispense("sirolimus", *ahead, **supply))] == ["1"]
    assert [row[0] for row in steps_of(statement("sirolimus", *ahead))] == ["1"]
    assert read(dispense("sirolimus", *ahead, **supply)).gaps == ()


def test_what_an_order_allows_to_be_dispensed_is_used_up_from_its_first_day() -> None:
    request = {"expectedSupplyDuration": {"value": 30, "unit": "d"}}
    found = steps_of(order("sirolimus", *STEP_UP, dispenseRequest=request, authoredOn="2026-02-10"))
    assert [row[3] for row in found] == [30, 16]
    spent = steps_of(
        order("sirolimus", *STEP_UP, dispenseRequest={"expectedSupplyDuration": {"value": 7, "unit": "d"}})
    )
    assert [row[3] for row in spent] == [7, 0]


@pytest.mark.parametrize(
    ("supply", "expected"),
    [
        ({"daysSupply": {"value": 60, "unit": "d"}}, [("1", 14), ("2", 46)]),
        ({"daysSupply": {"value": 14, "unit": "d"}}, [("1", 14)]),
        ({"daysSupply": {"value": 10, "unit": "d"}}, [("1", 10)]),
        ({"quantity": {"value": 34, "unit": "mg"}}, [("1", 14), ("2", 10)]),
        ({"quantity": {"value": 8, "unit": "mg"}}, [("1", 8)]),
        ({}, [("1", None)]),
        ({"quantity": {"value": 34, "unit": "box"}}, [("1", None)]),
    ],
)
def test_a_supply_is_used_up_step_by_step(supply: Json, expected: Any) -> None:
    handed = dispense("sirolimus", *STEP_UP, whenHandedOver="2026-02-10", **supply)
    assert [(row[0], row[3]) for row in steps_of(handed)] == expected


@pytest.mark.parametrize(
    ("handed_over", "expected"),
    [
        ("2026-02-08", [("1", "2026-02-10", 14), ("2", UP, 16)]),
        ("2026-02-20", [("1", "2026-02-20", 4), ("2", UP, 26)]),
        (UP, [("2", UP, 30)]),
        ("2026-03-01", [("2", "2026-03-01", 30)]),
    ],
)
def test_a_supply_begins_in_the_step_of_its_day(handed_over: str, expected: Any) -> None:
    handed = dispense(
        "sirolimus", *STEP_UP, whenHandedOver=handed_over, daysSupply={"value": 30, "unit": "d"}
    )
    assert [(row[0], row[1], row[3]) for row in steps_of(handed)] == expected


def test_a_supply_of_unknown_length_proves_the_step_of_its_day() -> None:
    assert [row[:2] for row in steps_of(dispense("sirolimus", *STEP_UP, whenHandedOver=UP))] == [("2", UP)]
    ended = [dated(1, "2026-01-10", "2026-01-20"), dated(2, "2026-01-21", "2026-01-31")]
    assert [row[:2] for row in steps_of(dispense("sirolimus", *ended, whenHandedOver=UP))] == [("2", UP)]
    unread = [dated("1", "2026-02-10", "2026-02-23"), dated(2, UP)]
    unread[0]["doseAndRate"][0]["doseQuantity"]["unit"] = "spoon"
    unread[0]["doseAndRate"][0]["doseQuantity"]["code"] = "spoon"
    unread[0]["doseAndRate"][0]["doseQuantity"]["value"] = 1
    by_amount = dispense(
        "sirolimus", *unread, whenHandedOver="2026-02-10", quantity={"value": 34, "unit": "mg"}
    )
    assert [row[0] for row in steps_of(by_amount)] == ["unreadable"]


def test_an_undated_supply_stays_one() -> None:
    assert len(steps_of(dispense("sirolimus", *STEP_UP, whenHandedOver=None))) == 1


def test_a_statement_is_cut_into_its_steps() -> None:
    going_on = steps_of(statement("sirolimus", *STEP_UP))
    assert [row[:3] for row in going_on] == [("1", "2026-02-10", "2026-02-23"), ("2", UP, None)]
    over = statement(
        "sirolimus",
        *STEP_UP,
        status="completed",
        effectivePeriod={"start": "2026-02-12", "end": "2026-02-20"},
    )
    assert [row[:3] for row in steps_of(over)] == [("1", "2026-02-12", "2026-02-20")]
    late = statement("sirolimus", *STEP_UP, effectivePeriod={"start": UP})
    assert [row[:3] for row in steps_of(late)] == [("2", UP, None)]


def test_only_a_study_drug_is_read_in_steps() -> None:
    both = [dated(400, "2026-02-20", "2026-02-20"), dated(200, "2026-02-21")]
    assert len(read(order("voriconazole", *both)).medications) == 1


GIVEN = [("sirolimus", "voriconazole"), ("voriconazole", "sirolimus"), ("danazol", "sirolimus")]
"""A drug that a trial gives, and one that it does not."""


@pytest.mark.parametrize(("given", "other"), GIVEN)
def test_which_drugs_are_read_in_steps_and_asked_for_their_strength_a_trial_says(
    given: str, other: str
) -> None:
    trial = TrialIdentity(OUR_NAMES, drugs=frozenset({given}))
    for drug, steps in ((given, 2), (other, 1)):
        assert len(read(order(drug, *STEP_UP), trial=trial).medications) == steps
        asked = read(order(drug, line(1, "tablet", repeat=DAILY)), trial=trial)
        assert (problems(asked) == ["STRENGTH_UNKNOWN"]) is (drug == given)
    both = TrialIdentity(OUR_NAMES, drugs=frozenset())
    assert len(read(order(given, *STEP_UP), trial=both).medications) == 1


# ---------------------------------------------------------------- moments and counts beside a rhythm


BESIDE: list[tuple[str, Json, str]] = [
    ("a moment beside a repeat", {"event": [UP], "repeat": TWICE}, "2 mg / 12 h"),
    ("a moment beside a code", {"event": [UP], "code": {"text": "BID"}}, "2 mg / 12 h"),
    ("two moments of one day beside twice a day", {"event": [f"{UP}T08:00:00+08:00", f"{UP}T20:00:00+08:00"], "repeat": TWICE}, "2 mg / 12 h"),
    ("two moments of one day beside once a day", {"event": [f"{UP}T08:00:00+08:00", f"{UP}T20:00:00+08:00"], "repeat": DAILY}, "unreadable"),
    ("two days beside twice a day", {"event": [UP, "2026-02-25"], "repeat": TWICE}, "unreadable"),
    ("a count of one beside a repeat", {"repeat": {"count": 1} | TWICE}, "2 mg / 12 h"),
    ("a count of thirty beside a repeat", {"repeat": {"count": 30} | DAILY}, "2 mg / 24 h"),
    ("once by code against a repeat", {"code": {"text": "once"}, "repeat": TWICE}, "unreadable"),
    ("stat by code against a repeat", {"code": {"text": "STAT"}, "repeat": DAILY}, "unreadable"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "timing", "expected"), BESIDE, ids=[row[0] for row in BESIDE])
def test_a_moment_or_a_count_beside_a_rhythm_is_no_single_dose(
    name: str, timing: Json, expected: str
) -> None:
    (only,) = msgspec.convert([line(2, timing=timing)], tuple[Dosage, ...])
    told = read_instructions([only], NO_STRENGTH, TODAY, ZONE)
    dose = told.dose
    assert (
        f"{dose.amount_mg} mg / {dose.every_hours} h" if isinstance(dose, Dose) else dose.value
    ) == expected
    assert not told.single_dose


def test_the_words_of_a_line_go_on_beside_a_moment() -> None:
    (only,) = msgspec.convert([line(2, text="每日两次", timing={"event": [UP]})], tuple[Dosage, ...])
    assert not is_single_dose([only])
    assert read_instructions([only], NO_STRENGTH, TODAY, ZONE).dose == Dose(Decimal(2), Decimal(12))


def test_once_by_code_and_by_count_is_once() -> None:
    timing = {"code": {"text": "once"}, "repeat": {"count": 1} | DAILY}
    (only,) = msgspec.convert([line(2, timing=timing)], tuple[Dosage, ...])
    assert is_single_dose([only])


# ---------------------------------------------------------------- several amounts of one line


def amounts(*told: tuple[Any, str, str | None]) -> list[Json]:
    """doseAndRate from (value, unit, type)."""
    return [
        {"doseQuantity": {"value": value, "unit": unit}}
        | ({"type": {"coding": [{"code": kind}]}} if kind else {})
        for value, unit, kind in told
    ]


SEVERAL: list[tuple[list[Json], Strength, str]] = [
    (amounts((2, "mg", "calculated"), (2, "tablet", None), (2, "mg", "ordered")), NO_STRENGTH, "2"),
    (amounts((2, "mg", None), (2, "tablet", None)), NO_STRENGTH, "2"),
    (amounts((2, "tablet", None), (2, "mg", None)), Strength(mg_per_piece=Decimal(1)), "2"),
    (amounts((1, "tablet", None), (2, "mg", None)), Strength(mg_per_piece=Decimal(1)), "unreadable"),
    (amounts((3, "mg", "calculated"), (2, "mg", "ordered")), NO_STRENGTH, "unreadable"),
    (amounts((2, "mg", "ordered"), (3, "mg", "ordered")), NO_STRENGTH, "unreadable"),
    (amounts((0.03, "mg/kg", "calculated"), (2, "mg", "ordered")), NO_STRENGTH, "2"),
    (amounts((0.03, "mg/kg", "calculated"), (2, "mg", None)), NO_STRENGTH, "2"),
    (amounts((2, "tablet", "ordered"), (2, "mg", "calculated")), NO_STRENGTH, "unreadable"),
    (amounts((2, "tablet", None), (1, "capsule", None)), NO_STRENGTH, "unreadable"),
    (amounts((2, "mg", None), (-2, "mg", None)), NO_STRENGTH, "unreadable"),
]


@pytest.mark.parametrize(("told", "strength", "expected"), SEVERAL)
def test_the_ordered_amount_counts_and_no_other_may_contradict_it(
    told: list[Json], strength: Strength, expected: str
) -> None:
    for order_of_entries in (told, told[::-1]):
        (only,) = msgspec.convert(
            [{"doseAndRate": order_of_entries, "timing": {"repeat": DAILY}}], tuple[Dosage, ...]
        )
        dose = read_instructions([only], strength, TODAY, ZONE).dose
        assert str(dose.amount_mg if isinstance(dose, Dose) else dose.value) == expected


def test_a_strength_is_asked_for_only_where_it_is_needed() -> None:
    def asked(told: list[Json]) -> bool:
        return counts_without_strength(
            msgspec.convert([{"doseAndRate": told}], tuple[Dosage, ...]), NO_STRENGTH
        )

    assert asked(amounts((2, "tablet", None)))
    assert asked(amounts((2, "tablet", "ordered"), (2, "mg", None)))
    assert not asked(amounts((2, "tablet", None), (2, "mg", None)))
    ranged = [{"doseRange": {"low": {"value": 1, "unit": "tablet"}, "high": {"value": 2, "unit": "tablet"}}}]
    assert asked(ranged)


# ---------------------------------------------------------------- a day of several doses


@pytest.mark.parametrize(
    ("each", "expected"),
    [
        ((100, 75), Dose(Decimal(175), Decimal(24), (Decimal(100), Decimal(75)))),
        ((75, 100), Dose(Decimal(175), Decimal(24), (Decimal(100), Decimal(75)))),
        ((75, 75), Dose(Decimal(75), Decimal(12))),
        ((2,), Dose(Decimal(2), Decimal(24))),
        ((1, 1, 1, 1, 1), Dose(Decimal(5), Decimal(24), (Decimal(1),) * 5)),
    ],
)
def test_the_doses_of_a_day_are_an_interval_or_parts(each: tuple[int, ...], expected: Dose) -> None:
    assert day_of_doses(map(Decimal, each)) == expected


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ({"MORN"}, {"EVE"}, True),
        ({"08:00"}, {"20:00"}, True),
        ({"MORN"}, {"MORN"}, False),
        ({"MORN"}, {"20:00"}, False),
        ({"MORN"}, set(), False),
        ({"MORN", "EVE"}, {"EVE"}, False),
    ],
)
def test_times_are_apart_only_when_both_tell_them_in_one_way(
    one: set[str], other: set[str], apart: bool
) -> None:
    assert apart_in_a_day(frozenset(one), frozenset(other)) is apart
    assert apart_in_a_day(frozenset(other), frozenset(one)) is apart


@pytest.mark.parametrize(
    ("lines", "times"),
    [
        ([line(1, repeat={"when": ["MORN"]})], {"MORN"}),
        ([line(1, repeat={"when": ["MORN", "EVE"]})], {"MORN", "EVE"}),
        ([line(1, repeat={"when": ["MORN"]}), line(2, repeat={"when": ["EVE"]})], {"MORN", "EVE"}),
        ([line(1, repeat=DAILY)], set()),
        ([line(1, repeat={"when": ["MORN"]}), line(2, repeat=DAILY)], set()),
        ([line(1, repeat={"when": ["MORN"], "dayOfWeek": ["mon"]})], set()),
        ([line(1, repeat={"frequency": 1, "period": 2, "periodUnit": "d", "when": ["MORN"]})], set()),
        ([], set()),
    ],
)
def test_the_times_of_the_day_are_told_where_every_line_is_taken_daily(
    lines: list[Json], times: set[str]
) -> None:
    (only,) = read(order("sirolimus", *lines)).medications
    assert only.times == times
