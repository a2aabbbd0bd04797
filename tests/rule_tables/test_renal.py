"""Renal function for ciclosporin, replayed over all creatinines (titration.md 5.1, DECISIONS 30)."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from cds_service.rules.answers.renal_answers import RenalState
from cds_service.trials.nct06802055.patient_state.kidney.egfr import ckd_epi_2021
from fhir_mappings.clinical_model.calendar import on_day, read_when
from fhir_mappings.clinical_model.known_unknown import Known, Part, Sex, Unknown, WhyUnknown
from fhir_mappings.clinical_model.results import Analyte, Result
from fhir_mappings.clinical_model.studies import StudyState
from tests.builders import ZONE, a_record, dispense, nobody, result, unreadable
from tests.dosing import RULES, enrolled, kidney
from tests.tables import Case, cases, named


def cr(umol: str | int, ago: Any = 1, upper: int | None = 200) -> Result:
    """A creatinine; the upper limit is out of the way unless a test is about it."""
    high = Decimal(upper) if upper else None
    return result(Analyte.CREATININE, umol, ago, high=high)


BEFORE = (cr(60, 75), cr(60, 65))
YOUNG = {"birth_date": Known(on_day(date(2000, 1, 1)))}
"""At 26 years even a doubled creatinine of 60 leaves the eGFR of a woman above 30."""


def state(*facts: Any, **fields: Any) -> RenalState:
    return kidney(a_record(enrolled(start=60), *BEFORE, *facts, **(YOUNG | fields))).state


# ---------------------------------------------------------------- eGFR


@pytest.mark.parametrize(
    "case",
    cases("""
    umol   | age | sex    | egfr
    61.89  | 43  | female | 110.0
    70     | 43  | female | 94.9
    79.58  | 50  | male   | 104.0
    100    | 50  | male   | 79.1
    150    | 65  | female | 33.3
    250    | 65  | male   | 24.0
    40     | 30  | male   | 145.0
    88.42  | 50  | male   | 91.7
    88.42  | 50  | female | 68.6
"""),
    ids=lambda c: f"{c['umol']} {c['age']} {c['sex']}",
)
def test_egfr_follows_the_published_equation(case: Case) -> None:
    found = ckd_epi_2021(Decimal(case["umol"]), int(case["age"]), female=case["sex"] == "female")
    assert abs(found - Decimal(case["egfr"])) <= Decimal("0.2")
    assert found == found.quantize(Decimal("0.1"))


@pytest.mark.parametrize(
    "fields",
    [
        {"sex": Unknown(WhyUnknown.MISSING)},
        {"sex": Known(Sex.OTHER)},
        {"birth_date": Unknown(WhyUnknown.MISSING)},
        {"birth_date": Known(on_day(date(2010, 1, 1)))},
    ],
)
def test_without_sex_age_or_adulthood_there_is_no_egfr_and_no_normal(fields: dict[str, Any]) -> None:
    found = kidney(a_record(enrolled(), *BEFORE, cr(60), **fields))
    assert (found.egfr, found.state) == (None, RenalState.UNKNOWN)


def test_a_partial_birth_date_gives_the_more_careful_egfr() -> None:
    partial = kidney(a_record(cr(60), birth_date=Known(read_when("1982", ZONE))))
    eldest = kidney(a_record(cr(60), birth_date=Known(on_day(date(1982, 1, 1)))))
    assert partial.egfr == eldest.egfr


def test_men_and_women_differ() -> None:
    woman, man = (kidney(a_record(cr(100), sex=Known(sex))).egfr for sex in (Sex.FEMALE, Sex.MALE))
    assert woman is not None
    assert man is not None
    assert woman < man


# ---------------------------------------------------------------- one value


@pytest.mark.parametrize(
    "case",
    cases("""
    what                       | umol  | state
    at the baseline            | 60    | NORMAL
    just below 1.25            | 74.99 | NORMAL
    1.25 x baseline            | 75    | WATCH
    just below 1.30            | 77.99 | WATCH
    1.30 x baseline            | 78    | IMPAIRED
    just below 1.5             | 89.99 | IMPAIRED
    1.5 x baseline             | 90    | AKI
"""),
    ids=named,
)
def test_a_creatinine_is_judged_by_its_ratio_to_the_baseline(case: Case) -> None:
    assert state(cr(case["umol"])).name == case["state"]


@pytest.mark.parametrize(
    "case",
    cases("""
    what                          | egfr | state
    above 60                      | 60.0 | UNKNOWN
    below 60                      | 59.9 | IMPAIRED
    30 is not below 30            | 30.0 | IMPAIRED
    below 30                      | 29.9 | AKI
