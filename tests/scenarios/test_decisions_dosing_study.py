"""From FHIR to who is titrated, in which arm, and the first dose (DECISIONS 15, 22, 23, 28, 37)."""

from typing import Any

import pytest

from cds_service.settings.site_file import Site
from cds_service.trials.nct06802055.trial_arms import Arm
from tests.scenarios.dosing_charts import (
    BASELINE,
    COMBINED_ARM,
    SIROLIMUS_ARM,
    Chart,
    alerts,
    creatinine,
    decision,
    kidneys,
    lab,
    labs,
    level,
    line,
    on_both,
    on_sirolimus,
    said,
    state,
    taking,
)
from tests.scenarios.fhir_charts import (
    CICLOSPORIN_25MG,
    Json,
    ago,
    assessed,
    atc,
    dispense,
    enrolled,
    observation,
    order,
    participation,
    patient,
    problems,
    rxnorm,
    statement,
    study,
    text,
)

DRUGS = (*taking("sirolimus", 2), *taking("ciclosporin", 75))
RESULTS = (*labs(), *kidneys(), level("sirolimus", 7), level("ciclosporin", 100))


def titrated(told: Json) -> list[str]:
    return [d["drug"] for d in told["titration"]]


# ---------------------------------------------------------------- participation


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("candidate", "screening"),
        ("eligible", "screening"),
        ("potential-candidate", "screening"),
        ("screening", "screening"),
        ("pending-on-study", "screening"),
        ("on-study", "enrolled"),
        ("on-study-intervention", "enrolled"),
        ("on-study-observation", "enrolled"),
        ("follow-up", "enrolled"),
        ("pending-off-study", "enrolled"),
        ("off-study", "completed"),
        ("withdrawn", "withdrawn"),
        ("ineligible", "none"),
        ("not-registered", "none"),
        ("randomised", "unknown"),
    ],
)
def test_only_the_enrolled_are_titrated(status: str, expected: str) -> None:
    member = participation(status, assignedArm="Sirolimus + cyclosporin A")
    told = assessed(study(), member, *DRUGS, *RESULTS, level("sirolimus", 25, 5))
    assert told["participation"]["status"] == expected
    assert titrated(told) == (["sirolimus", "ciclosporin"] if expected == "enrolled" else [])
    if expected != "enrolled":
        assert (told["safety"], told["monitoring"]) == ([], [])


def test_of_several_participations_the_furthest_along_wins() -> None:
    def both(*statuses: str) -> str:
        members = [participation(s, assignedArm="Sirolimus") for s in statuses]
        return str(assessed(study(), *members)["participation"]["status"])

    assert both("screening", "on-study") == both("on-study", "screening") == "enrolled"
    assert both("withdrawn", "on-study") == "enrolled"
    assert both("on-study", "off-study") == "completed"


def test_another_trial_is_not_ours() -> None:
    other = study("NCT00000001", "other")
    member = participation("on-study", study={"reference": "ResearchStudy/other"}, assignedArm="Sirolimus")
    assert assessed(other, member, *DRUGS, *RESULTS)["participation"]["status"] == "none"


# ---------------------------------------------------------------- arms


@pytest.mark.parametrize(
    ("arm", "expected"),
    [
        ("Sirolimus", "sirolimus"),
        ("sirolimus alone", "sirolimus"),
        ("西罗莫司组", "sirolimus"),
        ("Sirolimus + cyclosporin A", "sirolimus+ciclosporin"),
        ("sirolimus+csa", "sirolimus+ciclosporin"),
        ("Sirolimus and Cyclosporine", "sirolimus+ciclosporin"),
        ("西罗莫司联合环孢素", "sirolimus+ciclosporin"),
        ("A", None),
        ("Arm B", None),
        ("1", None),
        ("combination", None),
        ("sirolimus without cyclosporine", None),
        ("sirolimus vs CsA", None),
        ("cyclosporin A", None),
        (None, None),
    ],
)
def test_an_arm_is_read_only_from_the_names_of_its_drugs(arm: str | None, expected: str | None) -> None:
    told = assessed(*enrolled(arm), *DRUGS, *RESULTS)
    assert told["participation"]["arm"] == expected
    match expected:
        case "sirolimus":
            assert titrated(told) == ["sirolimus"]
            assert alerts(told) == ["ARM_MISMATCH warning REVIEW ciclosporin"]
        case None:
            assert said(told, "ciclosporin") == "CANNOT_ADVISE - VALID ARM_UNKNOWN"
            assert state(told) == "CONTINUE 2"
            assert "ARM_UNKNOWN" in problems(told)
        case _:
            assert state(told, "ciclosporin") == "INCREASE 100"


