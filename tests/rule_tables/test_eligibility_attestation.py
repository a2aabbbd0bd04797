"""Attestations (DECISIONS 1 and 2): their term, the later one, and how they meet the data."""

from datetime import date

import pytest

from cds_service.rules.answers.criteria_answers import Basis, Finding
from cds_service.rules.attestation import Attested, attested, set_aside, with_attestation
from cds_service.rules.verdict import Verdict
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.messages import say
from tests.builders import TODAY, a_record, days_ago
from tests.builders import attested as form
from tests.rule_tables.eligibility_cases import ABSENT, LIMITS, MET, NOT_MET, PRESENT, UNKNOWN, asked
from tests.tables import Case, cases, named

SAW = say("eligibility.seen.positive")
ASK = say("criterion.E4.question")
DATUM = Evidence("Condition/c1")


def _found(verdict: Verdict) -> Finding:
    return Finding(verdict, Basis.DATA, SAW, (DATUM,), ("x",) if verdict is UNKNOWN else ())


def _answered(value: bool, ago: int = 5) -> Attested:
    return Attested(value, days_ago(ago), Evidence("QuestionnaireResponse/q"))


@pytest.mark.parametrize(
    "case",
    cases("""
    item | ago | counts
    E4   | 0   | yes
    E4   | 30  | yes
    E4   | 31  | no
    E4   | -1  | no
    I5   | 7   | yes
    I5   | 8   | no
    I6   | 7   | yes
    I6   | 8   | no
    E11  | 7   | yes
    E11  | 8   | no
    """),
    ids=lambda case: "{item} {ago}".format(**case),
)
def test_an_answer_holds_to_the_last_day_of_its_term_and_not_a_day_longer(case: Case) -> None:
    item, ago = case["item"], int(case["ago"])
    found = attested(a_record(form(ago, **{item: True})), item, TODAY, LIMITS.attestation_term(item))
    assert (found is not None) == (case["counts"] == "yes")


def test_a_later_answer_wins_item_by_item() -> None:
    chart = a_record(form(9, E4=True, E7=True), form(3, E4=False))
    assert [attested(chart, i, TODAY, 30).value for i in ("E4", "E7")] == [False, True]  # type: ignore[union-attr]


def test_an_uncounted_form_does_not_replace_a_counted_one() -> None:
    chart = a_record(form(9, E4=True), form(3, counted=False, E4=False))
    counted = next(one for one in chart.attestations if one.counted)
    assert attested(chart, "E4", TODAY, 30) == Attested(
        True, days_ago(9), Evidence(counted.reference, days_ago(9).isoformat(), "true")
    )


@pytest.mark.parametrize(
    ("first", "second", "value"),
    [
        ("2026-03-01T08:00:00+08:00", "2026-03-01T09:00:00+08:00", False),
        ("2026-03-01T09:30:00+08:00", "2026-03-01T02:00:00Z", False),
        ("2026-03-01T09:00:00+08:00", "2026-03-01T08:00:00+08:00", True),
        ("2026-03-01", "2026-03-01T09:00:00+08:00", None),
        ("2026-03-01", "2026-03-01", None),
        ("2026-03-01T09:00:00+08:00", "2026-03-01T01:00:00Z", None),
    ],
)
def test_answers_of_one_day_are_told_apart_by_their_time_or_not_at_all(
    first: str, second: str, value: bool | None
) -> None:
    found = attested(a_record(form(first, E4=True), form(second, E4=False)), "E4", TODAY, 30)
    assert (found.value if found else None) is value


def test_an_answer_dated_only_to_the_month_does_not_count() -> None:
    chart = a_record(form("2026-02", E4=False))
    assert attested(chart, "E4", TODAY, 30) is None


def test_a_score_is_kept_as_a_number() -> None:
    found = attested(a_record(form(1, I8=0)), "I8", TODAY, 30)
    assert found is not None
    assert found.value == 0
    assert found.evidence.value == "0"


@pytest.mark.parametrize(
    "case",
    cases("""
    case                      | data    | answer | data day | verdict | basis
    both say yes              | met     | yes    |          | met     | mixed
    both say no               | not-met | no     |          | not-met | mixed
    data older, contradiction | met     | no     | 6        | unknown | mixed
    same day, contradiction   | met     | no     | 5        | unknown | mixed
    data newer, contradiction | met     | no     | 4        | met     | data
    data undated              | not-met | yes    |          | unknown | mixed
    data newer, negative      | not-met | yes    | 4        | not-met | data
    no definite data, yes     | unknown | yes    |          | met     | attestation
    no definite data, no      | unknown | no     | 4        | not-met | attestation
    """),
    ids=named,
)
def test_data_and_attestation_meet(case: Case) -> None:
    day = days_ago(int(case["data day"])) if case["data day"] else None
    found = with_attestation(
        _found(Verdict(case["data"])), _answered(case["answer"] == "yes"), ASK, data_day=day
    )
    assert (found.verdict, found.basis) == (case["verdict"], case["basis"])
    assert {e.reference for e in found.evidence} == {"Condition/c1", "QuestionnaireResponse/q"}


def test_a_contradiction_is_asked_about_and_an_agreement_is_not() -> None:
    contradiction = with_attestation(_found(MET), _answered(False), ASK)
    assert (contradiction.question, contradiction.missing) == (ASK, ("attestation-contradicts-data",))
    agreed = with_attestation(_found(UNKNOWN), _answered(False), ASK)
    assert (agreed.question, agreed.missing) == (None, ())


def test_without_an_answer_the_data_stand_as_they_are() -> None:
    assert with_attestation(_found(MET), None, ASK) == _found(MET)


@pytest.mark.parametrize(
    ("chart", "key"),
    [
        (a_record(form(31, E4=False)), "attestation.expired"),
        (a_record(form(1, counted=False, E4=False)), "attestation.not_counted"),
        (a_record(form(1, E4=False), form(1, E4=True)), "attestation.contradicts_itself"),
        (a_record(form(1, E4=False)), None),
        (a_record(form(-1, E4=False)), None),
        (a_record(form(31, E7=False)), None),
    ],
)
def test_an_answer_that_does_not_count_is_shown_with_its_reason(chart: object, key: str | None) -> None:
    note = set_aside(chart, "E4", TODAY, 30)  # type: ignore[arg-type]
    assert (note.key if note else None) == key


def test_a_criterion_left_open_shows_the_answer_that_expired() -> None:
    found = asked("E4", form(31, E4=False))
    assert found.verdict is UNKNOWN
    assert "attestation.expired" in repr(found.seen)


def test_a_number_does_not_answer_a_yes_or_no_item() -> None:
    assert asked("E4", form(1, E4=1)).verdict is UNKNOWN


@pytest.mark.parametrize("item", ["E1", "E2", "E4", "E5", "E6", "E7", "E9", "E10", "E12"])
def test_an_exclusion_that_nothing_speaks_of_is_what_was_attested(item: str) -> None:
    assert asked(item, form(1, **{item: True})).verdict is PRESENT
    assert asked(item, form(1, **{item: False})).verdict is ABSENT


@pytest.mark.parametrize("item", ["I2", "I5", "I7"])
def test_an_inclusion_that_nothing_speaks_of_is_what_was_attested(item: str) -> None:
    assert asked(item, form(1, **{item: True})).verdict is MET
    assert asked(item, form(1, **{item: False})).verdict is NOT_MET


def test_an_answer_after_t0_does_not_count_at_t0() -> None:
    assert asked("E4", form("2026-02-02", E4=False), t0=date(2026, 2, 1)).verdict is UNKNOWN