"""),
    ids=named,
)
def test_the_egfr_decides_without_a_baseline(case: Case) -> None:
    """A creatinine is looked for that gives exactly this eGFR."""
    umol = next(
        n for n in range(500, 4000) if ckd_epi_2021(Decimal(n) / 10, 43, female=True) == Decimal(case["egfr"])
    )
    found = kidney(a_record(enrolled(), cr(str(Decimal(umol) / 10), upper=900)))
    assert found.baseline is None
    assert (str(found.egfr), found.state.name) == (case["egfr"], case["state"])


@pytest.mark.parametrize(
    "case",
    cases("""
    what                               | first | ago | umol | upper | state
    at the upper limit                 | -     | -   | 70   | 70    | NORMAL
    above it once                      | -     | -   | 71   | 70    | WATCH
    above it twice in 6 days           | 71    | 7   | 71   | 70    | WATCH
    above it over 7 days               | 71    | 8   | 71   | 70    | IMPAIRED
    normal in between                  | 70    | 8   | 71   | 70    | WATCH
    no upper limit on record           | -     | -   | 60   | -     | UNKNOWN
"""),
    ids=named,
)
def test_above_the_normal_range_once_is_watched_and_twice_is_impairment(case: Case) -> None:
    upper = None if case["upper"] == "-" else int(case["upper"])
    facts = [cr(case["umol"], 1, upper)]
    if case["first"] != "-":
        facts.append(cr(case["first"], int(case["ago"]), upper))
    assert state(*facts).name == case["state"]


@pytest.mark.parametrize(("first", "found"), [(7, RenalState.WATCH), (8, RenalState.IMPAIRED)])
def test_a_rise_of_a_quarter_that_lasts_a_week_is_impairment(first: int, found: RenalState) -> None:
    assert state(cr(75, first), cr(76, 1)) is found
    assert state(cr(75, first), cr(60, 4), cr(76, 1)) is RenalState.WATCH


@pytest.mark.parametrize(
    "case",
    cases("""
    what                            | earlier                   | umol | state
    26.5 in 48 hours                | 2026-02-27T08:00:00+08:00 | 86.5 | AKI
    26.4 in 48 hours                | 2026-02-27T08:00:00+08:00 | 86.4 | IMPAIRED
    26.5 in more than 48 hours      | 2026-02-27T07:59:00+08:00 | 86.5 | IMPAIRED
    dates alone, two days apart     | 2026-02-27                | 86.5 | AKI
    dates alone, three days apart   | 2026-02-26                | 86.5 | IMPAIRED
"""),
    ids=named,
)
def test_a_fast_rise_is_acute_injury(case: Case) -> None:
    now = "2026-03-01T08:00:00+08:00" if "T" in case["earlier"] else "2026-03-01"
    assert state(cr(60, case["earlier"]), cr(case["umol"], now)).name == case["state"]


def test_a_fast_rise_needs_no_baseline() -> None:
    found = kidney(a_record(enrolled(), cr(40, 3), cr("66.5", 1), **YOUNG))
    assert (found.baseline, found.state) == (None, RenalState.AKI)


# ---------------------------------------------------------------- baseline


@pytest.mark.parametrize(
    "case",
    cases("""
    what                                  | first | second | baseline
    both in the 90 days                   | 150   | 61     | 65
    one of them too old                   | 151   | 61     | -
    on the day of the start itself        | 150   | 60     | -
    only one                              | 70    | -      | -
"""),
    ids=named,
)
def test_the_baseline_is_the_median_of_the_90_days_before(case: Case) -> None:
    facts = [cr(60, int(case["first"])), cr(66, 1)]
    if case["second"] != "-":
        facts.append(cr(70, int(case["second"])))
    found = kidney(a_record(enrolled(start=60), *facts))
    assert found.baseline == (None if case["baseline"] == "-" else Decimal(case["baseline"]))


def test_the_baseline_ends_with_the_first_study_dose() -> None:
    facts = (enrolled(start=60), dispense("sirolimus", 2, ago=30), cr(60, 50), cr(66, 31), cr(70, 1))
    assert kidney(a_record(*facts)).baseline == 63


def test_an_odd_number_has_a_middle() -> None:
    facts = (enrolled(start=60), cr(60, 80), cr(90, 75), cr(62, 70), cr(62, 1))
    assert kidney(a_record(*facts)).baseline == 62


def test_a_single_value_above_normal_without_a_baseline_decides_nothing() -> None:
    assert kidney(a_record(cr(71, 1, 70), **YOUNG)).state is RenalState.UNKNOWN


def test_without_a_study_there_is_no_baseline() -> None:
    found = kidney(a_record(*BEFORE, cr(60)))
    assert (found.baseline, found.state) == (None, RenalState.UNKNOWN)


# ---------------------------------------------------------------- the course


@pytest.mark.parametrize(
    "case",
    cases("""
    what                                             | values                                | state
    impaired, then one value at the baseline         | 80@30 60@1                            | IMPAIRED
    recovered over 13 days                           | 80@30 66@14 66@1                      | IMPAIRED
    recovered over 14 days                           | 80@30 66@15 66@1                      | RECOVERED
    1.10 x baseline is still recovered               | 80@30 60@15 66@1                      | RECOVERED
    just above 1.10, but stable                      | 80@30 66.01@15 66.01@1                | STABILISED
    one high value in between                        | 80@30 60@20 80@10 60@1                | IMPAIRED
    stable over 14 days                              | 80@15 88@1                            | STABILISED
    stable over 13 days                              | 80@14 88@1                            | IMPAIRED
    more than 10 % apart                             | 79@15 87@1                            | IMPAIRED
    stable, then worse                               | 80@30 80@15 89@1                      | IMPAIRED
    stable, then better, not yet recovered           | 80@30 80@15 70@1                      | STABILISED
    recovered, then a little up                      | 80@40 60@30 60@15 70@1                | RECOVERED
    recovered, then impaired again                   | 80@40 60@30 60@15 80@1                | IMPAIRED
    recovered, then acute                            | 80@40 60@30 60@15 90@1                | AKI
    never impaired: normal, not recovered            | 60@30 60@15 60@1                      | NORMAL
    watched, then back                               | 76@15 60@1                            | NORMAL
    acute, then one value below                      | 95@10 80@1                            | AKI
    acute, then two values a day apart               | 95@10 80@2 80@1                       | AKI
    acute, then two values two days apart            | 95@10 80@3 80@1                       | IMPAIRED
    acute, then straight to the baseline for 14 days | 95@30 60@16 60@1                      | RECOVERED
    acute, then back up                              | 95@10 80@4 95@3 80@1                  | AKI
    acute and stable is still acute                  | 95@20 95@1                            | AKI
