"""Draft orders: read, bounded, compared with the proposal and with what the patient takes."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.rules.answers.alerts import Alert
from cds_service.rules.answers.dosing_answers import State
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseStatus
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import Known, Unknown, WhyUnknown
from fhir_mappings.clinical_model.medications import Dose, MedicationEvent, MedicationStatus
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte
from fhir_mappings.clinical_model.studies import StudyState
from tests.builders import a_record, medication, result, when
from tests.rule_tables.enrolled import SIROLIMUS_ONLY, decision, dose, drafted, judged, kidney, patient, said
from tests.tables import cases, named

S, C = Drug.SIROLIMUS, Drug.CICLOSPORIN
ALONE = Arm.SIROLIMUS
NOBODYS = a_record()


def found(*drafts: MedicationEvent, record: ClinicalRecord = NOBODYS, **more: Any) -> list[str]:
    """What is said, the 4-hour rule left out: it has its own test."""
    return [line for line in said(judged(record, *drafts, **more)) if not line.startswith("INT-01")]


def expected(findings: str) -> list[str]:
    return [] if findings == "none" else findings.split("; ")


@pytest.mark.parametrize(
    "case",
    cases("""
    case                              | drug        | mg   | every | renal      | finding
    sirolimus lowest                  | sirolimus   | 1    | 24    | NORMAL     | none
    sirolimus highest                 | sirolimus   | 3    | 24    | NORMAL     | none
    sirolimus below                   | sirolimus   | 0.99 | 24    | NORMAL     | ORD-BOUNDS warning CORRECT_ORDER sirolimus
    sirolimus above                   | sirolimus   | 3.01 | 24    | NORMAL     | ORD-BOUNDS warning CORRECT_ORDER sirolimus
    sirolimus exactly twice           | sirolimus   | 6    | 24    | NORMAL     | ORD-BOUNDS warning CORRECT_ORDER sirolimus
    sirolimus more than twice         | sirolimus   | 6.01 | 24    | NORMAL     | ORD-OVERDOSE critical CORRECT_ORDER sirolimus
    the daily amount in two halves    | sirolimus   | 1    | 12    | NORMAL     | ORD-BOUNDS warning CORRECT_ORDER sirolimus
    on alternate days                 | sirolimus   | 2    | 48    | NORMAL     | ORD-BOUNDS warning CORRECT_ORDER sirolimus
    a weekly amount on one day        | sirolimus   | 14   | 168   | NORMAL     | ORD-OVERDOSE critical CORRECT_ORDER sirolimus
    ciclosporin lowest                | ciclosporin | 25   | 12    | NORMAL     | none
    ciclosporin highest               | ciclosporin | 150  | 12    | NORMAL     | none
    ciclosporin below                 | ciclosporin | 24.99 | 12    | NORMAL     | ORD-BOUNDS warning CORRECT_ORDER ciclosporin
    ciclosporin above                 | ciclosporin | 150.01 | 12    | NORMAL     | ORD-BOUNDS warning CORRECT_ORDER ciclosporin
    ciclosporin exactly twice         | ciclosporin | 300  | 12    | NORMAL     | ORD-BOUNDS warning CORRECT_ORDER ciclosporin
    ciclosporin more than twice       | ciclosporin | 300.01 | 12    | NORMAL     | ORD-OVERDOSE critical CORRECT_ORDER ciclosporin
    ciclosporin once daily            | ciclosporin | 150  | 24    | NORMAL     | ORD-BOUNDS warning CORRECT_ORDER ciclosporin
    kidney watched                    | ciclosporin | 150  | 12    | WATCH      | none
    kidney not known                  | ciclosporin | 150  | 12    | UNKNOWN    | none
    kidney impaired, at the bound     | ciclosporin | 50   | 12    | IMPAIRED   | none
    kidney impaired, above            | ciclosporin | 50.01 | 12    | IMPAIRED   | ORD-BOUNDS warning CORRECT_ORDER ciclosporin
    kidney impaired, exactly twice    | ciclosporin | 100  | 12    | IMPAIRED   | ORD-BOUNDS warning CORRECT_ORDER ciclosporin
    kidney impaired, more than twice  | ciclosporin | 100.01 | 12    | IMPAIRED   | ORD-OVERDOSE critical CORRECT_ORDER ciclosporin
    kidney stabilised, above          | ciclosporin | 75   | 12    | STABILISED | ORD-BOUNDS warning CORRECT_ORDER ciclosporin
    kidney recovered, above           | ciclosporin | 75   | 12    | RECOVERED  | ORD-BOUNDS warning CORRECT_ORDER ciclosporin
    sirolimus with impaired kidney    | sirolimus   | 3    | 24    | IMPAIRED   | none
    acute kidney injury               | ciclosporin | 25   | 12    | AKI        | ORD-HOLD critical HOLD ciclosporin
    sirolimus in acute kidney injury  | sirolimus   | 2    | 24    | AKI        | none
    """),
    ids=named,
)
def test_a_draft_against_the_bounds_of_arm_and_kidney(case: dict[str, str]) -> None:
    draft = drafted(case["drug"], case["mg"], int(case["every"]))
    assert found(draft, renal=kidney(RenalState(case["renal"]))) == expected(case["finding"])


@pytest.mark.parametrize("change", [
    {"dose": Unknown(WhyUnknown.UNREADABLE)}, {"dose": Unknown(WhyUnknown.MISSING)}, {"as_needed": True},
])  # fmt: skip
@pytest.mark.parametrize("drug", ["sirolimus", "ciclosporin"])
def test_a_dose_that_cannot_be_read_is_said(drug: str, change: dict[str, Any]) -> None:
    draft = replace(drafted(drug, 2), **change)
    assert found(draft) == [f"ORD-UNREADABLE warning CORRECT_ORDER {drug}"]


def test_a_route_that_is_not_told_does_not_hide_a_study_drug() -> None:
    assert found(drafted("sirolimus", 9, systemic=None)) == ["ORD-OVERDOSE critical CORRECT_ORDER sirolimus"]


@pytest.mark.parametrize("drug", ["sirolimus", "ciclosporin", "diclofenac"])
def test_drops_and_creams_have_no_finding(drug: str) -> None:
    draft = drafted(drug, 100, systemic=False, concepts=frozenset({Concept.NSAID}))
    assert found(draft, record=a_record(result(Analyte.PLATELETS, 12)), arm=ALONE) == []


def test_a_draft_without_a_medication_has_no_finding() -> None:
    empty = replace(drafted("x"), ingredients=frozenset(), concepts=frozenset(), text="")
    assert found(empty) == []


@pytest.mark.parametrize(
    "case",
    cases("""
    case                              | state               | proposed | current | draft | finding
    the proposal itself               | INCREASE            | 3        | 2       | 3     | none
    more than proposed                | DECREASE            | 1        | 2       | 2     | ORD-PROPOSAL warning CORRECT_ORDER sirolimus
    less than proposed                | INCREASE            | 3        | 2       | 2     | ORD-PROPOSAL info CORRECT_ORDER sirolimus
    a start at more than proposed     | INITIATE            | 2        | -       | 3     | ORD-PROPOSAL warning CORRECT_ORDER sirolimus
    as it is, to be continued         | CONTINUE            | 2        | 2       | 2     | none
    a rise, to be continued           | CONTINUE            | 2        | 2       | 3     | ORD-PROPOSAL warning CORRECT_ORDER sirolimus
    a rise before the recheck         | RECHECK             | -        | 2       | 3     | ORD-PROPOSAL warning REVIEW sirolimus
    a fall before the recheck         | RECHECK             | -        | 2       | 1     | ORD-PROPOSAL info REVIEW sirolimus
    no advice, no dose known          | CANNOT_ADVISE       | -        | -       | 3     | ORD-UNADVISED warning REVIEW sirolimus
    a start that lacks a test         | RECHECK             | -        | -       | 2     | ORD-UNADVISED warning REVIEW sirolimus
    held                              | HOLD                | -        | 2       | 2     | ORD-HOLD critical HOLD sirolimus
    held, the dose for after the hold | HOLD                | 1        | 2       | 1     | ORD-HOLD warning HOLD sirolimus
    held, another dose                | HOLD                | 1        | 2       | 2     | ORD-HOLD critical HOLD sirolimus
    held, far too much                | HOLD                | 1        | 2       | 9     | ORD-HOLD critical HOLD sirolimus; ORD-OVERDOSE critical HOLD sirolimus
    stopped                           | STOP_REVIEW         | -        | 2       | 2     | ORD-HOLD critical STOP_REVIEW sirolimus
    """),
    ids=named,
)
def test_a_draft_against_what_titration_proposes(case: dict[str, str]) -> None:
    current = None if case["current"] == "-" else Dose(Decimal(case["current"]), Decimal(24))
    proposed = None if case["proposed"] == "-" else case["proposed"]
    advice = decision(S, State(case["state"]), proposed, current=current)
    assert found(drafted("sirolimus", case["draft"]), titration=(advice,)) == expected(case["finding"])


def test_a_start_that_safety_forbids_is_critical_and_one_that_lacks_a_test_is_not() -> None:
    forbidden = decision(S, State.CANNOT_ADVISE, reasons=("SAFETY_VETO",))
    assert found(drafted("sirolimus", 2), titration=(forbidden,)) == ["ORD-HOLD critical HOLD sirolimus"]
    waiting = decision(S, State.CANNOT_ADVISE, reasons=("DOSE_NOT_DOCUMENTED",))
    assert found(drafted("sirolimus", 2), titration=(waiting,)) == ["ORD-UNADVISED warning REVIEW sirolimus"]


def test_an_arm_that_is_not_known_is_said_once() -> None:
    advice = decision(C, State.CANNOT_ADVISE, reasons=("ARM_UNKNOWN",))
    lines = found(drafted("ciclosporin", 75, 12), titration=(advice,), arm=None)
    assert lines == ["ARM_UNKNOWN warning REVIEW ciclosporin"]


def test_an_alternative_of_the_proposal_is_as_good() -> None:
    three = Dose(Decimal(3), Decimal(24))
    advice = decision(S, State.INITIATE, 2, alternatives=(three,))
    assert found(drafted("sirolimus", 3), titration=(advice,)) == []


def test_an_unreadable_draft_of_a_held_drug_is_not_offered_a_correction() -> None:
    advice = decision(S, State.HOLD, 1)
    assert found(drafted("sirolimus"), titration=(advice,)) == [
        "ORD-HOLD critical HOLD sirolimus",
        "ORD-UNREADABLE warning HOLD sirolimus",
    ]


def test_ciclosporin_held_for_the_kidney_is_critical_whatever_titration_says() -> None:
    advice = decision(C, State.CONTINUE, 75, current=Dose(Decimal(75), Decimal(12)))
    (line,) = found(drafted("ciclosporin", 75, 12), titration=(advice,), renal=kidney(RenalState.AKI))
    assert line == "ORD-HOLD critical HOLD ciclosporin"
    stopped = (decision(C, State.STOP_REVIEW),)
    (line,) = found(drafted("ciclosporin", 75, 12), titration=stopped, renal=kidney(RenalState.AKI))
    assert line == "ORD-HOLD critical STOP_REVIEW ciclosporin"


@pytest.mark.parametrize(
    ("arm", "line"),
    [
        (Arm.COMBINED, []),
        (Arm.SIROLIMUS, ["ARM_MISMATCH warning REVIEW ciclosporin"]),
        (None, ["ARM_UNKNOWN warning REVIEW ciclosporin"]),
    ],
)
def test_ciclosporin_belongs_to_one_arm(arm: Arm | None, line: list[str]) -> None:
    assert found(drafted("ciclosporin", 75, 12), arm=arm) == line
    assert found(drafted("sirolimus", 2), arm=arm) == []


# ---------------------------------------------------------------- duplicates

TWICE = ["DUPLICATE_ORDER warning REVIEW sirolimus"]


@pytest.mark.parametrize(
    "case",
    cases("""
    case                              | start | end        | status    | duplicate
    an active order                   | 10    | -          | active    | yes
    an undated active order           | -     | -          | active    | yes
    an active order a year old        | 365   | -          | active    | yes
    older than a year                 | 366   | -          | active    | no
    ends in more than a week          | 10    | 2026-03-10 | active    | yes
    ends within a week                | 10    | 2026-03-09 | active    | no
    ended                             | 40    | 2026-02-20 | active    | no
    completed                         | 10    | -          | completed | no
    """),
    ids=named,
)
def test_a_draft_that_repeats_an_active_order(case: dict[str, str]) -> None:
    start = None if case["start"] == "-" else int(case["start"])
    end = None if case["end"] == "-" else when(case["end"])
    status = MedicationStatus(case["status"])
    record = a_record(medication("sirolimus", 2, 24, start, end=end, status=status))
    told = found(drafted("sirolimus", 2), record=record)
    assert told == (TWICE if case["duplicate"] == "yes" else [])


@pytest.mark.parametrize(("days", "told"), [(18, TWICE), (17, [])])
def test_a_supply_that_is_nearly_used_up_may_be_renewed(days: int, told: list[str]) -> None:
    order = medication("sirolimus", 2, 24, 9, supply_days=Decimal(days))
    assert found(drafted("sirolimus", 2), record=a_record(order)) == told


@pytest.mark.parametrize(
    ("state", "proposed", "told"),
    [
        (State.INCREASE, 3, []),
        (State.DECREASE, 3, []),
        (State.CONTINUE, 3, TWICE),
        (State.INCREASE, 2, ["DUPLICATE_ORDER warning REVIEW sirolimus"]),
    ],
)
def test_the_change_that_titration_proposes_is_no_duplicate(
    state: State, proposed: int, told: list[str]
) -> None:
    record = a_record(medication("sirolimus", 2, 24, 10))
    advice = decision(S, state, proposed)
    lines = found(drafted("sirolimus", 3), record=record, titration=(advice,))
    assert [line for line in lines if line.startswith("DUPLICATE")] == told


@pytest.mark.parametrize("state", State)
def test_only_the_dose_of_a_start_a_change_or_after_a_hold_is_no_duplicate(state: State) -> None:
    record = a_record(medication("sirolimus", 2, 24, 10))
    lines = found(drafted("sirolimus", 3), record=record, titration=(decision(S, state, 3),))
    proposes = state in (State.INITIATE, State.INCREASE, State.DECREASE, State.HOLD)
    assert any(line.startswith("DUPLICATE") for line in lines) is not proposes


def test_an_unreadable_draft_is_never_the_proposal() -> None:
    record = a_record(medication("sirolimus", 2, 24, 10))
    lines = found(drafted("sirolimus"), record=record, titration=(decision(S, State.INCREASE, 3),))
    assert TWICE[0] in lines


def test_the_second_of_two_drafts_is_the_duplicate() -> None:
    first, second = drafted("sirolimus", 2), drafted("sirolimus", 2)
    alerts = [a for a in judged(NOBODYS, first, second) if a.rule.id == "DUPLICATE_ORDER"]
    assert [a.order for a in alerts] == [second.reference]


def test_drops_repeat_nothing() -> None:
    drops, capsules = drafted("ciclosporin", 1, 12, systemic=False), drafted("ciclosporin", 75, 12)
    assert found(drops, capsules) == []
    order = medication("ciclosporin", 1, 12, 10, systemic=False)
    assert found(capsules, record=a_record(order)) == []


def test_a_draft_is_not_its_own_duplicate() -> None:
    draft = drafted("sirolimus", 2)
    record = a_record(replace(draft, status=MedicationStatus.ACTIVE))
    assert found(draft, record=record) == []


# ---------------------------------------------------------------- other drugs


@pytest.mark.parametrize(
    "case",
    cases("""
    partner         | arm      | findings
    voriconazole    | alone    | DDI-CRITICAL critical AVOID sirolimus
    voriconazole    | combined | DDI-CRITICAL critical AVOID sirolimus; DDI-AVOID warning AVOID ciclosporin
    clarithromycin  | combined | DDI-AVOID warning AVOID -
    rifampin        | alone    | DDI-AVOID warning AVOID sirolimus
    simvastatin     | combined | DDI-CRITICAL critical AVOID ciclosporin
    simvastatin     | alone    | none
    st. john's wort | combined | DDI-CONTRA warning AVOID -
    fluconazole     | combined | DDI-CAUTION info MEASURE_LEVEL -
    gentamicin      | combined | DDI-CAUTION info REPEAT_TEST ciclosporin
    gentamicin      | alone    | none
    paracetamol     | combined | none
    """),
    ids=lambda case: f"{case['partner']} {case['arm']}" if isinstance(case, dict) else None,
)
def test_an_interacting_drug_drafted(case: dict[str, str]) -> None:
    arm = ALONE if case["arm"] == "alone" else Arm.COMBINED
    assert found(drafted(case["partner"], 100), arm=arm) == expected(case["findings"])


def test_a_partner_drafted_beside_ciclosporin_concerns_ciclosporin() -> None:
    lines = found(drafted("simvastatin", 20), drafted("ciclosporin", 75, 12), arm=ALONE)
    assert "DDI-CRITICAL critical AVOID ciclosporin" in lines


@pytest.mark.parametrize(
    ("state", "severity"),
    [
        (RenalState.NORMAL, "info"),
        (RenalState.UNKNOWN, "info"),
        (RenalState.WATCH, "warning"),
        (RenalState.IMPAIRED, "warning"),
        (RenalState.AKI, "warning"),
    ],
)
def test_a_nephrotoxic_drug_is_louder_while_the_kidney_fails(state: RenalState, severity: str) -> None:
    (line,) = found(drafted("gentamicin", 240), renal=kidney(state))
    assert line == f"DDI-CAUTION {severity} REPEAT_TEST ciclosporin"


def test_another_caution_is_not_louder_while_the_kidney_fails() -> None:
    (line,) = found(drafted("atorvastatin", 20), renal=kidney(RenalState.AKI))
    assert line == "DDI-CAUTION info REVIEW ciclosporin"


def test_a_study_drug_drafted_beside_a_contraindicated_drug_in_use() -> None:
    taking = a_record(medication("simvastatin", 20, 24, 100), medication("fluconazole", 100, 24, 9))
    lines = found(drafted("ciclosporin", 75, 12), record=taking)
    assert lines == ["DDI-CRITICAL critical AVOID ciclosporin"]
    assert found(drafted("sirolimus", 2), record=taking) == []
    ended = a_record(medication("simvastatin", 20, 24, 100, end=when(9)))
    assert found(drafted("ciclosporin", 75, 12), record=ended) == []


@pytest.mark.parametrize(
    "case",
    cases("""
    case                        | concept           | platelets | told
    just under 50               | drug.nsaid        | 49.99     | yes
    exactly 50                  | drug.nsaid        | 50        | no
    antiplatelet drug           | drug.antiplatelet | 30        | yes
    below some limit above 50   | drug.nsaid        | <60       | yes
    anticoagulant               | drug.anticoagulant | 30       | yes
    no count on record          | drug.nsaid        | -         | no
    another drug                | drug.gcsf         | 12        | no
    """),
    ids=named,
)
def test_bleeding_with_few_platelets(case: dict[str, str]) -> None:
    counts = () if case["platelets"] == "-" else (result(Analyte.PLATELETS, case["platelets"]),)
    draft = drafted("aspirin", 100, concepts=frozenset({Concept(case["concept"])}))
    told = found(draft, record=a_record(*counts), arm=ALONE)
    assert told == (["ORD-PLT warning AVOID -"] if case["told"] == "yes" else [])


def test_the_last_platelet_count_decides() -> None:
    record = a_record(
        result(Analyte.PLATELETS, 20, 9),
        result(Analyte.PLATELETS, 80, 2),
        result(Analyte.PLATELETS, 9, "2026-03-05"),
    )
    assert found(drafted("aspirin", 100, concepts=frozenset({Concept.NSAID})), record=record) == []


def test_a_second_drug_of_the_class_of_sirolimus_warns() -> None:
    everolimus = drafted("everolimus", 5, concepts=frozenset({Concept.MTOR_OTHER}))
    assert found(everolimus, arm=ALONE) == ["ORD-MTOR warning AVOID sirolimus"]
    assert found(replace(everolimus, systemic=False), arm=ALONE) == []


def test_a_live_vaccine_is_critical_by_any_route() -> None:
    spray = drafted("influenza live", concepts=frozenset({Concept.LIVE_VACCINE}), systemic=False)
    assert found(spray, arm=ALONE) == ["VAX-1 critical AVOID -"]


def test_a_vaccine_that_may_be_live_asks_which_product_it_is() -> None:
    zoster = drafted("zoster vaccine", concepts=frozenset({Concept.LIVE_VACCINE_POSSIBLE}))
    assert found(zoster, arm=ALONE) == ["VAX-1 warning REVIEW -"]


# ---------------------------------------------------------------- spacing


def spacing(*drafts: MedicationEvent, **more: Any) -> list[Alert]:
    return [a for a in judged(NOBODYS, *drafts, **more) if a.rule.id == "INT-01"]


def test_the_four_hours_are_told_where_both_drugs_meet() -> None:
    assert spacing(drafted("sirolimus", 2))
    assert spacing(drafted("ciclosporin", 75, 12))
    assert not spacing(drafted("sirolimus", 2), arm=ALONE)
    assert not spacing(drafted("ciclosporin", 75, 12), arm=ALONE)
    assert not spacing(drafted("fluconazole", 100))
    starting = {S: dose(S, None, status=DoseStatus.NONE), C: dose(C, None, status=DoseStatus.NONE)}
    assert not spacing(drafted("sirolimus", 2), doses=starting)
    assert len(spacing(drafted("sirolimus", 2), drafted("ciclosporin", 75, 12), doses=starting)) == 2


# ---------------------------------------------------------------- not enrolled


@pytest.mark.parametrize("status", [s for s in StudyState if s is not StudyState.ENROLLED])
def test_outside_the_trial_only_sirolimus_for_a_candidate_is_worth_a_word(status: StudyState) -> None:
    outside = {"participation": patient(None, status), "doses": SIROLIMUS_ONLY}
    drafts = (drafted("sirolimus", 9), drafted("voriconazole", 200), drafted("sirolimus", 1, systemic=False))
    assert found(*drafts, candidate=True, **outside) == ["ORD-E5 info REVIEW sirolimus"]
    assert found(*drafts, candidate=False, **outside) == []


def test_every_finding_names_its_draft_and_the_loudest_come_first() -> None:
    drafts = (drafted("fluconazole", 100), drafted("sirolimus", 9), drafted("voriconazole", 200))
    alerts = judged(NOBODYS, *drafts)
    assert {a.order for a in alerts} == {d.reference for d in drafts}
    assert alerts[0].severity == "critical"
    assert isinstance(drafts[0].dose, Known)


# ---------------------------------------------------------------- route, uneven days, steps (DECISIONS 54, 55)


@pytest.mark.parametrize(
    "case",
    cases("""
    case                            | drug        | mg    | every | renal    | finding
    a third of the highest          | ciclosporin | 50    | 12    | NORMAL   | ORD-ROUTE warning REVIEW ciclosporin
    more than a third               | ciclosporin | 50.01 | 12    | NORMAL   | ORD-ROUTE critical REVIEW ciclosporin
    in the middle                   | ciclosporin | 40    | 12    | NORMAL   | ORD-ROUTE warning REVIEW ciclosporin
    a third of the lowest           | ciclosporin | 8.34  | 12    | NORMAL   | ORD-ROUTE warning REVIEW ciclosporin
    less than a third of the lowest | ciclosporin | 8.33  | 12    | NORMAL   | ORD-ROUTE critical REVIEW ciclosporin
    a day's amount too much         | ciclosporin | 50    | 8     | NORMAL   | ORD-ROUTE critical REVIEW ciclosporin
    kidneys impaired, in bounds     | ciclosporin | 16    | 12    | IMPAIRED | ORD-ROUTE warning REVIEW ciclosporin
    kidneys impaired, outside       | ciclosporin | 40    | 12    | IMPAIRED | ORD-ROUTE critical REVIEW ciclosporin
    sirolimus injected              | sirolimus   | 1     | 24    | NORMAL   | ORD-ROUTE warning REVIEW sirolimus
    sirolimus injected, 100 mg      | sirolimus   | 100   | 168   | NORMAL   | ORD-ROUTE critical REVIEW sirolimus
    """),
    ids=named,
)
def test_a_draft_by_another_route_is_no_study_dose(case: dict[str, str]) -> None:
    draft = drafted(case["drug"], case["mg"], int(case["every"]), oral=False)
    renal = kidney(RenalState(case["renal"]))
    assert found(draft, renal=renal) == expected(case["finding"])
    proposed = decision(Drug(case["drug"]), State.INCREASE, 3 if case["drug"] == "sirolimus" else 100)
    assert found(draft, renal=renal, titration=(proposed,)) == expected(case["finding"]), "never a correction"


@pytest.mark.parametrize("change", [{"dose": Unknown(WhyUnknown.UNREADABLE)}, {"as_needed": True}])
def test_an_amount_by_another_route_that_cannot_be_read_is_said(change: dict[str, Any]) -> None:
    draft = replace(drafted("ciclosporin", 40, 12, oral=False), **change)
    assert found(draft) == ["ORD-ROUTE warning REVIEW ciclosporin"]


def test_a_drug_that_is_held_stays_held_by_any_route() -> None:
    held = decision(C, State.HOLD)
    draft = drafted("ciclosporin", 40, 12, oral=False)
    assert found(draft, titration=(held,))[0] == "ORD-HOLD critical HOLD ciclosporin"


def uneven(*each: int) -> Known[Dose]:
    return Known(Dose(Decimal(sum(each)), Decimal(24), tuple(map(Decimal, each))))


@pytest.mark.parametrize(
    ("drug", "each", "finding"),
    [
        ("ciclosporin", (100, 75), "none"),
        ("ciclosporin", (150, 25), "none"),
        ("ciclosporin", (175, 25), "ORD-BOUNDS warning CORRECT_ORDER ciclosporin"),
        ("ciclosporin", (100, 20), "ORD-BOUNDS warning CORRECT_ORDER ciclosporin"),
        ("ciclosporin", (75, 50, 25), "ORD-BOUNDS warning CORRECT_ORDER ciclosporin"),
        ("ciclosporin", (400, 250), "ORD-OVERDOSE critical CORRECT_ORDER ciclosporin"),
        ("sirolimus", (2, 1), "ORD-BOUNDS warning CORRECT_ORDER sirolimus"),
    ],
)
def test_each_dose_of_an_uneven_day_is_judged(drug: str, each: tuple[int, ...], finding: str) -> None:
    assert found(replace(drafted(drug, 1), dose=uneven(*each))) == expected(finding)


def part(mg: int, time: str, **more: Any) -> MedicationEvent:
    """A draft for one time of each day; while it is written it has no date."""
    return replace(drafted("ciclosporin", mg, 24, times=frozenset({time}), **more), start=None)


def test_drafts_for_different_times_of_a_day_are_judged_together() -> None:
    assert found(part(100, "MORN"), part(75, "EVE")) == []
    assert found(part(100, "MORN"), part(200, "EVE")) == ["ORD-BOUNDS warning CORRECT_ORDER ciclosporin"] * 2
    assert "ORD-BOUNDS warning CORRECT_ORDER ciclosporin" in found(part(100, "MORN"), part(75, "MORN"))


def test_a_draft_for_the_evening_stands_beside_the_order_of_the_morning() -> None:
    morning = medication("ciclosporin", 100, 24, times=frozenset({"MORN"}))
    assert found(part(75, "EVE"), record=a_record(morning)) == []
    stopped = replace(morning, status=MedicationStatus.STOPPED)
    alone = found(part(75, "EVE"), record=a_record(stopped))
    assert alone == ["ORD-BOUNDS warning CORRECT_ORDER ciclosporin"], "once a day is not the trial's interval"


def test_the_steps_of_one_draft_are_each_judged_and_no_duplicates() -> None:
    first = drafted("sirolimus", 2)
    later = replace(first, dose=Known(Dose(Decimal(7), Decimal(24))), start=when("2026-03-20"))
    assert found(first, later) == ["ORD-OVERDOSE critical CORRECT_ORDER sirolimus"]
    assert found(first, replace(first, start=when("2026-03-20"))) == []
    assert found(later, replace(later, start=when("2026-03-25"))) == [
        "ORD-OVERDOSE critical CORRECT_ORDER sirolimus"
    ]
