"""At the bedside: two results of one moment, and a preliminary one, stand on the dosing card (DECISIONS 48, 88)."""

from typing import Any

import pytest

from cds_service.wiring import build_app
from tests.builders import NOW
from tests.hook_calls import call_body, prefetch_of
from tests.installation import an_installation
from tests.scenarios.dosing_charts import (
    at,
    creatinine,
    decision,
    kidneys,
    lab,
    level,
    line,
    on_both,
    on_sirolimus,
)
from tests.scenarios.fhir_charts import (
    CICLOSPORIN_25MG,
    Json,
    assessed,
    atc,
    order,
    problems,
    with_patient,
)

TITRATION = "aa-trial-titration"


def cards(*resources: Json) -> list[Json]:
    """The cards of the titration service for a patient with this chart."""
    chart = with_patient(*resources)
    patient = next(r["id"] for r in chart if r["resourceType"] == "Patient")
    http = build_app(an_installation(), clock=lambda: NOW.instant).test_client()
    body = call_body(TITRATION, patient, prefetch_of(chart))
    return list(http.post(f"/cds-services/{TITRATION}", json=body).get_json()["cards"])


def card(drug: str, *resources: Json) -> Json:
    (found,) = [c for c in cards(*resources) if drug in c["summary"]]
    return found


def test_the_dangerous_one_of_two_results_leads_and_both_are_shown() -> None:
    potassium = [lab("2823-3", value, "mmol/L", at(1)) for value in (4.1, 6.8)]
    found = card("ciclosporin", *on_both(level("ciclosporin", 80), *kidneys(), *potassium))
    assert found["indicator"] == "critical"
    assert found["summary"].startswith("HOLD ciclosporin")
    assert "6.8" in found["summary"]
    assert "differ: 4.1 mmol/L, 6.8 mmol/L" in found["detail"]


def test_two_levels_more_than_30_per_cent_apart_are_repeated() -> None:
    found = card("sirolimus", *on_sirolimus(level("sirolimus", 3), level("sirolimus", 6)))
    assert "3 ng/mL, 6 ng/mL" in found["detail"]
    assert not found.get("suggestions") or "3 mg" not in found["suggestions"][0]["label"]


def test_of_two_levels_within_30_per_cent_the_higher_speaks() -> None:
    told = assessed(*on_sirolimus(level("sirolimus", 3.3), level("sirolimus", 4.2)))
    assert told["titration"][0]["trough"]["value"] == 4.2
    assert told["titration"][0]["state"] == "CONTINUE"
    assert problems(told) == ["RESULTS_DIFFER"]


@pytest.mark.parametrize("value", [23, "23.4"])
def test_a_preliminary_level_leads_the_summary_and_holds_nothing(value: Any) -> None:
    early = level("sirolimus", value, at(0, "07:00"), status="preliminary")
    found = card("sirolimus", *on_sirolimus(level("sirolimus", 3.1, 3), early))
    assert found["indicator"] == "warning"
    assert "Increase" not in found["summary"]
    assert f"preliminary: {value} ng/mL" in found["summary"]
    assert "call the laboratory before the next dose" in found["detail"]


@pytest.mark.parametrize("values", [(49, 80), (80, 49)])
def test_a_draft_is_judged_with_each_of_two_results(values: tuple[int, int]) -> None:
    platelets = [lab("777-3", value, "10*9/L", at(1)) for value in values]
    ibuprofen = order(atc("M01AE01"), 0, status="draft")
    found = assessed(*on_sirolimus(level("sirolimus", 7)), *platelets, drafts=[ibuprofen])
    assert "ORD-PLT" in {alert["ruleId"] for alert in found["orders"]}
    calm = assessed(*on_sirolimus(level("sirolimus", 7)), platelets[values.index(80)], drafts=[ibuprofen])
    assert "ORD-PLT" not in {alert["ruleId"] for alert in calm["orders"]}


def test_the_order_desk_hears_the_graver_of_two_creatinines() -> None:
    twice = [creatinine(62, at(1)), creatinine(180, at(1))]
    draft = order(CICLOSPORIN_25MG, 0, line(75, 12), status="draft")
    told = assessed(*on_both(level("ciclosporin", 80), *kidneys(), *twice), drafts=[draft])
    assert told["renal"]["state"] == "AKI"
    assert decision(told, "ciclosporin")["state"] == "HOLD"
    assert "ORD-HOLD" in {alert["ruleId"] for alert in told["orders"]}
