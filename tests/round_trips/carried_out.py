"""What holds of a chart at a FHIR server after one suggestion was carried out there, and the chart opened again.

One order in force, no two that contradict one another, the next advice as if the change had been made, and
nothing proposed a second time (DECISIONS 63, 65, 84, 85). A draft that is signed is silent because it is right:
the same draft with ten times the dose is not.
"""

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fhir_mappings.writers.validation import problems
from tests.journeys.visits import CHART_SERVICES, PATIENTS
from tests.round_trips.plain_client import PlainClient

Json = dict[str, Any]
SIGN = "aa-trial-order-sign"
STYLES = ("several", "one")
"""How many actions of a suggestion a client carries out."""
_DOUBTS = ("CONFLICTING_DOSES", "DUPLICATE_ORDER")
_NAMES = {"sirolimus": ("sirolimus",), "ciclosporin": ("ciclosporin", "cyclosporine")}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a suggestion stands: service, and the drafts of the call; which card, and which of its offers."""

    service: str
    drafts: tuple[str, ...]
    card: int
    number: int


@dataclass(frozen=True, slots=True)
class Trip:
    """A plain client at the chart of one demo patient."""

    client: PlainClient
    patient: str

    def cards(self, place: Place) -> list[Json]:
        """What is said where the suggestion stands."""
        drafts = [draft.resource for draft in self.stories if draft.resource["id"] in place.drafts]
        return self.client.ask(place.service, self.patient, drafts)

    @property
    def stories(self) -> tuple[Draft, ...]:
        """The orders that the demo patient's story writes."""
        return PATIENTS[self.patient].drafts

    def sign(self, draft: Json) -> list[Json]:
        """What is said when a draft is about to be signed."""
        return self.client.ask(SIGN, self.patient, [draft])

    def offers(self) -> Iterator[Place]:
        """Every suggestion that the patient's chart and drafts bring forth."""
        calls: list[tuple[str, tuple[str, ...]]] = [(service, ()) for service in CHART_SERVICES]
        calls += [(SIGN, (draft.resource["id"],)) for draft in self.stories]
        for service, drafts in calls:
            for c, card in enumerate(self.cards(Place(service, drafts, 0, 0))):
                for n, _ in enumerate(card.get("suggestions", ())):
                    yield Place(service, drafts, c, n)


def about(resource: Json, drug: str) -> bool:
    """Is it an order of this study drug?"""
    told = str(resource.get("medicationCodeableConcept")).casefold()
    return any(name in told for name in _NAMES[drug])


def round_trips(client: PlainClient, patient: str, style: str) -> int:
    """Carry out each suggestion of one demo patient, and undo it again; how many there were."""
    trip = Trip(client, patient)
    places = list(trip.offers())
    for place in places:
        before = {one["id"]: one for one in client.orders(patient)}
        try:
            _round_trip(trip, place, style, before)
        finally:
            _undo(trip, before)
    return len(places)


def _undo(trip: Trip, before: dict[str, Json]) -> None:
    """The chart as it was, but for the versions."""
    for kind in ("ServiceRequest", "Task", "MedicationRequest"):
        for one in trip.client.orders(trip.patient, kind):
            if kind != "MedicationRequest" or one["id"] not in before:
                trip.client.delete(f"{kind}/{one['id']}")
            elif _lasting(one, "meta") != _lasting(before[one["id"]], "meta"):
                trip.client.write(before[one["id"]] | {"meta": one["meta"]})


def _round_trip(trip: Trip, place: Place, style: str, before: dict[str, Json]) -> None:
    card = trip.cards(place)[place.card]
    actions = card["suggestions"][place.number]["actions"]
    assert style == "several" or len(actions) == 1
    for action in actions:
        assert problems(action["resource"]) == []
    if place.service == SIGN:
        created = [_corrected(trip, actions)]
    else:
        created = trip.client.carry_out(card["suggestions"][place.number])
        _updates_changed_nothing_else(trip, actions, before)
    for reference in created:
        _signed_in_silence(trip, reference)
    _is_in_order(trip, place, card, actions, before)


# ---------------------------------------------------------------- the draft, while it is signed


def _corrected_is_right(trip: Copy, place: Place, suggestion: Json) -> None:
    """A draft that was corrected stands in the client's form, and is signed from there."""
    (action,) = suggestion["actions"]
    (draft,) = (one for one in trip.drafts if one["id"] == action["resource"]["id"])
    assert action["type"] == "update"
    assert trip.client.ask(SIGN, trip.name, [draft]) != []
    _silent_because_right(trip, action["resource"])


