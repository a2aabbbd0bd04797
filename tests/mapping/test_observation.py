"""Results: four places are looked at before a number is a number, and a doubtful one never is."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_mappings.clinical_model.results import (
    Analyte,
    Assay,
    Comparator,
    Presence,
    Reading,
    SampleTiming,
    Specimen,
)
from fhir_mappings.value_sets import load_code_lists
from fhir_mappings.value_sets.analytes import AnalyteCode
from tests.builders import ZONE
from tests.mapping.charts import SNOMED, UCUM, Json, problems
from tests.mapping.entries import INTERPRETATION, LOINC, amount, chart, concept, observation, result, results
from tests.tables import Case, cases, named

HB, PLATELETS, TROUGH, CREATININE = "718-7", "777-3", "72676-0", "2160-0"
LISTS = load_code_lists()
OFFICIAL_NAMES = {row.code: row.display for row in LISTS.listed if row.system == "LOINC"}
UNKNOWN = concept("http://terminology.hl7.org/CodeSystem/data-absent-reason", "unknown", "Unknown")


def hb(value: Any = 84, unit: str | None = "g/L", key: str = "o1", **parts: Any) -> Json:
    return observation(HB, key, valueQuantity=amount(value, unit), **parts)


def test_a_plain_result_is_read_with_its_day_unit_and_reference() -> None:
    seen = result(hb(8.4, "g/dL"))
    assert (seen.reference, seen.analyte, seen.reading) == (
        "Observation/o1",
        Analyte.HAEMOGLOBIN,
        Reading.USABLE,
    )
    assert (seen.number, seen.as_written) == (84, "8.4 g/dL")
    assert seen.when is not None
    assert seen.when.instant is not None
    assert seen.when.first.isoformat() == "2026-02-27"


TRAPS: list[tuple[str, Json, Reading]] = [
    ("a preliminary value", hb(status="preliminary"), Reading.PRELIMINARY),
    ("no value at all", observation(HB), Reading.NO_VALUE),
    ("a quantity without a value", observation(HB, valueQuantity={"unit": "g/L"}), Reading.NO_VALUE),
    ("a reason why there is none", observation(HB, dataAbsentReason=UNKNOWN), Reading.NO_VALUE),
    ("a value and a reason why there is none", hb(dataAbsentReason=UNKNOWN), Reading.UNREADABLE),
    ("no unit", hb(84, None), Reading.UNIT_UNUSABLE),
    ("an unknown unit", hb(84, "g"), Reading.UNIT_UNUSABLE),
    ("a molar unit under a mass code", hb(5, "mmol/L"), Reading.UNIT_UNUSABLE),
    ("a unit of another test", hb(84, "10*9/L"), Reading.UNIT_UNUSABLE),
    (
        "a comparator of a later FHIR",
        observation(HB, valueQuantity=amount(84, "g/L", "ad")),
        Reading.UNREADABLE,
    ),
    ("a negative value", hb(-1), Reading.UNREADABLE),
    ("g/dL written as g/L", hb(840), Reading.UNREADABLE),
    ("a number without its unit", observation(HB, valueString="84"), Reading.UNREADABLE),
    ("a range in words", observation(HB, valueString="80 - 90 g/L"), Reading.UNREADABLE),
    ("words for a number", observation(HB, valueString="haemolysed"), Reading.UNREADABLE),
    ("words in a code", observation(HB, valueCodeableConcept={"text": "low"}), Reading.UNREADABLE),
    ("a bare integer", observation(HB, valueInteger=84), Reading.UNREADABLE),
    ("a range", observation(HB, valueRange={"low": amount(80, "g/L")}), Reading.UNREADABLE),
    ("a ratio", observation(HB, valueRatio={"numerator": amount(80, "g/L")}), Reading.UNREADABLE),
    ("a truth value", observation(HB, valueBoolean=True), Reading.UNREADABLE),
    ("a date", observation(HB, valueDateTime="2026-02-27"), Reading.UNREADABLE),
    (
        "code and unit that mean different amounts",
        observation(HB, valueQuantity={"value": 8.4, "unit": "g/L", "code": "g/dL", "system": UCUM}),
        Reading.UNIT_UNUSABLE,
    ),
    (
        "a UCUM code nobody reviewed beside a known unit",
        observation(HB, valueQuantity={"value": 84, "unit": "g/L", "code": "g.L-1", "system": UCUM}),
        Reading.UNIT_UNUSABLE,
    ),
    ("a trough in ng", observation(TROUGH, valueQuantity=amount(8, "ng")), Reading.UNIT_UNUSABLE),
    ("ECOG 6", observation("89247-1", valueInteger=6), Reading.UNREADABLE),
    ("ECOG -1", observation("89247-1", valueInteger=-1), Reading.UNREADABLE),
    ("ECOG 1.5", observation("89247-1", valueQuantity=amount(1.5, "{score}")), Reading.UNREADABLE),
    ("ECOG in per cent", observation("89247-1", valueQuantity=amount(1, "%")), Reading.UNIT_UNUSABLE),
    ("ECOG as text", observation("89247-1", valueString="1"), Reading.UNREADABLE),
    ("ECOG below 2", observation("89247-1", valueQuantity=amount(2, "{score}", "<")), Reading.UNREADABLE),
    (
        "ECOG of no known answer",
        observation("89247-1", valueCodeableConcept={"text": "fit"}),
        Reading.UNREADABLE,
    ),
    ("ECOG without an answer", observation("89247-1"), Reading.NO_VALUE),
    ("a date of delivery that is none", observation("11778-8", valueString="in May"), Reading.UNREADABLE),
    ("a date of delivery as a number", observation("11778-8", valueInteger=5), Reading.UNREADABLE),
    ("no date of delivery", observation("11778-8"), Reading.NO_VALUE),
    ("a dipstick as a number", observation("20454-5", valueQuantity=amount(1, "g/L")), Reading.USABLE),
]


@pytest.mark.parametrize(("_name", "entry", "reading"), TRAPS, ids=[name for name, _, _ in TRAPS])
def test_a_doubtful_result_is_never_a_number(_name: str, entry: Json, reading: Reading) -> None:
    seen = result(entry)
    assert seen.reading is reading
    if reading is not Reading.PRELIMINARY:
        assert (seen.number, seen.presence, seen.comparator) == (None, None, None)


def test_a_registered_result_that_is_there_is_an_early_one() -> None:
    assert result(hb(status="registered")).reading is Reading.PRELIMINARY
    assert results(observation(HB, status="registered")) == ()


PRESSURES = [
    ("165/95 mmHg", "165", "95"),
    ("165 / 95 mm[Hg]", "165", "95"),
    ("１６５/９５毫米汞柱", "165", "95"),
    ("165/95", None, None),
    ("165/95 mmHg lying", None, None),
    ("右上肢 165/95mmHg", None, None),
    ("high", None, None),
]


@pytest.mark.parametrize(("words", "systolic", "diastolic"), PRESSURES)
@pytest.mark.parametrize("code", ["85354-9", "55284-4"])
def test_a_pressure_in_words_is_two_numbers_or_two_gaps(
    code: str, words: str, systolic: str | None, diastolic: str | None
) -> None:
    found = {r.analyte: r for r in results(observation(code, valueString=words))}
    assert set(found) == {Analyte.SYSTOLIC, Analyte.DIASTOLIC}
    for analyte, number in ((Analyte.SYSTOLIC, systolic), (Analyte.DIASTOLIC, diastolic)):
        assert found[analyte].number == (Decimal(number) if number else None)
        assert found[analyte].reading is (Reading.USABLE if number else Reading.UNREADABLE)


def test_words_beside_components_and_of_another_test_are_no_pressure() -> None:
    line = {"code": concept(LOINC, "8480-6"), "valueQuantity": amount(120, "mm[Hg]")}
    (only,) = results(observation("85354-9", valueString="165/95 mmHg", component=[line]))
    assert (only.analyte, only.number) == (Analyte.SYSTOLIC, 120)
    assert results(observation("85354-9")) == ()
    assert results({"resourceType": "Observation", "id": "o1", "status": "final", "valueString": "1/2"}) == ()


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled"])
def test_what_was_never_true_or_never_done_is_no_result(status: str) -> None:
    record = chart(hb(status=status))
    assert record.results == ()
    assert record.gaps == ()


@pytest.mark.parametrize("status", ["unknown", "bogus", None])
def test_a_status_that_says_nothing_is_a_gap(status: str | None) -> None:
    record = chart(hb(status=status))
    (there,) = record.results
    assert (there.reading, there.number, there.as_written) == (Reading.UNREADABLE, None, "84 g/L")
    assert problems(record) == ["STATUS_NOT_RECOGNISED"]


@pytest.mark.parametrize(
    "modifier", [{"modifierExtension": [{"url": "urn:x"}]}, {"implicitRules": "http://example.org/rules"}]
)
def test_a_result_with_an_unknown_modifier_is_not_used(modifier: Json) -> None:
    """It is there, so that an older one is not taken for the newest, but its number is nobody's."""
    record = chart(hb(**modifier))
    (there,) = record.results
    assert (there.reading, there.number, there.as_written) == (Reading.UNREADABLE, None, "84 g/L")
    assert problems(record) == ["MODIFIER_UNKNOWN"]
    assert chart(hb(status="entered-in-error", **modifier)).results == ()


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (hb(84, "g"), "UNIT_UNUSABLE"),
        (hb(840), "VALUE_IMPLAUSIBLE"),
        (observation(HB, valueString="x"), "VALUE_UNREADABLE"),
        (hb(effectiveDateTime="yesterday"), "DATE_UNREADABLE"),
        (hb(effectiveDateTime=None), "DATE_MISSING"),
        (hb(effectiveDateTime="2026"), "DATE_IMPRECISE"),
        (hb(effectiveDateTime="2026-02"), "DATE_IMPRECISE"),
        (hb(effectiveDateTime="2027-01-01"), "FUTURE_DATED"),
    ],
)
def test_whatever_could_not_be_read_is_named(entry: Json, problem: str) -> None:
    assert problem in problems(chart(entry))


