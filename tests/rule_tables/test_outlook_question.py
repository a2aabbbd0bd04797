"""What is asked of a forecaster, and whom nothing is asked about: plain facts in, no model involved."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.rules.answers.dosing_answers import State, TitrationDecision
from cds_service.rules.answers.forecast_answer import (
    CovariateSeen,
    ModelFit,
    ModelOutlook,
    NoForecast,
    Outlook,
    OutlookQuestion,
    drawing,
)
from cds_service.trials.nct06802055.assess import assess, load_protocol
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.known_unknown import Known, Sex, Unknown, WhyUnknown
from fhir_mappings.clinical_model.medications import MedicationSource, MedicationStatus
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte, LevelDetails, Reading, SampleTiming, Specimen
from tests.builders import (
    NOW,
    TODAY,
    a_record,
    count,
    days_ago,
    dispense,
    given,
    level,
    medication,
    result,
    when,
)
from tests.dosing import enrolled

PROTOCOL = load_protocol()
ON_SIROLIMUS = (
    enrolled(Arm.SIROLIMUS, 60),
    *count(95, 60, "1.2", 3),
    result(Analyte.ALT, 25, 3),
    medication("sirolimus", 2, start=40),
    dispense("sirolimus", 2, ago=40, days=60),
)


class Asked:
    """A forecaster that keeps the question."""

    def __init__(self) -> None:
        self.questions: list[OutlookQuestion] = []

    def __call__(self, question: OutlookQuestion) -> Outlook:
        self.questions.append(question)
        return Outlook(question.today + timedelta(days=14))


def told(
    *facts: Any, record: ClinicalRecord | None = None
) -> tuple[TitrationDecision, list[OutlookQuestion]]:
    """The first decision with its outlook, and what was asked."""
    asked = Asked()
    chart = record or a_record(*ON_SIROLIMUS, *facts)
    found = assess(chart, NOW, replace(PROTOCOL, forecaster=asked)).titration
    return found[0], asked.questions


def question(*facts: Any) -> OutlookQuestion:
    """The one question about sirolimus."""
    decision, (found,) = told(*facts)
    assert decision.outlook
    return found


def test_without_a_forecaster_nothing_stands_beside_a_decision() -> None:
    found = assess(a_record(*ON_SIROLIMUS, level("sirolimus", 6)), NOW, PROTOCOL).titration
    assert found[0].outlook is None


@pytest.mark.parametrize("value", ["3.2", "6", "12.5"])
def test_a_forecast_changes_nothing_that_was_decided(value: str) -> None:
    chart = a_record(*ON_SIROLIMUS, level("sirolimus", value))
    plain = assess(chart, NOW, PROTOCOL).titration
    with_outlook = assess(chart, NOW, replace(PROTOCOL, forecaster=Asked())).titration
    assert tuple(replace(decision, outlook=None) for decision in with_outlook) == plain
    assert with_outlook[0].outlook


def test_the_present_dose_the_proposed_one_and_their_neighbours_are_asked_about() -> None:
    assert [d.amount_mg for d in question(level("sirolimus", "3.2")).doses] == [1, 2, 3]
    decision, (asked,) = told(
        record=a_record(
            *ON_SIROLIMUS[:-2],
            medication("sirolimus", 1, start=40),
            dispense("sirolimus", 1, ago=40, days=60),
            level("sirolimus", 6),
        )
    )
    assert decision.state is State.CONTINUE
    assert [d.amount_mg for d in asked.doses] == [1, 2]
    assert asked.band == (Decimal(4), Decimal(12))


def test_a_dose_outside_the_record_is_not_asked_about() -> None:
    decision, (asked,) = told(
        record=a_record(
            *ON_SIROLIMUS[:-2],
            medication("sirolimus", 5, start=40),
            dispense("sirolimus", 5, ago=40, days=60),
            level("sirolimus", 6),
        )
    )
    assert decision.state is State.DECREASE
    assert [d.amount_mg for d in asked.doses] == [2, 3]


def test_every_dose_is_told_from_its_day_to_the_next() -> None:
    asked = question(
        medication("sirolimus", 1, start=50, end=None, status=MedicationStatus.COMPLETED),
        dispense("sirolimus", 1, ago=50, days=10),
        level("sirolimus", 6),
    )
    assert [(run.first, run.until, run.mg) for run in asked.runs] == [
        (days_ago(50), days_ago(40), Decimal(1)),
        (days_ago(40), TODAY, Decimal(2)),
    ]


def test_levels_come_with_their_hours_where_the_last_dose_is_documented() -> None:
    asked = question(
        given("sirolimus", 2, f"{days_ago(9)}T12:00:00+08:00"),
        level("sirolimus", 5, f"{days_ago(8)}T11:30:00+08:00"),
        level("sirolimus", 6, f"{days_ago(1)}T11:30:00+08:00"),
        level("sirolimus", "<0.5", 20),
    )
    assert [(s.day, s.ng_per_ml, s.hours_after_dose, s.below) for s in asked.levels] == [
        (days_ago(20), Decimal("0.5"), None, True),
        (days_ago(8), Decimal(5), 23.5, False),
        (days_ago(1), Decimal(6), None, False),
    ]


@pytest.mark.parametrize(
    ("value", "more"),
    [
        ("7", {"level": LevelDetails(timing=SampleTiming.POST_DOSE)}),
        ("7", {"level": LevelDetails(specimen=Specimen.SERUM_OR_PLASMA)}),
        (">30", {}),
        ("0", {}),
    ],
)
def test_a_level_that_is_no_measure_of_exposure_is_left_out(value: str, more: dict[str, Any]) -> None:
    asked = question(level("sirolimus", 6, 1), level("sirolimus", value, 12, **more))
    assert [s.day for s in asked.levels] == [days_ago(1)]


@pytest.mark.parametrize("reading", [one for one in Reading if one is not Reading.USABLE])
def test_only_a_result_that_may_be_used_is_told(reading: Reading) -> None:
    facts = (level("sirolimus", 6, 1), result(Analyte.HAEMATOCRIT, 27, 3))
    unusable = tuple(
        replace(one, reading=reading)
        for one in (level("sirolimus", 7, 9), result(Analyte.HAEMATOCRIT, 31, 9))
    )
    asked = question(*facts, *unusable)
    assert (asked.levels, asked.covariates) == (question(*facts).levels, question(*facts).covariates)


@pytest.mark.parametrize(
    ("given_at", "hours"),
    [
        ((f"{days_ago(3)}T11:30:00+08:00",), 48.0),
        ((f"{days_ago(3)}T11:29:00+08:00",), None),
        ((f"{days_ago(1)}T11:29:00+08:00",), pytest.approx(1 / 60)),
        ((f"{days_ago(1)}T11:30:00+08:00",), None),
        ((f"{days_ago(1)}T11:31:00+08:00", f"{days_ago(2)}T11:30:00+08:00"), 24.0),
        ((), None),
    ],
    ids=[
        "48 hours",
        "more",
        "a minute",
        "with the dose",
        "the one before, not the one after",
        "none on record",
    ],
)
def test_the_hours_are_those_since_the_last_dose_before_at_most_two_days(
    given_at: tuple[str, ...], hours: float | None
) -> None:
    asked = question(
        level("sirolimus", 6, f"{days_ago(1)}T11:30:00+08:00"),
        *(given("sirolimus", 2, moment) for moment in given_at),
    )
    assert [seen.hours_after_dose for seen in asked.levels] == [hours]


def test_a_level_of_a_day_alone_has_no_hours() -> None:
    asked = question(level("sirolimus", 6, 1), given("sirolimus", 2, f"{days_ago(2)}T11:30:00+08:00"))
    assert [seen.hours_after_dose for seen in asked.levels] == [None]


def test_the_assay_is_told() -> None:
    asked = question(
        level("sirolimus", 6, 1, level=LevelDetails(method="HPLC/MS")), level("sirolimus", 7, 9, level=None)
    )
    assert [seen.method for seen in asked.levels] == [None, "HPLC/MS"]


@pytest.mark.parametrize(
    ("ago", "counts"), [("2026-02", False), (None, False), (-1, False), (0, True), (39, True), (40, False)]
)
def test_a_level_counts_from_the_day_after_the_first_dose_until_today(ago: Any, counts: bool) -> None:
    asked = question(
        level("sirolimus", 6, 1),
        replace(level("sirolimus", 7, ago or 9), when=ago if ago is None else when(ago)),
    )
    assert len(asked.levels) == 1 + counts


@pytest.mark.parametrize(
    ("ago", "counts"), [("2026-02", False), (None, False), (-1, False), (0, True), (400, True)]
)
def test_a_covariate_counts_of_one_day_until_today(ago: Any, counts: bool) -> None:
    one = replace(result(Analyte.HAEMATOCRIT, 31, 9), when=ago if ago is None else when(ago))
    assert ("haematocrit_percent" in question(level("sirolimus", 6, 1), one).covariates) is counts


@pytest.mark.parametrize("source", MedicationSource)
def test_a_held_order_tells_of_a_held_course_and_a_statement_that_no_dose_is_taken(
    source: MedicationSource,
) -> None:
    held = medication("sirolimus", 3, start=50, source=source, status=MedicationStatus.ON_HOLD)
    decision, _ = told(level("sirolimus", 6), held)
    assert decision.outlook
    interrupted = source in (MedicationSource.ORDER, MedicationSource.STATEMENT)
    assert (decision.outlook.none_because is NoForecast.COURSE_INTERRUPTED) is interrupted


def test_a_level_without_details_counts_and_one_of_a_month_does_not() -> None:
    asked = question(
        level("sirolimus", 6, 1), level("sirolimus", 7, 9, level=None), level("sirolimus", 7, "2026-02")
    )
    assert [s.day for s in asked.levels] == [days_ago(9), days_ago(1)]


def test_covariates_are_told_with_their_days() -> None:
    asked = question(
        level("sirolimus", 6),
        result(Analyte.HAEMATOCRIT, 27, 30),
        result(Analyte.HAEMATOCRIT, 31, 3),
        result(Analyte.HAEMATOCRIT, "<10", 2),
        result(Analyte.WEIGHT, 60, 3),
        result(Analyte.CREATININE, 70, 3),
        result(Analyte.CREATININE, 0, 2),
    )
    assert asked.covariates["haematocrit_percent"] == (
        CovariateSeen(days_ago(30), 27.0),
        CovariateSeen(days_ago(3), 31.0),
    )
    assert asked.covariates["age"] == (CovariateSeen(None, 43.0),)
    assert asked.covariates["ciclosporin_daily_mg"] == (CovariateSeen(None, 0.0),)
    (clearance,) = asked.covariates["creatinine_clearance"]
    assert clearance.value == pytest.approx((140 - 43) * 60 * 1.04 / 70)
    assert "ast_u_l" not in asked.covariates


@pytest.mark.parametrize(
    ("name", "analyte"),
    [
        ("haematocrit_percent", Analyte.HAEMATOCRIT),
        ("ast_u_l", Analyte.AST),
        ("weight_kg", Analyte.WEIGHT),
        ("cholesterol_mmol_l", Analyte.CHOLESTEROL),
    ],
)
def test_each_covariate_is_told_as_its_number_alone(name: str, analyte: Analyte) -> None:
    in_words = replace(result(analyte, 31, 2), number=None)
    asked = question(level("sirolimus", 6), result(analyte, 42, 3), in_words)
    assert asked.covariates[name] == (CovariateSeen(days_ago(3), 42.0),)


def test_without_birth_date_or_sex_nothing_is_made_up() -> None:
    facts = (
        *ON_SIROLIMUS,
        level("sirolimus", 6),
        result(Analyte.WEIGHT, 60, 3),
        result(Analyte.CREATININE, 70, 3),
    )
    unknown = Unknown(WhyUnknown.MISSING)
    _, (no_birth,) = told(record=a_record(*facts, birth_date=unknown))
    assert {"age", "creatinine_clearance"} & no_birth.covariates.keys() == set()
    _, (no_sex,) = told(record=a_record(*facts, sex=unknown))
    assert "creatinine_clearance" not in no_sex.covariates
    _, (man,) = told(record=a_record(*facts, sex=Known(Sex.MALE)))
    assert man.covariates["creatinine_clearance"][0].value == pytest.approx((140 - 43) * 60 * 1.23 / 70)


def _both(*facts: Any, mg: int = 75) -> ClinicalRecord:
    return a_record(
        enrolled(Arm.COMBINED, 60),
        *ON_SIROLIMUS[1:],
        medication("ciclosporin", mg, 12, start=40),
        dispense("ciclosporin", mg, 12, ago=40, days=60),
        result(Analyte.CREATININE, 60, 80, high=Decimal(110)),
        result(Analyte.CREATININE, 60, 70, high=Decimal(110)),
        result(Analyte.CREATININE, 62, 2, high=Decimal(110)),
        level("sirolimus", 6),
        *facts,
    )


def test_ciclosporin_is_told_to_the_model_of_sirolimus_and_asked_about_itself() -> None:
    _, (sirolimus, ciclosporin) = told(record=_both(level("ciclosporin", 150)))
    assert sirolimus.covariates["ciclosporin_daily_mg"] == (
        CovariateSeen(days_ago(40), 150.0),
        CovariateSeen(None, 150.0),
    )
    assert ciclosporin.drug == Drug.CICLOSPORIN
    assert [d.amount_mg for d in ciclosporin.doses] == [50, 75, 100]
    assert "ciclosporin_daily_mg" not in ciclosporin.covariates


def test_a_ciclosporin_dose_that_is_not_known_is_not_told() -> None:
    chart = a_record(
        enrolled(Arm.COMBINED, 60),
        *ON_SIROLIMUS[1:],
        medication("ciclosporin", 75, 12, start=40),
        level("sirolimus", 6),
    )
    _, asked = told(record=chart)
    assert "ciclosporin_daily_mg" not in asked[0].covariates


def test_where_the_kidneys_rule_there_is_no_target_and_no_forecast() -> None:
    creatinine = result(Analyte.CREATININE, 90, 1, high=Decimal(110))
    found = assess(_both(level("ciclosporin", 150), creatinine), NOW, replace(PROTOCOL, forecaster=Asked()))
    assert [decision.outlook is None for decision in found.titration] == [False, True]


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ((level("sirolimus", 6), medication("fluconazole", 200, start=20)), NoForecast.INTERACTING_DRUG),
        (
            (level("sirolimus", 6), medication("sirolimus", 3, start=50, status=MedicationStatus.ON_HOLD)),
            NoForecast.COURSE_INTERRUPTED,
        ),
        ((), NoForecast.NO_LEVEL),
    ],
)
def test_whom_no_model_studied_has_no_forecast_and_is_told_why(
    facts: tuple[Any, ...], why: NoForecast
) -> None:
    decision, asked = told(*facts)
    assert asked == []
    assert decision.outlook
    assert decision.outlook.none_because is why


def test_nothing_is_said_beside_a_hold() -> None:
    decision, asked = told(level("sirolimus", 21))
    assert decision.state is State.HOLD
    assert (decision.outlook, asked) == (None, [])


GOES_ON = {State.CONTINUE, State.INCREASE, State.DECREASE, State.RECHECK, State.AT_CAP_BELOW_TARGET}


@pytest.mark.parametrize("state", State)
def test_a_forecast_stands_beside_a_dose_that_goes_on_or_is_changed_and_no_other(state: State) -> None:
    chart = a_record(*ON_SIROLIMUS, level("sirolimus", 6))
    case = assess(chart, NOW, replace(PROTOCOL, forecaster=Asked()))
    (decided,) = case.with_outlooks((replace(case.decisions[0], state=state),))
    assert (decided.outlook is not None) is (state in GOES_ON)


@pytest.mark.parametrize("lacking", ["target", "current"])
def test_without_a_target_or_a_dose_there_is_none(lacking: str) -> None:
    asked = Asked()
    case = assess(a_record(*ON_SIROLIMUS, level("sirolimus", 6)), NOW, replace(PROTOCOL, forecaster=asked))
    (decided,) = case.with_outlooks((replace(case.decisions[0], **{lacking: None}),))
    assert (decided.outlook, asked.questions) == (None, [])


def test_a_stated_dose_of_today_has_no_run_yet() -> None:
    stated = medication("sirolimus", 2, start=0, source=MedicationSource.STATEMENT)
    chart = a_record(
        *ON_SIROLIMUS[:-2], medication("sirolimus", 2, start=0), stated, level("sirolimus", 6, 0)
    )
    decision, asked = told(record=chart)
    assert asked == []
    assert decision.outlook is None or decision.outlook.none_because is NoForecast.NO_LEVEL


@pytest.mark.parametrize(("weight", "stretched"), [(1, True), (0, False)])
def test_only_a_model_that_speaks_stretches_a_forecast(weight: int, stretched: bool) -> None:
    model = ModelOutlook("m", "somebody", Decimal(weight), ModelFit.STRETCHED)
    assert Outlook(TODAY, models=(model,)).is_stretched is stretched


def test_only_a_page_asks_for_the_course_to_the_trough() -> None:
    plain, drawn = Asked(), Asked()
    chart = a_record(*ON_SIROLIMUS, level("sirolimus", 6))
    for forecaster in (plain, drawing(drawn)):
        assert assess(chart, NOW, replace(PROTOCOL, forecaster=forecaster)).titration
    assert [one.hourly for one in plain.questions] == [False]
    assert drawn.questions == [replace(one, hourly=True) for one in plain.questions]
