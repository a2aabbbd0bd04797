"""A test that a rule names can be ordered, for the days that the card names (DECISIONS 63, 90)."""

import re
from typing import Any

import pytest

from cds_service.trials.nct06802055.criteria.e08_virus_or_liver.viruses import TEST_NAMES
from cds_service.trials.nct06802055.monitoring.plan import tests_of as schedule_of
from cds_service.trials.nct06802055.monitoring.tests_findings_ask_for import REPEATED_FOR
from cds_service.trials.nct06802055.read_reviewed import load_protocol
from fhir_mappings.value_sets.laboratory_tests import BY_HAND, LABORATORY_TESTS, ORDERED_AS
from tests.bench.servers import ours
from tests.hook_calls import call_body, prefetch_of
from tests.scenarios.dosing_charts import (
    COMBINED_ARM,
    at,
    creatinine,
    kidneys,
    lab,
    level,
    on_both,
    on_sirolimus,
)
from tests.scenarios.fhir_charts import Json, ago, assessed, condition, icd, with_patient
from tests.scenarios.visits import PATIENTS

CHARTS: dict[str, tuple[Json, ...]] = {
    "no result": with_patient(condition(icd("D61.9"))),
    "enrolled, nothing else": with_patient(*COMBINED_ARM),
    **{name: patient.resources for name, patient in PATIENTS.items()},
}
ORDERABLE = LABORATORY_TESTS.keys()


def card(service: str, *chart: Json, drug: str = "", **site: Any) -> Json:
    """The first card of a service, or the one about a drug."""
    whole = with_patient(*chart)
    (patient,) = (r["id"] for r in whole if r["resourceType"] == "Patient")
    body = call_body(service, patient, prefetch_of(whole))
    cards = ours("en", **site).test_client().post(f"/cds-services/{service}", json=body).get_json()["cards"]
    return next(c for c in cards if drug in c["summary"])


def drafted(card: Json, number: int = 0) -> list[tuple[str, Any]]:
    """Label and days of each test that a suggestion orders."""
    actions = card["suggestions"][number]["actions"]
    return [
        (a["description"], a["resource"].get("occurrencePeriod"))
        for a in actions
        if a["resource"]["resourceType"] == "ServiceRequest"
    ]


@pytest.mark.parametrize("name", CHARTS)
def test_whatever_a_criterion_misses_can_be_ordered_or_is_known_to_be_no_test(name: str) -> None:
    told = assessed(*CHARTS[name])
    asked = {test for one in told["eligibility"]["criteria"] for test in one["missing"]}
    wanted = {t for t in asked if not t.startswith(("DATA_UNAVAILABLE:", "I4."))}
    assert wanted <= ORDERABLE | ORDERED_AS.keys() | BY_HAND


def test_every_virus_test_and_every_repeated_test_can_be_ordered() -> None:
    assert {a.value.replace("_", "-") for a in TEST_NAMES} <= ORDERABLE
    assert set(REPEATED_FOR.values()) <= ORDERABLE


def test_a_missing_hiv_test_is_drafted_like_the_others() -> None:
    found = [label for label, _ in drafted(card("aa-trial-eligibility", *PATIENTS["demo-02"].resources))]
    assert any("HIV serology" in label for label in found)


def test_the_days_of_a_draft_are_those_that_the_card_names() -> None:
    found = card("aa-trial-titration", *on_sirolimus(level("sirolimus", 3.1, 1)))
    ((label, period),) = drafted(found)
    first, last = re.search(r"\*\*Next\*\* sirolimus trough, (\S+) to (\S+)", found["detail"]).groups()  # type: ignore[union-attr]
    assert period == {"start": first, "end": last}
    assert label == f"Draft order: sirolimus trough, {first} to {last}"


def test_by_a_day_never_becomes_today() -> None:
    found = card("aa-trial-titration", *on_sirolimus(level("sirolimus", 7, 1)))
    ((label, period),) = drafted(found)
    last = re.search(r"\*\*Next\*\* sirolimus trough, by (\S+)", found["detail"])[1]  # type: ignore[index]
    assert period == {"end": last}
    assert label == f"Draft order: sirolimus trough, by {last}"


def test_high_potassium_is_repeated_at_once_with_an_ecg_and_stands_in_the_headline() -> None:
    chart = on_both(
        level("ciclosporin", 150), *kidneys(), creatinine(62, 1), lab("2823-3", 6.2, "mmol/L", at(1))
    )
    found = card("aa-trial-titration", *chart, drug="ciclosporin")
    assert "potassium 6.2" in found["summary"]
    days = {label.split(": ")[1].split(",")[0]: period for label, period in drafted(found)}
    assert days["ECG"] == {"start": ago(0), "end": ago(0)}
    assert days["potassium"]["start"] == ago(0)


def test_two_critical_results_stand_both_in_the_headline() -> None:
    chart = on_both(
        level("ciclosporin", 150), *kidneys(), creatinine(160, 1), lab("2823-3", 6.2, "mmol/L", at(1))
    )
    found = card("aa-trial-titration", *chart, drug="ciclosporin")
    assert "creatinine 160" in found["summary"]
    assert "potassium 6.2" in found["summary"]
    assert {"creatinine", "potassium", "ECG"} <= {
        label.split(": ")[1].split(",")[0] for label, _ in drafted(found)
    }


def test_what_a_site_orders_by_hand_is_named_and_not_drafted() -> None:
    chart = PATIENTS["demo-02"].resources
    found = card("aa-trial-eligibility", *chart, ordered_by_hand=frozenset({"hiv-serology"}))
    assert not any("HIV" in label for label, _ in drafted(found))
    assert "To be ordered by hand: HIV serology" in found["detail"]
    assert "by hand" not in card("aa-trial-eligibility", *chart)["detail"]


def test_every_test_of_the_schedule_can_be_ordered() -> None:
    assert {test.name for test in schedule_of(load_protocol().monitoring)} <= ORDERABLE