def test_a_letter_counts_by_the_sites_own_table_alone() -> None:
    told = assessed(*enrolled("Arm B"), *DRUGS, *RESULTS, site=Site(arms={"Arm B": Arm.COMBINED}))
    assert told["participation"]["arm"] == "sirolimus+ciclosporin"


def test_ciclosporin_outside_its_arm_bars_more_sirolimus() -> None:
    low = level("sirolimus", 3)
    told = assessed(*SIROLIMUS_ARM, *labs(), *DRUGS, low)
    assert said(told) == "RECHECK - VALID ARM_MISMATCH"
    unknown = assessed(*enrolled("B"), *labs(), *DRUGS, low)
    assert said(unknown) == "RECHECK - VALID ARM_MISMATCH"


@pytest.mark.parametrize(
    "drops",
    [
        dispense(text("环孢素滴眼液(Ⅱ)"), 20, 30),
        dispense(rxnorm("352951"), 20, 30),
        dispense(atc("S01XA18"), 20, 30),
        statement(rxnorm("3008"), 20, None, line(1, 12, "drop", route=text("ophthalmic"))),
        order(text("Cyclosporine 0.05 % ophthalmic emulsion"), 20),
    ],
)
def test_eye_drops_are_no_ciclosporin(drops: Json) -> None:
    told = assessed(*on_sirolimus(level("sirolimus", 3), drops))
    assert (said(told), alerts(told)) == ("INCREASE 3 VALID -", [])


# ---------------------------------------------------------------- whose ciclosporin


@pytest.mark.parametrize(
    ("handed_over", "outcome"),
    [
        (60, "INCREASE 100 VALID -"),
        (61, "CANNOT_ADVISE - NOT_STEADY_STATE DOSE_NOT_DOCUMENTED,PRE_STUDY_CICLOSPORIN"),
    ],
)
def test_study_ciclosporin_is_that_taken_since_the_start(handed_over: int, outcome: str) -> None:
    supply = dispense(CICLOSPORIN_25MG, handed_over, 90, line(75, 12))
    told = assessed(*on_both(*kidneys(), level("ciclosporin", 100), ciclosporin=(supply,)))
    assert said(told, "ciclosporin") == outcome


def test_a_re_order_on_study_makes_it_study_ciclosporin() -> None:
    before = order(CICLOSPORIN_25MG, 200, line(75, 12), status="completed")
    chart = on_both(
        *kidneys(), level("ciclosporin", 100), ciclosporin=(before, *taking("ciclosporin", 75, 58, 90))
    )
    assert said(assessed(*chart), "ciclosporin") == "INCREASE 100 VALID -"


@pytest.mark.parametrize("start", [None, "2026-01", "2026"])
def test_without_a_day_of_start_the_first_sirolimus_is_day_one(start: Any) -> None:
    told = assessed(*enrolled(start=start), *DRUGS, *RESULTS)
    assert (told["participation"]["startDate"], told["participation"]["studyDay"]) == (None, 31)
    assert state(told) == "CONTINUE 2"


# ---------------------------------------------------------------- the first dose


def start(*more: Json, arm: Chart = SIROLIMUS_ARM) -> Chart:
    """Enrolled and never treated, 58 kg, with a blood count and liver tests of this week."""
    return (*arm, *labs(), observation("29463-7", 58, "kg"), lab("14631-6", 10, "umol/L"), *more)


