"""Asking the FHIR server for notifications: R4 Subscriptions by rest-hook, or topics where it offers them."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec

from cds_service.cds_hooks.strict_json import NOT_JSON
from cds_service.fhir_client.create_resource import WriteRefused
from cds_service.fhir_client.deadline import deadline_in
from cds_service.fhir_client.fhir_get import FhirServer, NotFetched
from cds_service.study_list.list_server import ListServer
from cds_service.study_list.subject_codes import Json
from cds_service.watch.doorbell import HEADER

_BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription"
_PAYLOAD = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content"
_KINDS = ("Observation", "MedicationRequest")
_SECONDS = 10.0


class SubscriptionOffer(StrEnum):
    """What a server's CapabilityStatement offers."""

    NOTHING = "nothing"
    REST_HOOK = "rest-hook"
    TOPICS = "topics"


def offer_in(statement: Any) -> SubscriptionOffer:
    """By what stands there of the type Subscription, and the backport's profile."""
    resources = [r for rest in statement.get("rest", ()) for r in rest.get("resource", ())]
    ours = [one for one in resources if one.get("type") == "Subscription"]
    profiles = {p for one in ours for p in (one.get("profile", ""), *one.get("supportedProfile", ()))}
    if any(profile.partition("|")[0] == _BACKPORT for profile in profiles):
        return SubscriptionOffer.TOPICS
    return SubscriptionOffer.REST_HOOK if ours else SubscriptionOffer.NOTHING


def subscriptions(offer: SubscriptionOffer, endpoint: str, secret: str, topic: str) -> list[Json]:
    """The Subscriptions to keep there; none where nothing fits."""
    header = [f"{HEADER}: {secret}"]
    if offer is SubscriptionOffer.TOPICS and topic:
        content = [{"url": _PAYLOAD, "valueCode": "id-only"}]
        channel: Json = {
            "type": "rest-hook",
            "endpoint": endpoint,
            "header": header,
            "payload": "application/fhir+json",
            "_payload": {"extension": content},
        }
        return [_subscription("topic", topic, channel) | {"meta": {"profile": [_BACKPORT]}}]
    if offer is SubscriptionOffer.NOTHING:
        return []
    plain: Json = {"type": "rest-hook", "endpoint": endpoint, "header": header}
    return [_subscription(kind.lower(), f"{kind}?", plain) for kind in _KINDS]


def _subscription(name: str, criteria: str, channel: Json) -> Json:
    return {
        "resourceType": "Subscription",
        "id": f"aa-cds-watch-{name}",
        "status": "requested",
        "reason": "critical results of enrolled patients",
        "criteria": criteria,
        "channel": channel,
    }


def subscribe(
    server: ListServer,
    documents: FhirServer,
    endpoint: str,
    secret: str,
    topic: str,
    trials: Sequence[str] = (),
) -> SubscriptionOffer:
    """Keep them there, and tell what was offered; NOTHING where the server did not take them.

    One bell for all: `trials` are the numbers of those that are watched, the server's own if none is named.
    """
    try:
        body = documents.fetch(
            server.base.address("metadata"), "metadata", server.token(), deadline_in(_SECONDS)
        )
        offer = offer_in(msgspec.json.decode(body, type=dict[str, Any]))
        wanted = [
            one | {"reason": f"{', '.join(trials or [server.trial.id])}: {one['reason']}"}
            for one in subscriptions(offer, endpoint, secret, topic)
        ]
        requests = [{"method": "PUT", "url": f"Subscription/{one['id']}"} for one in wanted]
        if wanted:
            server.transact(
                [{"resource": one, "request": r} for one, r in zip(wanted, requests, strict=True)]
            )
    except (NotFetched, WriteRefused, *NOT_JSON):
        return SubscriptionOffer.NOTHING
    return offer if wanted else SubscriptionOffer.NOTHING
