"""Every suggestion of every demo patient carried out by a client that knows nothing of us, and the chart opened again.

The client creates and updates what it is given on a plain record, signs the drafts, and asks once more: the change
is in order, said, and not proposed a second time (DECISIONS 63, 65, 84, 85).
"""

import copy
import itertools
from functools import cache
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.cards.translations import LANGUAGES
from cds_service.cds_hooks.trusted_clients import TrustedClient
from cds_service.settings.client_list import ListedClient
from fhir_mappings.writers.validation import problems
from tests.bench.servers import ours
from tests.hook_calls import call_body, order_context, prefetch_of
from tests.scenarios.fhir_charts import assessed
from tests.scenarios.visits import PATIENTS

Json = dict[str, Any]
SERVICE = "aa-trial-titration"
STUDY_DRUGS = ("sirolimus", "ciclosporin", "cyclosporine")
_ONE_ACTION = ListedClient(
    TrustedClient("https://ehr.example", jku="https://ehr.example/jwks.json"), one_action=True
)


@cache
def client(language: str, style: str) -> FlaskClient:
    more: dict[str, Any] = {"trusted_clients": (_ONE_ACTION,)} if style == "one" else {}
    return ours(language, **more).test_client()


def cards(chart: tuple[Json, ...], patient: str, language: str, style: str) -> list[Json]:
    body = call_body(SERVICE, patient, prefetch_of(chart))
    return list(client(language, style).post(f"/cds-services/{SERVICE}", json=body).get_json()["cards"])


def carried_out(chart: tuple[Json, ...], suggestion: Json) -> tuple[Json, ...]:
    """The record after each action; a draft of a drug is signed, as it stands."""
    record = {f"{r['resourceType']}/{r['id']}": copy.deepcopy(r) for r in chart}
    serial = itertools.count(1)
    for action in suggestion["actions"]:
        resource = copy.deepcopy(action["resource"])
        assert problems(resource) == []
        if action["type"] == "create":
            resource["id"] = f"new-{next(serial)}"
        else:
            assert f"{resource['resourceType']}/{resource['id']}" in record
        if resource["resourceType"] == "MedicationRequest" and resource["status"] == "draft":
            resource["status"] = "active"
        record[f"{resource['resourceType']}/{resource['id']}"] = resource
    return tuple(record.values())


def about(resource: Json, drug: str) -> bool:
    names = {"sirolimus": ("sirolimus",), "ciclosporin": ("ciclosporin", "cyclosporine")}[drug]
    return any(name in str(resource.get("medicationCodeableConcept")).casefold() for name in names)


def active_orders(chart: tuple[Json, ...], drug: str) -> list[Json]:
    orders = (r for r in chart if r["resourceType"] == "MedicationRequest" and r["status"] == "active")
    return [order for order in orders if about(order, drug)]


def offers(style: str) -> list[tuple[str, str, int, int]]:
    found = []
    for language in LANGUAGES:
        for name, patient in sorted(PATIENTS.items()):
            for c, card in enumerate(cards(tuple(patient.resources), name, language, style)):
                found += [(language, name, c, n) for n, _ in enumerate(card.get("suggestions", []))]
    return found


@pytest.mark.parametrize(("language", "name", "place", "number"), offers("all"))
def test_a_suggestion_carried_out_leaves_the_chart_in_order(
    language: str, name: str, place: int, number: int
) -> None:
    before = tuple(PATIENTS[name].resources)
    card = cards(before, name, language, "all")[place]
    decision = card["extension"]["org.aa-cds.decision"]["decision"]
    suggestion = card["suggestions"][number]
    after = carried_out(before, suggestion)
    told = {d["drug"]: d for d in assessed(*after)["titration"]}[decision["drug"]]
    kinds = {
        a["resource"]["status"]
        for a in suggestion["actions"]
        if a["resource"]["resourceType"] == "MedicationRequest"
    }
    doubts = {"CONFLICTING_DOSES", "DUPLICATE_ORDER"} & set(told["reasons"])
    assert not doubts or kinds == {
        "stopped"
    }  # what was handed over last may speak for the order that was stopped
    if "draft" in kinds:
        assert len(active_orders(after, decision["drug"])) == 1
        assert (told["state"], told["reasons"][0]) == ("RECHECK", "CHANGE_ORDERED")
        assert told["proposedDose"] is None
    elif "stopped" in kinds and not any(
        about(a["resource"], decision["drug"]) for a in suggestion["actions"]
    ):
        assert active_orders(after, decision["drug"]) == active_orders(before, decision["drug"])
        again = cards(after, name, language, "all")[place]
        assert suggestion["label"] not in [one["label"] for one in again.get("suggestions", [])]
    elif "stopped" in kinds:
        before_it, left = active_orders(before, decision["drug"]), active_orders(after, decision["drug"])
        assert len(left) == len(before_it) - 1
    elif "on-hold" in kinds:
        assert active_orders(after, decision["drug"]) == []
        assert "DOSE_NOT_DOCUMENTED" in told["reasons"] or told["state"] in ("HOLD", "RECHECK", "INITIATE")
        again = cards(after, name, language, "all")[place]
        head = {"en": "Keep {} on hold: ", "zh": "{}继续暂停（医嘱已暂停）："}[language]
        drug = {
            "en": decision["drug"],
            "zh": {"sirolimus": "西罗莫司", "ciclosporin": "环孢素"}[decision["drug"]],
        }
        assert again["summary"].startswith(head.format(drug[language]))
        assert len(again["summary"]) > len(head.format(drug[language])) + 5  # the reason stands in it, too
        assert "on-hold" not in {
            a["resource"]["status"] for one in again.get("suggestions", []) for a in one["actions"]
        }
    else:
        assert told["state"] == decision["state"]


