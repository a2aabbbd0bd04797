"""From FHIR to safety, the veto, the schedule and the response (DECISIONS 32, 33, 38, 39; titration.md 8, 10)."""

from typing import Any

import pytest

from fhir_mappings.clinical_model.known_unknown import Part
from tests.scenarios.dosing_charts import (
    COMBINED_ARM,
    VORICONAZOLE,
    Chart,
    alerts,
    assessed_without,
    at,
    decision,
    due,
    kidneys,
    lab,
    labs,
    level,
    on_both,
    on_sirolimus,
    said,
    state,
    taking,
)
from tests.scenarios.fhir_charts import (
    RXNORM,
    SIROLIMUS_1MG,
    Json,
    administration,
    ago,
    assessed,
    atc,
    concept,
    condition,
    count,
    enrolled,
    icd,
    icd_cm,
    observation,
    order,
    patient,
    snomed,
    statement,
    text,
)

LOW = level("sirolimus", 3)
WOMAN = patient(gender="female")
CHART = (*COMBINED_ARM, *labs(), *kidneys(), *taking("sirolimus", 2), *taking("ciclosporin", 75), LOW)
"""Sirolimus low, ciclosporin in range: without a finding sirolimus is raised and ciclosporin goes on."""


def both(*more: Json, who: Json = WOMAN) -> tuple[str, str, list[str]]:
    told = assessed(who, *CHART, level("ciclosporin", 150), *more)
    return state(told), state(told, "ciclosporin"), alerts(told)


FREE = ("INCREASE 3", "CONTINUE 75")
SEPSIS = ["SAF-SEPSIS critical HOLD sirolimus", "SAF-SEPSIS warning REVIEW ciclosporin"]
PREGNANT = ["SAF-PREG critical STOP_REVIEW sirolimus", "SAF-PREG critical HOLD ciclosporin"]
POSITIVE = snomed("10828004")


def two(rule: str, first: str = "STOP_REVIEW", second: str = "STOP_REVIEW") -> list[str]:
    return [f"{rule} critical {first} sirolimus", f"{rule} critical {second} ciclosporin"]


FINDINGS: list[tuple[str, Json, tuple[str, str], list[str]]] = [
    ("sepsis", condition(icd("A41.9"), 2), ("HOLD -", "CONTINUE 75"), SEPSIS),
    ("sepsis in SNOMED CT", condition(snomed("91302008"), 2), ("HOLD -", "CONTINUE 75"), SEPSIS),
    ("sepsis, suspected", condition(icd("A41.9"), 2, verification="provisional"), ("RECHECK -", "CONTINUE 75"), ["SAF-SEPSIS warning HOLD sirolimus", "SAF-SEPSIS warning REVIEW ciclosporin"]),
    ("sepsis, resolved", condition(icd("A41.9"), 20, "resolved"), FREE, []),
    ("sepsis, refuted", condition(icd("A41.9"), 2, verification="refuted"), FREE, []),
    ("interstitial lung disease", condition(icd("J84.9"), 2), ("STOP_REVIEW -", "CONTINUE 75"), ["SAF-LUNG critical STOP_REVIEW sirolimus"]),
    ("thrombotic microangiopathy", condition(icd("M31.1"), 2), ("HOLD -", "STOP_REVIEW -"), two("SAF-TMA", "HOLD")),
    ("PRES", condition(icd_cm("I67.83"), 2), ("HOLD -", "STOP_REVIEW -"), two("SAF-PRES", "HOLD")),
    ("MDS", condition(icd("D46.9"), 2), ("STOP_REVIEW -", "STOP_REVIEW -"), two("SAF-MARROW")),
    ("AML", condition(icd("C92.0"), 2), ("STOP_REVIEW -", "STOP_REVIEW -"), two("SAF-MARROW")),
    ("lung embolism", condition(icd("I26.9"), 2), ("STOP_REVIEW -", "STOP_REVIEW -"), two("SAF-THROMB")),
    ("lung embolism before the study", condition(icd("I26.9"), 400, "resolved"), FREE, []),
    ("pregnancy test positive", observation("2106-3", POSITIVE), ("STOP_REVIEW -", "HOLD -"), PREGNANT),
    ("妊娠试验阳性", observation("2106-3", "阳性"), ("STOP_REVIEW -", "HOLD -"), PREGNANT),
    ("pregnancy code", condition(icd("Z33"), 2), ("STOP_REVIEW -", "HOLD -"), PREGNANT),
    ("弱阳性", observation("2106-3", "弱阳性"), ("RECHECK -", "CONTINUE 75"), ["SAF-PREG warning REPEAT_TEST -"]),
    ("阴性", observation("2106-3", "阴性"), FREE, []),
    ("live vaccine ordered", order(concept(("http://hl7.org/fhir/sid/cvx", "03")), 1), FREE, ["VAX-1 critical AVOID -"]),
    ("simvastatin in use", statement(atc("C10AA01"), 4), FREE, ["DDI-CRITICAL critical AVOID ciclosporin"]),
    ("ALT above 5 x", lab("1742-6", 201, "U/L", 1), ("HOLD -", "CONTINUE 75"), ["SAF-LIVER warning HOLD sirolimus"]),
    ("ALT above 3 x", lab("1742-6", 121, "U/L", 1), ("DECREASE 1", "CONTINUE 75"), ["SAF-LIVER warning REDUCE sirolimus"]),
    ("ALT 3 x", lab("1742-6", 120, "U/L", 1), FREE, []),
    ("triglycerides 5.7", lab("14927-8", 5.7, "mmol/L", 1), FREE, ["SAF-TG warning TREAT sirolimus"]),
    ("triglycerides in mg/dL", lab("2571-8", 550, "mg/dL", 1), ("RECHECK -", "CONTINUE 75"), ["SAF-TG warning HOLD sirolimus"]),
]  # fmt: skip


