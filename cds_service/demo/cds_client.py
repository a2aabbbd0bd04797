"""An ordinary CDS Hooks client, as a hospital's record system has one: plain HTTP and the published standard.

It knows nothing of how the service works: it reads discovery, fills the prefetch templates from a FHIR
server, posts the hook and takes whatever comes back. A failed call is a `Failure`, never an empty list of
cards.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from cds_service.demo.fhir_grant import Spec, grant
from cds_service.demo.json_http import Json, JsonExchange, JsonHttp, Unanswered
from cds_service.demo.prefetch_modes import Prefetch, prefetch
from cds_service.demo.record_access import FhirAccess
from cds_service.demo.record_client import FhirClient

__all__ = ["Answer", "Cards", "CdsClient", "CdsFailure", "Manner", "Service", "Unanswered"]


@dataclass(frozen=True, slots=True)
class Service:
    """One entry of discovery; `version` is that of the standard, where the service says it."""

    id: str
    hook: str
    title: str
    prefetch: Mapping[str, str]
    version: str = ""


@dataclass(frozen=True, slots=True)
class Cards:
    """An answer: the cards as they came, loudest first, and how long it took."""

    cards: tuple[Json, ...]
    milliseconds: float
    exchange: JsonExchange


@dataclass(frozen=True, slots=True)
class CdsFailure:
    """No answer that could be used, and what is known about why."""

    reason: str
    exchange: JsonExchange


Answer = Cards | CdsFailure
LOUDNESS = {"critical": 0, "warning": 1, "info": 2}


def _unsigned(_: str) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Manner:
    """What a client may do one way or another.

    `sign` gives the headers that prove who calls an address; `today` is the day at the site. `spec` is None
    for a client that grants the service no access of its own to the FHIR server beyond naming it.
    """

    prefetch: Prefetch = Prefetch.ALL
    spec: Spec | None = None
    today: date | None = None
    sign: Callable[[str], Mapping[str, str]] = field(default=_unsigned)


class CdsClient:
    """One client with one pool of connections; `cds_base` and `fhir_base` have no trailing slash."""

    def __init__(
        self,
        cds_base: str,
        fhir_base: str,
        manner: Manner | None = None,
        http: JsonHttp | None = None,
        access: FhirAccess | None = None,
    ) -> None:
        self.cds_base = cds_base
        self.fhir_base = fhir_base
        self._manner = manner or Manner()
        self._http = http or JsonHttp()
        self.fhir = FhirClient(self._http, fhir_base, access)

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def discovery(self) -> JsonExchange:
        """The discovery document as it came."""
        address = f"{self.cds_base}/cds-services"
        return self._http.send("GET", address, headers=self._manner.sign(address))

    def discover(self) -> tuple[Service, ...]:
        """The services on offer. Raises Unanswered."""
        return services_in(self.discovery())

    def resources(self, query: str) -> list[Json]:
        """All resources that a search finds, every page of it. Raises Unanswered."""
        return self.fhir.resources(query)

    def call(self, service: Service, context: Mapping[str, Any]) -> Answer:
        """Invoke one service with what it asked to have along, as far as our manner is to send it."""
        body: Json = {
            "hook": service.hook,
            "hookInstance": str(uuid.uuid4()),
            "fhirServer": self.fhir_base,
            "context": dict(context),
        }
        if self._manner.spec:
            lent = self.fhir.access.token()
            body["fhirAuthorization"] = grant(service.prefetch, context, self._manner.spec, lent)
        along = prefetch(self.fhir, service.prefetch, context, self._manner.prefetch, self._manner.today)
        if along is not None:
            body["prefetch"] = along
        return _cards_in(self._post(f"{self.cds_base}/cds-services/{service.id}", body))

    def feed_back(self, service_id: str, feedback: Json) -> JsonExchange:
        """Tell a service what became of its card (CH-119 to CH-128)."""
        return self._post(f"{self.cds_base}/cds-services/{service_id}/feedback", feedback)

    def _post(self, url: str, body: Json) -> JsonExchange:
        return self._http.send("POST", url, body, self._manner.sign(url))


def services_in(discovery: JsonExchange) -> tuple[Service, ...]:
    """The services of a discovery document. Raises Unanswered."""
    try:
        return tuple(
            Service(s["id"], s["hook"], s.get("title", s["id"]), s.get("prefetch", {}), s.get("version", ""))
            for s in discovery.answer().get("services", [])
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise Unanswered("the discovery document is not one of CDS Hooks") from error


def _cards_in(exchange: JsonExchange) -> Answer:
    try:
        cards = exchange.answer().get("cards")
    except Unanswered as unanswered:
        return CdsFailure(unanswered.reason, exchange)
    if not isinstance(cards, list) or not all(isinstance(card, dict) for card in cards):
        return CdsFailure("the answer holds no list of cards", exchange)
    ordered = sorted(cards, key=lambda card: LOUDNESS.get(card.get("indicator"), len(LOUDNESS)))
    return Cards(tuple(ordered), exchange.milliseconds, exchange)
