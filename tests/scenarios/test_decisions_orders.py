"""From a draft order in FHIR to what is said of it (DECISIONS 34, 37, 40-43; titration.md 4.5, 8)."""

from typing import Any

import pytest

from tests.scenarios.dosing_charts import (
    BASELINE,
    COMBINED_ARM,
    SIROLIMUS_ARM,
    VORICONAZOLE,
    Chart,
    alerts,
    creatinine,
    creatinines,
    decision,
    kidneys,
    labs,
    level,
    line,
    on_both,
    on_sirolimus,
    taking,
)
from tests.scenarios.fhir_charts import (
    CICLOSPORIN_25MG,
    SIROLIMUS_1MG,
    Json,
    assessed,
    atc,
    concept,
    condition,
    dispense,
    enrolled,
    icd,
    order,
    participation,
    problems,
    rxnorm,
    statement,
    study,
    text,
)

FRESH = (*COMBINED_ARM, *labs(), *kidneys())
"""Enrolled in the combined arm, never treated: 2 mg and 50 mg every 12 hours are proposed."""
CVX = "http://hl7.org/fhir/sid/cvx"
BOTH_TAKEN = (*on_both(*kidneys()), level("ciclosporin", 150))
GEL = rxnorm("2596864", "sirolimus 0.2 % Topical Gel")


def draft(drug: Json = SIROLIMUS_1MG, *lines: Json, **more: Any) -> Json:
    return order(drug, 0, *lines, **({"status": "draft"} | more))


def sirolimus(mg: Any = 2, hours: int = 24, **more: Any) -> Json:
    return draft(SIROLIMUS_1MG, line(mg, hours), **more)


def ciclosporin(mg: Any = 50, hours: int = 12, **more: Any) -> Json:
    return draft(CICLOSPORIN_25MG, line(mg, hours), **more)


def judged(chart: Chart, *drafts: Json) -> list[str]:
    """The findings, but for the note on spacing the two drugs."""
    found = alerts(assessed(*chart, drafts=drafts), "orders")
    return [a for a in found if not a.startswith("INT-01")]


# ---------------------------------------------------------------- amount and interval


@pytest.mark.parametrize(
    ("mg", "hours", "rule", "severity"),
    [
        (1, 24, "ORD-PROPOSAL", "info"),
        (2, 24, None, None),
        (3, 24, "ORD-PROPOSAL", "warning"),
        (3.5, 24, "ORD-BOUNDS", "warning"),
        (6, 24, "ORD-BOUNDS", "warning"),
        (6.5, 24, "ORD-OVERDOSE", "critical"),
        (0.5, 24, "ORD-BOUNDS", "warning"),
        (1, 12, "ORD-BOUNDS", "warning"),
        (4, 48, "ORD-BOUNDS", "warning"),
        (7, 168, "ORD-OVERDOSE", "critical"),
    ],
)
def test_a_sirolimus_draft_is_judged_by_the_day_and_the_interval(
    mg: Any, hours: int, rule: str | None, severity: str | None
) -> None:
    expected = [f"{rule} {severity} CORRECT_ORDER sirolimus"] if rule else []
    assert judged(FRESH, sirolimus(mg, hours)) == expected


@pytest.mark.parametrize(
    ("mg", "hours", "rule", "severity"),
    [
        (25, 12, "ORD-PROPOSAL", "info"),
        (50, 12, None, None),
        (150, 12, "ORD-PROPOSAL", "warning"),
        (151, 12, "ORD-BOUNDS", "warning"),
        (300, 12, "ORD-BOUNDS", "warning"),
        (301, 12, "ORD-OVERDOSE", "critical"),
        (24, 12, "ORD-BOUNDS", "warning"),
        (100, 24, "ORD-BOUNDS", "warning"),
        (50, 8, "ORD-BOUNDS", "warning"),
    ],
)
def test_a_ciclosporin_draft_is_judged_by_the_day_and_the_interval(
    mg: int, hours: int, rule: str | None, severity: str | None
) -> None:
    expected = [f"{rule} {severity} CORRECT_ORDER ciclosporin"] if rule else []
    assert judged(FRESH, ciclosporin(mg, hours)) == expected


