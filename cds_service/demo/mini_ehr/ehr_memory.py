"""What the mini-EHR remembers while it runs: cards on show, and the last exchanges."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from cds_service.demo.json_http import Json, JsonExchange
from cds_service.demo.mini_ehr.switches import Switches

MOST_CARDS = 400
MOST_EXCHANGES = 60


@dataclass(frozen=True, slots=True)
class Given:
    """A card that a service gave for a patient, to whom (by the switches), and about which draft, if any."""

    patient: str
    service: str
    card: Json
    asked_as: Switches
    draft: Json | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """An exchange, what it was for, and how it breaks the standard (nothing: it keeps to it)."""

    number: int
    about: str
    exchange: JsonExchange
    faults: tuple[str, ...]


class EhrMemory:
    """Bounded, in this process only; the oldest go first. Cards are transient (CH-152)."""

    def __init__(self) -> None:
        self._cards: OrderedDict[str, Given] = OrderedDict()
        self._exchanges: OrderedDict[int, Kept] = OrderedDict()
        self._count = 0
        self._lock = threading.Lock()

    def keep_card(self, key: str, given: Given) -> None:
        """Remember a card while it may be acted on."""
        with self._lock:
            self._cards[key] = given
            _shorten(self._cards, MOST_CARDS)

    def card(self, key: str) -> Given | None:
        """The card on show under this key."""
        return self._cards.get(key)

    def keep_exchange(self, about: str, exchange: JsonExchange, faults: tuple[str, ...]) -> Kept:
        """Number an exchange and keep it."""
        with self._lock:
            self._count += 1
            kept = Kept(self._count, about, exchange, faults)
            self._exchanges[kept.number] = kept
            _shorten(self._exchanges, MOST_EXCHANGES)
        return kept

    def exchange(self, number: int) -> Kept | None:
        """An exchange by its number."""
        return self._exchanges.get(number)


def _shorten(kept: OrderedDict[str, Given] | OrderedDict[int, Kept], most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)
