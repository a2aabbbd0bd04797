"""Numbers, bounds and ranges in words: what the closed form holds, and what only looks like it."""

import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_mappings.readers.numbers_in_words import number_in, sign_of
from fhir_mappings.vocabulary.results import Analyte, Comparator, Reading, Result
from tests.mapping.charts import Json, problems
from tests.mapping.entries import amount, chart, concept, observation, result, results
from tests.tables import Case, cases, named

SIROLIMUS, PLATELETS, HBV_DNA, PNH, POTASSIUM = "72676-0", "777-3", "42595-9", "90737-8", "2823-3"
LESS, AT_MOST, MORE, AT_LEAST = (Comparator(sign) for sign in ("<", "<=", ">", ">="))


@pytest.mark.parametrize(
    "case",
    cases("""
    words                           | test       | number | sign
    25.4 ng/mL                      | sirolimus  | 25.4   | -
    25.4ng/ml                       | sirolimus  | 25.4   | -
    > 30.0 ng/mL                    | sirolimus  | 30     | >
    >30 ug/L                        | sirolimus  | 30     | >
    ＞３０．０　ng/mL                | sirolimus  | 30     | >
    GT 30.0 ng/mL                   | sirolimus  | 30     | >
    gt30 ng/mL                      | sirolimus  | 30     | >
    Greater Than 30 ng/mL           | sirolimus  | 30     | >
    greater than or equal to 30 ng/mL | sirolimus | 30    | >=
    at least 30 ng/mL               | sirolimus  | 30     | >=
    大于30 ng/mL                     | sirolimus  | 30     | >
    大于等于 30 ng/mL                 | sirolimus  | 30     | >=
    30 ng/mL以上                     | sirolimus  | 30     | >=
    ≥30 ng/mL                       | sirolimus  | 30     | >=
    LT 1.5 ng/mL                    | sirolimus  | 1.5    | <
    less than 1.5 ng/mL             | sirolimus  | 1.5    | <
    小于1.5 ng/mL                    | sirolimus  | 1.5    | <
    1.5 ng/mL以下                    | sirolimus  | 1.5    | <=
    ≤1.5 ng/mL                      | sirolimus  | 1.5    | <=
    =25.4 ng/mL                     | sirolimus  | no     | -
    25.4↑ ng/mL                     | sirolimus  | 25.4   | -
    25.4 ng/mL (H)                  | sirolimus  | 25.4   | -
    0.0254 mg/L                     | sirolimus  | 25.4   | -
    9 10*9/L                        | platelets  | 9      | -
    9 x10^3/uL                      | platelets  | 9      | -
    9×10⁹/L                         | platelets  | 9      | -
    9E9/L                           | platelets  | 9      | -
    9000 /uL                        | platelets  | 9      | -
    9x10^3 /uL                      | platelets  | 9      | -
    1.25E+05 IU/mL                  | hbv_dna    | 125000 | -
    <1.0E+02 IU/mL                  | hbv_dna    | 100    | <
    2.3×10⁵ IU/mL                   | hbv_dna    | 230000 | -
    < 20 IU/mL                      | hbv_dna    | 20     | <
    53.2 %                          | pnh        | 53.2   | -
    53.2%                           | pnh        | 53.2   | -
    ca. 30 ng/mL                    | sirolimus  | no     | -
    ~30 ng/mL                       | sirolimus  | no     | -
    1,200 ng/mL                     | sirolimus  | no     | -
    30,5 ng/mL                      | sirolimus  | no     | -
    01.5 ng/mL                      | sirolimus  | no     | -
    .5 ng/mL                        | sirolimus  | no     | -
    -5 ng/mL                        | sirolimus  | no     | -
    > ng/mL                         | sirolimus  | no     | -
    not > 30 ng/mL                  | sirolimus  | no     | -
    >30 ng/mL以上                    | sirolimus  | no     | -
    30                              | sirolimus  | unit   | -
    >30 ng                          | sirolimus  | unit   | -
    30 ng/mL repeated               | sirolimus  | unit   | -
    1 200 ng/mL                     | sirolimus  | unit   | -
    30 mIU/mL                       | sirolimus  | unit   | -
    sirolimus 30 ng/mL              | sirolimus  | no     | -
    2026-11-28                      | sirolimus  | no     | -
    1.2.3 ng/mL                     | sirolimus  | no     | -
    1234567890123456 ng/mL          | sirolimus  | no     | -
    9E50 IU/mL                      | hbv_dna    | unit   | -
    30 ng/mL, to be repeated by the laboratory on another day in May | sirolimus | no | -
    """),
    ids=named,
)
@pytest.mark.parametrize("element", ["valueString", "valueCodeableConcept"])
def test_the_closed_form_is_a_number_and_nothing_else_is(case: Case, element: str) -> None:
    loinc = {"sirolimus": SIROLIMUS, "platelets": PLATELETS, "hbv_dna": HBV_DNA, "pnh": PNH}[case["test"]]
    words = case["words"] if element == "valueString" else {"text": case["words"]}
    seen = result(sent := observation(loinc, **{element: words}))
    assert seen.as_written == case["words"]
    if case["number"] in ("no", "unit"):
        assert seen.number is None
        (problem,) = problems(chart(sent))
        wanted = {"no": {"VALUE_UNREADABLE", "ANSWER_NOT_LISTED"}, "unit": {"UNIT_UNUSABLE"}}
        assert problem in wanted[case["number"]]
    else:
        assert (seen.number, seen.reading) == (Decimal(case["number"]), Reading.USABLE)
        assert (seen.comparator or "-") == case["sign"]
        assert problems(chart(sent)) == []