def test_a_test_no_rule_asks_for_leaves_no_trace() -> None:
    record = chart(
        observation("2951-2", valueQuantity=amount(140, "mmol/L")), observation("no-code", code=None)
    )
    assert (record.results, record.gaps) == ((), ())


def test_an_observation_that_names_two_tests_is_a_gap() -> None:
    both = {"coding": [{"system": LOINC, "code": HB}, {"system": LOINC, "code": PLATELETS}]}
    record = chart(observation(HB, code=both, valueQuantity=amount(84, "g/L")))
    assert (record.results, problems(record)) == ((), ["CODES_DISAGREE"])


@pytest.mark.parametrize("sign", list(Comparator))
def test_a_comparator_is_kept(sign: Comparator) -> None:
    seen = result(observation(TROUGH, valueQuantity=amount(30, "ng/mL", sign.value)))
    assert (seen.comparator, seen.number, seen.as_written) == (sign, 30, f"{sign.value}30 ng/mL")


def test_a_small_number_is_shown_in_full() -> None:
    seen = result(observation(TROUGH, valueQuantity=amount(0.0000084, "mg/L")))
    assert (seen.as_written, seen.number) == ("0.0000084 mg/L", Decimal("0.0084"))


def test_the_unit_s_words_count_where_there_is_no_ucum_code() -> None:
    quantity = {"value": 8.4, "unit": "g/dL", "code": "G%DL", "system": "http://hospital.example/units"}
    assert result(observation(HB, valueQuantity=quantity)).number == 84


