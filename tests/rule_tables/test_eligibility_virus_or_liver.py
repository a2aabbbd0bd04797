"""Exclusion 8: HIV, hepatitis B and C by their cascades, cirrhosis, portal hypertension (DECISIONS 11)."""

from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.trials.nct06802055.criteria.e08_virus_or_liver.viruses import viruses
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.diagnoses import Certainty, Course
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.clinical_model.results import Analyte, Reading
from tests.builders import TODAY, a_record, diagnosis, result, unreadable
from tests.builders import attested as form
from tests.rule_tables.eligibility_cases import (
    ABSENT,
    ATTESTATION,
    DATA,
    LIMITS,
    MIXED,
    PRESENT,
    UNKNOWN,
    asked,
    reviewed,
    said,
)
from tests.tables import Case, cases, named

THREE_MONTHS, OLDER = "2025-12-02", "2025-12-01"
ONE_MONTH, OLDER_LOAD = "2026-02-02", "2026-02-01"
TESTS = {
    "hiv": Analyte.HIV_SEROLOGY,
    "blot": Analyte.HIV_IMMUNOBLOT,
    "hiv-rna": Analyte.HIV_RNA,
    "hbsag": Analyte.HBSAG,
    "core": Analyte.ANTI_HBC,
    "hbv-dna": Analyte.HBV_DNA,
    "hcv": Analyte.ANTI_HCV,
    "hcv-rna": Analyte.HCV_RNA,
}
SIGNS = {"+": "positive", "-": "negative"}


def _tests(row: str) -> list[Any]:
    """ "hbsag -, hbv-dna 300 2026-02-01" -> results; 20 days old unless a date stands there."""
    entries = [] if row == "nothing" else [entry.split() for entry in row.split(",")]
    return [result(TESTS[name], SIGNS.get(value, value), *when or [20]) for name, value, *when in entries]


@pytest.mark.parametrize(
    "case",
    cases(f"""
    tests                                   | verdict | wanted
    hiv -                                   | not-met | none
    hiv - {THREE_MONTHS}                    | not-met | none
    hiv - {OLDER}                           | unknown | hiv_serology
    hiv - 2025-12                           | unknown | hiv_serology
    hiv +                                   | unknown | hiv_rna
    hiv + {OLDER}                           | unknown | hiv_rna
    hiv +, hiv-rna 400                      | met     | none
    hiv-rna 400 {ONE_MONTH}                 | met     | none
    hiv-rna 400 {OLDER_LOAD}                | unknown | hiv_rna
    hiv -, hiv-rna 400 {OLDER_LOAD}         | unknown | hiv_rna
    hiv -, hiv-rna <1000                    | unknown | hiv_rna
    hiv -, hiv-rna 400 2025-06-01, hiv-rna - 2025-12-01 | not-met | none
    hiv +, blot +                           | met     | none
    blot + 2019-05-06                       | met     | none
    hiv -, blot -                           | not-met | none
    hiv -, blot 7                           | unknown | hiv_serology
    hiv +, blot -                           | unknown | hiv_rna
    hiv +, hiv-rna -                        | unknown | hiv_rna
    hiv + 2026-01-05, hiv - 2026-02-05      | not-met | none
    nothing                                 | unknown | hiv_serology
    """),
    ids=named,
)
def test_hiv_wants_a_negative_screen_or_the_virus_itself(case: Case) -> None:
    _check(0, case)


@pytest.mark.parametrize(
    "case",
    cases(f"""
    tests                                   | verdict | wanted
    hbsag -, core -                         | not-met | none
    hbsag - {THREE_MONTHS}, core -          | not-met | none
    hbsag - {OLDER}, core -                 | unknown | hbsag
    hbsag -, core - {OLDER}                 | unknown | anti_hbc
    hbsag -                                 | unknown | anti_hbc
    hbsag -, core +                         | unknown | hbv_dna
    hbsag -, core + {OLDER}                 | unknown | hbv_dna
    hbsag -, core +, hbv-dna -              | not-met | none
    hbsag -, core +, hbv-dna - {ONE_MONTH}  | not-met | none
    hbsag -, core +, hbv-dna - {OLDER_LOAD} | unknown | hbv_dna
    hbsag -, core +, hbv-dna 300            | met     | none
    hbsag -, core +, hbv-dna 0              | not-met | none
    hbsag -, core +, hbv-dna 1              | met     | none
    hbsag -, core +, hbv-dna <50            | not-met | none
    hbsag -, core +, hbv-dna <51            | unknown | hbv_dna
    hbsag -, core +, hbv-dna <=20           | not-met | none
    hbsag -, core +, hbv-dna >1000          | met     | none
    hbsag -, core +, hbv-dna -5             | unknown | hbv_dna
    hbsag -, hbv-dna -                      | not-met | none
    hbsag +                                 | met     | none
    hbsag +, hbv-dna -                      | met     | none
    hbsag + {OLDER}                         | unknown | hbsag anti_hbc
    hbsag + {OLDER}, hbv-dna -              | unknown | hbsag
    hbsag -, core -, hbv-dna 300            | met     | none
    hbsag -, core -, hbv-dna 300 {OLDER_LOAD} | unknown | hbv_dna
    hbsag -, core -, hbv-dna 300 2025-06-01, hbv-dna - 2025-12-01 | not-met | none
    hbsag -, core +, hbv-dna 300 2025-06-01, hbv-dna - | not-met | none
    hbsag 0.02, core -                      | unknown | hbsag
    hbv-dna 300                             | met     | none
    nothing                                 | unknown | hbsag anti_hbc
    """),
    ids=named,
)
def test_hepatitis_b_goes_from_the_surface_antigen_to_the_core_to_the_dna(case: Case) -> None:
    _check(1, case)