FIRST: list[tuple[str, Chart, str]] = [
    ("nothing against it", start(), "INITIATE 2 MISSING -"),
    ("64 years", (patient("1961-03-03"), *start()), "INITIATE 2 MISSING -"),
    ("65 years", (patient("1961-03-02"), *start()), "INITIATE 1 MISSING START_AGE"),
    ("49.9 kg", start(observation("29463-7", 49.9, "kg", 1)), "INITIATE 1 MISSING START_WEIGHT"),
    ("ALT 3 x", start(lab("1742-6", 120, "U/L", 1)), "INITIATE 2 MISSING -"),
    ("ALT above 3 x", start(lab("1742-6", 121, "U/L", 1)), "INITIATE 1 MISSING START_LIVER"),
    ("diltiazem", start(statement(atc("C08DB01"), 50)), "INITIATE 1 MISSING START_MODERATE_INHIBITOR"),
    ("voriconazole", start(statement(atc("J02AC03"), 50)), "CANNOT_ADVISE - MISSING STRONG_INTERACTION"),
    ("rifampicin", start(statement(text("利福平胶囊"), 50)), "CANNOT_ADVISE - MISSING STRONG_INTERACTION"),
    ("no blood count", SIROLIMUS_ARM, "RECHECK - MISSING MISSING_CBC,MISSING_ALT"),
    ("count of 28 days", (*SIROLIMUS_ARM, *labs(28)), "INITIATE 2 MISSING MISSING_WEIGHT,MISSING_BILIRUBIN"),
    ("count of 29 days", (*SIROLIMUS_ARM, *labs(29)), "RECHECK - MISSING MISSING_CBC,MISSING_ALT"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "chart", "outcome"), FIRST, ids=[f[0] for f in FIRST])
def test_the_first_dose_of_sirolimus(what: str, chart: Chart, outcome: str) -> None:
    assert said(assessed(*chart)) == outcome


@pytest.mark.parametrize(("kg", "first", "second"), [(58, 2, 75), (59, 1, 100)])
def test_both_started_on_one_day_are_started_in_view_of_one_another(kg: int, first: int, second: int) -> None:
    told = assessed(*start(*kidneys(), observation("29463-7", kg, "kg", 1), arm=COMBINED_ARM))
    assert (state(told), state(told, "ciclosporin")) == (f"INITIATE {first}", f"INITIATE {second}")


@pytest.mark.parametrize(
    ("mg", "outcome"), [(75, "INITIATE 2 MISSING -"), (100, "INITIATE 1 MISSING START_CICLOSPORIN")]
)
def test_ciclosporin_still_taken_from_before_the_study_lowers_the_first_sirolimus(
    mg: int, outcome: str
) -> None:
    supply = dispense(CICLOSPORIN_25MG, 61, 90, line(mg, 12))
    assert said(assessed(*start(supply, arm=COMBINED_ARM))) == outcome


@pytest.mark.parametrize(
    ("values", "outcome"),
    [
        ((*BASELINE, creatinine(62, 14)), "INITIATE 75 MISSING -"),
        ((*BASELINE, creatinine(62, 15)), "RECHECK - MISSING MISSING_CREATININE"),
        ((creatinine(62),), "CANNOT_ADVISE - MISSING RENAL_UNKNOWN"),
        ((*BASELINE, creatinine(80)), "INITIATE 25 MISSING RENAL_IMPAIRED"),
    ],
)
def test_the_first_dose_of_ciclosporin_needs_the_kidneys(values: Chart, outcome: str) -> None:
    assert said(assessed(*start(*values, arm=COMBINED_ARM)), "ciclosporin") == outcome


# ---------------------------------------------------------------- tests that an increase needs


@pytest.mark.parametrize(
    ("tests", "reasons"),
    [
        (labs(28), "-"),
        (labs(29), "MISSING_CBC,MISSING_ALT"),
        (labs(3, alt=None), "MISSING_ALT"),
        (labs()[3:], "MISSING_CBC"),
        ((), "MISSING_CBC,MISSING_ALT"),
    ],
)
def test_missing_tests_bar_an_increase_and_nothing_else(tests: Chart, reasons: str) -> None:
    def at(value: Any) -> Json:
        return assessed(*SIROLIMUS_ARM, *tests, *taking("sirolimus", 2), level("sirolimus", value))

    assert said(at(3)) == ("INCREASE 3 VALID -" if reasons == "-" else f"RECHECK - VALID {reasons}")
    if reasons != "-":
        assert decision(at(3))["recheck"] == {
            "test": "alt" if "CBC" not in reasons else "cbc",
            "notBefore": None,
            "by": ago(0),
        }
    assert [state(at(v)) for v in (7, 13, 17, 25)] == ["CONTINUE 2", "DECREASE 1", "HOLD 1", "HOLD -"]