@pytest.mark.parametrize(
    ("mg", "values", "finding"),
    [
        (50, creatinines((2, 80)), "DUPLICATE_ORDER warning REVIEW ciclosporin"),
        (51, creatinines((2, 80)), "ORD-BOUNDS warning CORRECT_ORDER ciclosporin"),
        (101, creatinines((2, 80)), "ORD-OVERDOSE critical CORRECT_ORDER ciclosporin"),
        (51, creatinines((30, 80), (16, 80), (2, 80)), "ORD-BOUNDS warning CORRECT_ORDER ciclosporin"),
        (51, creatinines((30, 80), (16, 62), (2, 62)), "ORD-BOUNDS warning CORRECT_ORDER ciclosporin"),
        (50, creatinines((2, 95)), "ORD-HOLD critical HOLD ciclosporin"),
        (50, creatinines((15, 95)), "ORD-HOLD critical HOLD ciclosporin"),
    ],
)
def test_impaired_kidneys_bind_a_ciclosporin_draft(mg: int, values: Chart, finding: str) -> None:
    chart = on_both(*BASELINE, *values, level("ciclosporin", 100), mg=50)
    assert judged(chart, ciclosporin(mg))[0] == finding


# ---------------------------------------------------------------- what can be read


UNREADABLE = "ORD-UNREADABLE warning CORRECT_ORDER sirolimus"
READING: list[tuple[str, Json, list[str]]] = [
    ("three tablets of 2 mg", draft(rxnorm("360110"), line(3, unit="{pill}")), ["ORD-BOUNDS warning CORRECT_ORDER sirolimus"]),
    ("four tablets of 2 mg", draft(rxnorm("360110"), line(4, unit="{pill}")), ["ORD-OVERDOSE critical CORRECT_ORDER sirolimus"]),
    ("two tablets of 1 mg", draft(SIROLIMUS_1MG, line(2, unit="片")), []),
    ("contained product", draft(medicationCodeableConcept=None, contained=[{"resourceType": "Medication", "id": "m", "code": rxnorm("360110")}], medicationReference={"reference": "#m"}, dosageInstruction=[line(4, unit="{tablet}")]), ["ORD-OVERDOSE critical CORRECT_ORDER sirolimus"]),
    ("8 mL of 1 mg/mL", draft(rxnorm("314230"), line(8, unit="mL")), ["ORD-OVERDOSE critical CORRECT_ORDER sirolimus"]),
    ("tablets of an unknown strength", draft(rxnorm("35302"), line(2, unit="{pill}")), [UNREADABLE]),
    ("片 by name alone", draft(text("西罗莫司片"), line(2, unit="片")), [UNREADABLE]),
    ("words alone", draft(SIROLIMUS_1MG, {"text": "2mg 每日一次"}), [UNREADABLE]),
    ("no dosage", draft(SIROLIMUS_1MG), [UNREADABLE]),
    ("as needed", draft(SIROLIMUS_1MG, line(2, asNeededBoolean=True)), [UNREADABLE]),
    ("twice a day in words", draft(SIROLIMUS_1MG, line(2, text="2 mg bid")), [UNREADABLE]),
    ("twice a day in Chinese words", draft(SIROLIMUS_1MG, line(2, patientInstruction="每次2mg，每日两次")), [UNREADABLE]),
    ("once a day in words, too", draft(SIROLIMUS_1MG, line(2, text="2 mg qd")), []),
    ("more than the line allows", draft(SIROLIMUS_1MG, line(2, maxDosePerAdministration={"value": 1, "unit": "mg"})), [UNREADABLE]),
    ("gel", draft(GEL, line(1, unit="g")), []),
    ("gel by its name", draft(text("西罗莫司凝胶"), line(1, unit="g")), []),
    ("eye drops by their name", draft(text("环孢素滴眼液(Ⅱ)"), line(1, 12, "滴")), []),
    ("eye drops by their route", draft(rxnorm("3008"), line(1, 12, "drop", route=text("ophthalmic"))), []),
    ("not to be given", sirolimus(20, doNotPerform=True), []),
]  # fmt: skip