@pytest.mark.parametrize(("language", "name", "place", "number"), offers("one"))
def test_a_client_of_one_action_gets_one_and_ends_the_order_by_its_reference(
    language: str, name: str, place: int, number: int
) -> None:
    before = tuple(PATIENTS[name].resources)
    suggestion = cards(before, name, language, "one")[place]["suggestions"][number]
    (action,) = suggestion["actions"]
    resource = action["resource"]
    if resource["resourceType"] != "MedicationRequest" or resource["status"] != "draft":
        return
    after = carried_out(before, suggestion)
    drug = "sirolimus" if about(resource, "sirolimus") else "ciclosporin"
    if active_orders(before, drug):
        assert resource["priorPrescription"]["reference"].startswith("MedicationRequest/")
        assert active_orders(before, drug)[0]["authoredOn"][:10] in suggestion["label"]
    told = {d["drug"]: d for d in assessed(*after)["titration"]}[drug]
    assert (told["state"], told["reasons"][0]) == ("RECHECK", "CHANGE_ORDERED")


@pytest.mark.parametrize("name", ["demo-08", "demo-10", "demo-20"])
def test_a_draft_that_nobody_signed_is_not_suggested_again(name: str) -> None:
    before = tuple(PATIENTS[name].resources)
    suggestion = cards(before, name, "en", "all")[0]["suggestions"][0]
    signed = carried_out(before, suggestion)
    after = tuple(r | {"status": "draft"} if r["id"].startswith("new-") else r for r in signed)
    (card, *_) = cards(after, name, "en", "all")
    assert "drafted today" in card["summary"]
    drafted = [a for one in card.get("suggestions", []) for a in one["actions"]]
    assert all(a["resource"]["resourceType"] == "ServiceRequest" for a in drafted)


@pytest.mark.parametrize("name", ["demo-08", "demo-10"])
def test_the_signed_change_is_silent_because_it_is_right(name: str) -> None:
    before = tuple(PATIENTS[name].resources)
    suggestion = cards(before, name, "en", "all")[0]["suggestions"][0]
    draft, stopped = (a["resource"] for a in suggestion["actions"][:2])
    service = "aa-trial-order-sign"

    def told(*drafts: Json) -> list[Json]:
        context = order_context(service, list(drafts))
        body = call_body(service, name, prefetch_of(before), **context)
        return list(client("en", "all").post(f"/cds-services/{service}", json=body).get_json()["cards"])

    written = draft | {"id": "d1"}
    assert told(written, stopped) == []
    assert told(written) == []  # it names the order that it replaces
    alone = {k: v for k, v in written.items() if k != "priorPrescription"}
    assert "goes on beside this one" in told(alone)[0]["summary"]


@pytest.mark.parametrize("name", ["demo-08", "demo-10", "demo-20"])
def test_the_draft_in_the_record_is_silent_when_it_is_signed(name: str) -> None:
    """By then the order that it replaces is stopped, and the draft itself stands in the chart."""
    before = tuple(PATIENTS[name].resources)
    suggestion = cards(before, name, "en", "all")[0]["suggestions"][0]
    signed = carried_out(before, suggestion)
    after = tuple(r | {"status": "draft"} if r["id"].startswith("new-") else r for r in signed)
    (draft, *_) = (
        r for r in after if r["id"].startswith("new-") and r["resourceType"] == "MedicationRequest"
    )
    service = "aa-trial-order-sign"
    body = call_body(service, name, prefetch_of(after), **order_context(service, [draft]))
    told = client("en", "all").post(f"/cds-services/{service}", json=body).get_json()["cards"]
    assert [card["summary"] for card in told if card["indicator"] != "info"] == []


def test_of_two_orders_that_contradict_one_another_the_right_one_can_be_stopped() -> None:
    before = tuple(PATIENTS["demo-19"].resources)
    (card, *_) = cards(before, "demo-19", "en", "all")
    told = [assessed(*carried_out(before, one))["titration"][0]["reasons"] for one in card["suggestions"]]
    assert len(told) == 2
    assert [] in [[r for r in reasons if r == "CONFLICTING_DOSES"] for reasons in told]
    assert not any(one.get("isRecommended") for one in card["suggestions"])
