"""What bars an increase bars a start, and every finding that says hold or stop does (DECISIONS 57)."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.rules.answers.dosing_answers import State, Validity
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.trials.nct06802055.dosing.dose_case import Laboratory
from cds_service.trials.nct06802055.dosing.liver import Liver
from cds_service.trials.nct06802055.dosing.safety_veto import veto
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseInForce, DoseStatus, Stopped
from cds_service.trials.nct06802055.patient_state.kidney.coded_injury import coded_injury
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.diagnoses import Certainty, Course
from fhir_mappings.clinical_model.medications import Dose, MedicationStatus
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte
from tests.builders import TODAY, a_record, days_ago, diagnosis, dispense, medication, result, when
from tests.dosing import RULES, after, ciclosporin, decided, dose, kidneys, sirolimus, trough
from tests.rule_tables.enrolled import BOTH, doses_for, kidney, reviewed, said

S, C = Drug.SIROLIMUS, Drug.CICLOSPORIN
UNTOLD = DoseStatus.NOT_DOCUMENTED
CSA_100 = Dose(Decimal(100), Decimal(12))
NEVER = {S: dose(S, None), C: dose(C, None)}


def csa(**more: Any) -> DoseInForce:
    return dose(C, None, status=UNTOLD, **more)


# ---------------------------------------------------------------- by the dosing rules


SIROLIMUS_BARS: list[tuple[str, dict[str, Any], str]] = [
    (
        "ciclosporin taken outside the combined arm",
        {"arm": Arm.SIROLIMUS, "other": dose(C, 100)},
        "ARM_MISMATCH",
    ),
    ("and in an arm that is not known", {"arm": None, "other": dose(C, 100)}, "ARM_MISMATCH"),
    (
        "ciclosporin whose dose nobody knows",
        {"arm": Arm.COMBINED, "other": csa()},
        "CICLOSPORIN_DOSE_UNKNOWN",
    ),
    ("and without its arm", {"arm": Arm.SIROLIMUS, "other": csa()}, "CICLOSPORIN_DOSE_UNKNOWN"),
    ("no blood count", {"tests": Laboratory(cbc=False)}, "MISSING_CBC"),
    ("no ALT", {"tests": Laboratory(alt=False)}, "MISSING_ALT"),
    ("results not read", {"tests": Laboratory(unread=True)}, "RESULTS_UNAVAILABLE"),
    ("a liver nobody can judge", {"liver": Liver(hold=None)}, "LIVER_UNKNOWN"),
]


@pytest.mark.parametrize(("name", "change", "reason"), SIROLIMUS_BARS, ids=[row[0] for row in SIROLIMUS_BARS])
def test_what_bars_more_sirolimus_bars_a_start(name: str, change: dict[str, Any], reason: str) -> None:
    started, raised = decided(sirolimus(None, None, **change)), decided(sirolimus("3", 2, **change))
    for found in (started, raised):
        assert (found.state, found.proposed) == (State.RECHECK, None)
        assert reason in found.reasons


@pytest.mark.parametrize(
    ("other", "mg", "reasons"),
    [
        (csa(claims=(CSA_100,)), 1, {"START_CICLOSPORIN"}),
        (csa(stopped=Stopped(days_ago(20), "tremor"), taken_until=days_ago(20)), 2, set()),
        (dose(C, 100), 1, {"START_CICLOSPORIN"}),
        (dose(C, None), 2, set()),
        (None, 2, set()),
    ],
)
def test_ciclosporin_that_is_known_or_stopped_lowers_a_start_or_leaves_it(
    other: DoseInForce | None, mg: int, reasons: set[str]
) -> None:
    found = decided(sirolimus(None, None, arm=Arm.COMBINED, other=other))
    assert (found.state, found.proposed) == (State.INITIATE, Dose(Decimal(mg), Decimal(24)))
    about_ciclosporin = {one for one in found.reasons if "CICLOSPORIN" in one}
    assert about_ciclosporin == reasons


CICLOSPORIN_BARS: list[tuple[str, dict[str, Any], str, int]] = [
    ("a creatinine to be watched", {"renal": RenalState.WATCH}, "RENAL_WATCH", 7),
    ("acute kidney failure coded since", {"kidney_failure_coded": True}, "KIDNEY_FAILURE_CODED", 0),
    ("no blood count", {"tests": Laboratory(cbc=False)}, "MISSING_CBC", 0),
]


@pytest.mark.parametrize(
    ("name", "change", "reason", "days"), CICLOSPORIN_BARS, ids=[row[0] for row in CICLOSPORIN_BARS]
)
def test_what_bars_more_ciclosporin_bars_a_start(
    name: str, change: dict[str, Any], reason: str, days: int
) -> None:
    found = decided(ciclosporin(None, None, **change))
    assert (found.state, found.proposed, found.reasons) == (State.RECHECK, None, (reason,))
    assert after(found) == (0, days)


@pytest.mark.parametrize("drug", Drug)
def test_a_drug_given_by_another_route_is_neither_started_nor_raised(drug: Drug) -> None:
    make = {S: sirolimus, C: ciclosporin}[drug]
    low = {S: "3", C: "60"}[drug]
    for taken in (dose(drug, None, not_oral=True), dose(drug, {S: 2, C: 75}[drug], not_oral=True)):
        found = decided(make(low, dose=taken))
        assert (found.state, found.reasons) == (State.RECHECK, ("NOT_ORAL",))
    untold = decided(make(low, dose=dose(drug, None, status=UNTOLD, not_oral=True)))
    assert (untold.state, untold.reasons) == (State.CANNOT_ADVISE, ("DOSE_NOT_DOCUMENTED", "NOT_ORAL"))


# ---------------------------------------------------------------- acute kidney failure as a diagnosis


N17 = Concept.ACUTE_KIDNEY_INJURY
CODED: list[tuple[str, dict[str, Any], Any, bool]] = [
    ("newer than the creatinine", {"recorded": when(1)}, 2, True),
    ("older than the creatinine", {"recorded": when(3)}, 2, False),
    ("of the same day", {"recorded": when(2)}, 2, True),
    ("of the same day, and earlier", {"recorded": when("2026-02-28T07:00:00+08:00")}, "2026-02-28T08:00:00+08:00", False),
    ("of the same day, and later", {"recorded": when("2026-02-28T09:00:00+08:00")}, "2026-02-28T08:00:00+08:00", True),
    ("of the same day, one without a time", {"recorded": when("2026-02-28T07:00:00+08:00")}, "2026-02-28", True),
    ("by its onset", {"onset": when(1), "recorded": None}, 2, True),
    ("an old onset, recorded since", {"onset": when(300), "recorded": when(1)}, 2, True),
    ("undated", {"onset": None, "recorded": None}, 2, True),
    ("no creatinine at all", {"recorded": when(3)}, None, True),
    ("over", {"recorded": when(1), "course": Course.HISTORY}, 2, False),
    ("abated", {"recorded": when(3), "abated": when(2)}, 5, False),
    ("suspected", {"recorded": when(1), "certainty": Certainty.PROVISIONAL}, 2, True),
    ("in words", {"recorded": when(1), "by_text_only": True}, 2, True),
    ("no status told", {"recorded": when(1), "course": Course.UNSTATED}, 2, True),
]  # fmt: skip


@pytest.mark.parametrize(("name", "told", "measured", "bars"), CODED, ids=[row[0] for row in CODED])
def test_coded_kidney_failure_bars_until_a_creatinine_answers_it(
    name: str, told: dict[str, Any], measured: Any, bars: bool
) -> None:
    one = diagnosis(N17, **({"onset": None} | told))
    facts = [one] if measured is None else [one, result(Analyte.CREATININE, 71, measured)]
    assert (coded_injury(a_record(*facts), TODAY) is not None) is bars


def test_the_newest_coded_kidney_failure_is_told() -> None:
    first, last = (diagnosis(N17, onset=None, recorded=when(day)) for day in (3, 1))
    assert coded_injury(a_record(first, last), TODAY) == last
    assert coded_injury(a_record(diagnosis(Concept.RENAL_IMPAIRMENT)), TODAY) is None


def test_coded_kidney_failure_asks_for_a_creatinine_today_on_ciclosporin_alone() -> None:
    record = a_record(diagnosis(N17, onset=None, recorded=when(1)))
    line = "SAF-AKI-CODED warning REPEAT_TEST ciclosporin"
    assert line in said(reviewed(record).alerts)
    assert line not in said(reviewed(record, Arm.SIROLIMUS).alerts)
    assert line not in said(reviewed(record, renal=kidney(RenalState.AKI)).alerts)


@pytest.mark.parametrize(("level", "state"), [("100", State.RECHECK), ("150", State.CONTINUE)])
def test_coded_kidney_failure_makes_the_next_creatinine_due_today(level: str, state: State) -> None:
    found = decided(ciclosporin(level, 75, kidney_failure_coded=True))
    assert (found.state, after(found)) == (state, (0, 0))
    assert found.recheck is not None
    assert found.recheck.test == "creatinine"


# ---------------------------------------------------------------- by safety


def high_pressure(now: str, before: str = "120/80") -> tuple[Any, ...]:
    readings = []
    for ago, text in ((8, before), (1, now)):
        systolic, diastolic = text.split("/")
        readings += [result(Analyte.SYSTOLIC, systolic, ago), result(Analyte.DIASTOLIC, diastolic, ago)]
    return tuple(readings)


FINDINGS: list[tuple[str, tuple[Any, ...], Drug, bool]] = [
    ("potassium 5.5", (result(Analyte.POTASSIUM, "5.5"),), C, True),
    ("potassium 5.49", (result(Analyte.POTASSIUM, "5.49"),), C, False),
    ("potassium above 5.4", (result(Analyte.POTASSIUM, ">5.4"),), C, True),
    ("160/80 once", high_pressure("160/80"), C, True),
    ("120/100 once", high_pressure("120/100"), C, True),
    ("159/99 once", high_pressure("159/99"), C, False),
    ("140/80 twice", high_pressure("140/80", "140/80"), C, True),
    ("120/90 twice", high_pressure("120/90", "120/90"), C, True),
    ("140/90 once", high_pressure("140/90"), C, False),
    ("140/90 once, before", high_pressure("120/80", "140/90"), C, False),
    ("139/89 twice", high_pressure("139/89", "139/89"), C, False),
    ("protein 2 g/g", (result(Analyte.URINE_PROTEIN_CREATININE, 2000),), S, True),
    ("protein 3.6 g/g", (result(Analyte.URINE_PROTEIN_CREATININE, 3600),), S, True),
    ("protein 1.9 g/g", (result(Analyte.URINE_PROTEIN_CREATININE, 1900),), S, False),
    ("triglycerides of grade 3", (result(Analyte.TRIGLYCERIDES, "6.5"),), S, True),
    ("triglycerides of grade 2", (result(Analyte.TRIGLYCERIDES, "5.0"),), S, False),
    ("angio-oedema", (diagnosis(Concept.ANGIOEDEMA, ago=2),), S, True),
    ("ALT above 5 x", (result(Analyte.ALT, 201),), S, True),
    ("ALT above 3 x: the first dose is lower for it", (result(Analyte.ALT, 121),), S, False),
    ("nephrotoxicity", (diagnosis(Concept.NEPHROTOXICITY, ago=2),), C, True),
]  # fmt: skip


@pytest.mark.parametrize(("name", "facts", "drug", "barred"), FINDINGS, ids=[row[0] for row in FINDINGS])
def test_a_finding_that_says_hold_stop_or_less_bars_a_start(
    name: str, facts: tuple[Any, ...], drug: Drug, barred: bool
) -> None:
    report = reviewed(a_record(*facts), doses=NEVER)
    make = {S: sirolimus, C: ciclosporin}[drug]
    found = veto(decided(make(None, None)), report, RULES)
    assert found.state is (State.RECHECK if barred else State.INITIATE)
    assert ("SAFETY_DOUBT" in found.reasons) is barred


@pytest.mark.parametrize(("name", "facts", "drug", "barred"), FINDINGS, ids=[row[0] for row in FINDINGS])
def test_and_it_bars_an_increase(name: str, facts: tuple[Any, ...], drug: Drug, barred: bool) -> None:
    report = reviewed(a_record(*facts))
    found = veto(decided({S: sirolimus("3", 2), C: ciclosporin("100", 75)}[drug]), report, RULES)
    low_start = name.startswith("ALT above 3")
    assert found.state is (State.RECHECK if barred or low_start else State.INCREASE)


# ---------------------------------------------------------------- a high level beside a toxicity


@pytest.mark.parametrize(
    ("level", "toxic", "proposed", "rule", "days"),
    [
        ("15.01", False, 2, "SRL-05", (5, 7)),
        ("15.01", True, None, "SRL-06", (3, 4)),
        ("20", True, None, "SRL-06", (3, 4)),
        ("15", True, 2, "SRL-04", (7, 10)),
    ],
)
def test_beside_a_toxicity_a_high_level_takes_the_row_above(
    level: str, toxic: bool, proposed: int | None, rule: str, days: tuple[int, int]
) -> None:
    found = decided(sirolimus(level, 3, toxic=toxic))
    assert found.rule.id == rule
    assert (found.proposed and found.proposed.amount_mg) == proposed
    assert after(found) == days
    assert ("TOXICITY" in found.reasons) == (rule == "SRL-06")


def test_an_unsettled_high_level_beside_a_toxicity_is_held_for_good_too() -> None:
    found = decided(sirolimus("17", 3, toxic=True, validity=Validity.NOT_STEADY_STATE))
    assert (found.state, found.rule.id, found.proposed) == (State.HOLD, "SRL-06", None)


def test_safety_tells_that_a_toxicity_stands_beside_a_high_level() -> None:
    levels = {S: trough("17")}
    assert reviewed(a_record(result(Analyte.TRIGLYCERIDES, "4")), levels=levels).toxic
    assert not reviewed(a_record(result(Analyte.TRIGLYCERIDES, "3")), levels=levels).toxic
    assert not reviewed(a_record(result(Analyte.TRIGLYCERIDES, "4")), levels={S: trough("15")}).toxic


# ---------------------------------------------------------------- ciclosporin stopped by decision


@pytest.mark.parametrize(
    ("stopped", "key"),
    [
        (Stopped(days_ago(20), "tremor"), "dosing.stopped"),
        (Stopped(None, "tremor"), "dosing.stopped.undated"),
        (Stopped(days_ago(20), ""), "dosing.stopped"),
    ],
)
def test_ciclosporin_that_was_stopped_is_told_and_not_asked_about(stopped: Stopped, key: str) -> None:
    found = decided(ciclosporin("90", dose=csa(stopped=stopped)))
    assert (found.state, found.reasons) == (State.CANNOT_ADVISE, ("CICLOSPORIN_STOPPED",))
    assert found.seen.key == key
    reason = dict(found.seen.values)["reason"]
    assert reason == (stopped.reason or say("dosing.stopped.noReason"))


def test_sirolimus_that_was_stopped_is_asked_about_as_ever() -> None:
    taken = dose(S, None, status=UNTOLD, stopped=Stopped(days_ago(20), "rash"))
    assert decided(sirolimus("3", dose=taken)).reasons == ("DOSE_NOT_DOCUMENTED",)


@pytest.mark.parametrize(
    ("other", "state"),
    [
        (csa(stopped=Stopped(days_ago(20), "tremor"), taken_until=days_ago(20)), State.INCREASE),
        (csa(taken_until=days_ago(20)), State.RECHECK),
    ],
)
def test_sirolimus_is_titrated_as_alone_once_ciclosporin_was_stopped_by_decision(
    other: DoseInForce, state: State
) -> None:
    assert decided(sirolimus("3", 2, arm=Arm.COMBINED, other=other)).state is state


# ---------------------------------------------------------------- an old box is no use


def test_an_old_box_of_ciclosporin_is_no_use_once_its_order_was_stopped() -> None:
    box = dispense("ciclosporin", 75, 12, ago=60, days=90)
    gone = medication("ciclosporin", 75, 12, start=60, status=MedicationStatus.STOPPED, end=when(35))
    untaken = {**doses_for(Arm.SIROLIMUS), C: csa()}

    def told(record: ClinicalRecord) -> list[str]:
        return [line.split()[0] for line in said(reviewed(record, Arm.SIROLIMUS, doses=untaken).alerts)]

    assert told(a_record(box)) == ["ARM_MISMATCH"]
    assert told(a_record(box, gone)) == []
    assert replace(BOTH[C], status=UNTOLD).taken is False


def test_an_uneven_dose_below_the_reduced_one_counts_by_the_day() -> None:
    rising = kidneys(RenalState.IMPAIRED, rising=True)
    uneven = replace(BOTH[C], dose=Dose(Decimal(75), Decimal(24), (Decimal(50), Decimal(25))))
    line = "SAF-REN-STOP warning STOP_REVIEW ciclosporin"
    assert line in said(reviewed(a_record(), doses={**BOTH, C: uneven}, renal=rising).alerts)