@pytest.mark.parametrize(("what", "entry", "states", "findings"), FINDINGS, ids=[f[0] for f in FINDINGS])
def test_safety_has_the_last_word(
    what: str, entry: Json, states: tuple[str, str], findings: list[str]
) -> None:
    assert both(entry) == (*states, findings)


def test_a_mans_positive_pregnancy_test_is_a_contradiction_not_a_pregnancy() -> None:
    found = both(observation("2106-3", POSITIVE), who=patient())
    assert found == ("RECHECK -", "CONTINUE 75", ["SAF-PREG warning REVIEW -"])


@pytest.mark.parametrize("drug", [concept((RXNORM, "121243")), VORICONAZOLE, text("伏立康唑片"), text("注射用伏立康唑")])  # fmt: skip
@pytest.mark.parametrize("entry", [order, statement])
def test_voriconazole_holds_sirolimus_however_it_is_written(drug: Json, entry: Any) -> None:
    first, second, findings = both(entry(drug, 4))
    assert (first, second) == ("HOLD -", "RECHECK -")
    assert findings == ["DDI-CRITICAL critical HOLD sirolimus", "DDI-AVOID warning MEASURE_LEVEL ciclosporin"]


PARTNERS: list[tuple[str, Json, str]] = [
    ("diltiazem for 15 days", statement(atc("C08DB01"), 16), "VALID"),
    ("diltiazem for 13 days", statement(atc("C08DB01"), 14), "NOT_STEADY_STATE"),
    ("地尔硫䓬", statement(text("地尔硫䓬缓释片"), 4), "NOT_STEADY_STATE"),
    ("rifampicin stopped 20 days before", statement(atc("J04AB02"), 60, 21), "NOT_STEADY_STATE"),
    ("rifampicin stopped 21 days before", statement(atc("J04AB02"), 60, 22), "VALID"),
    ("voriconazole stopped 13 days before", statement(VORICONAZOLE, 60, 14), "NOT_STEADY_STATE"),
    ("voriconazole stopped 14 days before", statement(VORICONAZOLE, 60, 15), "VALID"),
    ("voriconazole eye drops", statement(text("伏立康唑滴眼液"), 4), "VALID"),
    ("五酯胶囊", statement(text("五酯胶囊"), 4), "NOT_STEADY_STATE"),
    ("a draft of voriconazole in the chart", order(VORICONAZOLE, 4, status="draft"), "VALID"),
    ("amlodipine", statement(atc("C08CA01"), 4), "VALID"),
]


@pytest.mark.parametrize(("what", "entry", "validity"), PARTNERS, ids=[p[0] for p in PARTNERS])
def test_a_partner_drug_unsettles_the_trough_until_its_days_are_over(
    what: str, entry: Json, validity: str
) -> None:
    """The sample is of yesterday."""
    assert said(assessed(*on_sirolimus(LOW, entry))).split()[2] == validity