@pytest.mark.parametrize(("what", "drafted", "findings"), READING, ids=[r[0] for r in READING])
def test_a_draft_is_read_to_the_milligram_or_said_to_be_unreadable(
    what: str, drafted: Json, findings: list[str]
) -> None:
    assert judged(FRESH, drafted) == findings


def test_a_draft_without_a_medication_is_a_gap_and_no_finding() -> None:
    told = assessed(*FRESH, drafts=[sirolimus(medicationCodeableConcept=None)])
    assert (told["orders"], problems(told)) == ([], ["MEDICATION_NOT_STATED"])


# ---------------------------------------------------------------- against the proposal in force


@pytest.mark.parametrize(
    ("trough", "mg", "findings"),
    [
        (3, 3, ["ORDER_GOES_ON warning REVIEW sirolimus"]),
        (3, 2, ["DUPLICATE_ORDER warning REVIEW sirolimus", "ORD-PROPOSAL info CORRECT_ORDER sirolimus"]),
        (7, 2, ["DUPLICATE_ORDER warning REVIEW sirolimus"]),
        (7, 3, ["ORD-PROPOSAL warning CORRECT_ORDER sirolimus", "DUPLICATE_ORDER warning REVIEW sirolimus"]),
        (13, 1, ["ORDER_GOES_ON warning REVIEW sirolimus"]),
        (13, 2, ["ORD-PROPOSAL warning CORRECT_ORDER sirolimus", "DUPLICATE_ORDER warning REVIEW sirolimus"]),
        (17, 1, ["ORD-HOLD warning HOLD sirolimus", "ORDER_GOES_ON warning REVIEW sirolimus"]),
        (17, 2, ["ORD-HOLD critical HOLD sirolimus", "DUPLICATE_ORDER warning REVIEW sirolimus"]),
        (25, 1, ["ORD-HOLD critical HOLD sirolimus", "DUPLICATE_ORDER warning REVIEW sirolimus"]),
    ],
)
def test_a_draft_beside_an_active_order(trough: int, mg: int, findings: list[str]) -> None:
    assert sorted(judged(on_sirolimus(level("sirolimus", trough)), sirolimus(mg))) == sorted(findings)


def test_two_drafts_of_one_drug_are_one_too_many() -> None:
    assert judged(FRESH, sirolimus(), sirolimus()) == ["DUPLICATE_ORDER warning REVIEW sirolimus"]


@pytest.mark.parametrize("intent", ["order", "instance-order", "filler-order"])
def test_an_order_and_what_carries_it_out_are_one_when_both_are_signed_at_once(intent: str) -> None:
    whole = sirolimus()
    part = sirolimus(intent=intent, basedOn=[{"reference": f"MedicationRequest/{whole['id']}"}])
    assert judged(FRESH, whole, part) == judged(FRESH, part, whole) == []
    of_another = part | {"basedOn": [{"reference": "MedicationRequest/another"}]}
    assert judged(FRESH, whole, of_another) == ["DUPLICATE_ORDER warning REVIEW sirolimus"]


def test_the_two_drugs_are_spaced_in_the_combined_arm_only() -> None:
    told = assessed(*FRESH, drafts=[sirolimus(), ciclosporin()])
    assert alerts(told, "orders") == [
        "INT-01 info SEPARATE_DOSES sirolimus",
        "INT-01 info SEPARATE_DOSES ciclosporin",
    ]
    alone = assessed(*SIROLIMUS_ARM, *labs(), drafts=[sirolimus()])
    assert alone["orders"] == []


