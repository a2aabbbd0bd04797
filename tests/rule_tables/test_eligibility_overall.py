"""The twenty criteria together (DECISIONS 16): the status, T0, and what is still to be asked."""

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.rules.answers.criteria_answers import Basis, EligibilityDecision, EligibilityStatus, Finding
from cds_service.rules.answers.trial_part import Participation
from cds_service.rules.thresholds import Origin, ProtocolTextFault, read_limits, read_rules, read_topic
from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.criteria.eligibility import index_date, judge_criteria, open_questions
from cds_service.trials.nct06802055.criteria.eligibility_limits import IDS, EligibilityLimits
from cds_service.trials.nct06802055.criteria.preliminary_facts import opened_by_preliminary
from cds_service.trials.nct06802055.patient_state.blood.counts import CountLimits
from cds_service.trials.nct06802055.prior_ciclosporin.ciclosporin_courses import read_failure_limits
from fhir_mappings.clinical_model.calendar import on_day
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.diagnoses import Certainty, Course
from fhir_mappings.clinical_model.known_unknown import Known, Part, Sex
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte, Reading
from fhir_mappings.clinical_model.studies import ConsentState, StudyState
from tests.builders import (
    NOW,
    TODAY,
    a_record,
    count,
    days_ago,
    diagnosis,
    dispense,
    nobody,
    result,
    unreadable,
)
from tests.builders import attested as form
from tests.rule_tables.eligibility_cases import CRITERIA, LIMITS, consent, done, study

COUNTS = read_limits(CountLimits, "counts")
FAILURE = read_failure_limits()
RULES = read_rules("eligibility")
NOBODY = Participation(StudyState.NONE)
Status = EligibilityStatus

AA = diagnosis(Concept.AA_ACQUIRED)
NEGATIVES = tuple(
    result(a, "negative", 20)
    for a in (Analyte.HIV_SEROLOGY, Analyte.HBSAG, Analyte.ANTI_HBC, Analyte.ANTI_HCV)
)
ANSWERS: dict[str, Any] = {"I2": True, "I4.2": True, "I5": True, "I7": True, "I8": 1} | {
    f"E{n}": False for n in range(1, 13)
}
COUNT = count(hb=72, plt=18, anc="0.6")
PREGNANCY_TEST = result(Analyte.HCG_QUALITATIVE, "negative", 3)


def judged(record: ClinicalRecord, participation: Participation = NOBODY) -> EligibilityDecision:
    return judge_criteria(record, NOW, participation, LIMITS, COUNTS, FAILURE, RULES)


def candidate(*more: Any, without: str = "", **more_fields: Any) -> ClinicalRecord:
    answers = {k: v for k, v in ANSWERS.items() if k != without}
    return a_record(AA, COUNT, PREGNANCY_TEST, *NEGATIVES, form(2, **answers), *more, **more_fields)


# ---------------------------------------------------------------- completeness


def test_there_are_twenty_criteria_in_the_order_of_the_trial_record() -> None:
    decision = judged(nobody())
    assert [c.id for c in decision.criteria] == list(IDS)
    assert set(CRITERIA) == set(IDS) - {"I3", "I4"}
    assert [c.is_inclusion for c in decision.criteria] == [True] * 8 + [False] * 12


def test_every_criterion_has_its_rule_with_the_sentence_of_the_trial_record() -> None:
    assert list(RULES) == list(IDS)
    assert all(rule.origin is Origin.TRIAL_RECORD for rule in RULES.values())
    assert judged(nobody()).criterion("E3").rule.source.endswith("clone >= 50%")


def test_only_the_numbers_of_the_trial_record_are_called_so() -> None:
    limits = read_topic("eligibility")["limit"]
    from_the_record = {name: limits[name]["value"] for name in limits if limits[name]["origin"] == "P"}
    assert from_the_record == {
        "adult_age": 18,
        "ecog_highest": 2,
        "pnh_clone_percent": 50,
        "malignancy_years": 5,
        "other_trial_months": 3,
    }


