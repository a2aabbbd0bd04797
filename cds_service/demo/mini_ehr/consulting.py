"""A moment of care -> every service that listens to it is asked, and every answer is judged and kept."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from cds_service.demo.cds_client import Answer, Cards, CdsClient, CdsFailure, Service, services_in
from cds_service.demo.conformance import faults, faults_in_answer
from cds_service.demo.json_http import Json, Unanswered
from cds_service.demo.mini_ehr.card_view import CardView, card_view
from cds_service.demo.mini_ehr.ehr_desk import EhrDesk
from cds_service.demo.mini_ehr.ehr_memory import Given, Kept
from cds_service.demo.mini_ehr.switches import Switches

AT_ONCE = 3


@dataclass(frozen=True, slots=True)
class HookSilence:
    """A service from which no usable answer came. It is shown as loudly as a card: it is not "all clear"."""

    service: str
    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class Consultation:
    """All that came of one moment: cards loudest first, failed services, and the exchanges behind them.

    `versions` are those of the standard that the services say they speak, "" for one that does not say.
    """

    hook: str
    services: tuple[str, ...]
    cards: tuple[CardView, ...]
    silences: tuple[HookSilence, ...]
    exchanges: tuple[Kept, ...]
    versions: tuple[str, ...] = ()


def consult_services(
    desk: EhrDesk, switches: Switches, hook: str, context: Mapping[str, Any], draft: Json | None = None
) -> Consultation:
    """Ask all services of this hook. Nothing is raised: what fails is a Silence."""
    client = desk.client(switches)
    discovery = client.discovery()
    found = desk.memory.keep_exchange("discovery", discovery, faults_in_answer(discovery, "discovery"))
    try:
        services = tuple(service for service in services_in(discovery) if service.hook == hook)
    except Unanswered as unanswered:
        silence = HookSilence("discovery", desk.cds_base, unanswered.reason)
        return Consultation(hook, (), (), (silence,), (found,))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda service: client.call(service, context), services))
    return _together(desk, switches, hook, services, answers, str(context["patientId"]), draft, found)


def _together(
    desk: EhrDesk,
    switches: Switches,
    hook: str,
    services: tuple[Service, ...],
    answers: list[Answer],
    patient: str,
    draft: Json | None,
    discovery: Kept,
) -> Consultation:
    cards: list[CardView] = []
    silences: list[HookSilence] = []
    exchanges = [discovery]
    for service, answer in zip(services, answers, strict=True):
        exchanges.append(_keep(desk, service, answer))
        if isinstance(answer, CdsFailure):
            silences.append(HookSilence(service.id, service.title, answer.reason))
            continue
        for card in answer.cards:
            view = card_view(card, service.id, service.title)
            desk.memory.keep_card(view.key, Given(patient, service.id, card, switches, draft))
            cards.append(view)
    cards.sort(key=lambda card: card.rank)
    names = tuple(service.id for service in services)
    versions = tuple(sorted({service.version for service in services}))
    return Consultation(hook, names, tuple(cards), tuple(silences), tuple(exchanges), versions)


def _keep(desk: EhrDesk, service: Service, answer: Answer) -> Kept:
    exchange = answer.exchange
    found = faults_in_answer(exchange, "response")
    asked = tuple(f"request {fault}" for fault in faults(exchange.sent, "request"))
    return desk.memory.keep_exchange(f"{service.hook} → {service.id}", exchange, (*found, *asked))


def react(desk: EhrDesk, client: CdsClient, service: str, feedback: Json) -> str | None:
    """Send feedback; None when it was taken, else why not."""
    exchange = client.feed_back(service, feedback)
    desk.memory.keep_exchange(f"feedback → {service}", exchange, faults(feedback, "feedback"))
    if 200 <= exchange.status < 300:
        return None
    return exchange.text[:200] if exchange.status == 0 else f"HTTP {exchange.status}"


__all__ = ["Cards", "Consultation", "HookSilence", "consult_services", "react"]