@pytest.mark.parametrize(
    "case",
    cases(f"""
    tests                                   | verdict | wanted
    hcv -                                   | not-met | none
    hcv - {THREE_MONTHS}                    | not-met | none
    hcv - {OLDER}                           | unknown | anti_hcv
    hcv +                                   | unknown | hcv_rna
    hcv + {OLDER}                           | unknown | hcv_rna
    hcv +, hcv-rna -                        | not-met | none
    hcv +, hcv-rna - {OLDER_LOAD}           | unknown | hcv_rna
    hcv +, hcv-rna +                        | met     | none
    hcv -, hcv-rna 900                      | met     | none
    hcv -, hcv-rna 900 {ONE_MONTH}          | met     | none
    hcv -, hcv-rna 900 {OLDER_LOAD}         | unknown | hcv_rna
    hcv -, hcv-rna 900 2019-01-01           | unknown | hcv_rna
    hcv -, hcv-rna 900 2019-01-01, hcv-rna - 2019-06-01 | not-met | none
    hcv -, hcv-rna - 2019-01-01, hcv-rna 900 2019-06-01 | unknown | hcv_rna
    hcv-rna -                               | not-met | none
    nothing                                 | unknown | anti_hcv
    """),
    ids=named,
)
def test_hepatitis_c_goes_from_the_antibody_to_the_rna(case: Case) -> None:
    _check(2, case)


def _check(place: int, case: Case) -> None:
    infection = viruses(a_record(*_tests(case["tests"])), TODAY, LIMITS)[place]
    wanted = " ".join(analyte.value for analyte in infection.wanted) or "none"
    assert (infection.verdict, wanted) == (case["verdict"], case["wanted"])


CLEAR = _tests("hiv -, hbsag -, core -, hcv -")
DENIED = form(1, E8=False)