@pytest.mark.parametrize("order", [(*IDS, "I1"), (*IDS[:-1], "E13")])
def test_an_order_of_questions_that_names_one_twice_or_none_there_is_refused_at_the_start(
    order: tuple[str, ...],
) -> None:
    values = {name: getattr(LIMITS, name) for name in EligibilityLimits.__struct_fields__}
    with pytest.raises(ProtocolTextFault, match="question_order"):
        EligibilityLimits(**(values | {"question_order": order}))


def test_a_criterion_that_the_order_of_questions_leaves_out_is_asked_last_in_the_order_of_the_record() -> (
    None
):
    named = tuple(n for n in LIMITS.question_order if n not in ("E9", "I8"))
    asked = open_questions(judged(nobody()).criteria, replace(LIMITS, question_order=named))
    assert [c.id for c in asked][-3:] == ["I7", "I8", "E9"]


def test_a_silent_chart_answers_none_of_the_twenty() -> None:
    decision = judged(nobody())
    assert {c.finding.verdict for c in decision.criteria} == {Verdict.UNKNOWN}
    assert all(c.finding.question and c.finding.missing for c in decision.criteria)
    assert not any(c.settled or c.excludes for c in decision.criteria)


# ---------------------------------------------------------------- status


def test_twenty_settled_in_favour_wait_for_the_investigator() -> None:
    decision = judged(candidate())
    assert [c.id for c in decision.criteria if not c.settled] == []
    assert (decision.status, decision.open_questions) == (Status.ELIGIBLE_PENDING, ())


@pytest.mark.parametrize("number", [n for n in ANSWERS if n not in ("I8", "I4.2", "E3", "E11")])
def test_one_answer_missing_is_one_question(number: str) -> None:
    decision = judged(candidate(without=number))
    assert (decision.status, [c.id for c in decision.open_questions]) == (Status.UNDETERMINED, [number])


@pytest.mark.parametrize(
    ("barred", "number"),
    [
        pytest.param(diagnosis(Concept.THROMBOSIS, ago=1), "E10", id="an exclusion present"),
        pytest.param(result(Analyte.ECOG, 3), "I8", id="an inclusion not met"),
        pytest.param(result(Analyte.PNH_GRANULOCYTES, 62), "E3", id="a large clone"),
        pytest.param(dispense("sirolimus", 2, ago=1), "E5", id="previous sirolimus"),
    ],
)
def test_one_fact_that_bars_is_enough_and_nothing_is_left_to_ask(barred: Any, number: str) -> None:
    decision = judged(candidate(barred, without="E4"))
    assert decision.status is Status.INELIGIBLE
    assert decision.criterion(number).excludes
    assert decision.open_questions == ()


