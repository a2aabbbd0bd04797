"""The schedule: due by arm and week, done, overdue, and what an event asks for beside the calendar."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.rules.answers.dosing_answers import Band, Recheck, State, Trough, Validity
from cds_service.rules.answers.follow_up import DueStatus
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseStatus, Stopped
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.clinical_model.results import Analyte, LevelDetails, Reading, SampleTiming
from fhir_mappings.clinical_model.studies import StudyState
from tests.builders import TODAY, a_record, count, days_ago, level, medication, result, unreadable, when
from tests.rule_tables.enrolled import BOTH, SIROLIMUS_ONLY, decision, dose, kidney, patient, scheduled
from tests.tables import cases, named

S, C = Drug.SIROLIMUS, Drug.CICLOSPORIN
ALONE = Arm.SIROLIMUS
FOR_BOTH_ARMS = {
    "sirolimus-trough",
    "creatinine",
    "potassium",
    "cbc",
    "alt",
    "lipids",
    "glucose",
    "urine-protein",
}


def test_each_arm_has_its_tests() -> None:
    assert set(scheduled(a_record(), ALONE)) == FOR_BOTH_ARMS
    assert set(scheduled(a_record(), Arm.COMBINED)) == FOR_BOTH_ARMS | {"ciclosporin-trough", "magnesium"}


@pytest.mark.parametrize("status", [s for s in StudyState if s is not StudyState.ENROLLED])
def test_only_an_enrolled_patient_has_a_schedule(status: StudyState) -> None:
    assert scheduled(a_record(), participation=patient(status=status)) == {}


def test_nothing_is_due_for_who_has_died() -> None:
    assert scheduled(a_record(deceased=True)) == {}


def test_without_day_one_nothing_has_a_date() -> None:
    items = scheduled(a_record(), participation=patient(days=None))
    assert {(i.due, i.status, i.seen.key) for i in items.values()} == {
        (None, DueStatus.NOT_YET, "schedule.noDayOne")
    }


def test_results_that_could_not_be_read_leave_every_test_open() -> None:
    items = scheduled(a_record(**unreadable(Part.OBSERVATIONS)))
    assert {(i.due, i.status, i.seen.key) for i in items.values()} == {
        (None, DueStatus.DUE, "schedule.unread")
    }


ANALYTES = {
    "creatinine": (Analyte.CREATININE,),
    "potassium": (Analyte.POTASSIUM,),
    "cbc": (Analyte.HAEMOGLOBIN, Analyte.PLATELETS),
    "alt": (Analyte.ALT,),
    "lipids": (Analyte.TRIGLYCERIDES, Analyte.CHOLESTEROL),
    "glucose": (Analyte.GLUCOSE,),
    "urine-protein": (Analyte.URINE_PROTEIN_DIPSTICK,),
    "sirolimus-trough": (Analyte.SIROLIMUS,),
    "ciclosporin-trough": (Analyte.CICLOSPORIN,),
}


@pytest.mark.parametrize(
    "case",
    cases("""
    case                          | test               | day | last | status
    first trough, day 6           | sirolimus-trough   | 6   | -    | not-yet
    first trough, day 7           | sirolimus-trough   | 7   | -    | due
    first trough, day 10          | sirolimus-trough   | 10  | -    | due
    first trough, day 11          | sirolimus-trough   | 11  | -    | overdue
    second trough, day 13         | sirolimus-trough   | 13  | 7    | done
    second trough, day 14         | sirolimus-trough   | 14  | 7    | due
    every two weeks, 13 days      | sirolimus-trough   | 40  | 27   | done
    every two weeks, 14 days      | sirolimus-trough   | 40  | 26   | due
    every two weeks, 17 days      | sirolimus-trough   | 40  | 23   | due
    every two weeks, 18 days      | sirolimus-trough   | 40  | 22   | overdue
    week 14 on, 27 days           | sirolimus-trough   | 120 | 93   | done
    week 14 on, 28 days           | sirolimus-trough   | 120 | 92   | due
    week 14 on, 43 days           | sirolimus-trough   | 140 | 97   | overdue
    ciclosporin, day 3            | ciclosporin-trough | 3   | -    | not-yet
    ciclosporin, day 4            | ciclosporin-trough | 4   | -    | due
    ciclosporin, day 8            | ciclosporin-trough | 8   | -    | overdue
    creatinine weekly             | creatinine         | 14  | 7    | due
    creatinine every two weeks    | creatinine         | 15  | 7    | done
    creatinine at two weeks       | creatinine         | 91  | 77   | due
    creatinine from week 14       | creatinine         | 92  | 77   | done
    creatinine monthly            | creatinine         | 105 | 77   | due
    after week 25                 | creatinine         | 176 | 149  | done
    blood count, 6 days           | cbc                | 30  | 24   | done
    blood count, 7 days           | cbc                | 30  | 23   | due
    blood count, 15 days          | cbc                | 30  | 15   | overdue
    blood count from week 14      | cbc                | 120 | 107  | done
    blood count monthly at last   | cbc                | 210 | 183  | done
    ALT, day 13                   | alt                | 13  | -    | not-yet
    ALT, day 14                   | alt                | 14  | -    | due
    lipids, day 28                | lipids             | 28  | -    | not-yet
    lipids, day 29                | lipids             | 29  | -    | due
    lipids every eight weeks      | lipids             | 120 | 65   | done
    glucose, 56 days              | glucose            | 120 | 64   | due
    urine protein, 64 days        | urine-protein      | 120 | 56   | overdue
    """),
    ids=named,
)
def test_due_by_the_week_of_the_study(case: dict[str, str]) -> None:
    day = int(case["day"])
    done = [
        result(analyte, 100, day - int(case["last"]))
        for analyte in ANALYTES[case["test"]]
        if case["last"] != "-"
    ]
    items = scheduled(a_record(*done), participation=patient(days=day - 1))
    assert items[case["test"]].status == case["status"]


def test_due_is_the_last_one_plus_the_interval() -> None:
    record = a_record(result(Analyte.CREATININE, 80, 40), result(Analyte.CREATININE, 80, 10))
    assert scheduled(record)["creatinine"].due == days_ago(-4)
    assert scheduled(a_record())["creatinine"].due == days_ago(60 - 7)


def test_a_result_from_before_day_one_does_not_count_as_done() -> None:
    item = scheduled(a_record(result(Analyte.CREATININE, 80, 5)), participation=patient(days=4))["creatinine"]
    assert (item.status, item.due) == (DueStatus.NOT_YET, days_ago(4 - 7))


def test_a_result_of_tomorrow_is_not_done() -> None:
    item = scheduled(a_record(result(Analyte.CREATININE, 80, "2026-03-03")))["creatinine"]
    assert item.status is DueStatus.OVERDUE


def test_a_result_that_cannot_be_read_is_not_done_unless_it_is_a_dipstick() -> None:
    unread = [
        replace(result(analyte, 5), reading=Reading.UNREADABLE)
        for analyte in (Analyte.POTASSIUM, Analyte.URINE_PROTEIN_DIPSTICK)
    ]
    items = scheduled(a_record(*unread))
    assert (items["potassium"].status, items["urine-protein"].status) == (DueStatus.OVERDUE, DueStatus.DONE)


def test_an_undated_result_is_not_done() -> None:
    undated = replace(result(Analyte.POTASSIUM, 5), when=None)
    assert scheduled(a_record(undated))["potassium"].status is DueStatus.OVERDUE


def test_half_a_blood_count_is_none() -> None:
    assert scheduled(a_record(count(hb=90)))["cbc"].status is DueStatus.OVERDUE
    assert scheduled(a_record(count(hb=90, plt=40)))["cbc"].status is DueStatus.DONE


def test_a_level_after_the_dose_is_no_trough() -> None:
    peak = level("ciclosporin", 800, 1, level=LevelDetails(timing=SampleTiming.POST_DOSE))
    assert scheduled(a_record(peak))["ciclosporin-trough"].status is DueStatus.OVERDUE


@pytest.mark.parametrize(
    "case",
    cases("""
    case                    | first | apart | second | days | status
    both inside the target  | 4     | 7     | 12     | 20   | done
    one outside             | 12.1  | 7     | 8      | 20   | overdue
    too close together      | 8     | 6     | 8      | 20   | overdue
    a value with a sign     | 8     | 7     | <8     | 20   | overdue
    due after four weeks    | 8     | 7     | 8      | 28   | due
    """),
    ids=named,
)
def test_two_troughs_in_range_make_the_next_one_due_in_four_weeks(case: dict[str, str]) -> None:
    days = int(case["days"])
    levels = (
        level("sirolimus", case["first"], days + int(case["apart"])),
        level("sirolimus", case["second"], days),
    )
    advice = decision(S, State.CONTINUE, target=Band(Decimal(4), Decimal(12)))
    assert scheduled(a_record(*levels), titration=(advice,))["sirolimus-trough"].status == case["status"]


def test_one_trough_in_range_is_not_yet_stable() -> None:
    advice = decision(S, State.CONTINUE, target=Band(Decimal(4), Decimal(12)))
    items = scheduled(a_record(level("sirolimus", 8, 20)), titration=(advice,))
    assert items["sirolimus-trough"].status is DueStatus.OVERDUE


# ---------------------------------------------------------------- events


def trough_item(*facts: Any, arm: Arm = ALONE, **more: Any) -> tuple[str, str, str | None]:
    item = scheduled(a_record(level("sirolimus", 8, 10), *facts), arm, **more)["sirolimus-trough"]
    return item.rule.id, item.status.value, item.due.isoformat() if item.due else None


def test_without_an_event_routine_stands() -> None:
    assert trough_item() == ("MON-SRL", "done", "2026-03-06")


@pytest.mark.parametrize(("ago", "status"), [(6, "not-yet"), (7, "due"), (9, "due")])
def test_a_dose_change_asks_for_a_trough_a_week_later(ago: int, status: str) -> None:
    doses = {**SIROLIMUS_ONLY, S: dose(S, 3, steps=((60, 2), (ago, 3)))}
    assert trough_item(doses=doses) == ("MON-DOSE", status, days_ago(ago - 7).isoformat())


def test_a_dose_change_followed_by_a_trough_asks_for_nothing() -> None:
    doses = {**SIROLIMUS_ONLY, S: dose(S, 3, steps=((60, 2), (17, 3)))}
    assert trough_item(doses=doses)[0] == "MON-SRL"
    doses = {**SIROLIMUS_ONLY, S: dose(S, 3, steps=((60, 2), (16, 3)))}
    assert trough_item(doses=doses)[0] == "MON-DOSE"


def test_a_dose_change_unanswered_for_two_weeks_is_overdue() -> None:
    doses = {**SIROLIMUS_ONLY, S: dose(S, 3, steps=((60, 2), (15, 3)))}
    item = scheduled(a_record(), ALONE, doses=doses)["sirolimus-trough"]
    assert (item.rule.id, item.status) == ("MON-DOSE", DueStatus.OVERDUE)


def test_the_first_dose_is_no_change() -> None:
    doses = {**SIROLIMUS_ONLY, S: dose(S, 2, steps=((60, 2),))}
    assert trough_item(doses=doses)[0] == "MON-SRL"
    stopped = {**SIROLIMUS_ONLY, S: dose(S, None, status=DoseStatus.NOT_DOCUMENTED, steps=((60, 2), (6, 3)))}
    assert trough_item(doses=stopped)[0] == "MON-SRL"


@pytest.mark.parametrize(
    "case",
    cases("""
    case                            | steps          | rule
    up by 50 mg a day               | 60 75, 8 100   | MON-CSA-CHANGE
    up by less                      | 60 75, 8 95    | MON-SRL
    started on the study            | 8 75           | MON-CSA-CHANGE
    taken since day one             | 60 75          | MON-SRL
    """),
    ids=named,
)
def test_a_change_of_ciclosporin_asks_for_a_sirolimus_trough(case: dict[str, str]) -> None:
    steps = tuple((int(step.split()[0]), int(step.split()[1])) for step in case["steps"].split(", "))
    doses = {**BOTH, C: dose(C, steps[-1][1], steps=steps)}
    assert trough_item(arm=Arm.COMBINED, doses=doses)[0] == case["rule"]


def test_stopped_ciclosporin_asks_for_a_sirolimus_trough() -> None:
    gone = dose(C, None, status=DoseStatus.NOT_DOCUMENTED, steps=((60, 75),), taken_until=days_ago(8))
    assert trough_item(arm=Arm.COMBINED, doses={**BOTH, C: gone})[0] == "MON-CSA-CHANGE"
    assert trough_item(arm=Arm.COMBINED, doses={S: BOTH[S]})[0] == "MON-SRL"
    before = dose(C, None, status=DoseStatus.NONE, steps=((200, 75),), taken_until=days_ago(90))
    assert trough_item(doses={**BOTH, C: before})[0] == "MON-SRL"
    going_on = dose(C, None, status=DoseStatus.CONFLICTING, steps=((60, 75),), taken_until=None)
    assert trough_item(arm=Arm.COMBINED, doses={**BOTH, C: going_on})[0] == "MON-SRL"


def test_a_ciclosporin_dose_change_asks_for_its_own_trough_after_three_days() -> None:
    doses = {**BOTH, C: dose(C, 75, steps=((60, 100), (3, 75)))}
    item = scheduled(a_record(level("ciclosporin", 150, 4)), doses=doses)["ciclosporin-trough"]
    assert (item.rule.id, item.status) == ("MON-DOSE", DueStatus.DUE)


@pytest.mark.parametrize(
    "case",
    cases("""
    case                         | partner      | start | end | rule    | due
    an inhibitor started         | fluconazole  | 9     | -   | MON-DDI | 2026-02-28
    a critical one               | voriconazole | 9     | -   | MON-DDI | 2026-02-24
    taken since before the study | fluconazole  | 90    | -   | MON-SRL | 2026-03-06
    an undated one               | fluconazole  | -     | -   | MON-SRL | 2026-03-06
    an inducer stopped           | rifampin     | 90    | 14  | MON-DDI | 2026-03-02
    no effect on the level       | enalapril    | 9     | -   | MON-SRL | 2026-03-06
    a statin                     | simvastatin  | 9     | -   | MON-SRL | 2026-03-06
    """),
    ids=named,
)
def test_an_inhibitor_or_inducer_asks_for_a_trough(case: dict[str, str]) -> None:
    start = None if case["start"] == "-" else int(case["start"])
    end = None if case["end"] == "-" else when(int(case["end"]))
    partner = medication(case["partner"], 100, 24, start, end=end)
    rule, _, due = trough_item(partner)
    assert (rule, due) == (case["rule"], case["due"])


def test_an_inhibitor_asks_for_a_ciclosporin_trough_too() -> None:
    record = a_record(level("ciclosporin", 150, 9), medication("fluconazole", 100, 24, 8))
    assert scheduled(record)["ciclosporin-trough"].rule.id == "MON-DDI"


@pytest.mark.parametrize(
    "case",
    cases("""
    case                               | before | near | now | validity         | rule
    up by more than 20                 | 80     | 10   | 101 | VALID            | SRL-HCT
    up by exactly 20                   | 80     | 10   | 100 | VALID            | MON-SRL
    three days from the trough         | 80     | 13   | 101 | VALID            | SRL-HCT
    four days from the trough          | 80     | 14   | 101 | VALID            | MON-SRL
    the trough was none                | 80     | 10   | 101 | NOT_TROUGH       | MON-SRL
    the trough is old by now           | 80     | 10   | 101 | STALE            | SRL-HCT
    """),
    ids=named,
)
def test_a_rise_of_haemoglobin_asks_for_a_new_trough(case: dict[str, str]) -> None:
    levels = {S: Trough(Validity(case["validity"]), Decimal(8), day=days_ago(10))}
    counts = (count(hb=case["before"], ago=int(case["near"])), count(hb=case["now"], ago=1))
    rule, status, _ = trough_item(*counts, levels=levels)
    assert rule == case["rule"]
    assert status == ("due" if rule == "SRL-HCT" else "done")


def test_the_haemoglobin_nearest_the_trough_is_compared() -> None:
    levels = {S: Trough(Validity.VALID, Decimal(8), day=days_ago(10))}
    counts = (count(hb=60, ago=13), count(hb=85, ago=10), count(hb=100, ago=1))
    assert trough_item(*counts, levels=levels)[0] == "MON-SRL"


def test_a_haemoglobin_from_before_the_trough_is_no_rise() -> None:
    levels = {S: Trough(Validity.VALID, Decimal(8), day=days_ago(1))}
    assert trough_item(count(hb=80, ago=3), count(hb=110, ago=1), levels=levels)[0] != "SRL-HCT"
    assert trough_item(levels=levels)[0] != "SRL-HCT"
    assert trough_item(levels={S: Trough(Validity.MISSING)})[0] == "MON-SRL"


def test_a_recheck_of_the_dosing_rules_takes_the_place_of_the_calendar() -> None:
    recheck = Recheck("sirolimus-trough", days_ago(-5), days_ago(-12))
    advice = decision(S, State.RECHECK, recheck=recheck)
    item = scheduled(a_record(), ALONE, titration=(advice,))["sirolimus-trough"]
    assert (item.rule.id, item.status, item.due) == ("SRL-03", DueStatus.NOT_YET, days_ago(-5))
    now = decision(S, State.RECHECK, recheck=Recheck("cbc", None, None))
    item = scheduled(a_record(count(hb=90, plt=40)), ALONE, titration=(now,))["cbc"]
    assert (item.status, item.due) == (DueStatus.DUE, TODAY)


@pytest.mark.parametrize(
    ("state", "due"),
    [
        (RenalState.NORMAL, days_ago(-11)),
        (RenalState.STABILISED, days_ago(-11)),
        (RenalState.WATCH, days_ago(-4)),
        (RenalState.IMPAIRED, days_ago(-4)),
        (RenalState.AKI, days_ago(2)),
    ],
)
def test_a_raised_creatinine_is_repeated_sooner(state: RenalState, due: object) -> None:
    items = scheduled(a_record(result(Analyte.CREATININE, 120, 3)), renal=kidney(state))
    assert items["creatinine"].due == due


def test_a_failing_kidney_without_any_creatinine_keeps_the_calendar() -> None:
    assert scheduled(a_record(), renal=kidney(RenalState.WATCH))["creatinine"].rule.id == "MON-CREA"


@pytest.mark.parametrize(
    "case",
    cases("""
    case                                | day | last | rule    | status
    the week before                     | 83  | 77   | MON-CBC | done
    the week begins                     | 85  | 77   | MON-W13 | due
    the week ends                       | 91  | 77   | MON-W13 | due
    the window is still open            | 98  | 77   | MON-W13 | overdue
    the window has closed               | 99  | 77   | MON-CBC | due
    a count inside the window           | 88  | 78   | MON-CBC | due
    Week 25                             | 169 | 161  | MON-W25 | due
    """),
    ids=named,
)
def test_the_blood_counts_of_weeks_13_and_25(case: dict[str, str]) -> None:
    day = int(case["day"])
    record = a_record(count(hb=90, plt=40, ago=day - int(case["last"])))
    item = scheduled(record, ALONE, participation=patient(ALONE, days=day - 1))["cbc"]
    assert (item.rule.id, item.status.value) == (case["rule"], case["status"])
    assert item.rule.origin == ("P" if "W" in case["rule"] else "A")


def test_no_level_of_ciclosporin_is_due_once_it_was_stopped_by_decision() -> None:
    stopped = Stopped(days_ago(20), "tremor")
    gone = dose(Drug.CICLOSPORIN, None, status=DoseStatus.NOT_DOCUMENTED, stopped=stopped)
    doses = {Drug.SIROLIMUS: dose(Drug.SIROLIMUS, 2), Drug.CICLOSPORIN: gone}
    assert set(scheduled(a_record())) - set(scheduled(a_record(), doses=doses)) == {"ciclosporin-trough"}


@pytest.mark.parametrize(
    ("measured_ago", "due", "rule", "status"),
    [
        (13, "2026-03-03", "MON-SRL", DueStatus.DONE),
        (10, "2026-03-06", "MON-SRL", DueStatus.DONE),
        (8, "2026-03-08", "MON-DDI", DueStatus.NOT_YET),
    ],
)
def test_a_control_later_than_the_next_routine_test_leaves_that_done(
    measured_ago: int, due: str, rule: str, status: DueStatus
) -> None:
    record = a_record(level("sirolimus", 6, measured_ago), medication("fluconazole", 100, 24, 1))
    item = scheduled(record)["sirolimus-trough"]
    assert (item.due.isoformat(), item.rule.id, item.status) == (due, rule, status)