# ---------------------------------------------------------------- parts that could not be had


@pytest.mark.parametrize(
    ("part", "outcome"),
    [
        (Part.OBSERVATIONS, "RECHECK - VALID RESULTS_UNAVAILABLE"),
        (Part.MEDICATION_REQUESTS, "CANNOT_ADVISE - NOT_STEADY_STATE DOSE_NOT_DOCUMENTED"),
        (Part.MEDICATION_DISPENSES, "RECHECK - VALID MEDICATIONS_UNAVAILABLE,CICLOSPORIN_DOSE_UNKNOWN"),
        (Part.MEDICATION_ADMINISTRATIONS, "RECHECK - VALID MEDICATIONS_UNAVAILABLE,CICLOSPORIN_DOSE_UNKNOWN"),
        (Part.MEDICATION_STATEMENTS, "RECHECK - VALID MEDICATIONS_UNAVAILABLE,CICLOSPORIN_DOSE_UNKNOWN"),
        (Part.CONDITIONS, "RECHECK - VALID SAFETY_DOUBT"),
        (Part.ALLERGIES, "RECHECK - VALID SAFETY_DOUBT"),
        (Part.ADVERSE_EVENTS, "RECHECK - VALID SAFETY_DOUBT"),
        (Part.PROCEDURES, "INCREASE 3 VALID -"),
    ],
)
def test_a_part_that_could_not_be_had_never_raises_a_dose(part: Part, outcome: str) -> None:
    assert said(assessed_without(part, *on_sirolimus(LOW))) == outcome
    danger = assessed_without(part, *on_sirolimus(level("sirolimus", 25)))
    assert decision(danger)["state"] == "HOLD"


MODIFIED = {"modifierExtension": [{"url": "urn:x", "valueBoolean": True}]}


@pytest.mark.parametrize(
    ("entry", "outcome"),
    [
        (level("sirolimus", 25, 0, **MODIFIED), "RECHECK - MISSING MISSING"),
        (level("sirolimus", 25, 0, status="unknown"), "RECHECK - MISSING MISSING"),
        (lab("1742-6", 300, "U/L", 1, status="unknown"), "RECHECK - VALID SAFETY_DOUBT"),
        (condition(icd("A41.9"), 2, **MODIFIED), "RECHECK - VALID SAFETY_DOUBT"),
        (condition(icd("A41.9"), 2, subject=7), "RECHECK - VALID SAFETY_DOUBT"),
        (condition(icd("A41.9"), 2, subject={"reference": "Patient/p2"}), "INCREASE 3 VALID -"),
        (observation("8302-2", 170, "cm", 2, **MODIFIED), "INCREASE 3 VALID -"),
    ],
)
def test_an_entry_that_is_there_and_cannot_be_used_never_raises_a_dose(entry: Json, outcome: str) -> None:
    assert said(assessed(*on_sirolimus(LOW, entry))) == outcome


def test_an_enrolment_that_came_in_part_counts_and_bars_an_increase() -> None:
    told = assessed_without(Part.RESEARCH_SUBJECTS, *on_sirolimus(LOW))
    assert told["participation"]["status"] == "enrolled"
    assert [t["state"] for t in told["titration"]] == ["RECHECK"]


def test_without_the_participations_nobody_is_titrated() -> None:
    told = assessed_without(
        Part.RESEARCH_SUBJECTS, *(r for r in on_sirolimus(LOW) if r["resourceType"] != "ResearchSubject")
    )
    assert (told["participation"]["status"], told["titration"]) == ("unknown", [])
    assert [g["problem"] for g in told["dataQuality"]] == ["PARTICIPATION_UNAVAILABLE"]


# ---------------------------------------------------------------- the schedule


def on_day(days: int, *more: Json) -> Json:
    """Sirolimus alone since `days` ago."""
    return assessed(*enrolled("Sirolimus", days), *taking("sirolimus", 2, days, 300), *more)


@pytest.mark.parametrize(
    ("earlier", "now", "unit", "rule"),
    [(80, 100, "g/L", "TR-01"), (80, 101, "g/L", "SRL-HCT"), (8.0, 10.2, "g/dL", "SRL-HCT"), (5.0, 6.3, "mmol/L", "SRL-HCT")],
)  # fmt: skip
def test_a_rising_haemoglobin_asks_for_a_new_trough(earlier: Any, now: Any, unit: str, rule: str) -> None:
    code = "59260-0" if unit == "mmol/L" else "718-7"
    values = (observation(code, earlier, unit, 17), observation(code, now, unit, 2))
    assert due(on_day(60, level("sirolimus", 7, 20), *values), "sirolimus-trough")[2] == rule