@pytest.mark.parametrize(
    ("record", "status"),
    [
        pytest.param(a_record(), Status.NOT_A_CANDIDATE, id="no aplastic anaemia"),
        pytest.param(a_record(diagnosis(Concept.MDS)), Status.NOT_A_CANDIDATE, id="no AA, though MDS"),
        pytest.param(a_record(diagnosis(Concept.PURE_RED_CELL_APLASIA)), Status.NOT_A_CANDIDATE, id="PRCA"),
        pytest.param(
            a_record(diagnosis(Concept.PANCYTOPENIA_UNSPECIFIED)), Status.NOT_A_CANDIDATE, id="D61.818"
        ),
        pytest.param(a_record(AA), Status.UNDETERMINED, id="acquired"),
        pytest.param(a_record(diagnosis(Concept.AA_GENERIC)), Status.UNDETERMINED, id="generic"),
        pytest.param(
            a_record(diagnosis(Concept.AA_ANTINEOPLASTIC)), Status.UNDETERMINED, id="antineoplastic"
        ),
        pytest.param(
            a_record(diagnosis(Concept.AA_GENERIC, by_text_only=True)), Status.UNDETERMINED, id="words only"
        ),
        pytest.param(
            a_record(diagnosis(Concept.AA_ACQUIRED, course=Course.HISTORY)),
            Status.UNDETERMINED,
            id="historical",
        ),
        pytest.param(
            a_record(diagnosis(Concept.AA_GENERIC, certainty=Certainty.PROVISIONAL)),
            Status.UNDETERMINED,
            id="provisional",
        ),
        pytest.param(a_record(diagnosis(Concept.AA_CONGENITAL)), Status.INELIGIBLE, id="congenital"),
        pytest.param(a_record(AA, deceased=True), Status.NOT_A_CANDIDATE, id="deceased"),
        pytest.param(candidate(deceased=True), Status.NOT_A_CANDIDATE, id="deceased, all settled"),
        pytest.param(
            a_record(**unreadable(Part.CONDITIONS)), Status.UNDETERMINED, id="no problem list to be had"
        ),
    ],
)
def test_who_is_a_candidate(record: ClinicalRecord, status: EligibilityStatus) -> None:
    decision = judged(record)
    assert decision.status is status
    assert bool(decision.open_questions) == (status is Status.UNDETERMINED)


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (StudyState.ENROLLED, Status.ALREADY_ENROLLED),
        (StudyState.COMPLETED, Status.ALREADY_ENROLLED),
        (StudyState.SCREENING, Status.ELIGIBLE_PENDING),
        (StudyState.WITHDRAWN, Status.ELIGIBLE_PENDING),
        (StudyState.NONE, Status.ELIGIBLE_PENDING),
        (StudyState.UNKNOWN, Status.UNDETERMINED),
    ],
)
def test_participation_comes_before_the_criteria(state: StudyState, status: EligibilityStatus) -> None:
    assert judged(candidate(), Participation(state)).status is status


def test_the_enrolled_stay_enrolled_whatever_the_criteria_say() -> None:
    barred = a_record(diagnosis(Concept.AA_CONGENITAL), deceased=True)
    assert judged(barred, Participation(StudyState.ENROLLED)).status is Status.ALREADY_ENROLLED


def test_one_who_left_the_trial_is_not_met_on_consent() -> None:
    left = study(StudyState.WITHDRAWN, 60, 1, ours=True)
    assert judged(candidate(left), Participation(StudyState.WITHDRAWN)).status is Status.INELIGIBLE


# ---------------------------------------------------------------- T0


ENROLLED = Participation(StudyState.ENROLLED, start=days_ago(60))
GIVEN = ConsentState.GIVEN


@pytest.mark.parametrize(
    ("facts", "participation", "t0"),
    [
        pytest.param([], NOBODY, TODAY, id="not enrolled"),
        pytest.param([consent(GIVEN, 70)], Participation(StudyState.SCREENING), TODAY, id="screening"),
        pytest.param([consent(GIVEN, 70)], ENROLLED, days_ago(70), id="enrolled: the day of consent"),
        pytest.param([consent(GIVEN, 70), consent(GIVEN, 9)], ENROLLED, days_ago(70), id="consented again"),
        pytest.param([consent(GIVEN, None)], ENROLLED, days_ago(60), id="consent undated"),
        pytest.param([consent(GIVEN, "2025-12")], ENROLLED, days_ago(60), id="consent dated to the month"),
        pytest.param([consent(GIVEN, 70, for_trial=False)], ENROLLED, days_ago(60), id="another consent"),
        pytest.param([consent(ConsentState.INACTIVE, 70)], ENROLLED, days_ago(60), id="consent inactive"),
        pytest.param([consent(GIVEN, -5)], ENROLLED, days_ago(60), id="consent of next week"),
        pytest.param([], Participation(StudyState.COMPLETED), TODAY, id="no date at all"),
    ],
)
def test_t0_is_today_or_for_the_enrolled_the_day_of_consent(
    facts: list[Any], participation: Participation, t0: date
) -> None:
    assert index_date(a_record(*facts), NOW, participation) == t0


