"""Inclusion 3: one line strictly below its limit is enough; clearing it needs all three, and no transfusion."""

from decimal import Decimal

import pytest

from cds_service.rules.answers.criteria_answers import Basis, Finding
from cds_service.rules.thresholds import read_limits
from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.criteria.i03_cytopenia.judge import inc_03_cytopenia
from cds_service.trials.nct06802055.patient_state.blood.counts import CountLimits
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import Known, Part, Sex
from fhir_mappings.clinical_model.medications import MedicationSource
from fhir_mappings.clinical_model.messages import Phrase
from fhir_mappings.clinical_model.results import Analyte, Reading
from tests.builders import (
    TODAY,
    a_record,
    count,
    diagnosis,
    dispense,
    medication,
    result,
    transfused,
    unreadable,
)
from tests.tables import cases, named

LIMITS = read_limits(CountLimits, "counts")
RED, PLATELETS = Concept.RED_CELL_TRANSFUSION, Concept.PLATELET_TRANSFUSION
LONG_AGO = transfused(RED, 400)


def judged(*facts: object, **fields: object) -> Finding:
    return inc_03_cytopenia(a_record(*facts, **fields), TODAY, LIMITS)


def keys(phrase: Phrase) -> set[str]:
    """All keys in a phrase, nested ones too."""
    found = {phrase.key}
    for _, value in phrase.values:
        for part in value if isinstance(value, tuple) else (value,):
            found |= keys(part) if isinstance(part, Phrase) else set()
    return found


@pytest.mark.parametrize(
    "case",
    cases("""
    case                                | hb    | plt  | anc   | answer
    haemoglobin just below              | 99.9  | 60   | 1.5   | met
    haemoglobin at 100                  | 100   | 60   | 1.5   | not-met
    haemoglobin 100.0                   | 100.0 | 50   | 1.0   | not-met
    platelets just below                | 120   | 49.9 | 1.5   | met
    platelets at 50                     | 120   | 50   | 1.5   | not-met
    neutrophils just below              | 120   | 60   | 0.99  | met
    neutrophils at 1.0                  | 120   | 60   | 1.0   | not-met
    all at their limits                 | 100   | 50   | 1.0   | not-met
    all below                           | 84    | 31   | 0.8   | met
    below a low comparator              | 120   | <20  | 1.5   | met
    a comparator at the limit           | 120   | <50  | 1.5   | met
    a comparator that crosses           | 120   | <60  | 1.5   | unknown
    above a high comparator             | 120   | >=50 | 1.5   | not-met
    more than a low number              | 120   | >40  | 1.5   | unknown
    crossing, but another line is low   | 90    | <60  | 1.5   | met
    neutrophils missing, others good    | 104   | 60   | -     | unknown
    neutrophils missing, one low        | 84    | 60   | -     | met
    only platelets, low                 | -     | 12   | -     | met
    nothing                             | -     | -    | -     | unknown
    """),
    ids=named,
)
def test_strictly_below_one_limit_is_enough(case):
    lines = [None if case[k] == "-" else case[k] for k in ("hb", "plt", "anc")]
    assert judged(count(*lines)).verdict == case["answer"]


@pytest.mark.parametrize(
    ("ago", "answer", "not_recent"),
    [(0, "met", False), (7, "met", False), (8, "met", True), (14, "met", True), (15, "unknown", False)],
)
def test_a_count_decides_for_14_days_and_is_called_old_after_7(ago, answer, not_recent):
    found = judged(count(84, 31, "0.8", ago=ago))
    assert found.verdict == answer
    assert ("criterion.I3.not_recent" in keys(found.seen)) == not_recent


def test_a_count_after_the_index_date_does_not_decide():
    assert judged(count(84, 31, "0.8", ago=-1)).verdict is Verdict.UNKNOWN


def test_the_newest_count_decides():
    on_treatment = dispense("ciclosporin", 100, 12, ago=40, days=30)
    older = count(84, 31, "0.8", ago=6)
    assert judged(older, count(120, 80, 2, ago=1), on_treatment).verdict is Verdict.NOT_MET
    assert judged(count(120, 80, 2, ago=6), count(84, 31, "0.8", ago=1)).verdict is Verdict.MET


