"""From a dosage line to milligrams and hours: exact, or Unknown with its reason. Never a guess."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_mappings.clinical_model.known_unknown import Fact, Known, Unknown
from fhir_mappings.clinical_model.medications import Dose
from fhir_mappings.readers.amounts import NO_STRENGTH, Strength, amount_mg, strength_of_ratio
from fhir_mappings.readers.dates import days_of
from fhir_mappings.readers.dosage import Dosage, dosage_as_written, is_single_dose, read_instructions
from fhir_mappings.readers.fhir_types import Quantity, Ratio
from fhir_mappings.readers.timing import RHYTHMS, Timing, read_rhythm
from tests.builders import TODAY, ZONE
from tests.mapping.charts import UCUM, Json, line
from tests.tables import Case, cases, named

TABLET = Strength(mg_per_piece=Decimal(1))
SOLUTION = Strength(mg_per_ml=Decimal(1))
DAILY: Json = {"frequency": 1, "period": 1, "periodUnit": "d"}


def dose_of(*lines: Json, strength: Strength = NO_STRENGTH) -> Fact[Dose]:
    instructions = msgspec.convert(lines, tuple[Dosage, ...])
    return read_instructions(instructions, strength, TODAY, ZONE).dose_fact("MedicationRequest/m1")


def ratio(most: float, per: float, unit: str) -> Json:
    """At most so many milligrams in so long."""
    return {"numerator": {"value": most, "unit": "mg"}, "denominator": {"value": per, "unit": unit}}


def shown(dose: Fact[Dose]) -> str:
    """ "2 mg / 24 h", or why it is unknown."""
    if isinstance(dose, Unknown):
        return dose.why.value
    return f"{dose.value.amount_mg} mg / {dose.value.every_hours} h"


# ---------------------------------------------------------------- amounts


AMOUNTS = cases("""
    value | unit        | system | tablet | solution | none
    2     | mg          | ucum   | 2      | 2        | 2
    2     | 毫克        |        | 2      | 2        | 2
    0.002 | g           | ucum   | 2      | 2        | 2
    500   | ug          | ucum   | 0.5    | 0.5      | 0.5
    500   | mcg         |        | 0.5    | 0.5      | 0.5
    500   | µg          |        | 0.5    | 0.5      | 0.5
    3     | {pill}      | ucum   | 3      | -        | -
    3     | {tbl}       | ucum   | 3      | -        | -
    3     | TAB         | v3     | 3      | -        | -
    3     | Tablets     |        | 3      | -        | -
    3     | 片          |        | 3      | -        | -
    3     | 粒          |        | 3      | -        | -
    3     | {capsule}   | ucum   | 3      | -        | -
    0.5   | tablet      |        | 0.5    | -        | -
    2.5   | mL          | ucum   | -      | 2.5      | -
    2.5   | 毫升        |        | -      | 2.5      | -
    0     | mg          | ucum   | -      | -        | -
    -2    | mg          | ucum   | -      | -        | -
    2     | mg/kg       | ucum   | -      | -        | -
    2     | [drp]       | ucum   | -      | -        | -
    2     | 1           | ucum   | -      | -        | -
    2     | {dose}      | ucum   | -      | -        | -
    2     | spoon       |        | -      | -        | -
    2     |             |        | -      | -        | -
