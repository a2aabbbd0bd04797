"""Law: a preliminary result beyond a safety limit is told and bars a raise, but by itself holds nothing
(DECISIONS 88)."""

from functools import cache
from typing import Any

import pytest

from tests.scenarios.dosing_charts import at, kidneys, lab, level, on_both, on_sirolimus
from tests.scenarios.fhir_charts import Json, assessed, observation, with_patient
from tests.scenarios.visits import PATIENTS

BASES: dict[str, tuple[Json, ...]] = {
    "a raise of sirolimus": with_patient(*on_sirolimus(level("sirolimus", 3.1, 3))),
    "a raise of ciclosporin": with_patient(*on_both(level("ciclosporin", 80, 3), *kidneys())),
    "a start of both": PATIENTS["demo-20"].resources,
}
MEASURED: list[tuple[str, Any, str | None]] = [
    ("72676-0", 23, "ng/mL"),
    ("48597-9", 450, "ng/mL"),
    ("2823-3", 6.8, "mmol/L"),
    ("14682-9", 180, "umol/L"),
    ("1742-6", 400, "U/L"),
    ("14631-6", 90, "umol/L"),
    ("14927-8", 12, "mmol/L"),
    ("777-3", 5, "10*9/L"),
    ("2601-3", 0.4, "mmol/L"),
    ("2890-2", 3600, "mg/g"),
    ("8480-6", 190, "mm[Hg]"),
    ("600-7", "positive", None),
]
CALM: list[tuple[str, Any, str | None]] = [
    ("2823-3", 4.1, "mmol/L"),
    ("14682-9", 62, "umol/L"),
    ("1742-6", 30, "U/L"),
    ("777-3", 80, "10*9/L"),
    ("600-7", "negative", None),
]
HELD = ("HOLD", "STOP_REVIEW", "CANNOT_ADVISE")


@cache
def told(base: str, fact: tuple[str, Any, str | None] | None = None, status: str = "final") -> Json:
    patient = next(r["id"] for r in BASES[base] if r["resourceType"] == "Patient")
    if fact is None:
        return assessed(*BASES[base])
    code, value, unit = fact
    made = lab(code, value, unit, at(0, "07:00")) if unit else observation(code, value, None, at(0, "07:00"))
    return assessed(
        *BASES[base], made | {"id": "early", "status": status, "subject": {"reference": f"Patient/{patient}"}}
    )


def loud(told: Json) -> set[str | None]:
    """The drugs with a finding about this result of at least a warning; None: no drug in particular."""
    return {
        alert["drug"]
        for alert in told["safety"]
        if alert["severity"] != "info" and "Observation/early" in {e["reference"] for e in alert["evidence"]}
    }


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("fact", MEASURED, ids=lambda fact: fact[0])
def test_a_preliminary_result_beyond_a_limit_is_told_and_bars_a_raise(
    base: str, fact: tuple[str, Any, str | None]
) -> None:
    before, final, early = told(base), told(base, fact), told(base, fact, "preliminary")
    warned = [alert for alert in early["safety"] if alert["ruleId"] == "SAF-PRELIM"]
    assert {alert["drug"] for alert in warned} == loud(final)
    assert {alert["severity"] for alert in warned} <= {"warning"}
    assert all("call the laboratory before the next dose" in alert["seen"] for alert in warned)
    for was, is_ in zip(before["titration"], early["titration"], strict=True):
        if loud(final) & {was["drug"], None}:
            assert is_["state"] not in ("INCREASE", "INITIATE")
        if was["state"] not in HELD:
            assert is_["state"] not in HELD


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("fact", CALM, ids=lambda fact: fact[0])
def test_one_within_all_limits_is_no_warning(base: str, fact: tuple[str, Any, str | None]) -> None:
    early = told(base, fact, "preliminary")
    assert "SAF-PRELIM" not in {alert["ruleId"] for alert in early["safety"]}


def test_the_law_has_something_to_tell() -> None:
    for fact in MEASURED:
        assert any(loud(told(base, fact)) for base in BASES), fact


def test_a_final_result_of_the_same_moment_takes_the_place_of_the_preliminary_one() -> None:
    base = with_patient(*on_sirolimus(level("sirolimus", 3.1, 1)))
    early = level("sirolimus", 23, 1, status="preliminary")
    assert "SAF-PRELIM" not in {alert["ruleId"] for alert in assessed(*base, early)["safety"]}


def test_the_value_and_its_day_are_said_as_they_stand() -> None:
    told = assessed(
        *on_sirolimus(level("sirolimus", 7, 3), level("sirolimus", 23, at(0, "07:00"), status="preliminary"))
    )
    (alert,) = [alert for alert in told["safety"] if alert["ruleId"] == "SAF-PRELIM"]
    assert "preliminary: 23 ng/mL of 2026-03-02; call the laboratory before the next dose" in alert["seen"]
    assert alert["evidence"][0]["value"] == 23


def test_of_a_preliminary_panel_the_line_beyond_its_limit_is_named() -> None:
    panel = level("sirolimus", 7, 3) | {
        "id": "panel",
        "status": "preliminary",
        "effectiveDateTime": at(0, "07:00"),
        "valueQuantity": None,
        "code": {"text": "panel"},
        "component": [
            {key: entry[key] for key in ("code", "valueQuantity")}
            for entry in (lab("1742-6", 30, "U/L"), lab("777-3", 5, "10*9/L"))
        ],
    }
    told = assessed(*on_sirolimus(level("sirolimus", 7, 3), panel))
    (alert,) = [alert for alert in told["safety"] if alert["ruleId"] == "SAF-PRELIM"]
    assert "platelet count" in alert["seen"]


def test_what_only_informs_is_not_repeated_as_preliminary() -> None:
    twice = [lab("2823-3", value, "mmol/L", at(1)) for value in (3.9, 4.4)]
    early = lab("2823-3", 4.2, "mmol/L", at(0, "07:00"), status="preliminary")
    found = assessed(*on_both(level("ciclosporin", 150), *kidneys(), *twice, early))["safety"]
    assert {alert["ruleId"] for alert in found} == {"SAF-PAIR"}
