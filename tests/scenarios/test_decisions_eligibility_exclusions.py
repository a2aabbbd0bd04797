"""DECISIONS 9 and 10 from FHIR: other marrow disease, clone, transplant and sirolimus (E1 to E5)."""

from typing import Any

import pytest

from tests.scenarios import fhir_charts as chart
from tests.scenarios.fhir_charts import (
    ICD10PCS,
    SIROLIMUS_1MG,
    administration,
    allergy,
    atc,
    attestation,
    concept,
    condition,
    consent,
    dispense,
    enrolled,
    holds,
    icd,
    icd_cm,
    observation,
    order,
    procedure,
    rxnorm,
    snomed,
    statement,
    text,
    transfusion,
)

AA = condition(icd("D61.3"))


def code_of(code: Any) -> str:
    return str(code.get("coding", [{}])[0].get("code", code.get("text", "")))


def exclusion(line: str, expected: str, *facts: Any) -> None:
    holds(f"{line} {expected}", AA, *facts)


# ---------------------------------------------------------------- E1, E2


@pytest.mark.parametrize(
    "code", [icd("D46.9"), icd("D46.900"), icd("C92.0"), icd_cm("D46.20"), snomed("109995007")], ids=code_of
)
def test_mds_and_leukaemia_exclude_ever(code: Any) -> None:
    for clinical in ("active", "resolved"):
        holds("E1 present data; E2 present data", AA, condition(code, clinical=clinical))
    holds("E2 unknown", AA, condition(code, verification="provisional"))
    holds("E1 unknown mixed; E2 unknown mixed", AA, condition(code), attestation({"E1": False, "E2": False}))


def test_pancytopenia_by_drugs_is_another_cause_never_aplastic_anaemia() -> None:
    for code in ("D61.810", "D61.811"):
        exclusion("E1", "present data", condition(icd_cm(code)))
        exclusion("E1", "present data", condition(icd(code)))
    exclusion("E1", "present data", condition(icd_cm("D61.82")))
    exclusion("E1", "unknown data", condition(icd_cm("D61.818")))


def test_a_pnh_diagnosis_is_no_clonal_disease_and_no_clone_size() -> None:
    holds("E2 unknown none; E3 unknown data", AA, condition(icd("D59.5")))


# ---------------------------------------------------------------- E3

LINEAGES = ("90737-8", "90736-0", "53831-4")


@pytest.mark.parametrize("loinc", LINEAGES)
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (50, "present"),
        (50.0, "present"),
        (49.99, "absent"),
        (49.9, "absent"),
        (0, "absent"),
        (100, "present"),
    ],
)
def test_a_white_cell_clone_of_50_percent_excludes(loinc: str, value: Any, expected: str) -> None:
    exclusion("E3", f"{expected} data", observation(loinc, value, "%", 30))


@pytest.mark.parametrize(
    ("when", "expected"),
    [("2025-09-02", "present"), ("2025-09-01", "unknown"), ("2025-09", "unknown"), ("2025-10", "present")],
)
def test_a_clone_counts_for_six_months(when: str, expected: str) -> None:
    exclusion("E3", expected, observation("90737-8", 60, "%", when))


def test_an_old_large_clone_is_asked_first() -> None:
    told = chart.assessed(AA, observation("90737-8", 60, "%", 300))
    assert chart.status(told, "E3") == "unknown"
    assert told["eligibility"]["openQuestions"][0]["criterion"] == "E3"


@pytest.mark.parametrize(
    ("value", "unit", "sign", "expected"),
    [
        (50, "%", ">", "present"),
        (50, "%", ">=", "present"),
        (50, "%", "<", "absent"),
        (1, "%", "<", "absent"),
        (60, "%", "<", "unknown"),
        (40, "%", ">", "unknown"),
        (0.6, "1", None, "unknown"),
        (120, "%", None, "unknown"),
        ("not detected", None, None, "absent"),
        ("阴性", None, None, "absent"),
        ("阳性", None, None, "unknown"),
        ("45-55%", None, None, "unknown"),
    ],
    ids=str,
)
def test_signs_words_and_units_of_a_clone(
    value: Any, unit: str | None, sign: str | None, expected: str
) -> None:
    exclusion("E3", expected, observation("90737-8", value, unit, 30, sign))


