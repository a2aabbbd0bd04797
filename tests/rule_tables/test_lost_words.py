"""How an entry that could not be used is told: each reason, each sentence, and what it is called."""

import pytest
from msgspec.structs import replace

from cds_service.cards.translations import read_wording
from cds_service.rules.analyte_words import ANALYTE_WORDS
from cds_service.rules.lost_words import LOST, all_lost_words, lost_words, newest_of
from fhir_mappings.clinical_model.known_unknown import Gap, Lost
from fhir_mappings.clinical_model.results import Analyte
from tests.tables import Case, cases, named

WORDS = read_wording()["en"]
GAP = Gap("UNIT_UNUSABLE", "Observation/o1")
WHOLE = Lost("Observation", "Kalium", "4 mg", "2026-03-01")


def told(gap: Gap = GAP, lost: Lost = WHOLE) -> str:
    return WORDS.plain(lost_words(gap, lost))


@pytest.mark.parametrize(
    "case",
    cases("""
    problem               | why
    ANSWER_NOT_LISTED     | its words are not in the table of answers
    CODE_NOT_KNOWN        | its code is not known here
    CODES_DISAGREE        | its codes contradict each other
    CODE_MISSING          | it has no code
    DATE_IMPRECISE        | its date cannot be read to the day
    DATE_MISSING          | no day of collection
    DATE_UNREADABLE       | its date cannot be read to the day
    FUTURE_DATED          | dated in the future
    MODIFIER_UNKNOWN      | it carries a modifier that is not known here
    STATUS_NOT_RECOGNISED | its status is not known
    SUBJECT_UNRESOLVED    | it does not say clearly whose it is
    UNIT_UNUSABLE         | its unit cannot be used
    VALUE_IMPLAUSIBLE     | the value is not possible
    VALUE_UNREADABLE      | the value cannot be read
    ANYTHING_ELSE         | the entry cannot be read
    """),
    ids=named,
)
def test_why_it_was_not_used_is_said(case: Case) -> None:
    assert (
        told(replace(GAP, problem=case["problem"]))
        == f"Kalium of 2026-03-01: “4 mg”, not read ({case['why']})"
    )


@pytest.mark.parametrize(
    ("written", "day", "sentence"),
    [
        ("4 mg", "2026-03-01", "Kalium of 2026-03-01: “4 mg”, not read"),
        ("4 mg", "", "Kalium: “4 mg”, not read"),
        ("", "2026-03-01", "Kalium of 2026-03-01, not read"),
        ("", "", "Kalium, not read"),
    ],
)
def test_what_it_says_is_told_as_far_as_it_says_it(written: str, day: str, sentence: str) -> None:
    lost = replace(WHOLE, written=written, day=day)
    assert told(lost=lost) == f"{sentence} (its unit cannot be used)"
    assert lost_words(GAP, lost).key in LOST


@pytest.mark.parametrize(
    ("lost", "reference", "name"),
    [
        (WHOLE, "Observation/o1", "Kalium"),
        (replace(WHOLE, analytes=("potassium",)), "Observation/o1", "potassium"),
        (replace(WHOLE, analytes=("potassium", "creatinine")), "Observation/o1", "Kalium"),
        (replace(WHOLE, name=""), "Observation/o1", "Observation/o1"),
        (replace(WHOLE, name=""), "", "an entry of unknown type"),
    ],
)
def test_it_is_called_by_our_words_its_own_or_its_reference(lost: Lost, reference: str, name: str) -> None:
    assert told(replace(GAP, reference=reference), lost).startswith(f"{name} of ")


@pytest.mark.parametrize("analyte", Analyte)
def test_each_test_has_a_name_of_ours(analyte: Analyte) -> None:
    assert WORDS.plain(ANALYTE_WORDS[analyte])


def test_of_several_the_first_is_told_and_the_others_are_counted() -> None:
    one, other = (GAP, WHOLE), (GAP, replace(WHOLE, written="5 mg"))
    assert all_lost_words([one]) == lost_words(*one)
    assert WORDS.plain(all_lost_words([one, other, other])) == f"{told()}; and 2 more like it"
    assert newest_of(all_lost_words([one, other])) == newest_of(lost_words(*one)) == lost_words(*one)