def test_what_came_after_enrolment_does_not_change_the_criteria() -> None:
    since = (diagnosis(Concept.THROMBOSIS, ago=5), dispense("sirolimus", 2, ago=50), done(Concept.HSCT, 4))
    entry = study(StudyState.ENROLLED, 60, ours=True)
    decision = judged(a_record(AA, entry, *since), ENROLLED)
    assert not any(decision.criterion(n).excludes for n in ("E10", "E5", "E4"))


# ---------------------------------------------------------------- questions


def _asked(record: ClinicalRecord) -> list[str]:
    return [c.id for c in judged(record).open_questions]


def test_questions_come_in_the_reviewed_order() -> None:
    asked = _asked(a_record(AA))
    assert asked == [n for n in LIMITS.question_order if n in asked]
    assert asked[:2] == ["I4", "I3"]
    assert asked.index("E8") < asked.index("I2")  # a laboratory settles it before a person is asked


def test_twins_are_asked_once_with_both_numbers() -> None:
    decision = judged(a_record(AA))
    asked = {c.id: c for c in decision.open_questions}
    assert "E11" not in asked
    assert "E2" not in asked
    assert asked["I6"].finding.question
    assert asked["I6"].finding.question.key == "criterion.I6.question_with_E11"
    assert asked["E1"].finding.question
    assert asked["E1"].finding.question.key == "criterion.E1.question_with_E2"
    assert decision.criterion("E2").finding.question


@pytest.mark.parametrize(("settled", "left"), [("E1", "E2"), ("E2", "E1")])
def test_a_twin_whose_other_is_settled_is_asked_alone(settled: str, left: str) -> None:
    asked = {c.id: c for c in judged(a_record(AA, form(1, **{settled: False}))).open_questions}
    assert settled not in asked
    assert asked[left].finding.question
    assert asked[left].finding.question.key == f"criterion.{left}.question"


def test_an_old_large_clone_is_asked_about_before_anything_else() -> None:
    assert _asked(a_record(AA, result(Analyte.PNH_GRANULOCYTES, 60, 300)))[0] == "E3"
    assert _asked(a_record(AA, result(Analyte.PNH_GRANULOCYTES, 10, 300)))[0] == "I4"


def test_what_speaks_against_the_patient_is_asked_before_all_else() -> None:
    doubt = diagnosis(Concept.MALIGNANCY_HISTORY, ago=30)
    assert _asked(a_record(AA, doubt))[:2] == ["E9", "I4"]
    old_clone = result(Analyte.PNH_GRANULOCYTES, 60, 300)
    assert _asked(a_record(AA, doubt, old_clone))[:3] == ["E3", "E9", "I4"]


def test_infection_and_bleeding_are_asked_in_one_question_unless_one_has_a_fact_of_its_own() -> None:
    asked = {c.id: c for c in judged(a_record(AA)).open_questions}
    assert "E7" not in asked
    assert asked["I5"].finding.question
    assert asked["I5"].finding.question.key == "criterion.I5.question_with_E7"
    assert {"I5", "E7"} <= set(_asked(a_record(AA, diagnosis(Concept.BLEEDING, ago=5))))


def test_a_study_that_could_not_be_identified_is_named_beside_the_criteria() -> None:
    other = replace(study(StudyState.ENROLLED, 30), this_trial=None, title="A new drug, phase II")
    decision = judged(a_record(AA, other), Participation(StudyState.UNKNOWN))
    (reason,) = decision.also_open
    assert "A new drug, phase II" in repr(reason)
    (reason,) = judged(a_record(AA), Participation(StudyState.UNKNOWN)).also_open
    assert reason.key == "eligibility.participation.not_told"
    assert judged(a_record(AA)).also_open == ()


def test_a_man_is_not_asked_about_pregnancy() -> None:
    assert "I6" not in _asked(a_record(AA, sex=Known(Sex.MALE)))


