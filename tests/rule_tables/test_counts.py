"""Blood counts day by day: which results become a count, and what a count is made of."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from cds_service.trials.nct06802055.patient_state.blood.counts import (
    amount,
    blood_counts,
    count_evidence,
    count_said,
    dated_line,
)
from fhir_mappings.clinical_model.results import Analyte, Comparator, Reading
from tests.builders import TODAY, a_record, count, days_ago, result
from tests.tables import cases, named

HB, PLT, ANC = Analyte.HAEMOGLOBIN, Analyte.PLATELETS, Analyte.NEUTROPHILS
WBC, PERCENT = Analyte.WHITE_CELLS, Analyte.NEUTROPHIL_PERCENT


def test_a_chart_without_counts_has_none():
    assert blood_counts(a_record()) == ()


def test_the_lines_of_one_day_are_one_count_and_counts_come_oldest_first():
    older, newer = blood_counts(a_record(count(84, 31, "0.8", ago=1, retic=12), count(90, ago=9)))
    assert (older.day, newer.day) == (days_ago(9), days_ago(1))
    assert newer.is_full
    assert not older.is_full
    assert [r.number for r in newer.results()] == [84, 31, Decimal("0.8"), 12]


def test_the_latest_result_of_each_line_that_day_wins():
    morning = result(HB, 80, "2026-03-01T07:00:00+08:00")
    evening = result(HB, 95, "2026-03-01T19:00:00+08:00")
    (found,) = blood_counts(a_record(evening, morning))
    assert found.haemoglobin == evening


def test_at_the_same_time_the_later_issued_result_wins():
    first = result(HB, 80, "2026-03-01T07:00:00+08:00", issued=datetime(2026, 3, 1, 2, tzinfo=UTC))
    mended = result(HB, 95, "2026-03-01T07:00:00+08:00", issued=datetime(2026, 3, 1, 5, tzinfo=UTC))
    (found,) = blood_counts(a_record(mended, first))
    assert found.haemoglobin == mended


def test_a_result_with_a_time_is_later_than_one_without():
    (found,) = blood_counts(a_record(result(HB, 80, "2026-03-01T00:10:00+08:00"), result(HB, 95, 1)))
    assert found.haemoglobin is not None
    assert found.haemoglobin.number == 80


@pytest.mark.parametrize(
    "doubtful",
    [
        result(HB, 80, 1, reading=Reading.PRELIMINARY),
        result(HB, 80, 1, reading=Reading.UNIT_UNUSABLE),
        result(HB, None, 1),
        result(HB, 80, 1, number=None),
        result(HB, -80, 1),
        result(HB, 80, "2026-02"),
        result(HB, 80, None),
        result(Analyte.CREATININE, 80, 1),
    ],
    ids=[
        "preliminary",
        "unit",
        "no value",
        "no number",
        "negative",
        "month",
        "undated",
        "other",
    ],
)
def test_a_doubtful_result_is_no_count(doubtful):
    assert blood_counts(a_record(doubtful)) == ()


@pytest.mark.parametrize(
    "case",
    cases("""
    case                    | wbc  | percent | anc  | sign
    plain product           | 2.0  | 40      | 0.8  | -
    all of them             | 2.0  | 100     | 2.0  | -
    none of them            | 2.0  | 0       | 0    | -
    white cells below       | <0.5 | 40      | 0.2  | <
    percent above           | 2.0  | >40     | 0.8  | >
    both below              | <0.5 | <40     | 0.2  | <
    signs that point apart  | <0.5 | >40     | none | -
    no percentage           | 2.0  | 101     | none | -
    """),
    ids=named,
)
def test_neutrophils_are_computed_from_percent_where_not_reported(case):
    (found,) = blood_counts(a_record(count(90), result(WBC, case["wbc"]), result(PERCENT, case["percent"])))
    if case["anc"] == "none":
        assert found.neutrophils is None
        assert found.computed_from == ()
        return
    assert found.neutrophils is not None
    assert found.neutrophils.number == Decimal(case["anc"])
    assert found.neutrophils.comparator == (None if case["sign"] == "-" else Comparator(case["sign"]))
    assert {r.analyte for r in found.results()} == {HB, WBC, PERCENT}


def test_a_reported_neutrophil_count_is_preferred_to_the_product():
    (found,) = blood_counts(a_record(result(ANC, "0.7"), result(WBC, 2), result(PERCENT, 90)))
    assert found.neutrophils is not None
    assert found.neutrophils.number == Decimal("0.7")


def test_percent_and_white_cells_of_different_draws_make_no_product():
    record = a_record(
        result(WBC, 2, "2026-03-01T07:00:00+08:00"), result(PERCENT, 40, "2026-03-01T19:00:00+08:00")
    )
    (found,) = blood_counts(record)
    assert found.neutrophils is None


def test_the_last_draw_that_has_both_makes_the_product():
    early, late = "2026-03-01T07:00:00+08:00", "2026-03-01T19:00:00+08:00"
    record = a_record(
        result(WBC, 2, early), result(PERCENT, 40, early), result(WBC, 3, late), result(PERCENT, 50, late)
    )
    (found,) = blood_counts(record)
    assert found.neutrophils is not None
    assert found.neutrophils.number == Decimal("1.5")


# ---------------------------------------------------------------- words and evidence


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("20", "count.exactly"),
        ("<20", "count.less_than"),
        ("<=20", "count.at_most"),
        (">20", "count.more_than"),
        (">=20", "count.at_least"),
    ],
)
def test_a_comparator_is_never_dropped_in_words(written, key):
    assert amount(result(PLT, written)).key == key


def test_evidence_names_value_comparator_unit_and_date():
    seen = count_evidence([result(PLT, "<20", 1), result(HB, 84, 1), result(HB, 84, None)])
    assert [(e.value, e.unit, e.date) for e in seen] == [
        ("<20", "10*9/L", "2026-03-01"),
        (84, "g/L", "2026-03-01"),
        (84, "g/L", None),
    ]


def test_a_count_is_said_with_every_line_and_its_day():
    (found,) = blood_counts(a_record(count(84, 31, "0.8", retic=12)))
    said = dict(count_said(found).values)
    lines = said["lines"]
    assert isinstance(lines, tuple)
    assert said["day"] == days_ago(1)
    assert [line.key for line in lines] == [
        "count.haemoglobin",
        "count.platelets_in_row",
        "count.neutrophils_in_row",
        "count.reticulocytes",
    ]


def test_a_line_is_said_with_its_day():
    assert dict(dated_line(result(HB, 84, 0)).values)["day"] == TODAY
    assert dict(dated_line(result(HB, 84, None)).values)["day"] is None