def test_an_implausible_level_is_kept_because_it_may_be_the_dangerous_one() -> None:
    seen = result(observation(TROUGH, valueQuantity=amount(900, "ng/mL")))
    assert (seen.reading, seen.number) == (Reading.USABLE, 900)


# ---------------------------------------------------------------- when


@pytest.mark.parametrize(
    ("dates", "first", "last"),
    [
        ({"effectiveDateTime": "2025"}, "2025-01-01", "2025-12-31"),
        ({"effectiveDateTime": "2026-02"}, "2026-02-01", "2026-02-28"),
        ({"effectiveDateTime": None, "effectiveInstant": "2026-02-20T23:30:00Z"}, "2026-02-21", "2026-02-21"),
        ({"effectiveDateTime": None, "effectivePeriod": {"start": "2026-02-20"}}, "2026-02-20", "2026-02-20"),
        ({"effectiveDateTime": None, "effectivePeriod": {"end": "2026-02-21"}}, "2026-02-21", "2026-02-21"),
        (
            {"effectiveDateTime": None, "effectivePeriod": {"start": "2026-02-20", "end": "2026-02-21"}},
            "2026-02-20",
            "2026-02-21",
        ),
        (
            {"effectiveDateTime": None, "effectivePeriod": {"start": "2026-02-21", "end": "2026-02-21"}},
            "2026-02-21",
            "2026-02-21",
        ),
        (
            {"effectiveDateTime": None, "effectivePeriod": {"start": "2026-02-22", "end": "2026-02-21"}},
            "2026-02-21",
            "2026-02-21",
        ),
    ],
)
def test_a_result_is_dated_by_its_sampling(dates: Json, first: str, last: str) -> None:
    when = result(hb(**dates)).when
    assert when is not None
    assert (when.first.isoformat(), when.last.isoformat()) == (first, last)


def test_the_time_of_issue_never_stands_in_for_the_time_of_sampling() -> None:
    seen = result(hb(effectiveDateTime=None, issued="2026-02-27T10:00:00+08:00"))
    assert seen.when is None
    assert seen.issued is not None


# ---------------------------------------------------------------- panels


def test_each_line_of_a_panel_is_a_result_of_its_own() -> None:
    pressure = observation(
        "85354-9",
        component=[
            {"code": concept(LOINC, "8480-6"), "valueQuantity": amount(142, "mm[Hg]")},
            {"code": concept(LOINC, "8462-4"), "valueQuantity": amount(91, "mm[Hg]")},
            {"code": concept(LOINC, "2951-2"), "valueQuantity": amount(140, "mmol/L")},
        ],
    )
    assert {(r.analyte, r.number) for r in results(pressure)} == {
        (Analyte.SYSTOLIC, 142),
        (Analyte.DIASTOLIC, 91),
    }


def test_a_component_without_its_value_says_so() -> None:
    pressure = observation(
        "85354-9", component=[{"code": concept(LOINC, "8480-6"), "dataAbsentReason": UNKNOWN}]
    )
    assert result(pressure).reading is Reading.NO_VALUE


# ---------------------------------------------------------------- reference ranges