# ---------------------------------------------------------------- arms, other patients


@pytest.mark.parametrize(
    ("arm", "finding"),
    [
        ("Sirolimus", "ARM_MISMATCH warning REVIEW ciclosporin"),
        ("Arm B", "ARM_UNKNOWN warning REVIEW ciclosporin"),
        ("Sirolimus + cyclosporin A", None),
    ],
)
def test_ciclosporin_drafted_outside_its_arm(arm: str, finding: str | None) -> None:
    chart = (*enrolled(arm), *labs(), *kidneys(), *taking("sirolimus", 2))
    assert judged(chart, ciclosporin()) == ([finding] if finding else [])


def test_outside_the_trial_only_a_candidates_sirolimus_is_spoken_of() -> None:
    candidate = (condition(icd("D61.3"), 900),)
    assert judged(candidate, sirolimus(20)) == ["ORD-E5 info REVIEW sirolimus"]
    assert judged(candidate, draft(GEL, line(1, unit="g"))) == []
    assert judged(candidate, ciclosporin(900), draft(VORICONAZOLE)) == []
    assert judged((), sirolimus(20)) == []
    for status in ("off-study", "withdrawn"):
        assert judged((*candidate, study(), participation(status)), sirolimus(20)) == []


# ---------------------------------------------------------------- other drugs


PARTNERS: list[tuple[str, Chart, Json, list[str]]] = [
    ("voriconazole", BOTH_TAKEN, VORICONAZOLE, ["DDI-CRITICAL critical AVOID sirolimus", "DDI-AVOID warning AVOID ciclosporin"]),
    ("泊沙康唑", BOTH_TAKEN, text("泊沙康唑肠溶片"), ["DDI-CRITICAL critical AVOID sirolimus", "DDI-AVOID warning AVOID ciclosporin"]),
    ("simvastatin", BOTH_TAKEN, atc("C10AA01"), ["DDI-CRITICAL critical AVOID ciclosporin"]),
    ("瑞舒伐他汀", BOTH_TAKEN, text("瑞舒伐他汀钙片"), ["DDI-CRITICAL critical AVOID ciclosporin"]),
    ("dabigatran", BOTH_TAKEN, atc("B01AE07"), ["DDI-CRITICAL critical AVOID ciclosporin"]),
    ("simvastatin, sirolimus alone", on_sirolimus(), atc("C10AA01"), []),
    ("gentamicin", BOTH_TAKEN, atc("J01GB03"), ["DDI-CAUTION info REPEAT_TEST ciclosporin"]),
    ("gentamicin, kidneys in doubt", on_both(*BASELINE, creatinine(75)), atc("J01GB03"), ["DDI-CAUTION warning REPEAT_TEST ciclosporin"]),
    ("voriconazole eye drops", BOTH_TAKEN, text("伏立康唑滴眼液"), []),
    ("everolimus", BOTH_TAKEN, atc("L04AH02"), ["ORD-MTOR warning AVOID sirolimus"]),
    ("measles vaccine", BOTH_TAKEN, concept((CVX, "03")), ["VAX-1 critical AVOID -"]),
    ("influenza vaccine, inactivated", BOTH_TAKEN, concept((CVX, "141")), []),
    ("ibuprofen, platelets 49", (*SIROLIMUS_ARM, *labs(plt=49)), atc("M01AE01"), ["ORD-PLT warning AVOID -"]),
    ("ibuprofen, platelets 50", (*SIROLIMUS_ARM, *labs(plt=50)), atc("M01AE01"), []),
    ("aspirin, platelets 49", (*SIROLIMUS_ARM, *labs(plt=49)), atc("B01AC06"), ["ORD-PLT warning AVOID -"]),
    ("paracetamol", (*SIROLIMUS_ARM, *labs(plt=5)), atc("N02BE01"), []),
]  # fmt: skip


