"""Safety of an enrolled patient: each threshold from both sides, who is concerned, how loud it is."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.rules.answers.alerts import SafetyReport
from cds_service.rules.answers.dosing_answers import Trough, Validity
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.rules.thresholds import ProtocolTextFault
from cds_service.trials.nct06802055.assess import load_protocol
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseStatus
from cds_service.trials.nct06802055.safety.result_text import result_evidence, shown_result
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import Evidence, Gap, Known, Lost, Part, Sex
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte, Reading
from fhir_mappings.clinical_model.studies import StudyState
from tests.builders import a_record, count, days_ago, level, medication, result, transfused, unreadable
from tests.rule_tables.enrolled import BOTH, SIROLIMUS_ONLY, dose, kidney, patient, reviewed, said
from tests.tables import cases, named

S, C = Drug.SIROLIMUS, Drug.CICLOSPORIN
ALONE = Arm.SIROLIMUS


def expected(findings: str) -> list[str]:
    return [] if findings == "none" else findings.split("; ")


def found(record: ClinicalRecord, arm: Arm | None = Arm.COMBINED, **more: Any) -> list[str]:
    return said(reviewed(record, arm, **more).alerts)


def doubted(report: SafetyReport) -> list[Drug]:
    return [drug for drug, _ in report.doubtful]


def lost(kind: str, **more: Any) -> Gap:
    """An entry of this type that cannot be used, and what it may have been."""
    return Gap("ENTRY_UNREADABLE", f"{kind}/x", lost=(Lost(kind, "something", **more),))


def test_a_quiet_chart_has_no_finding() -> None:
    assert reviewed(a_record()) == SafetyReport()


@pytest.mark.parametrize("status", [s for s in StudyState if s is not StudyState.ENROLLED])
def test_only_an_enrolled_patient_is_reviewed(status: StudyState) -> None:
    record = a_record(result(Analyte.POTASSIUM, "6.8"))
    assert reviewed(record, participation=patient(status=status)) == SafetyReport()


@pytest.mark.parametrize(
    "case",
    cases("""
    case                              | analyte        | value | arm      | finding
    potassium just under the edge     | potassium      | 5.49  | combined | none
    potassium on the edge             | potassium      | 5.5   | combined | SAF-K warning REPEAT_TEST ciclosporin
    potassium just under critical     | potassium      | 5.99  | combined | SAF-K warning REPEAT_TEST ciclosporin
    potassium critical                | potassium      | 6.0   | combined | SAF-K6 critical HOLD ciclosporin
    potassium above the range         | potassium      | >6.0  | combined | SAF-K6 critical HOLD ciclosporin
    potassium without ciclosporin     | potassium      | 5.9   | alone    | none
    critical without ciclosporin      | potassium      | 6.0   | alone    | SAF-K6 critical TREAT -
    magnesium on the edge             | magnesium      | 0.6   | combined | none
    magnesium just under the edge     | magnesium      | 0.59  | combined | SAF-MG warning TREAT ciclosporin
    magnesium without ciclosporin     | magnesium      | 0.4   | alone    | none
    triglycerides normal              | triglycerides  | 1.71  | alone    | none
    triglycerides grade 1             | triglycerides  | 1.72  | alone    | SAF-TG info TREAT sirolimus
    triglycerides top of grade 1      | triglycerides  | 3.42  | alone    | SAF-TG info TREAT sirolimus
    triglycerides grade 2             | triglycerides  | 3.43  | alone    | SAF-TG warning TREAT sirolimus
    triglycerides top of grade 2      | triglycerides  | 5.7   | alone    | SAF-TG warning TREAT sirolimus
    triglycerides grade 3             | triglycerides  | 5.71  | alone    | SAF-TG warning HOLD sirolimus
    triglycerides grade 4             | triglycerides  | 11.5  | alone    | SAF-TG warning HOLD sirolimus
    cholesterol below grade 2         | cholesterol    | 7.75  | alone    | none
    cholesterol grade 2               | cholesterol    | 7.76  | alone    | SAF-CHOL warning TREAT sirolimus
    cholesterol top of grade 2        | cholesterol    | 10.34 | alone    | SAF-CHOL warning TREAT sirolimus
    cholesterol grade 3               | cholesterol    | 10.35 | alone    | SAF-CHOL warning HOLD sirolimus
    glucose just under the edge       | glucose        | 6.99  | alone    | none
    glucose on the edge               | glucose        | 7.0   | alone    | SAF-GLUC info INFORM_STUDY_TEAM -
    ALT 3 x the site's limit          | alt            | 120   | alone    | none
    ALT above 3 x                     | alt            | 121   | alone    | SAF-LIVER warning REDUCE sirolimus
    ALT 5 x                           | alt            | 200   | alone    | SAF-LIVER warning REDUCE sirolimus
    ALT above 5 x                     | alt            | 201   | alone    | SAF-LIVER warning HOLD sirolimus
    ALT below quantification          | alt            | <5    | alone    | none
    AST 3 x                           | ast            | 120   | alone    | none
    AST above 3 x                     | ast            | 121   | alone    | SAF-LIVER warning REDUCE sirolimus
    bilirubin 1.5 x the site's limit  | bilirubin      | 31.5  | alone    | none
    bilirubin above 1.5 x             | bilirubin      | 31.6  | alone    | SAF-BILI warning REPEAT_TEST sirolimus
    bilirubin 3 x                     | bilirubin      | 63    | alone    | SAF-BILI warning REPEAT_TEST sirolimus
    bilirubin above 3 x               | bilirubin      | 63.1  | alone    | SAF-BILI warning HOLD sirolimus
    UPCR just under 1 g/g             | urine_protein_creatinine | 999  | alone | none
    UPCR 1 g/g                        | urine_protein_creatinine | 1000 | alone | SAF-PROT warning REPEAT_TEST sirolimus
    UPCR 2 g/g                        | urine_protein_creatinine | 2000 | alone | SAF-PROT warning HOLD sirolimus
    UPCR 3.5 g/g                      | urine_protein_creatinine | 3500 | alone | SAF-PROT warning STOP_REVIEW sirolimus
    dipstick one plus                 | urine_protein_dipstick   | 1+   | alone | none
    dipstick two plusses              | urine_protein_dipstick   | ++   | alone | SAF-PROT warning REPEAT_TEST sirolimus
    PNH clone just under 50 %         | pnh_granulocytes | 49.99 | alone  | none
    PNH clone 50 %                    | pnh_granulocytes | 50.0  | alone  | SAF-PNH warning STOP_REVIEW sirolimus
    monocytes alone                   | pnh_monocytes    | 62    | alone  | SAF-PNH warning STOP_REVIEW sirolimus
    HBsAg negative                    | hbsag            | negative | alone | none
    HBsAg positive                    | hbsag            | positive | alone | SAF-VIRUS warning STOP_REVIEW sirolimus
    HBV DNA detected                  | hbv_dna          | 340      | alone | SAF-VIRUS warning STOP_REVIEW sirolimus
    blood culture positive            | blood_culture    | positive | alone | SAF-CULTURE warning HOLD sirolimus
    blood culture negative            | blood_culture    | negative | alone | none
    breastfeeding                     | breastfeeding_status | positive | alone | SAF-BREAST warning REVIEW -
    not breastfeeding                 | breastfeeding_status | negative | alone | none
    """),
    ids=named,
)
def test_each_threshold_from_both_sides(case: dict[str, str]) -> None:
    written = case["value"]
    analyte = Analyte(case["analyte"])
    plus = analyte is Analyte.URINE_PROTEIN_DIPSTICK
    one = replace(result(analyte, None if plus else written), as_written=written)
    one = replace(one, reading=Reading.USABLE)
    arm = ALONE if case["arm"] == "alone" else Arm.COMBINED
    assert found(a_record(one), arm) == expected(case["finding"])


@pytest.mark.parametrize(
    ("analyte", "value", "grade"),
    [
        (Analyte.TRIGLYCERIDES, "3.42", 1),
        (Analyte.TRIGLYCERIDES, "5.7", 2),
        (Analyte.TRIGLYCERIDES, "11.4", 3),
        (Analyte.TRIGLYCERIDES, "11.41", 4),
        (Analyte.CHOLESTEROL, "10.34", 2),
        (Analyte.CHOLESTEROL, "12.92", 3),
        (Analyte.CHOLESTEROL, "12.93", 4),
    ],
)
def test_the_grade_of_a_lipid_is_told(analyte: Analyte, value: str, grade: int) -> None:
    (alert,) = reviewed(a_record(result(analyte, value)), ALONE).alerts
    assert dict(alert.seen.values)["grade"] == grade


def test_bilirubin_concerns_ciclosporin_above_twice_the_limit() -> None:
    for value, rules in (("42", ["SAF-BILI"]), ("42.1", ["SAF-BILI", "SAF-BILI-CSA"])):
        alerts = reviewed(a_record(result(Analyte.BILIRUBIN, value))).alerts
        assert [a.rule.id for a in alerts] == rules


def test_the_reports_own_limit_goes_before_the_sites() -> None:
    high = result(Analyte.ALT, 121, high=Decimal(60))
    assert found(a_record(high), ALONE) == []
    (alert,) = reviewed(a_record(result(Analyte.ALT, 181, high=Decimal(60))), ALONE).alerts
    assert dict(alert.seen.values)["limit"] == say("safety.uln.own", limit=Decimal(60))


def test_a_potassium_that_may_or_may_not_be_critical_keeps_ciclosporin_from_rising() -> None:
    report = reviewed(a_record(result(Analyte.POTASSIUM, ">5.6")))
    assert said(report.alerts) == ["SAF-K warning REPEAT_TEST ciclosporin"]
    assert doubted(report) == [C]


@pytest.mark.parametrize(("ago", "told"), [(28, True), (29, False)])
def test_an_old_result_says_nothing_about_now(ago: int, told: bool) -> None:
    assert bool(found(a_record(result(Analyte.POTASSIUM, "6.4", ago)))) is told


def test_a_newer_normal_result_takes_the_finding_back() -> None:
    record = a_record(result(Analyte.POTASSIUM, "6.4", 3), result(Analyte.POTASSIUM, "4.4", 1))
    assert found(record) == []


def test_of_results_of_one_day_without_a_time_the_worse_one_stands() -> None:
    two = (result(Analyte.POTASSIUM, "6.4", 1), result(Analyte.POTASSIUM, "4.4", 1))
    assert found(a_record(*two)) == ["SAF-K6 critical HOLD ciclosporin"]
    timed = (
        result(Analyte.POTASSIUM, "6.4", "2026-03-01T06:00:00+08:00"),
        result(Analyte.POTASSIUM, "4.4", "2026-03-01T18:00:00+08:00"),
    )
    assert found(a_record(*timed)) == []


def test_a_result_of_tomorrow_does_not_exist_yet() -> None:
    assert found(a_record(result(Analyte.POTASSIUM, "6.4", "2026-03-03"))) == []


# ---------------------------------------------------------------- levels, kidney


def test_a_dangerous_level_holds_its_drug() -> None:
    high = level("sirolimus", "22.4")
    assert found(a_record(high), dangerous={S: high, C: None}) == ["SAF-SRL-LEVEL critical HOLD sirolimus"]
    high = level("ciclosporin", ">400")
    assert found(a_record(high), dangerous={C: high}) == ["SAF-CSA-LEVEL critical HOLD ciclosporin"]


@pytest.mark.parametrize(
    ("value", "ago", "told"), [("15", 2, False), ("15.01", 2, True), ("15.01", 29, False)]
)
def test_a_high_level_beside_a_toxicity_asks_for_a_hold(value: str, ago: int, told: bool) -> None:
    levels = {S: Trough(Validity.VALID, Decimal(value), day=days_ago(ago))}
    record = a_record(result(Analyte.TRIGLYCERIDES, 4))
    assert ("SAF-SRL-TOX warning HOLD sirolimus" in found(record, levels=levels)) is told
    assert found(a_record(), levels=levels) == []


def test_acute_kidney_injury_holds_ciclosporin_and_without_it_is_reviewed() -> None:
    injured = kidney(RenalState.AKI)
    assert found(a_record(), renal=injured) == ["SAF-AKI critical HOLD ciclosporin"]
    assert found(a_record(), ALONE, renal=injured) == ["SAF-AKI critical REVIEW -"]


def test_an_injury_does_not_heal_because_its_creatinine_grew_old() -> None:
    unknown = kidney(RenalState.UNKNOWN, last=RenalState.AKI)
    assert found(a_record(), renal=unknown) == ["SAF-AKI critical HOLD ciclosporin"]


@pytest.mark.parametrize(
    "case",
    cases("""
    case                          | mg  | days | rising | told
    a month after the reduction   | 50  | 30   | yes    | yes
    a day less                    | 50  | 29   | yes    | no
    not rising                    | 50  | 30   | no     | no
    not reduced                   | 50.01| 30   | yes    | no
    """),
    ids=named,
)
def test_creatinine_that_still_rises_a_month_after_the_reduction(case: dict[str, str]) -> None:
    taken = replace(dose(C, case["mg"]), since=days_ago(int(case["days"])))
    renal = kidney(RenalState.IMPAIRED, rising=case["rising"] == "yes")
    told = found(a_record(), doses={**BOTH, C: taken}, renal=renal)
    assert told == (["SAF-REN-STOP warning STOP_REVIEW ciclosporin"] if case["told"] == "yes" else [])


def test_without_a_known_ciclosporin_dose_there_is_no_reduction_to_judge() -> None:
    renal = kidney(RenalState.IMPAIRED, rising=True)
    assert found(a_record(), doses={S: dose(S, 2)}, renal=renal) == []


@pytest.mark.parametrize(
    "case",
    cases("""
    case                      | before | now     | told
    140/90 once               | 120/80 | 140/90  | no
    140 twice                 | 140/80 | 140/80  | yes
    90 twice                  | 120/90 | 120/90  | yes
    139.9/89.9 twice          | 139.99/89.99 | 139.99/89.99 | no
    159.9/99.9 once           | 120/80 | 159.99/99.99 | no
    160 once                  | 120/80 | 160/80  | yes
    100 once                  | 120/80 | 120/100 | yes
    high before, normal now   | 165/80 | 120/80  | no
    """),
    ids=named,
)
def test_blood_pressure_twice_or_severe_once(case: dict[str, str]) -> None:
    readings = []
    for ago, text in ((8, case["before"]), (1, case["now"])):
        high, low = text.split("/")
        readings += [result(Analyte.SYSTOLIC, high, ago), result(Analyte.DIASTOLIC, low, ago)]
    told = ["SAF-BP warning TREAT ciclosporin"] if case["told"] == "yes" else []
    assert found(a_record(*readings)) == told
    assert found(a_record(*readings), ALONE) == []


def test_an_old_blood_pressure_is_not_the_first_of_two() -> None:
    record = a_record(result(Analyte.SYSTOLIC, 150, 29), result(Analyte.SYSTOLIC, 150, 1))
    assert found(record) == []


# ---------------------------------------------------------------- blood counts


@pytest.mark.parametrize(
    "case",
    cases("""
    case                                     | line | before | now  | finding
    neutrophils halved and below 0.5         | anc  | 0.9    | 0.45 | SAF-ANC warning REPEAT_TEST sirolimus
    neutrophils halved, not below 0.5        | anc  | 1.0    | 0.5  | none
    neutrophils below 0.5, not halved        | anc  | 0.8    | 0.41 | none
    neutrophils newly below 0.2              | anc  | 0.4    | 0.19 | SAF-ANC warning HOLD sirolimus
    neutrophils halved to exactly 0.2        | anc  | 0.4    | 0.2  | SAF-ANC warning REPEAT_TEST sirolimus
    neutrophils below 0.2 from the beginning | anc  | 0.18   | 0.05 | SAF-ANC warning REPEAT_TEST sirolimus
    neutrophils none from the beginning      | anc  | 0      | 0    | none
    platelets halved and below 20            | plt  | 38     | 19   | SAF-PLT warning REPEAT_TEST sirolimus
    platelets halved, just below 20          | plt  | 40     | 19.99 | SAF-PLT warning REPEAT_TEST sirolimus
    platelets halved, not below 20           | plt  | 40     | 20   | none
    platelets below 20, not halved           | plt  | 25     | 13   | none
    platelets below 10                       | plt  | 12     | 9.99 | SAF-PLT warning REPEAT_TEST sirolimus
    platelets 10                             | plt  | 12     | 10   | none
    platelets below 10 without a baseline    | plt  | -      | 9    | SAF-PLT warning REPEAT_TEST sirolimus
    platelets 19 without a baseline          | plt  | -      | 19   | none
    """),
    ids=named,
)
def test_a_cytopenia_counts_by_its_fall_from_baseline(case: dict[str, str]) -> None:
    line = case["line"]
    before = count(**{line: case["before"]}, ago=62) if case["before"] != "-" else ()
    record = a_record(before, count(**{line: case["now"]}, ago=1))
    assert found(record, ALONE) == expected(case["finding"])


def test_a_count_from_long_before_the_study_is_no_baseline() -> None:
    told = found(a_record(count(plt=60, ago=60 + 29), count(plt=19, ago=1)), ALONE)
    assert told == []
    told = found(a_record(count(plt=60, ago=60 + 28), count(plt=19, ago=1)), ALONE)
    assert told == ["SAF-PLT warning REPEAT_TEST sirolimus"]


def test_without_day_one_there_is_no_baseline_to_fall_from() -> None:
    record = a_record(count(plt=60, ago=62), count(plt=19, ago=1))
    assert found(record, participation=patient(ALONE, days=None), doses=SIROLIMUS_ONLY) == []


@pytest.mark.parametrize(
    "case",
    cases("""
    case                         | before | ago | now | told
    down by 20 in four weeks     | 100    | 28  | 80  | yes
    down by 19.99                | 100    | 28  | 80.01 | no
    down by 20 in a day more     | 100    | 29  | 80  | no
    """),
    ids=named,
)
def test_a_fall_of_haemoglobin(case: dict[str, str]) -> None:
    record = a_record(count(hb=case["before"], ago=int(case["ago"])), count(hb=case["now"], ago=0))
    told = ["SAF-HB warning REVIEW -"] if case["told"] == "yes" else []
    assert found(record, ALONE) == told


@pytest.mark.parametrize(("before_count", "told"), [(14, False), (15, True), (-1, True)])
def test_haemoglobin_that_a_transfusion_had_raised_is_no_value_to_fall_from(
    before_count: int, told: bool
) -> None:
    given = transfused(Concept.RED_CELL_TRANSFUSION, 20 + before_count)
    record = a_record(count(hb=100, ago=20), given, count(hb=78, ago=0))
    assert bool(found(record, ALONE)) is told


def test_glucose_that_was_high_before_the_study_is_not_new() -> None:
    record = a_record(result(Analyte.GLUCOSE, 8, 70), result(Analyte.GLUCOSE, 8, 1))
    assert found(record, ALONE) == []


def test_a_clone_or_virus_found_before_the_study_is_for_eligibility() -> None:
    record = a_record(result(Analyte.PNH_GRANULOCYTES, 62, 61), result(Analyte.HBSAG, "positive", 61))
    assert found(record, ALONE) == []


def test_a_grown_clone_concerns_both_drugs() -> None:
    record = a_record(result(Analyte.PNH_GRANULOCYTES, 62), result(Analyte.HCV_RNA, "positive"))
    assert [line.split()[-1] for line in found(record)] == ["sirolimus", "ciclosporin"] * 2


def test_granulocytes_go_before_monocytes() -> None:
    record = a_record(result(Analyte.PNH_GRANULOCYTES, 30), result(Analyte.PNH_MONOCYTES, 62))
    assert found(record, ALONE) == []


def test_the_newer_of_ratio_and_dipstick_speaks() -> None:
    stick = replace(result(Analyte.URINE_PROTEIN_DIPSTICK, 3, 1), as_written="3+")
    ratio = result(Analyte.URINE_PROTEIN_CREATININE, 200, 5)
    assert found(a_record(stick, ratio), ALONE) == ["SAF-PROT warning REPEAT_TEST sirolimus"]
    ratio = result(Analyte.URINE_PROTEIN_CREATININE, 200, 1)
    assert found(a_record(stick, ratio), ALONE) == []


def test_a_dipstick_in_other_words_keeps_sirolimus_from_rising() -> None:
    stick = replace(result(Analyte.URINE_PROTEIN_DIPSTICK, 3), as_written="弱阳性")
    report = reviewed(a_record(stick), ALONE)
    assert (report.alerts, doubted(report)) == ((), [S])
    assert doubted(reviewed(a_record(result(Analyte.URINE_PROTEIN_DIPSTICK, "negative")), ALONE)) == []


def test_plusses_that_a_reader_could_not_read_are_read_here() -> None:
    def told(reading: Reading, ago: int = 1) -> bool:
        stick = replace(result(Analyte.URINE_PROTEIN_DIPSTICK, None, ago), as_written="+++", reading=reading)
        return bool(found(a_record(stick), ALONE))

    assert told(Reading.UNREADABLE)
    assert told(Reading.UNREADABLE, 56)
    assert not told(Reading.UNREADABLE, 57)
    assert not told(Reading.PRELIMINARY)


# ---------------------------------------------------------------- arm, duplicates, interactions


def test_ciclosporin_in_the_arm_of_sirolimus_alone_is_a_mismatch() -> None:
    (line,) = found(a_record(), ALONE, doses=BOTH)
    assert line == "ARM_MISMATCH warning REVIEW ciclosporin"
    conflicting = {**BOTH, C: dose(C, None, status=DoseStatus.CONFLICTING)}
    assert found(a_record(), ALONE, doses=conflicting) == [line]
    assert found(a_record(), None, doses=BOTH) == []


def test_an_active_order_of_ciclosporin_is_a_mismatch_even_where_no_dose_is_in_force() -> None:
    record = a_record(medication("ciclosporin", 75, 12, 20))
    assert found(record, ALONE) == ["ARM_MISMATCH warning REVIEW ciclosporin"]
    assert found(record, ALONE, doses={}) == ["ARM_MISMATCH warning REVIEW ciclosporin"]
    drops = a_record(medication("ciclosporin", 75, 12, 20, systemic=False))
    assert found(drops, ALONE) == []


def test_two_orders_of_the_same_amount_are_told_and_two_that_conflict_are_titrations_matter() -> None:
    twice = (Evidence("MedicationRequest/a"), Evidence("MedicationRequest/b"))
    doses = {**BOTH, S: dose(S, 2, duplicate_orders=twice)}
    assert found(a_record(), doses=doses) == ["DUPLICATE_ORDER warning CORRECT_ORDER sirolimus"]
    doses = {**BOTH, S: dose(S, 2, status=DoseStatus.CONFLICTING, duplicate_orders=twice)}
    assert found(a_record(), doses=doses) == []


@pytest.mark.parametrize(
    "case",
    cases("""
    partner         | arm      | findings
    voriconazole    | alone    | DDI-CRITICAL critical HOLD sirolimus
    voriconazole    | combined | DDI-CRITICAL critical HOLD sirolimus; DDI-AVOID warning MEASURE_LEVEL ciclosporin
    itraconazole    | combined | DDI-AVOID warning MEASURE_LEVEL -
    itraconazole    | alone    | DDI-AVOID warning MEASURE_LEVEL sirolimus
    simvastatin     | combined | DDI-CRITICAL critical AVOID ciclosporin
    simvastatin     | alone    | none
    bosentan        | combined | DDI-CRITICAL critical AVOID ciclosporin; DDI-CAUTION info MEASURE_LEVEL sirolimus
    dabigatran      | combined | DDI-CRITICAL critical AVOID ciclosporin
    st. john's wort | combined | DDI-CONTRA warning AVOID -
    tacrolimus      | combined | DDI-CONTRA warning AVOID ciclosporin; DDI-CAUTION info REPEAT_TEST sirolimus
    spironolactone  | combined | DDI-AVOID warning AVOID ciclosporin
    fluconazole     | combined | DDI-CAUTION info MEASURE_LEVEL -
    gentamicin      | combined | DDI-CAUTION info REPEAT_TEST ciclosporin
    atorvastatin    | combined | DDI-CAUTION info REVIEW ciclosporin
    enalapril       | combined | DDI-CAUTION info REVIEW sirolimus
    """),
    ids=lambda case: f"{case['partner']} {case['arm']}" if isinstance(case, dict) else None,
)
def test_an_interacting_drug_in_use(case: dict[str, str]) -> None:
    arm = ALONE if case["arm"] == "alone" else Arm.COMBINED
    told = found(a_record(medication(case["partner"], 100, 24, 5)), arm)
    assert told == expected(case["findings"])


def test_a_drug_stopped_lately_is_no_longer_in_use() -> None:
    record = a_record(medication("voriconazole", 200, 12, 20, end=medication("x", start=3).start))
    assert found(record, ALONE) == []


def test_a_pairs_own_source_is_shown() -> None:
    (alert,) = reviewed(a_record(medication("itraconazole", 100, 24, 5)), ALONE).alerts
    assert "7.2" in alert.rule.source


# ---------------------------------------------------------------- what cannot be read


@pytest.mark.parametrize("reading", [Reading.UNREADABLE, Reading.UNIT_UNUSABLE, Reading.PRELIMINARY])
def test_a_newest_result_that_cannot_be_read_keeps_its_drugs_from_rising(reading: Reading) -> None:
    old, new = (
        result(Analyte.POTASSIUM, "4.1", 5),
        replace(result(Analyte.POTASSIUM, "4.1", 2), reading=reading),
    )
    assert doubted(reviewed(a_record(old, new))) == [C]
    assert doubted(reviewed(a_record(old, new), ALONE)) == []
    assert doubted(reviewed(a_record(new, result(Analyte.POTASSIUM, "4.1", 1)))) == []


def test_a_test_not_done_is_no_doubt() -> None:
    assert doubted(reviewed(a_record(result(Analyte.POTASSIUM, None)))) == []


@pytest.mark.parametrize(("ago", "doubt"), [(28, [C]), (29, [])])
def test_an_unreadable_result_of_long_ago_is_no_doubt(ago: int, doubt: list[Drug]) -> None:
    old = replace(result(Analyte.CREATININE, 80, ago), reading=Reading.UNREADABLE)
    assert doubted(reviewed(a_record(old))) == doubt


def test_a_readable_result_listed_on_the_same_day_settles_a_doubt_only_when_taken_later() -> None:
    def pair(first: Any, second: Any) -> ClinicalRecord:
        unread = replace(result(Analyte.ALT, 30, first), reading=Reading.UNIT_UNUSABLE)
        return a_record(unread, result(Analyte.ALT, 30, second))

    assert doubted(reviewed(pair(1, 1), ALONE)) == [S]
    early, late = "2026-03-01T06:00:00+08:00", "2026-03-01T18:00:00+08:00"
    assert doubted(reviewed(pair(early, late), ALONE)) == []
    assert doubted(reviewed(pair(late, early), ALONE)) == [S]


def test_an_unreadable_pregnancy_test_is_no_doubt_in_a_man() -> None:
    unread = replace(result(Analyte.HCG, 3), reading=Reading.UNREADABLE)
    assert doubted(reviewed(a_record(unread))) == [S, C]
    assert doubted(reviewed(a_record(unread, sex=Known(Sex.MALE)))) == []


def test_a_part_of_the_chart_that_could_not_be_had_keeps_every_drug_from_rising() -> None:
    assert doubted(reviewed(a_record(**unreadable(Part.CONDITIONS)))) == [S, C]
    assert doubted(reviewed(a_record(**unreadable(Part.CONSENTS)))) == []


@pytest.mark.parametrize(
    ("gap", "drugs"),
    [
        (lost("Condition", concepts=("infection",)), [S, C]),
        (lost("Condition", concepts=("aplastic_anaemia.acquired",)), []),
        (lost("Observation", analytes=("sirolimus",)), [S]),
        (lost("Observation", analytes=("creatinine",)), [C]),
        (lost("Observation", analytes=("bilirubin",)), [S, C]),
        (lost("Observation", analytes=("ecog",)), []),
        (lost("Observation", analytes=("sirolimus",), latest=days_ago(28).isoformat()), [S]),
        (lost("Observation", analytes=("sirolimus",), latest=days_ago(29).isoformat()), []),
        (Gap("WRONG_PATIENT", "Condition/c1"), []),
    ],
)
def test_an_entry_that_is_there_and_cannot_be_used_is_a_doubt_and_is_told(
    gap: Gap, drugs: list[Drug]
) -> None:
    report = reviewed(a_record(gap))
    assert doubted(report) == drugs
    assert said(report.alerts) == ([f"SAF-UNREAD warning REVIEW {_whose(drugs)}"] if drugs else [])


def _whose(drugs: list[Drug]) -> str:
    return drugs[0].value if len(drugs) == 1 else "-"


def test_an_unread_result_is_no_doubt_where_the_test_has_a_newer_one() -> None:
    for ago, drugs in ((3, [S]), (2, [S]), (1, [])):
        newest = level("sirolimus", 7, ago)
        gap = lost("Observation", analytes=("sirolimus",), latest=days_ago(2).isoformat())
        assert doubted(reviewed(a_record(newest, gap))) == drugs


def test_a_dose_never_rises_beside_a_warning_that_asks_for_less() -> None:
    report = reviewed(a_record(result(Analyte.TRIGLYCERIDES, 6)), ALONE)
    assert said(report.alerts) == ["SAF-TG warning HOLD sirolimus"]
    assert doubted(report) == [S]


@pytest.mark.parametrize(
    ("written", "phrase"),
    [
        ("<25", say("safety.value.less", value=Decimal(25))),
        ("<=25", say("safety.value.atMost", value=Decimal(25))),
        (">25", say("safety.value.more", value=Decimal(25))),
        (">=25", say("safety.value.atLeast", value=Decimal(25))),
        ("25", Decimal(25)),
    ],
)
def test_a_comparator_is_told_with_the_value_and_kept_in_the_evidence(written: str, phrase: Any) -> None:
    one = result(Analyte.HCG, written)
    assert shown_result(one) == phrase
    assert str(result_evidence(one).value) == written
    assert result_evidence(one).unit == "[IU]/L"


def test_a_result_in_words_is_shown_as_it_was_written() -> None:
    one = result(Analyte.HBSAG, "positive")
    assert (shown_result(one), result_evidence(one).value) == ("positive", "positive")


def test_a_toxicity_that_only_informs_does_not_make_a_high_level_more_urgent() -> None:
    levels = {S: Trough(Validity.VALID, Decimal(18), day=days_ago(2))}
    assert found(a_record(result(Analyte.GLUCOSE, 9)), levels=levels) == ["SAF-GLUC info INFORM_STUDY_TEAM -"]


@pytest.mark.parametrize("limit", ["lost_bars_sirolimus", "lost_bars_ciclosporin", "lost_warns"])
def test_a_list_of_tests_names_tests_that_there_are(limit: str) -> None:
    with pytest.raises(ProtocolTextFault, match="there is no test 'sodium'"):
        load_protocol({f"safety.{limit}": ["potassium", "sodium"]})