@pytest.mark.parametrize(
    ("ranges", "low", "high"),
    [
        ([{"low": amount(11.5, "g/dL"), "high": amount(15, "g/dL")}], 115, 150),
        ([{"low": {"value": 115}, "high": {"value": 150}}], 115, 150),
        ([{"high": amount(150, "g/L")}], None, 150),
        ([{"low": amount(115, "g")}], None, None),
        ([{"low": amount(150, "g/L"), "high": amount(115, "g/L")}], None, None),
        ([{"low": amount(115, "g/L", "<")}], None, None),
        ([{"low": amount(115, "g/L")}, {"low": amount(130, "g/L")}], None, None),
        (
            [{"low": amount(115, "g/L")}, {"low": amount(1, "g/L"), "type": concept("x", "critical")}],
            115,
            None,
        ),
        ([{"low": amount(115, "g/L"), "type": concept("x", "normal")}], 115, None),
        ([{"text": "115-150"}], 115, 150),
        ([{"text": "11.5-15 g/dL"}], 115, 150),
        ([{"text": "115-150 U/L"}], None, None),
        ([{"text": "women: 115-150"}], None, None),
    ],
)
def test_the_reference_range_is_converted_like_its_value(
    ranges: list[Json], low: int | None, high: int | None
) -> None:
    seen = result(hb(referenceRange=ranges))
    assert (seen.low, seen.high) == (low, high)


# ---------------------------------------------------------------- words


@pytest.mark.parametrize(
    "case",
    cases("""
    what                          | loinc   | element              | value               | presence
    positive                      | 5196-1  | valueString          | Positive            | positive
    negative, Chinese             | 5196-1  | valueString          | 阴性                 | negative
    positive, Chinese             | 5196-1  | valueString          | 阳性                 | positive
    reactive                      | 56888-1 | valueString          | REACTIVE            | positive
    non-reactive                  | 56888-1 | valueString          | non-reactive        | negative
    not detected                  | 11011-4 | valueString          | Not  Detected       | negative
    detected                      | 11011-4 | valueString          | detected.           | positive
    weakly positive               | 5196-1  | valueString          | weakly positive     | -
    weakly positive, Chinese      | 5196-1  | valueString          | 弱阳性               | -
    indeterminate                 | 56888-1 | valueString          | indeterminate       | -
    positive in a sentence        | 5196-1  | valueString          | HBsAg positive      | -
    a sterile culture             | 600-7   | valueString          | No growth           | negative
    a sterile culture, Chinese    | 600-7   | valueString          | 无菌生长             | negative
    a culture that grew           | 600-7   | valueString          | Staphylococcus      | -
    PNH clone not detected        | 90737-8 | valueString          | not detected        | negative
    SNOMED positive               | 5196-1  | snomed               | 10828004            | positive
    SNOMED detected               | 5196-1  | snomed               | 260373001           | positive
    SNOMED negative               | 5196-1  | snomed               | 260385009           | negative
    SNOMED not detected           | 5196-1  | snomed               | 260415000           | negative
    SNOMED weakly positive        | 5196-1  | snomed               | 260408008           | -
    LOINC positive                | 13955-0 | loinc                | LA6576-8            | positive
    LOINC negative                | 13955-0 | loinc                | LA6577-6            | negative
    pregnant                      | 82810-3 | snomed               | 77386006            | positive
    not pregnant                  | 82810-3 | snomed               | 60001007            | negative
    pregnant is no test result    | 2118-8  | snomed               | 77386006            | -
    positive is no status         | 82810-3 | snomed               | 10828004            | -
    flag only                     | 5196-1  | flag                 | POS                 | positive
    flag negative                 | 5196-1  | flag                 | NEG                 | negative
    flag detected                 | 42595-9 | flag                 | DET                 | positive
    flag not detected             | 42595-9 | flag                 | ND                  | negative
    an unknown flag               | 5196-1  | flag                 | H                   | none
    """),
    ids=named,
)  # fmt: skip
def test_a_qualitative_result_is_read_by_the_closed_table(case: Case) -> None:
    value, element = case["value"], case["element"]
    parts: Json = {
        "snomed": {"valueCodeableConcept": concept(SNOMED, value)},
        "loinc": {"valueCodeableConcept": concept(LOINC, value)},
        "flag": {"interpretation": [concept(INTERPRETATION, value)]},
    }.get(element, {element: value})
    seen = result(observation(case["loinc"], **parts))
    assert seen.presence == (None if case["presence"] in ("-", "none") else Presence(case["presence"]))
    assert seen.reading is (Reading.NO_VALUE if case["presence"] == "none" else Reading.USABLE)


def test_unlisted_words_are_kept_and_a_flag_does_not_overrule_them() -> None:
    seen = result(
        observation("5196-1", valueString="weakly positive", interpretation=[concept(INTERPRETATION, "POS")])
    )
    assert (seen.presence, seen.as_written, seen.reading) == (None, "weakly positive", Reading.USABLE)


