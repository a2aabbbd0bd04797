"""Numbers in words, code systems and units in their usual spellings, names inside names, forms for the skin."""

from decimal import Decimal

import pytest

from fhir_mappings.readers.number_words import quantity_in_words
from fhir_mappings.readers.routes import of_name
from fhir_mappings.value_sets import load_code_lists
from fhir_mappings.vocabulary.code_systems import system_name
from fhir_mappings.vocabulary.codes import is_procedure_shape
from fhir_mappings.vocabulary.quantity import UnitNotAllowed, to_canonical
from fhir_mappings.vocabulary.results import Analyte, Comparator, Presence
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
)


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
    ],
)
def test_what_is_put_on_the_skin_interacts_with_nothing(name: str, local: bool) -> None:
    assert (of_name(name) is False) is local


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