def test_lines_of_different_draws_are_the_latest_of_each_and_each_carries_its_day():
    found = judged(count(104, 60, "1.2", ago=3), count(96, ago=1))
    assert found.verdict is Verdict.MET
    values = dict(found.seen.values)["values"]
    assert isinstance(values, tuple)
    assert [v.key for v in values] == ["count.dated"] * 3


def test_one_draw_is_said_as_one():
    assert "count.of_day" in keys(judged(count(84, 31, "0.8")).seen)


# ---------------------------------------------------------------- what may hide a low count


@pytest.mark.parametrize(
    "case",
    cases("""
    case                              | product   | ago | answer
    red cells within 14 days          | red       | 14  | unknown
    red cells 15 days before          | red       | 15  | not-met
    platelets within 7 days           | platelets | 7   | unknown
    platelets 8 days before           | platelets | 8   | not-met
    """),
    ids=named,
)
def test_good_values_soon_after_transfusion_settle_nothing(case):
    product = RED if case["product"] == "red" else PLATELETS
    found = judged(count(104, 60, "1.5", ago=0), transfused(product, int(case["ago"])), LONG_AGO)
    assert found.verdict == case["answer"]
    assert found.missing == (() if found.verdict is Verdict.NOT_MET else ("transfusions",))


def test_a_low_value_soon_after_transfusion_is_still_low():
    assert judged(count(84, 60, "1.5", ago=0), transfused(RED, 2)).verdict is Verdict.MET


def test_lines_of_different_days_without_transfusion_records_are_not_cleared():
    """No count holds both haemoglobin and platelets, so nothing speaks against a transfusion."""
    found = judged(count(104, ago=1), count(None, 60, "1.2", ago=3))
    assert found.verdict is Verdict.UNKNOWN
    assert found.missing == ("transfusions",)


def test_haemoglobin_that_jumped_across_the_limit_is_not_cleared():
    jumped = (count(98, 60, "1.2", ago=3), count(105, ago=1), LONG_AGO)
    assert judged(*jumped).verdict is Verdict.UNKNOWN
    assert judged(*jumped, count(101, ago=2)).verdict is Verdict.UNKNOWN
    assert judged(count(98, 40, "1.2", ago=3), count(120, 80, 2, ago=1)).verdict is Verdict.UNKNOWN
    assert judged(count(98, 40, "1.2", ago=62), count(120, 80, 2, ago=1)).verdict is Verdict.NOT_MET


def treatment(concept, ago, days, source=MedicationSource.DISPENSE):
    return medication(
        "x", 1, start=ago, source=source, concepts=frozenset({concept}), supply_days=Decimal(days)
    )


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        (treatment(Concept.CICLOSPORIN, 121, 30), "not-met"),
        (treatment(Concept.CICLOSPORIN, 122, 30), "unknown"),
        (treatment(Concept.AA_TREATMENT, 20, 5), "not-met"),
        (treatment(Concept.GROWTH_FACTOR, 20, 5), "not-met"),
        (treatment(Concept.AA_TREATMENT, 20, 5, MedicationSource.ORDER), "unknown"),
        (treatment(Concept.AA_TREATMENT, 91, 0, MedicationSource.ADMINISTRATION), "not-met"),
        (treatment(Concept.AA_TREATMENT, 92, 0, MedicationSource.ADMINISTRATION), "unknown"),
        (treatment(Concept.ANTI_INFECTIVE, 20, 5), "unknown"),
    ],
)
def test_treatment_supplied_or_given_in_the_90_days_before_explains_a_jump(given, answer):
    jumped = (count(98, 60, "1.2", ago=3), count(105, 60, "1.2", ago=1), LONG_AGO)
    assert judged(*jumped, given).verdict == answer


def test_transfusions_that_could_not_be_read_are_asked_for():
    found = judged(count(120, 80, 2), **unreadable(Part.PROCEDURES))
    assert found.verdict is Verdict.UNKNOWN
    assert found.missing == ("transfusions", "DATA_UNAVAILABLE:procedures")
    assert found.question is not None
    assert found.question.key == "criterion.I3.question_transfusions"