@pytest.mark.parametrize(
    "parts",
    [
        {"valueString": "negative", "interpretation": [concept(INTERPRETATION, "POS")]},
        {"interpretation": [concept(INTERPRETATION, "POS"), concept(INTERPRETATION, "NEG")]},
        {"valueCodeableConcept": {"text": "positive", "coding": [{"system": "x", "display": "negative"}]}},
        {
            "valueCodeableConcept": {
                "coding": [{"system": SNOMED, "code": "10828004"}, {"system": SNOMED, "code": "260385009"}]
            }
        },
    ],
)
def test_a_test_that_says_yes_and_no_says_neither(parts: Json) -> None:
    assert result(observation("5196-1", **parts)).presence is None


def test_the_display_counts_where_the_code_is_not_listed() -> None:
    seen = result(observation("5196-1", valueCodeableConcept=concept("http://x", "1", "阴性")))
    assert (seen.presence, seen.as_written) == (Presence.NEGATIVE, "阴性")


@pytest.mark.parametrize(("value", "presence"), [(True, Presence.POSITIVE), (False, Presence.NEGATIVE)])
def test_a_truth_value_answers_a_qualitative_test(value: bool, presence: Presence) -> None:
    assert result(observation("63895-7", valueBoolean=value)).presence is presence


@pytest.mark.parametrize(
    ("quantity", "number", "presence"),
    [
        (amount(1200, "[iU]/mL"), 1200, None),
        (amount(2000, "copies/mL"), None, Presence.POSITIVE),
        (amount(500, "copies/mL", "<"), None, None),
        (amount(0, "copies/mL"), None, Presence.NEGATIVE),
        (amount(3.1, "Log10 IU/mL"), None, Presence.POSITIVE),
    ],
)
def test_virus_counted_in_a_unit_without_a_factor_is_there_or_not_and_no_number(
    quantity: Json, number: int | None, presence: Presence | None
) -> None:
    seen = result(observation("42595-9", valueQuantity=quantity))
    assert (seen.number, seen.presence, seen.reading) == (number, presence, Reading.USABLE)


def test_a_quantitative_hbsag_is_shown_and_its_flag_decides() -> None:
    bare = observation("63557-3", valueQuantity=amount(0.02, "[iU]/mL"))
    seen = result(bare)
    assert (seen.presence, seen.number, seen.reading, seen.as_written) == (
        None,
        None,
        Reading.USABLE,
        "0.02 [iU]/mL",
    )
    assert result(bare | {"interpretation": [concept(INTERPRETATION, "NEG")]}).presence is Presence.NEGATIVE


@pytest.mark.parametrize(
    "case",
    cases("""
    case                           | value | sign | flag | low | high | presence
    above its limit                | 0.06  | -    | -    | -   | 0.05 | positive
    below its limit                | 0.04  | -    | -    | -   | 0.05 | negative
    on its limit                   | 0.05  | -    | -    | -   | 0.05 | none
    a range from nothing           | 0.04  | -    | -    | 0   | 0.05 | negative
    a range from something         | 0.04  | -    | -    | 0.01 | 0.05 | none
    below what can be measured     | 0.05  | <    | -    | -   | 0.05 | negative
    less than more than its limit  | 1     | <    | -    | -   | 0.05 | none
    above what can be measured     | 250   | >    | -    | -   | 0.05 | positive
    more than less than its limit  | 0.01  | >    | -    | -   | 0.05 | none
    flagged high                   | 3     | -    | H    | -   | -    | positive
    flagged abnormal               | 3     | -    | A    | -   | -    | positive
    flagged normal                 | 3     | -    | N    | -   | -    | negative
    flagged low                    | 3     | -    | L    | -   | -    | none
    an arrow                       | 3     | -    | ↑    | -   | -    | positive
    flag and range agree           | 0.06  | -    | H    | -   | 0.05 | positive
    flag and range disagree        | 0.06  | -    | N    | -   | 0.05 | none
    a flag nobody knows beside it  | 0.06  | -    | X    | -   | 0.05 | none
    nothing beside it              | 3     | -    | -    | -   | -    | none
    """),
    ids=named,
)
def test_a_number_of_a_serology_is_read_by_the_laboratory_s_flag_or_limit(case: Case) -> None:
    def end(value: str) -> Json:
        return {"value": float(value), "unit": "S/CO"}

    parts: Json = {"valueQuantity": end(case["value"])}
    if case["sign"] != "-":
        parts["valueQuantity"]["comparator"] = case["sign"]
    if case["flag"] != "-":
        parts["interpretation"] = [
            {"text": "↑"} if case["flag"] == "↑" else concept(INTERPRETATION, case["flag"])
        ]
    ends = {name: end(case[name]) for name in ("low", "high") if case[name] != "-"}
    if ends:
        parts["referenceRange"] = [ends]
    seen = result(observation("13955-0", **parts))
    assert seen.presence == (None if case["presence"] == "none" else Presence(case["presence"]))
    assert seen.number is None


def test_the_limit_of_a_serology_in_another_unit_says_nothing() -> None:
    other = [{"high": {"value": 1, "unit": "IU/mL"}}]
    seen = result(observation("13955-0", valueQuantity={"value": 3, "unit": "S/CO"}, referenceRange=other))
    assert seen.presence is None


