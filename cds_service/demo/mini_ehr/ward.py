"""Who needs somebody today: for each patient on the list what the services say when the chart is opened."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from markupsafe import Markup

from cds_service.demo.cds_client import CdsClient, CdsFailure, Service, services_in
from cds_service.demo.json_http import Unanswered
from cds_service.demo.mini_ehr import contexts
from cds_service.demo.mini_ehr.card_view import CardView, card_view
from cds_service.demo.mini_ehr.ehr_desk import EhrDesk
from cds_service.demo.mini_ehr.markdown import one_line
from cds_service.demo.mini_ehr.switches import Switches

AT_ONCE = 4
GROUPS = ("today", "week", "nothing")


@dataclass(frozen=True, slots=True)
class Need:
    """What one patient needs: `when` is one of GROUPS, `rank` sorts within it, `said` is the loudest
    headline.
    """

    patient: str
    when: str
    rank: int
    indicator: str
    said: Markup


def needs(desk: EhrDesk, switches: Switches, patients: Iterable[str]) -> list[Need]:
    """Each patient's need, the loudest first. A service without an answer is a need of today, no silence.

    Raises Unanswered where it cannot be told which services there are.
    """
    client = desk.client(switches)
    services = [one for one in services_in(client.discovery()) if one.hook == "patient-view"]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(lambda patient: _need(desk, client, services, patient), patients)
        return sorted(found, key=lambda need: (GROUPS.index(need.when), need.rank, need.patient))


def _need(desk: EhrDesk, client: CdsClient, services: list[Service], patient: str) -> Need:
    try:
        cards = list(_cards(desk, client, services, patient))
    except Unanswered as unanswered:
        return Need(patient, "today", -1, "failure", one_line(unanswered.reason))
    if not cards:
        return Need(patient, "nothing", 9, "quiet", Markup(""))
    loudest = min(cards, key=lambda card: (card.rank, card.is_row))
    return Need(patient, _when(cards), loudest.rank, loudest.indicator, loudest.summary)


def _cards(desk: EhrDesk, client: CdsClient, services: list[Service], patient: str) -> Iterator[CardView]:
    for service in services:
        answer = client.call(service, contexts.who(desk.user, patient))
        if isinstance(answer, CdsFailure):
            raise Unanswered(f"{service.title}: {answer.reason}")
        yield from (card_view(card, service.id, service.title) for card in answer.cards)


def _when(cards: list[CardView]) -> str:
    """Today what is critical or a warning; nothing where a row says it all; this week the rest."""
    if any(card.indicator != "info" for card in cards):
        return "today"
    return "nothing" if all(card.is_row for card in cards) else "week"