""")


@pytest.mark.parametrize("case", AMOUNTS, ids=lambda c: f"{c['value']} {c['unit']}")
@pytest.mark.parametrize(
    ("column", "strength"), [("tablet", TABLET), ("solution", SOLUTION), ("none", NO_STRENGTH)]
)
def test_an_amount_is_milligrams_by_unit_and_strength_or_nothing(
    case: Case, column: str, strength: Strength
) -> None:
    value = float(case["value"]) if "." in case["value"] else int(case["value"])
    system = UCUM if case["system"] == "ucum" else case["system"] or None
    quantity = Quantity(value=value, unit=case["unit"] or None, code=case["unit"] or None, system=system)
    expected = None if case[column] == "-" else Decimal(case[column])
    found = amount_mg(quantity, strength)
    assert found == expected
    assert str(found) == str(expected), "equal amounts look alike"


@pytest.mark.parametrize(
    ("code", "unit", "expected"),
    [
        ("mg", "milligram", 2),
        ("mg", "g", None),
        ("mg", "tablet", None),
        ("mmol", "mg", None),
        ("mg", "some words", 2),
        ("{tbl}", "片", 2),
    ],
)
def test_a_code_and_words_that_disagree_are_no_amount(code: str, unit: str, expected: int | None) -> None:
    assert amount_mg(Quantity(value=2, code=code, unit=unit, system=UCUM), TABLET) == expected


def test_a_local_code_does_not_hide_readable_words() -> None:
    assert amount_mg(Quantity(value=2, code="U17", unit="mg", system="urn:his")) == 2


@pytest.mark.parametrize("comparator", ["<", "<=", ">=", ">"])
def test_an_amount_with_a_comparator_is_no_amount(comparator: str) -> None:
    assert amount_mg(Quantity(value=2, unit="mg", comparator=comparator)) is None


def test_no_amount_is_no_amount() -> None:
    assert amount_mg(None) is None
    assert amount_mg(Quantity(unit="mg")) is None


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [
        ((1, "mg"), (1, "{pill}"), TABLET),
        ((1, "mg"), (1, "1"), TABLET),
        ((1, "mg"), (1, None), TABLET),
        ((60, "mg"), (60, "mL"), SOLUTION),
        ((1000, "ug"), (1, "tablet"), TABLET),
        ((1, "mg"), (0, "{pill}"), NO_STRENGTH),
        ((1, "mg"), (-1, "{pill}"), NO_STRENGTH),
        ((1, "mg"), (3, "{pill}"), NO_STRENGTH),
        ((1, "[iU]"), (1, "{pill}"), NO_STRENGTH),
        ((1, "mg"), (1, "box"), NO_STRENGTH),
        ((1, "mg"), (1, "g"), NO_STRENGTH),
    ],
)
def test_a_strength_is_exact_or_not_told(
    numerator: tuple[int, str], denominator: tuple[int, str | None], expected: Strength
) -> None:
    above, below = (
        Quantity(value=numerator[0], unit=numerator[1]),
        Quantity(value=denominator[0], unit=denominator[1]),
    )
    assert strength_of_ratio(Ratio(numerator=above, denominator=below)) == expected


def test_half_a_ratio_is_no_strength() -> None:
    assert strength_of_ratio(None) == NO_STRENGTH
    assert strength_of_ratio(Ratio(numerator=Quantity(value=1, unit="mg"))) == NO_STRENGTH
    assert strength_of_ratio(Ratio(denominator=Quantity(value=1))) == NO_STRENGTH


@pytest.mark.parametrize(
    ("value", "unit", "days"),
    [
        (30, "d", 30),
        (2, "wk", 14),
        (1.5, "wk", "10.5"),
        (30, "天", 30),
        (1, "mo", None),
        (1, "h", None),
        (0, "d", None),
        (-3, "d", None),
        (3, None, None),
        (None, "d", None),
    ],
)
def test_a_duration_is_days_only_where_its_length_is_fixed(value: Any, unit: Any, days: Any) -> None:
    assert days_of(Quantity(value=value, unit=unit)) == (None if days is None else Decimal(days))


def test_a_duration_with_a_comparator_or_two_units_is_none() -> None:
    assert days_of(Quantity(value=3, unit="d", comparator=">")) is None
    assert days_of(Quantity(value=3, unit="d", code="wk")) is None
    assert days_of(None) is None


# ---------------------------------------------------------------- rhythms


CODES = cases("""
    code            | dose
    QD              | 2 mg / 24 h
    qd              | 2 mg / 24 h
    每日一次        | 2 mg / 24 h
    BID             | 2 mg / 12 h
    每日两次        | 2 mg / 12 h
    q12h            | 2 mg / 12 h
    Q12H            | 2 mg / 12 h
    每12小时        | 2 mg / 12 h
    TID             | 2 mg / 8 h
    QID             | 2 mg / 6 h
    QOD             | 2 mg / 48 h
    隔日一次        | 2 mg / 48 h
    AM              | 2 mg / 24 h
    PM              | 2 mg / 24 h
    every  morning  | 2 mg / 24 h
    weekly          | 2 mg / 168 h
    once            | 2 mg / 24 h
    once or twice   | unreadable
    bid prn pain    | unreadable
    遵医嘱          | unreadable