def test_of_granulocytes_and_monocytes_the_larger_clone_counts() -> None:
    exclusion("E3", "present", observation("90737-8", 45, "%", 30), observation("90736-0", 55, "%", 30))
    exclusion("E3", "present", observation("90737-8", 51, "%", 30), observation("90736-0", 55, "%", 30))
    exclusion("E3", "present", observation("90737-8", 51, "%", 30), observation("53831-4", 45, "%", 30))


def test_red_cells_speak_only_without_white_cells_and_without_transfusion() -> None:
    red = observation("33662-8", 60, "%", 30)
    exclusion("E3", "present", red)
    exclusion("E3", "absent", red, observation("90737-8", 20, "%", 60))
    exclusion("E3", "unknown", red, transfusion("red", 149))
    exclusion("E3", "unknown", red, transfusion("red", 150))
    exclusion("E3", "present", red, transfusion("red", 151))


def test_no_attestation_clears_a_large_clone_or_replaces_a_missing_one() -> None:
    exclusion("E3", "present", observation("90737-8", 50, "%", 30), attestation({"E3": False}, 1))
    told = chart.assessed(AA, attestation({"E3": False}))
    assert chart.status(told, "E3") in ("absent", "unknown")
    assert chart.basis(told, "E3") == "attestation"


# ---------------------------------------------------------------- E4


@pytest.mark.parametrize(
    "done",
    [
        procedure(snomed("23719005")),
        procedure(snomed("58390007")),
        procedure(snomed("58776007"), when=9000),
        procedure(concept((ICD10PCS, "30243Y1"))),
        procedure(concept(("http://hl7.org/fhir/sid/icd-9-cm", "41.03"))),
        procedure(snomed("23719005"), status="in-progress"),
        condition(icd_cm("Z94.84")),
        condition(icd_cm("Z94.81")),
        condition(icd("T86.0")),
        condition(icd_cm("D89.810")),
        condition(snomed("2631000119108")),
    ],
    ids=lambda d: code_of(d["code"]),
)
def test_a_stem_cell_transplant_ever_excludes(done: Any) -> None:
    exclusion("E4", "present data", done)


@pytest.mark.parametrize(
    ("done", "expected"),
    [
        (procedure(snomed("23719005"), status="not-done"), "none"),
        (procedure(snomed("23719005"), status="entered-in-error"), "none"),
        (procedure(snomed("23719005"), status="preparation"), "none"),
        (condition(snomed("698303004")), "none"),
        (condition(icd("Z94.8")), "data"),
        (condition(icd("Z94.0")), "none"),
    ],
    ids=str,
)
def test_waiting_for_one_or_another_organ_does_not(done: Any, expected: str) -> None:
    exclusion("E4", f"unknown {expected}", done)


# ---------------------------------------------------------------- E5


@pytest.mark.parametrize(
    "drug",
    [
        SIROLIMUS_1MG,
        rxnorm("35302"),
        rxnorm("258355"),
        atc("L04AH01"),
        atc("L04AA10"),
        atc("L01EG04"),
    ],
    ids=code_of,
)
def test_every_sign_that_sirolimus_was_taken_excludes(drug: Any) -> None:
    for used in signs_of(drug):
        exclusion("E5", "present data", used)


@pytest.mark.parametrize(
    "drug",
    [
        concept(("urn:local", "77"), text="西罗莫司片"),
        text("雷帕鸣 1mg"),
        text("雷帕霉素"),
        text("宜欣可"),
        text("赛莫司"),
        text("Rapamune tablets"),
        text("sirolimus protein-bound particles"),
    ],
    ids=code_of,
)
def test_a_name_alone_asks_and_no_answer_talks_it_away(drug: Any) -> None:
    for used in signs_of(drug):
        exclusion("E5", "unknown data", used)
        exclusion("E5", "unknown mixed", used, attestation({"E5": False}))
        exclusion("E5", "present mixed", used, attestation({"E5": True}))


