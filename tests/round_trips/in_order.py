"""What holds of a chart that is opened again after one of its suggestions was carried out and signed.

One order in force, no two that contradict one another, the next advice as if the change had been made, and
nothing proposed a second time (DECISIONS 63, 65, 84, 85).
"""

import json
from dataclasses import dataclass
from typing import Any

from tests.round_trips.copies import Copy, about

Json = dict[str, Any]
TITRATION = "aa-trial-titration"
_DOUBTS = ("CONFLICTING_DOSES", "DUPLICATE_ORDER")


@dataclass(frozen=True, slots=True)
class Before:
    """The chart before it: its orders by id, and the dosing decisions by drug."""

    orders: dict[str, Json]
    decisions: dict[str, Json]

    @classmethod
    def of(cls, trip: Copy) -> "Before":
        """As it is now."""
        orders = {one["id"]: one for one in trip.client.orders(trip.name)}
        return cls(orders, _decisions(trip.cards(TITRATION)))


def is_in_order(trip: Copy, suggestion: Json, before: Before) -> None:
    """The chart after `suggestion`."""
    again = trip.chart()
    resources = [action["resource"] for action in suggestion["actions"]]
    for service, cards in again.items():
        fetched = trip.client.ask_to_fetch(service, trip.name)
        assert [one["summary"] for one in fetched] == [one["summary"] for one in cards]
    _no_test_twice([one for cards in again.values() for one in cards], resources)
    doses = [one for one in resources if one["resourceType"] == "MedicationRequest"]
    drug = next((drug for drug in ("sirolimus", "ciclosporin") if doses and about(doses[0], drug)), None)
    if drug:
        _dose_is_in_order(trip, drug, doses, before, again[TITRATION])
    elif doses:
        _other_drug_is_ended(trip, doses, again[TITRATION])


def _no_test_twice(cards: list[Json], resources: list[Json]) -> None:
    """Nothing that was ordered is proposed again for days that the order covers."""
    ordered = {_asked(one) for one in resources if one["resourceType"] == "ServiceRequest"}
    proposed = {_asked(one) for one in _proposed(cards) if one["resourceType"] == "ServiceRequest"}
    assert ordered & proposed == set()


def _asked(order: Json) -> str:
    return str(order["code"]["coding"])


def _proposed(cards: list[Json]) -> list[Json]:
    return [a["resource"] for card in cards for s in card.get("suggestions", ()) for a in s["actions"]]


def _other_drug_is_ended(trip: Copy, orders: list[Json], cards: list[Json]) -> None:
    """An interacting drug: its order is stopped, no card offers that again, and the study drugs' orders stand."""
    ended = {one["id"] for one in orders}
    assert {one["status"] for one in orders} == {"stopped"}
    assert ended & {one["id"] for one in trip.client.orders(trip.name) if one["status"] == "active"} == set()
    assert ended & {one.get("id") for one in _proposed(cards)} == set()


def _dose_is_in_order(trip: Copy, drug: str, doses: list[Json], before: Before, cards: list[Json]) -> None:
    statuses = {one["status"] for one in doses}
    were = [one for one in before.orders.values() if one["status"] == "active" and about(one, drug)]
    now = _decisions(cards)[drug]
    if statuses != {"stopped"}:  # what was handed over last may speak for an order that was stopped
        assert [doubt for doubt in _DOUBTS if doubt in json.dumps(cards)] == []
    if "draft" in statuses:
        (written,) = (one for one in doses if one["status"] == "draft")
        (order,) = trip.in_force(drug)
        assert "stopped" not in statuses or trip.active(drug) == [order]
        assert order["dosageInstruction"] == written["dosageInstruction"]
        _as_if_it_had_been_made(before.decisions[drug], now)
    elif "stopped" in statuses:
        assert len(trip.active(drug)) == len(were) - 1
    else:
        assert trip.active(drug) == []
        assert now["state"] in ("HOLD", "RECHECK")
    again = {one["status"] for one in _proposed(cards) if "dosageInstruction" in one and about(one, drug)}
    assert again & statuses <= {"stopped"}


def _as_if_it_had_been_made(before: Json, now: Json) -> None:
    """A dose that was kept is kept still; one that was changed is on its way, and looked at when the advice said."""
    if before["proposedDose"] == before.get("currentDose"):
        assert {**now, "evidence": None} == {**before, "evidence": None}
        return
    assert (now["state"], now["reasons"][0], now.get("proposedDose")) == ("RECHECK", "CHANGE_ORDERED", None)
    assert now["recheck"] == before["recheck"]


def _decisions(cards: list[Json]) -> dict[str, Json]:
    told = (card["extension"]["org.aa-cds.decision"].get("decision") or {} for card in cards)
    return {one["drug"]: one for one in told if "drug" in one and "state" in one}
