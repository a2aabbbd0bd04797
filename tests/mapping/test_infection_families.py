"""Infection by families of codes and by words; WHO and ICD-10-CM are kept apart (DECISIONS 71)."""

import pytest

from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.value_sets.code_lists import CodeLists
from fhir_mappings.value_sets.index import categories
from fhir_mappings.value_sets.load_lists import load_code_lists

WHO, CM = "http://hl7.org/fhir/sid/icd-10", "http://hl7.org/fhir/sid/icd-10-cm"
INFECTION, ASKS, SEPSIS = Concept.INFECTION, Concept.INFECTION_MINOR_CHRONIC, Concept.SEPSIS
SPANS = "A00-B89 B95-B99 G00-G07 J01-J06 J09-J22 J85-J86 L00-L08 P35-P39 K35-K37 N70-N77 M00-M01"
SINGLE = """
    H00.0 H10.0 H10.5 H60.0 H60.3 H66.0 H66.9 H70.0 I30.1 I33.0 I40.0 J00 J32.9 J36 J39.0 J39.1 J44.0 K04.0 K04.7
    K12.2 K57.0 K57.2 K57.4 K57.8 K61.0 K61.4 K65.0 K75.0 K80.0 K80.1 K81.0 K81.9 K83.0 M46.2 M46.5 M72.6 M86.0
    M86.9 N10 N12 N13.6 N15.1 N30.0 N34.0 N39.0 N41.0 N45.0 O23.4 O85 O86.0 T80.2 T81.4 T82.6 T82.7 T83.5 T83.6
    T84.5 T84.6 T84.7 T85.7 U07.1
"""
BESIDE = """
    B90.9 B94.9 G09 Z22.3 N30.1 N30.4 J44.1 K57.3 K75.1 N13.5 N15.0 N39.1 T81.3 T82.5 T83.4 T84.4 T85.6 H67.9 K38.0
    K60.3 J84.1 J87 L10.0 M02.3
"""


@pytest.fixture(scope="module")
def lists() -> CodeLists:
    return load_code_lists()


def meant(lists: CodeLists, system: str, code: str) -> frozenset[Concept]:
    seen = lists.recognise([(system, code, None)], None)
    return seen.concepts if seen else frozenset()


def family() -> list[str]:
    return [
        code for span in SPANS.split() for code in categories(span) if code[1:].isdigit()
    ] + SINGLE.split()


@pytest.mark.parametrize("code", family())
def test_every_member_of_a_family_is_an_infection_or_asks(code: str, lists: CodeLists) -> None:
    for system in (WHO, CM):
        assert meant(lists, system, code) & {INFECTION, ASKS}


@pytest.mark.parametrize("code", BESIDE.split())
def test_what_lies_beside_a_family_is_none(code: str, lists: CodeLists) -> None:
    for system in (WHO, CM):
        assert not meant(lists, system, code) & {INFECTION, ASKS}


@pytest.mark.parametrize(
    ("code", "who", "cm"),
    [
        ("R65.0", {INFECTION, SEPSIS}, set()),
        ("R65.1", {INFECTION, SEPSIS}, set()),
        ("R65.10", {INFECTION, SEPSIS}, set()),
        ("R65.2", set(), {INFECTION, SEPSIS}),
        ("R65.20", set(), {INFECTION, SEPSIS}),
        ("R65.3", set(), set()),
        ("R57.2", {INFECTION, SEPSIS}, set()),
        ("N34", {ASKS}, {ASKS}),
        ("N34.3", {ASKS}, {ASKS}),
        ("J47", {ASKS}, {ASKS}),
        ("J47.0", {ASKS}, {INFECTION}),
        ("J47.9", {ASKS}, {ASKS}),
        ("K83.01", {INFECTION}, set()),
        ("K83.09", {INFECTION}, {INFECTION}),
    ],
)
def test_who_and_cm_mean_different_things(
    code: str, who: set[Concept], cm: set[Concept], lists: CodeLists
) -> None:
    assert meant(lists, WHO, code) == who
    assert meant(lists, CM, code) == cm


@pytest.mark.parametrize(
    ("text", "concepts"),
    [
        ("肺部感染", {INFECTION}),
        ("重症肺炎", {INFECTION}),
        ("肛周脓肿", {INFECTION}),
        ("败血症", {SEPSIS}),
        ("感染性休克", {SEPSIS}),
        ("Community acquired pneumonia", {INFECTION}),
        ("Perianal abscess", {INFECTION}),
        ("COVID-19", {INFECTION}),
        ("新型冠状病毒感染", {INFECTION}),
        ("septic shock", {SEPSIS}),
        ("肺炎待排", {INFECTION}),
        ("急性上感", {INFECTION}),
        ("急性支气管炎", {INFECTION}),
        ("acute bronchitis", {INFECTION}),
        ("肺曲霉病", {INFECTION}),
        ("CMV viremia", {INFECTION}),
        ("UTI", {INFECTION}),
        ("septic arthritis", {INFECTION}),
        ("败血性休克", {SEPSIS}),
        ("妊娠毒血症", set()),
        ("routine", set()),
        ("感冒", {ASKS}),
        ("除外感染", set()),
        ("无感染", set()),
        ("no infection", set()),
        ("no evidence of pneumonia", set()),
        ("pneumonitis", set()),
        ("father: tuberculosis", set()),
    ],
)
def test_words_for_an_infection_ask_and_their_denial_does_not(
    text: str, concepts: set[Concept], lists: CodeLists
) -> None:
    seen = lists.recognise([], text)
    assert (seen.concepts if seen else frozenset()) & {INFECTION, ASKS, SEPSIS} == concepts
    assert seen is None or seen.by_text_only


def test_covid_by_its_snomed_code(lists: CodeLists) -> None:
    assert meant(lists, "http://snomed.info/sct", "840539006") == {INFECTION}
