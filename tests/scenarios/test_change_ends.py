"""A proposed change ends what it replaces, and a hold suspends it, as the record wrote the order (DECISIONS 63)."""

from typing import Any

import pytest

from tests.bench.servers import ours
from tests.hook_calls import call_body, order_context, prefetch_of
from tests.scenarios.dosing_charts import kidneys, level, line, on_both, on_sirolimus, taking
from tests.scenarios.fhir_charts import SIROLIMUS_1MG, Json, dispense, order, with_patient

EXTRA = {
    "extension": [{"url": "https://ehr.example/unknown", "valueDecimal": 2.5}],
    "note": [{"text": "taken with food"}],
    "contained": [{"resourceType": "Organization", "id": "o"}],
}


def cards(*chart: Json, **site: Any) -> list[Json]:
    whole = with_patient(*chart)
    (patient,) = (r["id"] for r in whole if r["resourceType"] == "Patient")
    body = call_body("aa-trial-titration", patient, prefetch_of(whole))
    reply = ours("en", **site).test_client().post("/cds-services/aa-trial-titration", json=body)
    return list(reply.get_json()["cards"])


def actions(card: Json, number: int = 0) -> list[Json]:
    return list(card["suggestions"][number]["actions"])


def kinds(card: Json, number: int = 0) -> list[str]:
    return [
        f"{a['type']} {a['resource']['resourceType']} {a['resource']['status']}"
        for a in actions(card, number)
    ]


def low(*more: Json, orders: tuple[Json, ...] | None = None) -> tuple[Json, ...]:
    told, supply = taking("sirolimus", 2)
    return on_sirolimus(level("sirolimus", 3.1, 1), *more, sirolimus=(*(orders or (told | EXTRA,)), supply))


def test_an_increase_drafts_stops_and_controls_in_one_suggestion() -> None:
    (card,) = cards(*low())
    assert kinds(card) == [
        "create MedicationRequest draft",
        "update MedicationRequest stopped",
        "create ServiceRequest draft",
    ]
    draft, stopped, _ = (a["resource"] for a in actions(card))
    assert draft["priorPrescription"] == {"reference": f"MedicationRequest/{stopped['id']}"}
    (written,) = [r for r in low() if r["resourceType"] == "MedicationRequest"]
    same = {name: value for name, value in stopped.items() if name not in ("status", "id")}
    assert same == {name: value for name, value in written.items() if name not in ("status", "id")}


def test_a_hold_suspends_the_order() -> None:
    told, supply = taking("sirolimus", 2)
    (card,) = cards(*on_sirolimus(level("sirolimus", 25, 1), sirolimus=(told | EXTRA, supply)))
    assert kinds(card)[0] == "update MedicationRequest on-hold"
    suspended = actions(card)[0]["resource"]
    assert suspended["extension"] == EXTRA["extension"]
    assert "Suspend the sirolimus order of" in actions(card)[0]["description"]


def test_of_two_orders_both_end() -> None:
    first, second = order(SIROLIMUS_1MG, 30, line(2)), order(SIROLIMUS_1MG, 20, line(2))
    (card,) = cards(*low(orders=(first, second)))
    assert kinds(card).count("update MedicationRequest stopped") == 2
    assert actions(card)[0]["resource"]["priorPrescription"]["reference"].endswith(second["id"])


def test_without_an_order_there_is_nothing_to_end() -> None:
    supply = dispense(SIROLIMUS_1MG, 30, 60, line(2))
    (card,) = cards(*on_sirolimus(level("sirolimus", 3.1, 1), sirolimus=(supply,)))
    assert kinds(card) == ["create MedicationRequest draft", "create ServiceRequest draft"]
    assert "priorPrescription" not in actions(card)[0]["resource"]


def test_an_order_that_came_in_two_forms_is_only_named() -> None:
    told, supply = taking("sirolimus", 2)
    twice = (told | EXTRA, told | {"note": [{"text": "another"}]})
    (card,) = cards(*on_sirolimus(level("sirolimus", 3.1, 1), sirolimus=(*twice, supply)))
    assert "update MedicationRequest stopped" not in kinds(card)
    assert actions(card)[0]["resource"]["priorPrescription"] == {
        "reference": f"MedicationRequest/{told['id']}"
    }


def test_what_is_kept_is_not_touched() -> None:
    told, supply = taking("sirolimus", 2)
    (card,) = cards(*on_sirolimus(level("sirolimus", 7, 1), sirolimus=(told, supply)))
    assert kinds(card) == ["create ServiceRequest draft"]


@pytest.mark.parametrize("mg", [75, 100])
def test_the_other_drug_s_order_stays(mg: int) -> None:
    chart = on_both(level("ciclosporin", 80, 1), *kidneys(), mg=mg)
    changed = [a for card in cards(*chart) for a in actions(card) if a["type"] == "update"]
    assert {"sirolimus" in str(a["resource"]["medicationCodeableConcept"]) for a in changed} == {False}


def corrected(*drafts: Json, chart: tuple[Json, ...]) -> Json:
    """The suggestion that corrects the first of the drafts when all are signed."""
    whole, service = with_patient(*chart), "aa-trial-order-sign"
    (patient,) = (r["id"] for r in whole if r["resourceType"] == "Patient")
    body = call_body(service, patient, prefetch_of(whole), **order_context(service, drafts))
    reply = ours("en").test_client().post(f"/cds-services/{service}", json=body)
    (suggestion,) = (s for card in reply.get_json()["cards"] for s in card.get("suggestions", ()))
    return dict(suggestion)


WRONG = order(SIROLIMUS_1MG, 0, line(6), status="draft")


@pytest.mark.parametrize("value", [3.1, 7, 13])
def test_a_corrected_draft_takes_the_place_of_the_order_in_force(value: float) -> None:
    told, supply = taking("sirolimus", 2)
    chart = on_sirolimus(level("sirolimus", value, 1), sirolimus=(told, supply))
    suggestion = corrected(WRONG, chart=chart)
    draft = suggestion["actions"][0]["resource"]
    assert draft["priorPrescription"] == {"reference": f"MedicationRequest/{told['id']}"}
    assert suggestion["label"].endswith(f", ends the order of {told['authoredOn'][:10]}")


def test_what_the_prescriber_says_it_replaces_is_left() -> None:
    told, supply = taking("sirolimus", 2)
    chart = on_sirolimus(level("sirolimus", 7, 1), sirolimus=(told, supply))
    other = {"priorPrescription": {"reference": "MedicationRequest/of-last-year"}}
    suggestion = corrected(WRONG | other, chart=chart)
    assert suggestion["actions"][0]["resource"]["priorPrescription"] == other["priorPrescription"]
    assert "ends the order" not in suggestion["label"]


def test_an_order_that_is_ended_in_the_same_call_needs_no_other_end() -> None:
    told, supply = taking("sirolimus", 2)
    chart = on_sirolimus(level("sirolimus", 7, 1), sirolimus=(told, supply))
    suggestion = corrected(WRONG, told | {"status": "stopped"}, chart=chart)
    assert "priorPrescription" not in suggestion["actions"][0]["resource"]
    assert "ends the order" not in suggestion["label"]