@pytest.mark.parametrize(
    ("facts", "verdict", "basis"),
    [
        pytest.param([*CLEAR, DENIED], ABSENT, MIXED, id="all negative, liver denied"),
        pytest.param(CLEAR, UNKNOWN, DATA, id="all negative, liver not asked"),
        pytest.param([*CLEAR, reviewed(Part.CONDITIONS, 30)], ABSENT, DATA, id="all negative, list reviewed"),
        pytest.param([*CLEAR, reviewed(Part.CONDITIONS, 31)], UNKNOWN, DATA, id="list reviewed too long ago"),
        pytest.param([*CLEAR, reviewed(Part.CONDITIONS), DENIED], ABSENT, MIXED, id="reviewed and denied"),
        pytest.param([*CLEAR[1:], DENIED], UNKNOWN, MIXED, id="HIV not tested: denial is not enough"),
        pytest.param([DENIED], UNKNOWN, MIXED, id="denied, nothing tested"),
        pytest.param([form(1, E8=True)], PRESENT, ATTESTATION, id="attested present"),
        pytest.param([*CLEAR, form(1, E8=True)], PRESENT, ATTESTATION, id="all negative, liver attested"),
        pytest.param(
            [*CLEAR, reviewed(Part.CONDITIONS), form(1, E8=True)], UNKNOWN, MIXED, id="reviewed, yet attested"
        ),
        pytest.param([*_tests("hbsag +"), DENIED], PRESENT, DATA, id="HBsAg is not attested away"),
        pytest.param([*_tests("hbsag +"), form(1, E8=True)], PRESENT, MIXED, id="HBsAg, agreed"),
        pytest.param(_tests("hbsag +"), PRESENT, DATA, id="HBsAg"),
        pytest.param([diagnosis(Concept.HIV)], PRESENT, DATA, id="coded HIV"),
        pytest.param(
            [diagnosis(Concept.HIV, course=Course.HISTORY)], PRESENT, DATA, id="coded HIV, inactive"
        ),
        pytest.param([*CLEAR, diagnosis(Concept.CIRRHOSIS)], PRESENT, DATA, id="cirrhosis"),
        pytest.param(
            [diagnosis(Concept.CIRRHOSIS, ago=5), form(5, E8=False)], UNKNOWN, MIXED, id="cirrhosis, denied"
        ),
        pytest.param(
            [diagnosis(Concept.CIRRHOSIS, ago=4), form(5, E8=False)], PRESENT, DATA, id="cirrhosis since"
        ),
        pytest.param(
            [diagnosis(Concept.CIRRHOSIS), form(5, E8=True)], PRESENT, MIXED, id="cirrhosis, agreed"
        ),
        pytest.param([diagnosis(Concept.PORTAL_HYPERTENSION)], PRESENT, DATA, id="portal hypertension"),
        pytest.param(
            [diagnosis(Concept.PORTAL_HYPERTENSION, course=Course.HISTORY)], UNKNOWN, DATA, id="resolved"
        ),
        pytest.param([diagnosis(Concept.VARICES)], UNKNOWN, DATA, id="varices alone"),
        pytest.param(
            [*CLEAR, diagnosis(Concept.VARICES), reviewed(Part.CONDITIONS)], UNKNOWN, DATA, id="varices"
        ),
        pytest.param([*CLEAR, diagnosis(Concept.VARICES), DENIED], ABSENT, MIXED, id="varices, denied"),
        pytest.param([diagnosis(Concept.HBV_CHRONIC)], UNKNOWN, DATA, id="B18 alone"),
        pytest.param(
            [*CLEAR, diagnosis(Concept.HBV_CHRONIC), DENIED], ABSENT, MIXED, id="B18, tests negative"
        ),
        pytest.param(
            [diagnosis(Concept.HIV, certainty=Certainty.PROVISIONAL)], UNKNOWN, DATA, id="perhaps HIV"
        ),
        pytest.param(
            [diagnosis(Concept.CIRRHOSIS, by_text_only=True)], UNKNOWN, DATA, id="cirrhosis in words"
        ),
        pytest.param(
            [replace(t, reading=Reading.PRELIMINARY) for t in CLEAR], UNKNOWN, None, id="preliminary"
        ),
    ],
)
def test_one_shows_it_and_only_all_of_them_refute_it(facts: list[Any], verdict: Any, basis: Any) -> None:
    found = asked("E8", *facts)
    assert found.verdict is verdict
    assert basis in (None, found.basis)
    assert (found.question is None) == (verdict is not UNKNOWN)


def test_what_is_missing_is_named_and_asked_for() -> None:
    found = asked("E8", *_tests("hiv +, hbsag -, core +, hcv - 2025-12-01"))
    assert found.missing == ("hiv-rna", "hbv-dna", "anti-hcv", "attestation")
    assert found.question
    assert found.question.key == "criterion.E8.question_tests"
    assert asked("E8", *_tests("hiv +"), DENIED).missing == ("hiv-rna", "hbsag", "anti-hbc", "anti-hcv")
    only_liver = asked("E8", *CLEAR)
    assert only_liver.missing == ("attestation",)
    assert only_liver.question
    assert only_liver.question.key == "criterion.E8.question"


def test_with_the_list_reviewed_only_the_tests_are_missing() -> None:
    assert asked("E8", *CLEAR[1:], reviewed(Part.CONDITIONS)).missing == ("hiv-serology",)


def test_a_stale_result_is_shown_with_its_date() -> None:
    words = said(asked("E8", *_tests("hiv - 2025-12-01")))
    assert "eligibility.seen.stale_months" in words
    assert "datetime.date(2025, 12, 1)" in words


@pytest.mark.parametrize("part", [Part.CONDITIONS, Part.OBSERVATIONS, Part.ATTESTATIONS])
def test_a_part_that_failed_keeps_it_open_and_does_not_hide_a_positive(part: Part) -> None:
    assert asked("E8", *CLEAR, DENIED, **unreadable(part)).missing == (f"DATA_UNAVAILABLE:{part.value}",)
    assert asked("E8", *_tests("hbsag +"), **unreadable(part)).verdict is PRESENT


def test_a_number_with_its_meaning_is_shown_as_it_was_written() -> None:
    flagged = result(Analyte.ANTI_HCV, "positive", 5, as_written="12.3 S/CO")
    assert "12.3 S/CO" in said(asked("E8", flagged))
    assert "presence_as_written" not in said(asked("E8", result(Analyte.ANTI_HCV, "positive", 5)))
