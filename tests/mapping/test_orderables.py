"""What a request to a laboratory brings: by its code, by a local code that the site maps, by its words."""

import pytest

from fhir_mappings.value_sets import LocalCode, load_code_lists
from fhir_mappings.value_sets.laboratory_tests import LABORATORY_TESTS
from fhir_mappings.value_sets.listed import CsvFile
from fhir_mappings.value_sets.local_codes import OWN_WORDS
from fhir_mappings.value_sets.orderables import orderables_of

LOINC = "http://loinc.org"
HERE = "urn:oid:1.2.3"
LISTS = load_code_lists(
    [
        LocalCode(HERE, "XCG", LOINC, "58410-2"),
        LocalCode(HERE, "CREA", LOINC, "2160-0"),
        LocalCode(OWN_WORDS, "三号管", LOINC, "2823-3"),
    ]
)
SAID = {
    "cbc": ("CBC", "complete blood count with differential", "血常规（五分类）", "血细胞分析"),
    "creatinine": ("serum creatinine", "血肌酐", "肾功能", "Basic metabolic panel", "肝肾功能", "U&Es"),
    "potassium": ("血钾", "电解质", "CMP", "Urea and electrolytes"),
    "alt": ("ALT", "肝功能", "liver function tests", "谷丙转氨酶", "ALT测定"),
    "lipids": ("血脂四项", "Lipid panel"),
    "ecg": ("12-lead ECG", "心电图", "常规心电图检查"),
    "hbsag": ("乙肝两对半", "输血前四项", "HBsAg"),
    "anti-hbc": ("乙肝五项", "输血前八项", "乙肝核心抗体"),
    "hiv-serology": ("传染病四项", "HIV antibody"),
    "anti-hcv": ("丙肝抗体", "术前四项"),
    "pregnancy-test": ("urine pregnancy test", "β-hCG", "血清hCG定量", "妊娠试验"),
    "sirolimus-trough": ("sirolimus level", "雷帕霉素浓度"),
    "ciclosporin-trough": ("CsA C0", "环孢素血药浓度"),
    "pnh-clone": ("PNH clone", "FLAER", "PNH克隆"),
}
OTHERS = (
    ("ecg", "Holter ECG"),
    ("ecg", "24小时动态心电图"),
    ("potassium", "尿电解质"),
    ("creatinine", "肌酐清除率"),
    ("creatinine", "urine creatinine"),
    ("ciclosporin-trough", "环孢素 C2"),
    ("ciclosporin-trough", "环孢素峰浓度"),
    ("sirolimus-trough", "sirolimus dose"),
    ("cbc", "血型"),
    ("creatinine", "电解质"),
    ("alt", "肾功能"),
    ("anti-hbc", "输血前四项"),
)


def _loinc(test: str) -> str:
    return LABORATORY_TESTS[test].loinc


@pytest.mark.parametrize("test", sorted(LABORATORY_TESTS))
def test_every_test_that_a_card_drafts_is_known_again_by_its_code(test: str) -> None:
    assert _loinc(test) in LISTS.ordered_tests([(LOINC, _loinc(test), None)], None)


@pytest.mark.parametrize(("test", "words"), [(test, one) for test, said in SAID.items() for one in said])
def test_a_request_in_words_brings_the_test(test: str, words: str) -> None:
    assert _loinc(test) in LISTS.ordered_tests([], words)
    assert _loinc(test) in LISTS.ordered_tests([(HERE, "nobody-knows", words)], None)


@pytest.mark.parametrize(("test", "words"), OTHERS)
def test_a_request_of_another_kind_does_not_bring_it(test: str, words: str) -> None:
    assert _loinc(test) not in LISTS.ordered_tests([], words)


@pytest.mark.parametrize(
    ("test", "coding"),
    [
        ("cbc", (HERE, "XCG", None)),
        ("creatinine", (HERE, "CREA", None)),
        ("creatinine", (LOINC, "2160-0", None)),
        ("creatinine", (LOINC, "24323-8", None)),
        ("potassium", (OWN_WORDS, "三号管", None)),
        ("pregnancy-test", (LOINC, "21198-7", None)),
        ("ciclosporin-trough", (LOINC, "3520-4", None)),
    ],
)
def test_another_code_of_the_same_test_brings_it(test: str, coding: tuple[str, str, None]) -> None:
    assert _loinc(test) in LISTS.ordered_tests([coding], None)


def test_a_level_after_the_dose_is_not_the_trough() -> None:
    after = [c for c, one in LISTS.analytes.items() if one.level and one.level.timing == "post-dose"]
    assert after
    for code in after:
        assert LISTS.ordered_tests([(LOINC, code, "sirolimus level")], "sirolimus level") == {code}


def test_a_code_that_is_known_is_believed_before_the_words() -> None:
    assert _loinc("creatinine") not in LISTS.ordered_tests([(LOINC, "2823-3", None)], "creatinine")


def test_a_faulty_row_is_named() -> None:
    faults: list[str] = []
    rows = (
        (5, {"brings": "58410-3", "system": "LOINC", "code": "58410-2"}),
        (6, {"brings": "58410-2", "system": "text", "code": "cbc"}),
        (7, {"brings": "58410-2", "system": "text", "code": "fbc|cbc"}),
        (8, {"brings": "58410-2", "system": "LOINC", "code": "1-1"}),
    )
    orderables_of(CsvFile("orderables", rows), faults)
    assert [fault.split(":")[1] for fault in faults] == ["5", "7", "8"]
