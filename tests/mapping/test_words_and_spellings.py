"""Numbers in words, code systems and units in their usual spellings, names inside names, forms for the skin."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_mappings.clinical_model.code_systems import system_name
from fhir_mappings.clinical_model.codes import is_procedure_shape
from fhir_mappings.clinical_model.quantity import UnitNotAllowed, to_canonical
from fhir_mappings.clinical_model.results import Analyte, Comparator, Presence, Reading
from fhir_mappings.readers.administration_route import of_atc, of_name
from fhir_mappings.readers.number_words import quantity_in_words
from fhir_mappings.value_sets import load_code_lists
from tests.mapping.entries import observation, results

LISTS = load_code_lists()
NUMBERS: list[tuple[str, str | None, str, str]] = [
    (">30.0 ng/mL", ">", "30.0", "ng/mL"),
    ("> 30 ng/mL", ">", "30", "ng/mL"),
    ("＞30 ng/mL", ">", "30", "ng/mL"),
    (">=30 ng/mL", ">=", "30", "ng/mL"),
    ("≥30 ng/mL", ">=", "30", "ng/mL"),
    ("GT 30 ng/mL", ">", "30", "ng/mL"),
    ("greater than 30 ng/mL", ">", "30", "ng/mL"),
    ("大于30ng/mL", ">", "30", "ng/mL"),
    ("LT 0.3 ng/mL", "<", "0.3", "ng/mL"),
    ("less than 0.3 ng/mL", "<", "0.3", "ng/mL"),
    ("小于0.3 ng/mL", "<", "0.3", "ng/mL"),
    ("小于等于0.3 ng/mL", "<=", "0.3", "ng/mL"),
    ("25.4 ng/mL", None, "25.4", "ng/mL"),
    ("25.4 ng/mL.", None, "25.4", "ng/mL"),
    ("greater than or equal to 30 ng/mL", ">=", "30", "ng/mL"),
    ("at least 30 ng/mL", ">=", "30", "ng/mL"),
    ("大于等于 30 ng/mL", ">=", "30", "ng/mL"),
    ("不低于30 ng/mL", ">=", "30", "ng/mL"),
    ("超过30 ng/mL", ">", "30", "ng/mL"),
    ("≧30 ng/mL", ">=", "30", "ng/mL"),
    ("30 ng/mL以上", ">=", "30", "ng/mL"),
    ("30 ng/mL及以下", "<=", "30", "ng/mL"),
    ("25.4↑ ng/mL", None, "25.4", "ng/mL"),
    ("25.4 ng/mL ↑", None, "25.4", "ng/mL"),
    ("25.4 ng/mL (H)", None, "25.4", "ng/mL"),
    ("25.4 ng/mL H", None, "25.4", "ng/mL"),
    ("0.5 ng/mL", None, "0.5", "ng/mL"),
    ("２５．４　ng/mL", None, "25.4", "ng/mL"),
]
NO_NUMBERS = (
    "25.4",
    "> ng/mL",
    "20 - 30 ng/mL",
    "20-30 ng/mL",
    "high",
    "25,4 ng/mL",
    "1.2.3 ng/mL",
    "",
    "not 25 ng/mL",
    "01.5 ng/mL",
    "00 ng/mL",
    ".5 ng/mL",
    "1,200 ng/mL",
    "1 200 ng/mL",
    "-5 ng/mL",
    "~30 ng/mL",
    "ca. 30 ng/mL",
    "30 ng/mL repeated",
    "30 mIU",
    ">30 ng/mL以上",
    "30+ ng/mL",
    "3-5-7 ng/mL",
    "5-3 ng/mL",
    "2026-11-28",
    "sirolimus 30 ng/mL",
    "9" * 10 + " ng/mL",
    "30 ng/mL " + "x" * 60,
)
POWERS: list[tuple[str, str, str | None, str]] = [
    ("42595-9", "1.25E+05 IU/mL", None, "125000"),
    ("42595-9", "<1.0E+02 IU/mL", "<", "100"),
    ("42595-9", "2.3×10⁵ IU/mL", None, "230000"),
    ("42595-9", "2.3 x 10^5 IU/mL", None, "230000"),
    ("42595-9", "< 20 IU/mL", "<", "20"),
    ("777-3", "9×10⁹/L", None, "9"),
    ("777-3", "9E9/L", None, "9"),
    ("777-3", "9 x10^3/uL", None, "9"),
    ("777-3", "9000 /uL", None, "9"),
]
SIGNS: dict[str, Comparator | None] = {
    **dict.fromkeys(("<", "lt", "LT", "＜", "小于", "less than"), Comparator.LESS),
    **dict.fromkeys(("<=", "≤", "=<", "le", "小于等于", "不超过"), Comparator.AT_MOST),
    **dict.fromkeys((">", "GT", "大于", "greater than", "＞", "Greater  Than"), Comparator.MORE),
    **dict.fromkeys((">=", "≥", "=>", "GE", "大于等于", "不低于"), Comparator.AT_LEAST),
    **dict.fromkeys(("=", ""), None),
}
NO_SIGNS = ("ad", "~", "<>", "about", "not >", "!=", "以上", "high")


@pytest.mark.parametrize(("text", "sign", "number", "unit"), NUMBERS)
def test_a_number_in_words_of_the_closed_form_is_the_number(
    text: str, sign: str | None, number: str, unit: str
) -> None:
    found = quantity_in_words(text)
    assert found is not None
    assert (found.comparator, Decimal(str(found.value)), found.unit) == (sign, Decimal(number), unit)
    (result,) = results(observation("29247-4", valueString=text))
    assert result.number == Decimal(number)
    assert result.comparator == (Comparator(sign) if sign else None)
    (worded,) = results(observation("29247-4", valueCodeableConcept={"text": text}))
    assert (worded.number, worded.comparator) == (result.number, result.comparator)


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_other_words_are_no_number(text: str) -> None:
    assert quantity_in_words(text) is None


@pytest.mark.parametrize(("loinc", "text", "sign", "number"), POWERS)
def test_a_power_of_ten_belongs_to_the_unit_or_to_the_number(
    loinc: str, text: str, sign: str | None, number: str
) -> None:
    (result,) = results(observation(loinc, valueString=text))
    assert (result.number, result.comparator) == (Decimal(number), Comparator(sign) if sign else None)


@pytest.mark.parametrize(("sign", "meant"), SIGNS.items())
@pytest.mark.parametrize("loinc", ["29247-4", "42595-9"])
def test_a_comparator_may_be_a_word_for_one(loinc: str, sign: str, meant: Comparator | None) -> None:
    unit = "ng/mL" if loinc == "29247-4" else "IU/mL"
    (result,) = results(observation(loinc, valueQuantity={"value": 30, "unit": unit, "comparator": sign}))
    assert (result.number, result.comparator, result.reading) == (30, meant, Reading.USABLE)
    if sign not in ("=", ""):
        (worded,) = results(observation(loinc, valueString=f"{sign} 30 {unit}"))
        assert (worded.number, worded.comparator) == (30, meant)


@given(st.decimals("0.01", "99.99", places=2), st.sampled_from(sorted(SIGNS)))
def test_width_case_and_blanks_change_nothing(number: Decimal, sign: str) -> None:
    plain = f"{'' if sign == '=' else sign} {number} ng/mL".strip()
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in plain)
    for words in (plain, plain.upper(), f"  {plain}  ", wide):
        (seen,) = results(observation("29247-4", valueString=words))
        assert (seen.number, seen.comparator) == (number, SIGNS[sign])


@given(st.text(max_size=70))
def test_no_text_raises_and_no_number_is_made_up(text: str) -> None:
    found = quantity_in_words(text)
    assert found is None or any(character.isdigit() for character in text)


@pytest.mark.parametrize("sign", NO_SIGNS)
def test_any_other_comparator_makes_it_no_number(sign: str) -> None:
    value = {"value": 30, "unit": "ng/mL", "comparator": sign}
    (result,) = results(observation("29247-4", valueQuantity=value))
    assert (result.number, result.reading) == (None, Reading.UNREADABLE)


@pytest.mark.parametrize(
    "uri", ["http://loinc.org.evil.example", "https://example.org/loinc", "urn:oid:2.16", ""]
)
def test_another_uri_is_none_of_them(uri: str) -> None:
    assert system_name(uri) is None


@pytest.mark.parametrize(
    ("code", "procedure"),
    [("41.03", True), ("41", True), ("99.04", True), ("410.71", False), ("V42.81", False), ("4103", False)],
)
def test_diagnoses_of_icd9_are_no_procedures(code: str, procedure: bool) -> None:
    assert is_procedure_shape(code) is procedure
    seen = LISTS.recognise([("http://hl7.org/fhir/sid/icd-9-cm", code, "")], None)
    assert procedure or seen is None


@pytest.mark.parametrize(
    ("unit", "platelets"),
    [
        ("*10^9/L", 9), ("x10^9/L", 9), ("10^9/L", 9), ("10x3/uL", 9), ("10X3/UL", 9), ("x10(3)/mcL", 9),
        ("10*3/uL", 9), ("10^4/µL", 90), ("10^4/μL", 90), ("G/L", 9), ("× 10^9 / L", 9),
    ],
)  # fmt: skip
def test_counts_are_read_in_their_usual_spellings(unit: str, platelets: int) -> None:
    assert to_canonical(Analyte.PLATELETS, Decimal(9), unit) == platelets


@pytest.mark.parametrize("unit", ["g/L", "10^5/uL", "10x4/L", "mg"])
def test_another_unit_of_counts_is_refused(unit: str) -> None:
    with pytest.raises(UnitNotAllowed):
        to_canonical(Analyte.PLATELETS, Decimal(9), unit)


@pytest.mark.parametrize(
    ("name", "ingredients"),
    [
        ("环孢素软胶囊", {"ciclosporin"}),
        ("伏环孢素软胶囊", set()),
        ("voclosporin capsule", set()),
        ("西罗莫司片", {"sirolimus"}),
    ],
)
def test_a_longer_name_is_another_drug(name: str, ingredients: set[str]) -> None:
    seen = LISTS.recognise([], name)
    assert (set(seen.ingredients) if seen else set()) == ingredients


@pytest.mark.parametrize(
    "name", ["替西罗莫司注射液", "temsirolimus", "罗红霉素胶囊", "roxithromycin", "依维莫司片"]
)
def test_none_of_these_is_a_study_drug_or_erythromycin(name: str) -> None:
    seen = LISTS.recognise([], name)
    assert not (seen and seen.ingredients & {"sirolimus", "ciclosporin", "erythromycin"})


@pytest.mark.parametrize(
    ("name", "local"),
    [
        ("Ketoconazole 2 % shampoo", True),
        ("酮康唑洗剂", True),
        ("clotrimazole lotion", True),
        ("fluticasone nasal spray", True),
        ("氯霉素滴眼液", True),
        ("ketoconazole 200 mg tablet", False),
        ("硝酸咪康唑凝胶", True),
        ("咪康唑口腔凝胶", False),
        ("Miconazole 2 % oral gel", False),
        ("西罗莫司洗脱支架", True),
        ("film-coated tablet", False),
    ],
)
def test_what_is_put_on_the_skin_interacts_with_nothing(name: str, local: bool) -> None:
    assert (of_name(name) is False) is local


@pytest.mark.parametrize(
    ("atc", "local"),
    [
        ("D01AC08", True), ("D06AX01", True), ("d07ac01", True), ("S01XA18", True), ("D11AH01", True),
        ("D01BA02", False), ("D05BB02", False), ("D10BA01", False), ("D11AH05", False), ("J02AB02", False),
        ("A01AB09", False), ("L04AD01", False),
    ],
)  # fmt: skip
def test_by_its_atc_group_a_drug_is_put_on_the_skin_or_the_eye(atc: str, local: bool) -> None:
    assert (of_atc(atc) is False) is local


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("阴性(-)", Presence.NEGATIVE), ("阴性（-）", Presence.NEGATIVE), ("阳性(+)", Presence.POSITIVE),
        ("阳性（+）", Presence.POSITIVE), ("未检出", Presence.NEGATIVE), ("检出", Presence.POSITIVE),
        ("未见", Presence.NEGATIVE), ("POSITIVE (A)", Presence.POSITIVE), ("NEGATIVE (N)", Presence.NEGATIVE),
        ("NR", Presence.NEGATIVE), ("R", Presence.POSITIVE), ("弱阳性", None), ("阳性(±)", None), ("N", None),
    ],
)  # fmt: skip
def test_the_words_of_a_laboratory_are_read_by_the_closed_table(words: str, answer: Presence | None) -> None:
    (found,) = results(observation("5196-1", valueString=words))
    assert found.presence == answer
