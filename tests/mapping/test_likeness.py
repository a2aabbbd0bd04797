"""What the words of a code that no list knows look like, for each kind of entry: a hint, no meaning."""

import pytest

from fhir_mappings.value_sets import load_code_lists
from fhir_mappings.value_sets.likeness import Likeness
from fhir_mappings.value_sets.unlisted import UnlistedKind
from tests.tables import cases

LIKE = Likeness(load_code_lists())


def _or_nothing(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "-"


@pytest.mark.parametrize(
    "case",
    cases("""
    kind      | words                            | named
    TEST      | serum creatinine                 | creatinine
    TEST      | sirolimus                        | sirolimus
    TEST      | aplastic anaemia                 | -
    DRUG      | sirolimus tablet                 | sirolimus
    DRUG      | tacrolimus, sirolimus            | sirolimus, tacrolimus
    DRUG      | aplastic anaemia                 | -
    DRUG      | serum creatinine                 | -
    DIAGNOSIS | aplastic anaemia                 | aplastic_anaemia.generic
    DIAGNOSIS | aplastic anaemia under sirolimus | aplastic_anaemia.generic
    DIAGNOSIS | sirolimus tablet                 | -
    PROCEDURE | whole blood                      | transfusion.platelets, transfusion.red_cells
    PROCEDURE | sirolimus tablet                 | -
    ANSWER    | serum creatinine                 | -
    UNIT      | serum creatinine                 | -
    """),
)
def test_words_are_looked_up_among_what_their_kind_of_entry_names(case: dict[str, str]) -> None:
    kind = UnlistedKind[case["kind"]]
    assert _or_nothing(LIKE.of(kind, case["words"])) == case["named"]
    assert _or_nothing(LIKE.of(kind, case["words"])) == case["named"]


@pytest.mark.parametrize(
    "case",
    cases("""
    what it is                          | kind      | words            | perhaps
    a letter that another language has  | TEST      | Kreatinin        | creatinine
    beside other words                  | TEST      | Kreatinin i.S.   | creatinine
    joined by a hyphen                  | DRUG      | rapamycinn-forte | sirolimus
    the kind counts                     | DRUG      | Kreatinin        | -
    diagnoses are not spelt another way | DIAGNOSIS | aplastik anaemia | -
    a word of other letters             | TEST      | calcium          | -
    four letters are too few            | TEST      | ferr             | -
    a word with a number is a code      | TEST      | kreatinin1       | -
    """),
)
def test_a_long_word_spelt_almost_so_is_a_guess_for_tests_and_drugs(case: dict[str, str]) -> None:
    assert _or_nothing(LIKE.perhaps(UnlistedKind[case["kind"]], case["words"])) == case["perhaps"]


@pytest.mark.parametrize(
    "case",
    cases("""
    kind      | name       | first
    TEST      | creatinine | 2160-0
    TEST      | sirolimus  | 72676-0
    DRUG      | tacrolimus | 42316
    DRUG      | creatinine | -
    DIAGNOSIS | sirolimus  | -
    """),
)
def test_codes_of_the_kind_are_offered_and_six_at_most(case: dict[str, str]) -> None:
    found = LIKE.candidates(UnlistedKind[case["kind"]], case["name"])
    assert (found[0].partition(" ")[0] if found else "-") == case["first"]
    assert len(found) <= 6
    assert all(case["name"] in one.casefold() for one in found)


def test_of_more_than_six_codes_the_first_six_are_offered() -> None:
    assert len(LIKE.candidates(UnlistedKind.DRUG, "sirolimus")) == 6