def test_a_dipstick_keeps_its_words() -> None:
    assert result(observation("20454-5", valueString="2+")).as_written == "2+"
    assert result(observation("20454-5", valueCodeableConcept={"text": "++"})).as_written == "++"
    assert result(observation("20454-5", valueCodeableConcept=concept("x", "trace"))).as_written == "trace"


@pytest.mark.parametrize(
    "parts",
    [
        {"valueInteger": 1},
        {"valueQuantity": amount(1, "{score}")},
        {"valueQuantity": amount(1, "1")},
        {"valueQuantity": amount(1)},
        {"valueCodeableConcept": concept(LOINC, "LA9623-5")},
    ],
)
def test_ecog_is_read_from_integer_quantity_or_answer_code(parts: Json) -> None:
    seen = result(observation("89247-1", **parts))
    assert (seen.number, seen.reading) == (1, Reading.USABLE)


def test_the_expected_date_of_delivery_keeps_its_date() -> None:
    seen = result(observation("11778-8", valueDateTime="2026-06-01"))
    assert (seen.as_written, seen.reading) == ("2026-06-01", Reading.USABLE)


def test_a_range_or_ratio_is_shown_as_it_was_written() -> None:
    clone = observation("90737-8", valueRange={"low": amount(45, "%"), "high": amount(55, "%")})
    assert (result(clone).as_written, result(clone).presence) == ("45 % - 55 %", None)
    ratio = observation("2890-2", valueRatio={"numerator": amount(3, "mg"), "denominator": amount(1, "g")})
    assert result(ratio).as_written == "3 mg : 1 g"


# ---------------------------------------------------------------- drug levels


def ciclosporin(loinc: str = "3520-4", **parts: Any) -> Json:
    return observation(loinc, valueQuantity=amount(150, "ng/mL"), **parts)


@pytest.mark.parametrize(
    ("parts", "specimen"),
    [
        ({}, Specimen.WHOLE_BLOOD),  # the code says blood
        ({"specimen": {"display": "Serum"}}, Specimen.SERUM_OR_PLASMA),
        ({"specimen": {"display": "血浆"}}, Specimen.SERUM_OR_PLASMA),
        ({"specimen": {"display": "EDTA plasma"}}, Specimen.SERUM_OR_PLASMA),
        ({"specimen": {"display": "EDTA whole blood"}}, Specimen.WHOLE_BLOOD),
        ({"specimen": {"display": "干血斑"}}, Specimen.DRIED_SPOT),
        ({"specimen": {"display": "tube 4"}}, Specimen.WHOLE_BLOOD),
        ({"code": concept(LOINC, "72676-0") | {"text": "血清西罗莫司"}}, Specimen.NAMED_SERUM),
        ({"code": concept(LOINC, "72676-0", "Sirolimus, plasma")}, Specimen.NAMED_SERUM),
        (
            {"code": concept(LOINC, "72676-0") | {"text": "Sirolimus in blood (not serum)"}},
            Specimen.WHOLE_BLOOD,
        ),
        (
            {
                "code": concept(LOINC, "72676-0") | {"text": "血清西罗莫司"},
                "specimen": {"display": "EDTA全血"},
            },
            Specimen.WHOLE_BLOOD,
        ),
        ({"specimen": {"reference": "Specimen/s1"}}, Specimen.SERUM_OR_PLASMA),
        ({"specimen": {"reference": "Specimen/other"}}, Specimen.WHOLE_BLOOD),
        (
            {
                "specimen": {"reference": "#s"},
                "contained": [{"resourceType": "Specimen", "id": "s", "type": {"text": "serum"}}],
            },
            Specimen.SERUM_OR_PLASMA,
        ),
    ],
)
def test_the_specimen_is_read_wherever_it_is_told(parts: Json, specimen: Specimen) -> None:
    serum = {"resourceType": "Specimen", "id": "s1", "type": concept(SNOMED, "119364003", "Serum specimen")}
    seen = result(ciclosporin(**parts), serum)
    assert seen.level is not None
    assert seen.level.specimen is specimen


@pytest.mark.parametrize(
    ("method", "assay"),
    [
        ("LC-MS/MS", Assay.SPECIFIC),
        ("液相色谱串联质谱法", Assay.SPECIFIC),
        ("polyclonal FPIA", Assay.POLYCLONAL),
        ("CMIA", Assay.UNSTATED),
    ],
)
def test_the_method_is_kept_and_may_tell_the_assay(method: str, assay: Assay) -> None:
    seen = result(ciclosporin(method={"text": method}))
    assert seen.level is not None
    assert (seen.level.method, seen.level.assay) == (method, assay)


@pytest.mark.parametrize(
    ("words", "timing"),
    [
        ("环孢素峰浓度", SampleTiming.POST_DOSE),
        ("Cyclosporine peak", SampleTiming.POST_DOSE),
        ("cyclosporine C2", SampleTiming.POST_DOSE),
        ("cyclosporine trough", SampleTiming.UNSTATED),  # words prove no trough
        ("环孢素", SampleTiming.UNSTATED),
    ],
)
def test_words_may_unfit_a_level_but_never_fit_it(words: str, timing: SampleTiming) -> None:
    seen = result(ciclosporin(code=concept(LOINC, "3520-4", text=words)))
    assert seen.level is not None
    assert seen.level.timing is timing