""")


@pytest.mark.parametrize("case", CODES, ids=named)
def test_a_timing_code_is_read_whole_or_not_at_all(case: Case) -> None:
    assert shown(dose_of(line(2, code=case["code"]))) == case["dose"]


@pytest.mark.parametrize("word", ["qd", "每日一次", "BID", "Every 12 hours"])
def test_words_of_the_closed_table_count_where_nothing_else_says_how_often(word: str) -> None:
    assert isinstance(dose_of(line(2, text=word)), Known)
    assert isinstance(dose_of(line(2, text=f"{word} or as told")), Unknown)


REPEATS: list[tuple[Json, str]] = [
    (DAILY, "2 mg / 24 h"),
    ({"frequency": 2, "period": 1, "periodUnit": "d"}, "2 mg / 12 h"),
    ({"frequency": 1, "period": 12, "periodUnit": "h"}, "2 mg / 12 h"),
    ({"frequency": 1, "period": 2, "periodUnit": "d"}, "2 mg / 48 h"),
    ({"period": 1, "periodUnit": "d"}, "2 mg / 24 h"),
    ({"frequency": 1, "period": 1, "periodUnit": "wk"}, "2 mg / 168 h"),
    ({"frequency": 7, "period": 1, "periodUnit": "wk"}, "2 mg / 24 h"),
    ({"frequency": 9, "period": 1, "periodUnit": "wk"}, "18 mg / 168 h"),
    ({"frequency": 5, "period": 1, "periodUnit": "d"}, "2 mg / 4.8 h"),
    ({"frequency": 1, "frequencyMax": 1, "period": 1, "periodUnit": "d"}, "2 mg / 24 h"),
    ({"frequency": 1, "frequencyMax": 2, "period": 1, "periodUnit": "d"}, "unreadable"),
    ({"frequency": 1, "period": 4, "periodMax": 6, "periodUnit": "h"}, "unreadable"),
    ({"frequency": 0, "period": 1, "periodUnit": "d"}, "unreadable"),
    ({"frequency": -1, "period": 1, "periodUnit": "d"}, "unreadable"),
    ({"frequency": 1, "period": 0, "periodUnit": "d"}, "unreadable"),
    ({"frequency": 1, "period": 1}, "unreadable"),
    ({"frequency": 1, "period": 1, "periodUnit": "mo"}, "unreadable"),
    ({"frequency": 1, "period": 30, "periodUnit": "min"}, "unreadable"),
    ({"frequency": 1, "period": 0.5, "periodUnit": "h"}, "unreadable"),
    ({"frequency": 2}, "unreadable"),
    ({"timeOfDay": ["08:00:00"]}, "2 mg / 24 h"),
    ({"timeOfDay": ["08:00:00", "20:00"]}, "2 mg / 12 h"),
    ({"frequency": 2, "period": 1, "periodUnit": "d", "timeOfDay": ["08:00", "20:00"]}, "2 mg / 12 h"),
    ({"frequency": 1, "period": 1, "periodUnit": "d", "timeOfDay": ["08:00", "20:00"]}, "unreadable"),
    ({"frequency": 1, "period": 2, "periodUnit": "d", "timeOfDay": ["08:00"]}, "2 mg / 48 h"),
    ({"frequency": 2, "period": 2, "periodUnit": "d", "timeOfDay": ["08:00", "20:00"]}, "unreadable"),
    ({"when": ["MORN"]}, "2 mg / 24 h"),
    ({"when": ["MORN", "EVE"]}, "2 mg / 12 h"),
    ({"when": ["MORN", "ACM"]}, "2 mg / 24 h"),
    ({"when": ["AC"]}, "unreadable"),
    ({"frequency": 2, "period": 1, "periodUnit": "d", "when": ["PC"]}, "2 mg / 12 h"),
    ({"dayOfWeek": ["mon", "wed", "fri"]}, "2 mg / 56 h"),
    ({"dayOfWeek": ["mon", "tue", "wed", "thu", "fri"]}, "2 mg / 33.6 h"),
    ({"dayOfWeek": ["mon", "wed", "fri"], **DAILY}, "2 mg / 56 h"),
    ({"dayOfWeek": ["mon"], "frequency": 1, "period": 1, "periodUnit": "wk"}, "2 mg / 168 h"),
    ({"dayOfWeek": ["mon", "fri"], "frequency": 1, "period": 1, "periodUnit": "wk"}, "unreadable"),
    ({"dayOfWeek": ["mon"], "frequency": 1, "period": 2, "periodUnit": "d"}, "unreadable"),
    ({"count": 1}, "2 mg / 24 h"),
    ({"count": 10}, "unreadable"),
    ({"boundsPeriod": {"start": "2026-01-01"}}, "unreadable"),
]


@pytest.mark.parametrize(("repeat", "expected"), REPEATS, ids=lambda v: str(v) if isinstance(v, dict) else "")
def test_a_repeat_is_exact_or_unreadable(repeat: Json, expected: str) -> None:
    assert shown(dose_of(line(2, repeat=repeat))) == expected


def test_a_code_and_a_repeat_must_say_the_same() -> None:
    assert shown(dose_of(line(2, code="QD", repeat=DAILY))) == "2 mg / 24 h"
    assert shown(dose_of(line(2, code="BID", repeat=DAILY))) == "unreadable"
    assert shown(dose_of(line(2, code="in our own words", repeat=DAILY))) == "2 mg / 24 h"
    assert shown(dose_of(line(2, code="TID", repeat={"when": ["PC"]}))) == "2 mg / 8 h"


def test_two_codes_of_one_timing_must_say_the_same() -> None:
    codes = {"coding": [{"code": "BID"}, {"code": "Q12H"}]}
    assert shown(dose_of(line(2, timing={"code": codes}))) == "2 mg / 12 h"
    codes = {"coding": [{"code": "BID"}], "text": "once daily"}
    assert shown(dose_of(line(2, timing={"code": codes}))) == "unreadable"


def test_listed_moments_are_no_rhythm_but_one_is_a_single_dose() -> None:
    assert shown(dose_of(line(2, timing={"event": ["2026-03-01", "2026-03-02"]}))) == "unreadable"
    assert shown(dose_of(line(2, timing={"event": ["2026-03-01"]}))) == "2 mg / 24 h"


@pytest.mark.parametrize(
    "timing", [{"repeat": {"count": 1}}, {"event": ["2026-03-01"]}, {"code": {"text": "STAT"}}]
)
def test_a_dose_ordered_once_is_single(timing: Json) -> None:
    (single,) = msgspec.convert([line(2, timing=timing)], tuple[Dosage, ...])
    assert is_single_dose([single])
    assert not is_single_dose([single, single])
    assert not is_single_dose(msgspec.convert([line(2), line(2, repeat=DAILY)], list[Dosage])[:1])


def test_the_table_of_words_has_no_word_twice_and_no_guesswork() -> None:
    assert all(word == word.strip().casefold() for word in RHYTHMS)
    assert "od" not in RHYTHMS, "right eye or once daily"


def test_a_rhythm_needs_a_timing() -> None:
    assert read_rhythm(None) is None
    assert read_rhythm(Timing()) is None


# ---------------------------------------------------------------- one line


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        ({}, "missing"),
        ({"route": {"text": "oral"}}, "missing"),
        (line(repeat=DAILY), "unreadable"),
        (line(2), "unreadable"),
        (line(text="2 mg daily"), "unreadable"),
        (line(text="每日一次，每次2片"), "unreadable"),
        (line(2, repeat=DAILY, modifierExtension=[{"url": "urn:x"}]), "unreadable"),
        (line(2, "{pill}", repeat=DAILY), "unreadable"),
        (
            {"doseAndRate": [{"rateQuantity": {"value": 2, "unit": "mg/h"}}], "timing": {"repeat": DAILY}},
            "unreadable",
        ),
    ],
)
def test_a_line_that_does_not_come_to_milligrams_and_hours_is_unknown(
    instruction: Json, expected: str
) -> None:
    assert shown(dose_of(instruction)) == expected


@pytest.mark.parametrize(
    ("beside", "expected"),
    [
        ({"text": "2 mg twice daily"}, "unreadable"),
        ({"text": "2 mg once daily"}, "2 mg / 24 h"),
        ({"patientInstruction": "每日两次"}, "unreadable"),
        ({"patientInstruction": "每日一次"}, "2 mg / 24 h"),
        ({"additionalInstruction": [{"text": "隔日服用"}]}, "unreadable"),
        ({"additionalInstruction": [{"coding": [{"display": "every other day"}]}]}, "unreadable"),
        ({"additionalInstruction": [{"text": "饭后服用"}, {"coding": [{}]}]}, "2 mg / 24 h"),
        ({"text": "2 mg qd 暂停"}, "unreadable"),
        ({"maxDosePerPeriod": ratio(1, 1, "d")}, "unreadable"),
        ({"maxDosePerPeriod": ratio(2, 24, "h")}, "2 mg / 24 h"),
        ({"maxDosePerAdministration": {"value": 1, "unit": "mg"}}, "unreadable"),
        ({"maxDosePerAdministration": {"value": 2, "unit": "mg"}}, "2 mg / 24 h"),
    ],
)
def test_what_stands_beside_the_figures_must_not_contradict_them(beside: Json, expected: str) -> None:
    assert shown(dose_of(line(2, repeat=DAILY, **beside))) == expected


def test_two_lines_may_each_carry_the_words_of_the_whole_day() -> None:
    words = "每日两次，早100mg，晚75mg"
    morning, evening = ({"repeat": DAILY | {"when": [when]}, "text": words} for when in ("MORN", "EVE"))
    assert shown(dose_of(line(100, **morning), line(75, **evening))) != "unreadable"
    assert shown(dose_of(line(100, **morning))) == "unreadable"


def test_no_line_at_all_is_missing() -> None:
    assert shown(dose_of()) == "missing"


def ranged(low: Json | None, high: Json | None) -> Json:
    ends = {name: end for name, end in (("low", low), ("high", high)) if end}
    return {"doseAndRate": [{"doseRange": ends}], "timing": {"repeat": DAILY}}


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        ({"value": 2, "unit": "mg"}, {"value": 2, "unit": "mg"}, "2 mg / 24 h"),
        ({"value": 2, "unit": "mg"}, {"value": 2000, "unit": "ug"}, "2 mg / 24 h"),
        ({"value": 1, "unit": "mg"}, {"value": 2, "unit": "mg"}, "unreadable"),
        ({"value": 2, "unit": "mg"}, None, "unreadable"),
        (None, {"value": 2, "unit": "mg"}, "unreadable"),
        ({"value": 2, "unit": "x"}, {"value": 2, "unit": "x"}, "unreadable"),
    ],
)
def test_a_range_is_a_dose_only_when_its_ends_are_equal(low: Any, high: Any, expected: str) -> None:
    assert shown(dose_of(ranged(low, high))) == expected


def test_an_ordered_and_a_calculated_dose_must_agree() -> None:
    both = [{"doseQuantity": {"value": 2, "unit": "mg"}}, {"doseQuantity": {"value": 2000, "unit": "ug"}}]
    assert shown(dose_of({"doseAndRate": both, "timing": {"repeat": DAILY}})) == "2 mg / 24 h"
    both[1]["doseQuantity"]["value"] = 1000
    assert shown(dose_of({"doseAndRate": both, "timing": {"repeat": DAILY}})) == "unreadable"


def test_three_pills_of_two_milligrams_are_six_milligrams() -> None:
    two = Strength(mg_per_piece=Decimal(2))
    assert shown(dose_of(line(3, "{pill}", repeat=DAILY), strength=two)) == "6 mg / 24 h"


# ---------------------------------------------------------------- several lines


def at(amount: int, *times: str, **more: Any) -> Json:
    return line(amount, repeat={"timeOfDay": list(times)}, **more)


def bounded(amount: int, start: str | None, end: str | None, **more: Any) -> Json:
    bounds = {name: day for name, day in (("start", start), ("end", end)) if day}
    return line(amount, repeat=DAILY | {"boundsPeriod": bounds}, **more)


SEVERAL: list[tuple[str, list[Json], str]] = [
    ("morning 2 and evening 1 are 3 a day", [at(2, "08:00"), at(1, "20:00")], "3 mg / 24 h"),
    ("equal at two times is an interval", [at(75, "08:00"), at(75, "20:00")], "75 mg / 12 h"),
    ("named times", [line(2, code="AM"), line(1, code="PM")], "3 mg / 24 h"),
    ("three parts", [at(1, "08:00"), at(1, "12:00"), at(2, "20:00")], "4 mg / 24 h"),
    ("clock and name cannot be told apart", [at(2, "08:00"), line(1, code="PM")], "conflicting"),
    ("the same time twice", [at(2, "08:00"), at(1, "08:00")], "conflicting"),
    ("no times: both or one of them?", [line(2, code="QD"), line(1, code="QD")], "conflicting"),
    ("the same line twice", [line(2, code="QD"), line(2, code="QD")], "conflicting"),
    (
        "alternating days",
        [
            line(1, repeat={"dayOfWeek": ["mon", "wed", "fri", "sun"]}),
            line(2, repeat={"dayOfWeek": ["tue", "thu", "sat"]}),
        ],
        "10 mg / 168 h",
    ),
    (
        "a daily and a weekly part",
        [at(1, "08:00"), line(2, repeat={"dayOfWeek": ["mon"], "timeOfDay": ["20:00"]})],
        "9 mg / 168 h",
    ),
    ("steps", [at(2, "08:00", sequence=1), at(1, "20:00", sequence=2)], "conflicting"),
    (
        "numbered alike is side by side",
        [at(2, "08:00", sequence=1), at(1, "20:00", sequence=1)],
        "3 mg / 24 h",
    ),
    ("one more as needed", [at(2, "08:00"), at(1, "20:00", asNeededBoolean=True)], "conflicting"),
    (
        "one line unreadable",
        [at(2, "08:00"), line(1, "spoon", repeat={"timeOfDay": ["20:00"]})],
        "unreadable",
    ),
    ("past and present", [bounded(2, None, "2026-03-01"), bounded(3, "2026-03-02", None)], "3 mg / 24 h"),
    (
        "present and future",
        [bounded(2, "2026-01-01", "2026-03-02"), bounded(3, "2026-03-03", None)],
        "2 mg / 24 h",
    ),
    ("both present", [bounded(2, "2026-01-01", None), bounded(3, "2026-02-01", None)], "conflicting"),
    (
        "both past",
        [bounded(2, "2025-01-01", "2025-02-01"), bounded(3, "2025-02-02", "2025-03-01")],
        "conflicting",
    ),
    ("dated and undated", [bounded(2, "2026-01-01", None), line(3, repeat=DAILY)], "conflicting"),
    (
        "past steps numbered, one in force",
        [bounded(2, "2026-01-01", "2026-01-31", sequence=1), bounded(3, "2026-02-01", None, sequence=2)],
        "3 mg / 24 h",
    ),
    (
        "durations one after the other",
        [
            line(1, repeat=DAILY | {"boundsDuration": {"value": 7, "unit": "d"}}),
            line(2, repeat=DAILY | {"boundsDuration": {"value": 14, "unit": "d"}}),
        ],
        "conflicting",
    ),
]


@pytest.mark.parametrize(("name", "lines", "expected"), SEVERAL, ids=[row[0] for row in SEVERAL])
def test_several_lines_count_together_only_when_they_say_so(
    name: str, lines: list[Json], expected: str
) -> None:
    assert shown(dose_of(*lines)) == expected
    assert shown(dose_of(*reversed(lines))) == expected


def test_what_was_written_is_kept_for_showing() -> None:
    lines = msgspec.convert(
        [
            line(2, code="QD"),
            line(text="one at night"),
            line(1, timing={"code": {"coding": [{"code": "PM"}]}}),
        ],
        tuple[Dosage, ...],
    )
    assert dosage_as_written(lines) == "2 mg QD; one at night; 1 mg PM"
    unknown = dose_of(line(text="one at night"))
    assert isinstance(unknown, Unknown)
    assert unknown.evidence
    assert unknown.evidence.value == "one at night"


# ---------------------------------------------------------------- laws


AMOUNT = st.decimals(min_value="0.01", max_value=1000, places=2)


@settings(deadline=None, max_examples=60)
@given(AMOUNT, st.sampled_from([("mg", 1), ("g", 1000), ("ug", Decimal("0.001"))]), st.integers(1, 12))
def test_the_same_amount_in_any_unit_is_the_same_dose(
    amount: Decimal, unit: tuple[str, Any], times: int
) -> None:
    repeat = {"frequency": times, "period": 1, "periodUnit": "d"}
    written = float(amount / unit[1])
    if Decimal(repr(written)) * unit[1] == amount:
        one, other = line(written, unit[0], repeat=repeat), line(float(amount), repeat=repeat)
        assert shown(dose_of(one)) == shown(dose_of(other))


@settings(deadline=None, max_examples=60)
@given(AMOUNT, st.integers(1, 12), st.integers(1, 12))
def test_the_daily_amount_is_amount_times_doses_over_days(amount: Decimal, times: int, days: int) -> None:
    dose = dose_of(line(float(amount), repeat={"frequency": times, "period": days, "periodUnit": "d"}))
    assert isinstance(dose, Known)
    assert abs(dose.value.daily_mg * days - amount * times) < Decimal("1e-20")


@settings(deadline=None, max_examples=60)
@given(st.recursive(st.none() | st.integers(-3, 3) | st.text(max_size=5), lambda s: st.lists(s, max_size=3)))
def test_no_text_is_ever_a_dose(content: Any) -> None:
    assert isinstance(dose_of(line(text=str(content))), Unknown)