def test_an_impossible_number_in_words_is_told_as_any_other() -> None:
    assert problems(chart(observation(POTASSIUM, valueString="500 mmol/L"))) == ["VALUE_IMPLAUSIBLE"]


def test_a_qualitative_answer_stays_one() -> None:
    seen = result(observation(HBV_DNA, valueString="not detected"))
    assert (seen.presence, seen.number) == ("negative", None)


def test_a_coded_answer_is_asked_before_the_number_beside_it() -> None:
    answer = concept("http://snomed.info/sct", "260415000", text="<20 IU/mL")
    seen = result(observation(HBV_DNA, valueCodeableConcept=answer))
    assert (seen.presence, seen.number) == ("negative", None)


def test_a_value_and_a_reason_why_there_is_none_is_no_number() -> None:
    sent = observation(SIROLIMUS, valueString="3-5 ng/mL", dataAbsentReason={"text": "unknown"})
    assert result(sent).reading is Reading.UNREADABLE


# ---------------------------------------------------------------- comparators

SIGNS = {
    "<": LESS,
    "lt": LESS,
    "＜": LESS,
    "小于": LESS,
    "less than": LESS,
    "<=": AT_MOST,
    "≤": AT_MOST,
    "=<": AT_MOST,
    ">": MORE,
    "GT": MORE,
    "大于": MORE,
    "greater than": MORE,
    ">=": AT_LEAST,
    "≥": AT_LEAST,
    "大于等于": AT_LEAST,
    "=": None,
    "": None,
}


@pytest.mark.parametrize(("sign", "meant"), SIGNS.items())
def test_a_quantity_s_comparator_may_be_a_word_for_one(sign: str, meant: Comparator | None) -> None:
    seen = result(observation(SIROLIMUS, valueQuantity=amount(30, "ng/mL", sign)))
    assert (seen.number, seen.comparator) == (30, meant)


@pytest.mark.parametrize("sign", ["ad", "~", "<>", "about", "not >", "!="])
def test_any_other_comparator_makes_it_no_number(sign: str) -> None:
    assert sign_of(sign) is None
    seen = result(observation(SIROLIMUS, valueQuantity=amount(30, "ng/mL", sign)))
    assert (seen.number, seen.reading) == (None, Reading.UNREADABLE)


# ---------------------------------------------------------------- ranges


def ends(*sent: Json) -> list[tuple[Decimal | None, Comparator | None, str]]:
    found: tuple[Result, ...] = results(*sent)
    return [(r.number, r.comparator, r.as_written) for r in sorted(found, key=lambda r: r.number or 0)]


RANGES = (
    "3 - 5 mmol/L",
    "3-5 mmol/L",
    "3~5mmol/L",
    "3 mmol/L - 5 mmol/L",
    "3–5 mmol/L",
    "３～５ mmol/L",
    "3至5 mmol/L",
    "3 to 5 mmol/L",
)