@pytest.mark.parametrize(
    "device",
    [
        text("sirolimus-eluting stent"),
        text("西罗莫司药物洗脱支架"),
        text("雷帕霉素药物涂层球囊"),
        text("Sirolimus-coated balloon"),
        concept(("http://www.nlm.nih.gov/research/umls/rxnorm", "35302"), text="sirolimus-eluting stent"),
    ],
    ids=code_of,
)
def test_a_device_or_a_coating_asks_and_an_answer_settles_it(device: Any) -> None:
    for used in signs_of(device):
        exclusion("E5", "unknown data", used)
        exclusion("E5", "absent attestation", used, attestation({"E5": False}))


def signs_of(drug: Any) -> tuple[Any, ...]:
    """The drug as each kind of entry that says that it was taken."""
    return (
        dispense(drug, 900, 30),
        administration(drug, 900, 2),
        statement(drug, 900, 800),
        order(drug, 900, status="completed"),
    )


def test_an_order_without_sign_of_start_is_unknown() -> None:
    for status in ("active", "stopped", "on-hold", "unknown"):
        exclusion("E5", "unknown data", order(SIROLIMUS_1MG, 100, status=status))
    exclusion("E5", "unknown data", order(SIROLIMUS_1MG, "1926-01-01"))
    exclusion("E5", "present data", order(SIROLIMUS_1MG, 100), dispense(SIROLIMUS_1MG, 99, 30))


@pytest.mark.parametrize("status", ["cancelled", "draft", "entered-in-error"])
def test_a_cancelled_order_is_no_use(status: str) -> None:
    exclusion("E5", "unknown none", order(SIROLIMUS_1MG, 100, status=status))
    exclusion(
        "E5", "absent attestation", order(SIROLIMUS_1MG, 100, status=status), attestation({"E5": False})
    )


@pytest.mark.parametrize(
    "never",
    [
        dispense(SIROLIMUS_1MG, 100, 30, status="cancelled"),
        dispense(SIROLIMUS_1MG, 100, 30, status="declined"),
        dispense(SIROLIMUS_1MG, 100, 30, status="entered-in-error"),
        administration(SIROLIMUS_1MG, 100, status="not-done"),
        statement(SIROLIMUS_1MG, 100, status="not-taken"),
        order(SIROLIMUS_1MG, 100, intent="proposal"),
        order(SIROLIMUS_1MG, 100, doNotPerform=True),
    ],
    ids=lambda r: f"{r['resourceType']} {r['status']}",
)
def test_what_was_never_taken_is_no_use(never: Any) -> None:
    exclusion("E5", "unknown none", never)


def test_other_and_local_rapamycins_only_ask() -> None:
    exclusion("E5", "unknown data", dispense(rxnorm("2596864", "sirolimus 0.2 % Topical Gel"), 100, 30))
    exclusion("E5", "unknown data", dispense(text("temsirolimus"), 100, 30))
    exclusion("E5", "unknown none", dispense(atc("L04AH02", "everolimus"), 100, 30))
    exclusion("E5", "unknown none", dispense(atc("L04AD02", "tacrolimus"), 100, 30))


def test_a_sirolimus_level_shows_use() -> None:
    exclusion("E5", "present data", observation("29247-4", 6.2, "ng/mL", 300))
    exclusion("E5", "present data", observation("72676-0", 6.2, "ug/L", 300))
    exclusion("E5", "unknown data", observation("29247-4", 0.3, "ng/mL", 300, "<"))


def test_an_allergy_to_sirolimus_excludes() -> None:
    exclusion("E5", "present data", allergy(SIROLIMUS_1MG))
    exclusion("E5", "present data", allergy(rxnorm("35302")))
    exclusion("E5", "unknown data", allergy(SIROLIMUS_1MG, active="resolved"))
    exclusion("E5", "unknown none", allergy(rxnorm("1191", "aspirin")))


def test_study_drug_is_no_previous_use() -> None:
    """Enrolled 60 days ago; T0 is the day of consent."""
    given = consent(when=61)
    exclusion("E5", "unknown", *enrolled(start=60), given, dispense(SIROLIMUS_1MG, 60, 30))
    exclusion("E5", "unknown", *enrolled(start=60), given, dispense(SIROLIMUS_1MG, 59, 30))
    exclusion("E5", "present", *enrolled(start=60), given, dispense(SIROLIMUS_1MG, 62, 30))
