"""One suggestion carried out at a FHIR server: while its drafts are signed, and as they stand afterwards.

A draft that is signed is silent because it is right: the same draft with ten times the dose is not.
"""

import copy
from typing import Any

from fhir_mappings.writers.validation import problems
from tests.round_trips.copies import SIGN, Copy, Place, copied
from tests.round_trips.in_order import Before, is_in_order
from tests.round_trips.plain_client import PlainClient, lasting

Json = dict[str, Any]
STYLES = ("several", "one")
"""How many actions of a suggestion a client carries out."""


def round_trips(client: PlainClient, patient: str, style: str, suffix: str) -> int:
    """Carry out each suggestion of one demo patient, each at a chart of its own; how many there were."""
    places = list(copied(client, patient, suffix).places())
    for number, place in enumerate(places):
        _round_trip(copied(client, patient, f"{suffix}-{number}"), place, style)
    return len(places)


def _round_trip(trip: Copy, place: Place, style: str) -> None:
    before = Before.of(trip)
    card = trip.cards(place.service, place.draft)[place.card]
    suggestion = card["suggestions"][place.number]
    assert style == "several" or len(suggestion["actions"]) == 1
    assert [fault for action in suggestion["actions"] for fault in problems(action["resource"])] == []
    if place.service == SIGN:
        _corrected_is_right(trip, place, suggestion)
        created = [trip.client.create(suggestion["actions"][0]["resource"])]
    else:
        created = trip.client.carry_out(suggestion)
        _updates_changed_nothing_else(trip, suggestion, before.orders)
    _signed_in_silence(trip, created)
    is_in_order(trip, suggestion, before)


def _corrected_is_right(trip: Copy, place: Place, suggestion: Json) -> None:
    """A draft that was corrected stands in the client's form: there it is signed, and not at the server yet."""
    (action,) = suggestion["actions"]
    assert place.draft is not None
    wrong = trip.drafts[place.draft]
    assert (action["type"], action["resource"]["id"]) == ("update", wrong["id"])
    assert action["resource"]["dosageInstruction"] != wrong["dosageInstruction"]
    assert _warnings(trip.sign(wrong)) != []
    _silent_because_right(trip, action["resource"])


def _signed_in_silence(trip: Copy, created: list[str]) -> None:
    """Order-sign says nothing to the drafts as the server gives them, to each and to all; then they are signed."""
    drafts = [trip.client.read(reference) for reference in created]
    orders = [draft for draft in drafts if draft["resourceType"] != "Task"]
    for draft in drafts:
        assert draft["status"] == "draft"
        if draft["resourceType"] == "MedicationRequest":
            _silent_because_right(trip, draft)
    if orders:
        assert _warnings(trip.sign(*orders)) == []
    for draft in orders:
        trip.client.write(draft | {"status": "active"})


def _silent_because_right(trip: Copy, draft: Json) -> None:
    assert _warnings(trip.sign(draft)) == []
    wrong = copy.deepcopy(draft)
    (line,) = wrong["dosageInstruction"]
    line["doseAndRate"][0]["doseQuantity"]["value"] *= 10
    assert _warnings(trip.sign(wrong)) != []


def _warnings(cards: list[Json]) -> list[str]:
    return [card["summary"] for card in cards if card["indicator"] != "info"]


def _updates_changed_nothing_else(trip: Copy, suggestion: Json, before: dict[str, Json]) -> None:
    """An update gives the whole resource back: but for its status and version it is as it was."""
    for action in suggestion["actions"]:
        if action["type"] == "update":
            written = action["resource"]
            now = trip.client.read(f"MedicationRequest/{written['id']}")
            assert now["status"] == written["status"] != before[now["id"]]["status"]
            assert lasting(now) == lasting(before[now["id"]])