def _signed_in_silence(trip: Copy, reference: str) -> None:
    """Order-sign says nothing to the draft as the server gives it; then it is signed."""
    draft = trip.client.read(reference)
    assert draft["status"] == "draft"
    if draft["resourceType"] == "Task":
        return
    if draft["resourceType"] == "MedicationRequest":
        _silent_because_right(trip, draft)
    assert _warnings(trip.client.ask(SIGN, trip.name, [draft])) == []
    trip.client.sign(reference)


def _silent_because_right(trip: Copy, draft: Json) -> None:
    assert _warnings(trip.client.ask(SIGN, trip.name, [draft])) == []
    wrong = copy.deepcopy(draft)
    (line,) = wrong["dosageInstruction"]
    line["doseAndRate"][0]["doseQuantity"]["value"] *= 10
    (card, *_) = trip.client.ask(SIGN, trip.name, [wrong])
    assert card["indicator"] in ("warning", "critical"), card["summary"]


def _warnings(cards: list[Json]) -> list[str]:
    return [card["summary"] for card in cards if card["indicator"] != "info"]


# ---------------------------------------------------------------- the chart, opened again


def _updates_changed_nothing_else(trip: Copy, actions: list[Json], before: dict[str, Json]) -> None:
    """An update gives the whole resource back: but for its status and version it is as it was."""
    for action in actions:
        if action["type"] == "update":
            written = action["resource"]
            now = trip.client.read(f"MedicationRequest/{written['id']}")
            assert now["status"] == written["status"] != before[now["id"]]["status"]
            assert _lasting(now) == _lasting(before[now["id"]])


def _lasting(resource: Json) -> Json:
    return {name: value for name, value in resource.items() if name not in ("status", "meta")}


def _is_in_order(
    trip: Copy, place: Place, card: Json, actions: list[Json], before: dict[str, Json]
) -> None:
    again = {service: trip.cards(service) for service in CHART_SERVICES}
    resources = [action["resource"] for action in actions]
    statuses = {one["status"] for one in resources if one["resourceType"] == "MedicationRequest"}
    if statuses != {"stopped"}:  # what was handed over last may speak for an order that was stopped
        assert [doubt for doubt in _DOUBTS if doubt in json.dumps(again)] == []
    for service, cards in again.items():
        fetched = trip.client.ask_to_fetch(service, trip.name)
        assert [one["summary"] for one in fetched] == [one["summary"] for one in cards]
    _no_test_twice(again[place.service], resources)
    decision = card["extension"]["org.aa-cds.decision"].get("decision") or {}
    if statuses:
        _dose_is_in_order(trip, decision, statuses, before, again["aa-trial-titration"])


def _no_test_twice(cards: list[Json], resources: list[Json]) -> None:
    ordered = {str(one["code"]["coding"]) for one in resources if one["resourceType"] == "ServiceRequest"}
    proposed = {
        str(one["code"]["coding"]) for one in _proposed(cards) if one["resourceType"] == "ServiceRequest"
    }
    assert ordered & proposed == set()


def _proposed(cards: list[Json]) -> list[Json]:
    return [a["resource"] for card in cards for s in card.get("suggestions", ()) for a in s["actions"]]


def _dose_is_in_order(
    trip: Copy, decision: Json, statuses: set[str], before: dict[str, Json], cards: list[Json]
) -> None:
    drug, running = decision["drug"], trip.active(decision["drug"])
    were = [one for one in before.values() if one["status"] == "active" and about(one, drug)]
    now = _decision_about(drug, cards)
    if "draft" in statuses:
        replaced = {one.get("priorPrescription", {}).get("reference") for one in running}
        (order,) = (one for one in running if f"MedicationRequest/{one['id']}" not in replaced)
        assert len(running) == 1 or "stopped" not in statuses
        assert _amount(order) == decision["proposedDose"]["amountMg"]
        assert (now["state"], now["reasons"][0]) == ("RECHECK", "CHANGE_ORDERED")
        assert now.get("proposedDose") is None
    elif "stopped" in statuses:
        assert len(running) == len(were) - 1
    else:
        assert running == []
        assert now["state"] in ("HOLD", "RECHECK")
    again = {one["status"] for one in _proposed(cards) if "dosageInstruction" in one and about(one, drug)}
    assert again & statuses <= {"stopped"}


def _decision_about(drug: str, cards: list[Json]) -> Json:
    told = (card["extension"]["org.aa-cds.decision"].get("decision") or {} for card in cards)
    (found,) = (one for one in told if one.get("drug") == drug and "state" in one)
    return found


def _amount(order: Json) -> float:
    (line,) = order["dosageInstruction"]
    return float(line["doseAndRate"][0]["doseQuantity"]["value"])