def test_intolerance_and_severe_harm_can_stand_together() -> None:
    record = candidate(form(1, **{"I4.2": True, "E6": True}))
    decision = judged(record)
    assert dict(decision.criterion("I4").finding.parts)["I4.2"] is Verdict.MET
    assert decision.criterion("E6").excludes
    assert decision.status is Status.INELIGIBLE


def test_a_girl_of_seventeen_is_ineligible_whatever_else_holds() -> None:
    girl = replace(candidate(), birth_date=Known(on_day(date(2008, 3, 3))))
    assert judged(girl).status is Status.INELIGIBLE


# ---------------------------------------------------------------- preliminary results


EARLY = {"reading": Reading.PRELIMINARY}


@pytest.mark.parametrize(
    ("early", "number"),
    [
        pytest.param(result(Analyte.HCV_RNA, "1000000", 1, **EARLY), "E8", id="HCV RNA"),
        pytest.param(result(Analyte.HIV_SEROLOGY, "positive", 1, **EARLY), "E8", id="HIV screen"),
        pytest.param(result(Analyte.PNH_GRANULOCYTES, "62", 1, **EARLY), "E3", id="a large clone"),
        pytest.param(result(Analyte.BLOOD_CULTURE, "positive", 1, **EARLY), "I5", id="a blood culture"),
        pytest.param(result(Analyte.HCG, "300", 0, **EARLY), "I6", id="hCG"),
    ],
)
def test_a_preliminary_result_opens_what_it_would_speak_against_and_bars_nothing(
    early: Any, number: str
) -> None:
    """It was drawn after the answers; it decides nothing, and none who has it is let in (DECISIONS 49, 88)."""
    decision = judged(candidate(early))
    opened = decision.criterion(number)
    assert (decision.status, opened.finding.verdict) == (Status.UNDETERMINED, Verdict.UNKNOWN)
    assert "PRELIMINARY" in opened.finding.missing
    assert opened.finding.against
    assert opened.finding.question
    assert "eligibility.seen.preliminary" in repr(opened.finding.seen)


@pytest.mark.parametrize(
    "early",
    [
        result(Analyte.HCV_RNA, "negative", 1, **EARLY),
        result(Analyte.PNH_GRANULOCYTES, "49.9", 1, **EARLY),
        result(Analyte.BLOOD_CULTURE, "positive", 8, **EARLY),
        result(Analyte.POTASSIUM, "6.5", 1, **EARLY),
    ],
    ids=["HCV RNA not found", "a small clone", "an old culture", "no criterion's test"],
)
def test_a_preliminary_result_that_speaks_against_nothing_changes_nothing(early: Any) -> None:
    assert judged(candidate(early)).status is Status.ELIGIBLE_PENDING


def test_a_preliminary_count_as_bad_as_those_before_changes_nothing() -> None:
    bad = tuple(replace(r, reading=Reading.PRELIMINARY) for r in count(hb=70, plt=12, anc="0.3", ago=1))
    assert judged(candidate(*bad)).status is Status.ELIGIBLE_PENDING


def test_only_the_part_that_would_move_is_open() -> None:
    """Ciclosporin failed, and 4.2 stays as it is; a preliminary count would show a response."""
    (early,) = count(hb=130, ago=1)
    record = a_record(replace(early, reading=Reading.PRELIMINARY))

    def judge(chart: ClinicalRecord) -> dict[str, Finding]:
        failed = Verdict.MET if chart is record else Verdict.NOT_MET
        parts = (("I4.1", failed), ("I4.2", Verdict.NOT_MET))
        return {"I4": Finding(failed, Basis.DATA, say("criterion.E11.male"), parts=parts)}

    (opened,) = opened_by_preliminary(record, judge, judge(record)).values()
    assert opened.verdict is Verdict.UNKNOWN
    assert opened.parts == (("I4.1", Verdict.UNKNOWN), ("I4.2", Verdict.NOT_MET))
