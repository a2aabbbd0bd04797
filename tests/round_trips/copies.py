"""Demo patients put at a FHIR server once more under ids of their own, so that each suggestion is carried out at a chart
that nobody has touched, and of a patient whom the service has not met."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cds_service.demo.start_demo import everything
from tests.round_trips.plain_client import PlainClient
from tests.scenarios.visits import CHART_SERVICES, PATIENTS

Json = dict[str, Any]
SIGN = "aa-trial-order-sign"
_NAMES = {"sirolimus": ("sirolimus",), "ciclosporin": ("ciclosporin", "cyclosporine")}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a suggestion stands: the service, the number of the draft that is signed (None at the chart's services),
    of the card, and of the suggestion on it."""

    service: str
    draft: int | None
    card: int
    number: int


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy of a demo patient, and the client at it: `name` is the Patient's id, `drafts` what the story writes."""

    client: PlainClient
    name: str
    drafts: tuple[Json, ...]

    def cards(self, service: str, draft: int | None = None) -> list[Json]:
        """What a service says now."""
        return self.client.ask(service, self.name, () if draft is None else [self.drafts[draft]])

    def sign(self, *drafts: Json) -> list[Json]:
        """What is said when these are about to be signed together."""
        return self.client.ask(SIGN, self.name, drafts)

    def chart(self) -> dict[str, list[Json]]:
        """The cards of everything that opens by itself."""
        return {service: self.cards(service) for service in CHART_SERVICES}

    def places(self) -> Iterator[Place]:
        """Every suggestion that the chart and the story's drafts bring forth."""
        calls: list[tuple[str, int | None]] = [(service, None) for service in CHART_SERVICES]
        calls += [(SIGN, n) for n, _ in enumerate(self.drafts)]
        for service, draft in calls:
            for c, card in enumerate(self.cards(service, draft)):
                yield from (Place(service, draft, c, n) for n, _ in enumerate(card.get("suggestions", ())))

    def active(self, drug: str) -> list[Json]:
        """The orders of a study drug that are active, whatever may have been written to replace them."""
        return [
            one for one in self.client.orders(self.name) if one["status"] == "active" and about(one, drug)
        ]

    def in_force(self, drug: str) -> list[Json]:
        """The active ones that no other active one says to replace."""
        running = self.active(drug)
        replaced = {one.get("priorPrescription", {}).get("reference") for one in running}
        return [one for one in running if f"MedicationRequest/{one['id']}" not in replaced]


def about(resource: Json, drug: str) -> bool:
    """Is it an order of this study drug?"""
    told = str(resource.get("medicationCodeableConcept")).casefold()
    return any(name in told for name in _NAMES[drug])


def copied(client: PlainClient, patient: str, suffix: str) -> Copy:
    """Put a copy of a demo patient at the client's FHIR server; `suffix` makes its ids."""
    known, name = PATIENTS[patient], f"{patient}-{suffix}"
    resources, drafts = _renamed(
        (everything((known,)), [one.resource for one in known.drafts]), patient, name
    )
    client.load(resources)
    return Copy(client, name, tuple(drafts))


def _renamed(resources: Any, old: str, new: str) -> Any:
    """The same JSON with the patient's id, which every id of the chart begins with, in all places replaced."""
    return json.loads(json.dumps(resources, ensure_ascii=False).replace(old, new))