"""),
    ids=named,
)
def test_the_course_of_creatinine_leads_to_a_state(case: Case) -> None:
    facts = [cr(value.split("@")[0], int(value.split("@")[1])) for value in case["values"].split()]
    assert state(*facts).name == case["state"]


def test_kidneys_impaired_at_entry_start_as_impaired() -> None:
    found = kidney(a_record(enrolled(start=5), cr(110, 40), cr(110, 20), cr(110, 1)))
    assert found.state is RenalState.IMPAIRED
    assert found.egfr is not None
    assert 50 < found.egfr < 60


def test_kidneys_impaired_at_entry_may_prove_stable_later() -> None:
    values = (cr(110, 80), cr(110, 70), cr(122, 15), cr(122, 1))
    assert kidney(a_record(enrolled(start=60), *values)).state is RenalState.STABILISED


# ---------------------------------------------------------------- age, order, readability


@pytest.mark.parametrize(("ago", "found"), [(14, RenalState.NORMAL), (15, RenalState.UNKNOWN)])
def test_a_state_needs_a_creatinine_of_the_last_14_days(ago: int, found: RenalState) -> None:
    assert state(cr(60, ago)) is found


def test_what_only_new_values_can_end_is_remembered() -> None:
    for umol, last in ((80, RenalState.IMPAIRED), (95, RenalState.AKI), (60, RenalState.UNKNOWN)):
        found = kidney(a_record(enrolled(), *BEFORE, cr(umol, 20), **YOUNG))
        assert (found.state, found.last, found.age_days) == (RenalState.UNKNOWN, last, 20)
        assert found.seen.key == "renal.seen.old"


def test_no_creatinine_is_no_state() -> None:
    found = kidney(nobody())
    assert (found.state, found.seen.key, found.rule) == (
        RenalState.UNKNOWN,
        "renal.seen.none",
        RULES["CSA-REN"],
    )


def test_results_that_could_not_be_read_leave_normal_kidneys_unproven() -> None:
    hidden = unreadable(Part.OBSERVATIONS)
    assert kidney(nobody(**hidden)).seen.key == "renal.seen.unread"
    assert state(cr(60), **hidden) is RenalState.UNKNOWN
    assert state(cr(80), **hidden) is RenalState.IMPAIRED


def test_two_values_of_one_moment_count_once_and_the_higher() -> None:
    assert kidney(a_record(enrolled(), *BEFORE, cr(60), cr(80), **YOUNG)).creatinine == 80
    assert kidney(a_record(enrolled(), *BEFORE, cr(80), cr(60), **YOUNG)).creatinine == 80


def test_what_is_no_creatinine_of_a_day_is_left_out() -> None:
    odd = (cr(0), cr(-5), cr(900, "2026-02"), cr(900, -1), cr(900, "2026-03-02T09:30:00+08:00"))
    assert state(cr(60, 2), *odd) is RenalState.NORMAL
    assert state(cr(60, 2), cr(900, 400)) is RenalState.NORMAL


@pytest.mark.parametrize(
    ("values", "rising"),
    [((60, 61, 62), True), ((60, 62, 62), False), ((62, 61, 63), False), ((60, 61), False)],
)
def test_a_second_rise_in_a_row_is_told(values: tuple[int, ...], rising: bool) -> None:
    facts = [cr(umol, 10 - i) for i, umol in enumerate(values)]
    assert kidney(a_record(enrolled(), *facts)).rising is rising


def test_the_evidence_is_the_newest_creatinine() -> None:
    newest = cr(60, 1)
    found = kidney(a_record(enrolled(), *BEFORE, newest))
    assert [e.reference for e in found.evidence] == [newest.reference]
    assert (found.creatinine, found.baseline, found.age_days) == (60, 60, 1)


def test_a_patient_who_is_not_enrolled_has_kidneys_too() -> None:
    screening = enrolled(state=StudyState.SCREENING, start=10)
    assert kidney(a_record(screening, cr(60, 20), cr(60, 12), cr(60, 1), **YOUNG)).state is RenalState.NORMAL