def test_a_level_that_was_no_trough_is_no_start_for_a_rising_haemoglobin() -> None:
    values = (observation("718-7", 80, "g/L", 17), observation("718-7", 120, "g/L", 2))
    given = administration(SIROLIMUS_1MG, at(20, "06:00"), 2)
    told = on_day(60, level("sirolimus", 7, 20), given, *values)
    assert due(told, "sirolimus-trough")[2] == "TR-01"


@pytest.mark.parametrize(
    ("days", "test", "status"),
    [(6, "creatinine", "not-yet"), (7, "creatinine", "due"), (10, "creatinine", "due"), (11, "creatinine", "overdue"), (12, "alt", "not-yet"), (13, "alt", "due"), (17, "alt", "overdue"), (27, "lipids", "not-yet"), (28, "lipids", "due"), (32, "lipids", "overdue")],
)  # fmt: skip
def test_a_test_never_done_falls_due_by_the_calendar(days: int, test: str, status: str) -> None:
    assert due(on_day(days), test)[1] == status


def test_voriconazole_asks_for_a_level_in_three_to_five_days() -> None:
    told = on_day(60, statement(VORICONAZOLE, 1), level("sirolimus", 5, 10), *labs())
    assert due(told, "sirolimus-trough") == (ago(-2), "not-yet", "DDI-CRITICAL")  # the hold asks for it


@pytest.mark.parametrize(
    ("words", "asked"),
    [("妊娠", True), ("pregnant", True), ("早孕？", True), ("未孕", False), ("不孕症", False)],
)
def test_a_pregnancy_in_words_alone_asks_for_a_test_and_stops_a_raise(words: str, asked: bool) -> None:
    woman = patient(birth="1990-01-01", gender="female")
    low = (woman, level("sirolimus", 3.1, 1), condition(text(words), onset=1))
    told = assessed(*on_sirolimus(*low))
    assert ("SAF-PREG warning REPEAT_TEST -" in alerts(told)) is asked
    assert decision(told)["state"] == ("RECHECK" if asked else "INCREASE")
    later = assessed(*on_sirolimus(*low, observation("2118-8", "negative", when=0)))
    assert "SAF-PREG" not in str(alerts(later))
    before = assessed(*on_sirolimus(*low, observation("2118-8", "negative", when=2)))
    assert ("SAF-PREG warning REPEAT_TEST -" in alerts(before)) is asked


# ---------------------------------------------------------------- response


@pytest.mark.parametrize(
    ("day", "category"),
    [(77, "not-yet"), (78, "PR"), (85, "PR"), (91, "PR"), (98, "PR"), (99, "not-evaluable")],
)
def test_week_13_is_read_from_the_count_of_its_window(day: int, category: str) -> None:
    """Today's count, on study day `day`."""
    days = day - 1
    baseline, today = count(70, 20, 0.5, days + 5), count(120, 110, 1.6, ago(0))
    w13, w25 = on_day(days, *baseline, *today)["response"]
    assert (w13["category"], w25["category"]) == (category, "not-yet")


@pytest.mark.parametrize(
    ("counts", "category"),
    [
        (count(118, 160, 2.1, 1), "PR"),
        (count(135, 160, 2.1, 1), "CR"),
        (count(62, 12, 0.2, 1), "NR"),
        ((), "not-yet"),
    ],
)
def test_the_category_is_that_of_the_profile(counts: Chart, category: str) -> None:
    """A man's haemoglobin is normal from 130 g/L on."""
    told = on_day(88, *count(60, 10, 0.3, 92), *counts)
    assert told["response"][0]["category"] == category


def test_without_a_baseline_a_response_cannot_be_judged() -> None:
    assert on_day(88, *count(120, 110, 1.6, 1))["response"][0]["category"] == "not-evaluable"


def test_ciclosporin_of_a_patient_on_both_is_scheduled_too() -> None:
    tests = [item["test"] for item in assessed(*on_both())["monitoring"]]
    assert {"ciclosporin-trough", "magnesium"} <= set(tests)
    assert "ciclosporin-trough" not in [item["test"] for item in on_day(60)["monitoring"]]