@pytest.mark.parametrize("words", RANGES)
def test_a_range_is_two_results_of_one_moment_of_which_no_rule_may_pick_one(words: str) -> None:
    seen = chart(sent := observation(POTASSIUM, valueString=words))
    assert ends(sent) == [(3, None, "3 mmol/L"), (5, None, "5 mmol/L")]
    (pair,) = seen.pairs
    assert (pair.analyte, set(pair.results)) == (Analyte.POTASSIUM, set(seen.results))
    assert problems(seen) == []


def test_a_fhir_range_is_one_and_its_unit_may_stand_at_one_end() -> None:
    low, high, bare = amount(3, "mmol/L"), amount(5, "mmol/L"), {"value": 3}
    for value in ({"low": low, "high": high}, {"low": bare, "high": high}):
        assert ends(observation(POTASSIUM, valueRange=value)) == [
            (3, None, "3 mmol/L"),
            (5, None, "5 mmol/L"),
        ]


def test_a_range_open_at_one_end_is_a_bound() -> None:
    assert ends(observation(POTASSIUM, valueRange={"low": amount(6, "mmol/L")})) == [
        (6, AT_LEAST, ">=6 mmol/L")
    ]
    assert ends(observation(POTASSIUM, valueRange={"high": amount(3, "mmol/L")})) == [
        (3, AT_MOST, "<=3 mmol/L")
    ]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("5-3 mmol/L", "VALUE_UNREADABLE"),
        ("3-5", "UNIT_UNUSABLE"),
        ("3 mmol/L - 5 mg/L", "VALUE_UNREADABLE"),
        ("3 - 500 mmol/L", "VALUE_IMPLAUSIBLE"),
        ("3-5-7 mmol/L", "UNIT_UNUSABLE"),
        (">3-5 mmol/L", "UNIT_UNUSABLE"),
    ],
)
def test_what_is_no_range_is_one_gap_in_its_own_words(words: str, problem: str) -> None:
    seen = chart(observation(POTASSIUM, valueString=words))
    assert problems(seen) == [problem]
    (only,) = seen.results
    assert (only.number, only.as_written) == (None, words)


@pytest.mark.parametrize("end", ["low", "high"])
def test_a_range_with_a_comparator_is_no_fhir_range(end: str) -> None:
    value = {"low": amount(3, "mmol/L"), "high": amount(5, "mmol/L")}
    value[end] = value[end] | {"comparator": "<"}
    assert problems(chart(observation(POTASSIUM, valueRange=value))) == ["VALUE_UNREADABLE"]


# ---------------------------------------------------------------- laws

NUMBERS = st.decimals("0.01", "99.99", places=2)


@given(NUMBERS, st.sampled_from(sorted(SIGNS)), st.booleans())
def test_width_case_and_blanks_change_nothing(number: Decimal, sign: str, is_wide: bool) -> None:
    plain = f"{'' if sign == '=' else sign} {number} ng/mL".strip()
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in plain)
    for words in (plain, plain.upper(), f"  {plain}  ", wide if is_wide else plain):
        seen = result(observation(SIROLIMUS, valueString=words))
        assert (seen.number, seen.comparator) == (number, SIGNS[sign])


@given(st.text(max_size=40))
def test_no_text_raises_and_no_number_is_made_up(text: str) -> None:
    said = number_in(text)
    if said is not None:
        assert any(character.isdigit() for character in text)


def test_words_say_what_the_quantity_says() -> None:
    """Every sign with every test that has numbers: the same result as from a quantity."""
    tests = (
        (SIROLIMUS, "ng/mL"),
        (PLATELETS, "10*9/L"),
        (POTASSIUM, "mmol/L"),
        (PNH, "%"),
        (HBV_DNA, "IU/mL"),
    )
    for (loinc, unit), sign in itertools.product(tests, ("<", "<=", ">", ">=", "")):
        spoken = result(observation(loinc, valueString=f"{sign}5.5 {unit}"))
        sent = result(observation(loinc, valueQuantity=amount(5.5, unit, sign or None)))
        assert (spoken.number, spoken.comparator, spoken.reading) == (
            sent.number,
            sent.comparator,
            sent.reading,
        )