@pytest.mark.parametrize(
    ("code", "words", "timing"),
    [
        ("3523-8", "cycloSPORINE 12 hr after dose, Blood", SampleTiming.TWELVE_HOURS),
        ("53828-0", "环孢素（服药后12小时）", SampleTiming.TWELVE_HOURS),
        ("53828-0", "cyclosporine trough, 12 hours post dose", SampleTiming.TWELVE_HOURS),
        ("3520-4", "cyclosporine 12 h post-dose", SampleTiming.UNSTATED),  # words prove no trough
        ("3520-4", "环孢素（服药后2小时）", SampleTiming.POST_DOSE),
        ("3520-4", "cyclosporine, post-dose 2 h", SampleTiming.POST_DOSE),
        ("3520-4", "cyclosporine 9 h after dose", SampleTiming.POST_DOSE),
        ("53828-0", "cyclosporine C2, 112 hours after dose", SampleTiming.POST_DOSE),
        ("53828-0", "cyclosporine C2; C0 is 12 h after dose", SampleTiming.POST_DOSE),
    ],
)
def test_hours_of_a_trough_are_no_peak(code: str, words: str, timing: SampleTiming) -> None:
    seen = result(ciclosporin(code=concept(LOINC, code, text=words)))
    assert seen.level is not None
    assert seen.level.timing is timing