@pytest.mark.parametrize(("what", "chart", "drug", "findings"), PARTNERS, ids=[p[0] for p in PARTNERS])
def test_other_drugs_by_what_they_do_to_the_study_drugs(
    what: str, chart: Chart, drug: Json, findings: list[str]
) -> None:
    assert judged(chart, draft(drug)) == findings


def test_sirolimus_drafted_while_voriconazole_is_taken() -> None:
    """In use, a strong inhibitor also bars the start."""
    chart = (*SIROLIMUS_ARM, *labs(), statement(VORICONAZOLE, 4))
    assert judged(chart, sirolimus()) == [
        "DDI-CRITICAL critical AVOID sirolimus",
        "ORD-UNADVISED warning REVIEW sirolimus",
    ]


# ---------------------------------------------------------------- what can be dispensed, and what ends an order

SIROLIMUS_2MG = rxnorm("360110", "sirolimus 2 MG Oral Tablet")


@pytest.mark.parametrize(
    ("product", "mg", "rule"),
    [
        (SIROLIMUS_1MG, 2, None),
        (SIROLIMUS_2MG, 2, None),
        (SIROLIMUS_2MG, 1, "ORD-PIECES"),
        (SIROLIMUS_2MG, 3, "ORD-PIECES"),
        (SIROLIMUS_2MG, 4, None),
    ],
)
def test_a_dose_that_whole_tablets_cannot_give_is_said(product: Json, mg: int, rule: str | None) -> None:
    found = judged(FRESH, draft(product, line(mg)))
    assert [a for a in found if "ORD-PIECES" in a] == ([f"{rule} warning REVIEW sirolimus"] if rule else [])


@pytest.mark.parametrize("member", ["text", "patientInstruction"])
def test_words_that_contradict_the_figures_make_a_draft_unreadable(member: str) -> None:
    said = {member: "Take 3 tablets (6 mg) every morning"}
    assert judged(FRESH, draft(SIROLIMUS_2MG, line(2, **said))) == [UNREADABLE]
    assert judged(FRESH, draft(SIROLIMUS_2MG, line(6, **said)))[0].startswith("ORD-BOUNDS")


def test_an_overdose_in_figures_is_critical_whatever_its_words_say() -> None:
    found = judged(FRESH, draft(SIROLIMUS_1MG, line(20, text="2 mg once daily")))
    assert [a.split()[:2] for a in found] == [["ORD-OVERDOSE", "critical"], ["ORD-UNREADABLE", "warning"]]


def test_a_dose_in_force_whose_words_contradict_its_figures_is_not_known() -> None:
    told = line(3, text="2 mg once daily")
    taken = (order(SIROLIMUS_1MG, 30, told), dispense(SIROLIMUS_1MG, 30, 60, told))
    found = decision(assessed(*on_sirolimus(level("sirolimus", 3), sirolimus=taken)))
    assert (found["state"], found["currentDose"]) == ("CANNOT_ADVISE", None)


@pytest.mark.parametrize("status", ["stopped", "cancelled", "on-hold", "completed", "entered-in-error"])
@pytest.mark.parametrize("mg", [2, 9])
def test_a_draft_that_ends_an_order_is_no_alarm(status: str, mg: int) -> None:
    high = on_sirolimus(level("sirolimus", 25))
    assert judged(high, sirolimus(mg, status=status)) == []
    assert judged(high, sirolimus(mg)) != []


def test_an_order_not_to_give_a_drug_is_no_alarm() -> None:
    assert judged(on_sirolimus(level("sirolimus", 25)), sirolimus(9, doNotPerform=True)) == []


def test_an_order_that_is_ended_at_the_same_signature_is_no_duplicate() -> None:
    chart = on_sirolimus(level("sirolimus", 7))
    (running,) = [r for r in chart if r["resourceType"] == "MedicationRequest"]
    assert judged(chart, sirolimus(2)) == ["DUPLICATE_ORDER warning REVIEW sirolimus"]
    assert judged(chart, sirolimus(2), running | {"status": "stopped"}) == []