def test_a_growth_factor_is_shown_and_changes_nothing():
    plain = judged(count(120, 80, "1.5", ago=0))
    helped = judged(
        count(120, 80, "1.5", ago=0),
        medication("filgrastim", 1, start=3, concepts=frozenset({Concept.GROWTH_FACTOR})),
    )
    assert plain.verdict is helped.verdict is Verdict.NOT_MET
    assert "count.growth_factor" in keys(helped.seen) - keys(plain.seen)


# ---------------------------------------------------------------- what could not be used


def test_results_that_could_not_be_read_settle_nothing():
    found = judged(count(84, 31, "0.8"), **unreadable(Part.OBSERVATIONS))
    assert found.verdict is Verdict.UNKNOWN
    assert found.missing == ("DATA_UNAVAILABLE:observations",)


@pytest.mark.parametrize(
    ("reading", "key"),
    [
        (Reading.PRELIMINARY, "count.unused_preliminary"),
        (Reading.UNIT_UNUSABLE, "count.unused_unreadable"),
    ],
)
def test_a_result_that_cannot_be_used_is_shown(reading, key):
    found = judged(result(Analyte.PLATELETS, 12, 1, reading=reading))
    assert found.verdict is Verdict.UNKNOWN
    assert key in keys(found.seen)


def test_an_older_preliminary_result_is_not_shown_beside_a_newer_final_one():
    old = result(Analyte.PLATELETS, 12, 3, reading=Reading.PRELIMINARY)
    assert "count.unused_preliminary" not in keys(judged(old, count(120, 80, 2)).seen)


# ---------------------------------------------------------------- what the finding tells


def test_every_missing_line_is_named_and_a_count_asked_for():
    found = judged(count(104, ago=1))
    assert found.missing == ("platelets", "neutrophils")
    assert found.question is not None
    assert found.question.key == "criterion.I3.question"
    assert {"criterion.I3.no_platelets", "criterion.I3.no_neutrophils"} <= keys(found.seen)
    assert "criterion.I3.no_haemoglobin" in keys(judged(count(None, 60, 2)).seen)


def test_a_settled_finding_asks_nothing():
    found = judged(count(84, ago=1))
    assert (found.missing, found.question, found.basis) == ((), None, Basis.DATA)


def test_nothing_seen_has_no_basis():
    found = judged()
    assert (found.basis, found.evidence) == (Basis.NONE, ())


def test_evidence_names_both_results_of_a_computed_neutrophil_count():
    white, percent = result(Analyte.WHITE_CELLS, 2), result(Analyte.NEUTROPHIL_PERCENT, 40)
    found = judged(count(120, 80), white, percent)
    assert found.verdict is Verdict.MET
    assert {white.reference, percent.reference} <= {e.reference for e in found.evidence}


@pytest.mark.parametrize(
    "case",
    cases("""
    case                         | plt | anc | retic | key
    two lines low                | 19  | 0.4 | 70    | severity.severe
    neutrophils very low         | 19  | 0.1 | 70    | severity.very_severe
    one line low                 | 19  | 0.6 | 70    | severity.non_severe
    at all limits                | 20  | 0.5 | 60    | severity.non_severe
    one low and one not counted  | 19  | 0.6 | -     | severity.unknown
    none low, one not counted    | 20  | 0.5 | -     | severity.non_severe
    """),
    ids=named,
)
def test_severity_by_counts_is_shown(case):
    retic = None if case["retic"] == "-" else case["retic"]
    assert case["key"] in keys(judged(count(80, case["plt"], case["anc"], retic=retic)).seen)


def test_unrelated_facts_change_nothing():
    plain = judged(*(facts := count(104, 60, "1.2")))
    other = judged(
        facts,
        diagnosis(Concept.MALIGNANCY),
        medication("voriconazole", 200, 12),
        result(Analyte.CREATININE, 200),
        sex=Known(Sex.MALE),
    )
    assert other == plain