@pytest.mark.parametrize(
    ("code", "row"),
    [(code, row) for code, row in LISTS.analytes.items() if row.level is not None],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_official_name_of_a_code_says_what_the_code_says(code: str, row: AnalyteCode) -> None:
    display = OFFICIAL_NAMES[code]
    seen = result(ciclosporin(code={"coding": [{"system": LOINC, "code": code, "display": display}]}))
    assert seen.level is not None
    assert row.level is not None
    assert seen.level.timing is row.level.timing


@pytest.mark.parametrize(
    ("note", "timing"),
    [
        ("服药后2小时采血", SampleTiming.NOTED_POST_DOSE),
        ("Sample drawn 2 h post dose", SampleTiming.NOTED_POST_DOSE),
        ("drawn 1.5 hours after the morning dose", SampleTiming.NOTED_POST_DOSE),
        ("3 h after intake", SampleTiming.NOTED_POST_DOSE),
        ("峰浓度", SampleTiming.NOTED_POST_DOSE),
        ("服药后12小时采血", SampleTiming.TROUGH),
        ("22 h after dose", SampleTiming.TROUGH),
        ("服药后复查", SampleTiming.TROUGH),
        ("repeat after post-dose adjustment", SampleTiming.TROUGH),
        ("haemolysed", SampleTiming.TROUGH),
        (None, SampleTiming.TROUGH),
    ],
)
def test_a_note_may_say_that_the_sample_is_no_trough(note: str | None, timing: SampleTiming) -> None:
    seen = result(ciclosporin(code=concept(LOINC, "53828-0"), note=[{"text": note}]))
    assert seen.level is not None
    assert seen.level.timing is timing
    assert seen.level.is_after_dose is (timing is SampleTiming.NOTED_POST_DOSE)


def test_a_result_that_is_no_drug_level_has_no_level_details() -> None:
    assert result(hb(specimen={"display": "serum"})).level is None


# ---------------------------------------------------------------- duplicates


def at(issued: str | None = None, updated: str | None = None, **parts: Any) -> Json:
    meta = {"lastUpdated": updated} if updated else None
    return {name: v for name, v in {"issued": issued, "meta": meta, **parts}.items() if v is not None}


FIRST, SECOND = "2026-02-27T09:00:00+08:00", "2026-02-27T09:00:01+08:00"


@pytest.mark.parametrize(
    ("_name", "one", "other", "number"),
    [
        ("a corrected one beats a later final one", at(FIRST, status="corrected"), at(SECOND), 84),
        ("an amended one beats a final one", at(status="amended"), at(), 84),
        ("a final one beats a later preliminary one", at(FIRST), at(SECOND, status="preliminary"), 84),
        (
            "the later issued correction wins",
            at(SECOND, status="corrected"),
            at(FIRST, status="amended"),
            84,
        ),
        (
            "then the later updated one",
            at(FIRST, SECOND, status="amended"),
            at(FIRST, FIRST, status="amended"),
            84,
        ),
        ("two final ones both stay, whichever was issued later", at(SECOND), at(FIRST), None),
        ("and if one has no issue", at(FIRST), at(), None),
        ("and whichever was updated later", at(FIRST, SECOND), at(FIRST, FIRST), None),
        ("and where nothing tells them apart", at(), at(), None),
        ("and two corrections", at(FIRST, status="corrected"), at(FIRST, status="amended"), None),
    ],
)
def test_of_two_values_at_one_instant_the_stated_rule_decides(
    _name: str, one: Json, other: Json, number: int | None
) -> None:
    pair = (hb(84, key="o1", **one), hb(91, key="o2", **other))
    for order in (pair, pair[::-1]):
        seen = chart(*order)
        assert {r.reading for r in seen.results} == {Reading.USABLE}
        assert {r.number for r in seen.results} == ({84, 91} if number is None else {number})
        assert [{r.number for r in p.results} for p in seen.pairs] == ([{84, 91}] if number is None else [])


def test_of_copies_of_one_resource_the_latest_stands() -> None:
    old, new = hb(84, meta={"lastUpdated": FIRST}), hb(91, meta={"lastUpdated": SECOND})
    for order in ((old, new), (new, old)):
        assert [r.number for r in results(*order)] == [91]


def test_the_same_value_twice_is_one_result_whatever_its_unit() -> None:
    seen = result(hb(8.4, "g/dL", key="o2"), hb(84, key="o1"))
    assert (seen.number, seen.reading, seen.reference) == (84, Reading.USABLE, "Observation/o1")


def test_one_instant_in_two_zones_is_one_instant() -> None:
    assert len(results(hb(84, key="o1"), hb(84, key="o2", effectiveDateTime="2026-02-27T00:00:00Z"))) == 1


def test_two_codes_of_one_test_are_one_test() -> None:
    one = observation("2160-0", "o1", valueQuantity=amount(1, "mg/dL"), **at(SECOND))
    other = observation("38483-4", "o2", valueQuantity=amount(1, "mg/dL"), **at(FIRST))
    assert result(one, other).number == Decimal("88.4")


def test_results_of_different_moments_all_stay() -> None:
    assert len(results(hb(84, key="o1"), hb(91, key="o2", effectiveDateTime="2026-02-27"))) == 2


def test_undated_results_all_stay_because_none_is_used() -> None:
    assert (
        len(results(hb(84, key="o1", effectiveDateTime=None), hb(91, key="o2", effectiveDateTime=None))) == 2
    )


def test_a_value_beats_a_hole_at_the_same_instant_but_not_a_correction_to_nothing() -> None:
    hole = observation(HB, "o2", dataAbsentReason=UNKNOWN, issued=SECOND)
    assert result(hb(84, issued=FIRST), hole).number == 84
    assert result(hb(84, issued=FIRST), hole | {"status": "corrected"}).reading is Reading.NO_VALUE


def test_levels_of_different_specimens_are_different_measurements() -> None:
    serum = ciclosporin(key="o2", specimen={"display": "serum"})
    assert len(results(ciclosporin(), serum)) == 2


SOME = st.builds(
    lambda value, unit, issued, status, key, when: hb(
        value, unit, key=f"o{key}", status=status, effectiveDateTime=when, **at(issued)
    ),
    st.sampled_from([84, 91, 8.4]),
    st.sampled_from(["g/L", "g/dL", "g"]),
    st.sampled_from([None, FIRST, SECOND]),
    st.sampled_from(["final", "corrected", "preliminary", "cancelled"]),
    st.integers(1, 99),
    st.sampled_from(["2026-02-27T08:00:00+08:00", "2026-02-27T16:00:00+08:00", "2026-02-27", "2026-02"]),
)


@settings(deadline=None, max_examples=100)
@given(st.lists(SOME, max_size=5, unique_by=lambda entry: entry["id"]).flatmap(
    lambda entries: st.tuples(st.just(entries), st.permutations(entries))
))  # fmt: skip
def test_reading_results_does_not_depend_on_their_order(orders: tuple[list[Json], list[Json]]) -> None:
    one, other = orders
    assert chart(*one) == chart(*other)


def test_the_site_s_zone_decides_the_day() -> None:
    assert ZONE.key == "Asia/Shanghai"
    when = result(hb(effectiveDateTime="2026-02-27T17:00:00Z")).when
    assert when is not None
    assert when.first.isoformat() == "2026-02-28"


@pytest.mark.parametrize(
    ("collection", "day", "timed"),
    [
        ({"collectedDateTime": "2026-03-01T08:00:00+08:00"}, "2026-03-01", True),
        ({"collectedDateTime": "2026-03-01"}, "2026-03-01", False),
        (
            {"collectedPeriod": {"start": "2026-02-28", "end": "2026-03-01T08:05:00+08:00"}},
            "2026-03-01",
            False,
        ),
        ({"collectedDateTime": "yesterday"}, None, False),
        ({}, None, False),
    ],
)
def test_the_specimen_tells_when_it_was_taken(collection: Json, day: str | None, timed: bool) -> None:
    specimen = {"resourceType": "Specimen", "id": "s1", "collection": collection}
    seen = result(ciclosporin(specimen={"reference": "Specimen/s1"}), specimen)
    assert seen.level is not None
    sampled = seen.level.sampled
    assert (sampled.last.isoformat() if sampled else None) == day
    assert (sampled is not None and sampled.instant is not None) is timed


def test_a_level_without_a_specimen_tells_no_other_time() -> None:
    seen = result(ciclosporin())
    assert seen.level is not None
    assert seen.level.sampled is None
