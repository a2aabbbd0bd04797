"""What the mini-EHR remembers while it runs: cards on show, what can be undone, the last exchanges."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from cds_service.demo.json_http import Json, JsonExchange
from cds_service.demo.mini_ehr.switches import Switches

MOST_CARDS = 400
MOST_UNDOABLE = 60
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
class Touched:
    """A resource before and after an action; None where it was not there."""

    reference: str
    before: Json | None
    after: Json | None


@dataclass(frozen=True, slots=True)
class Undoable:
    """An action that can be taken back: what it touched, and the card that it answered, if any."""

    patient: str
    touched: tuple[Touched, ...] = ()
    given: Given | None = None


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
        self._undoable: OrderedDict[str, Undoable] = OrderedDict()
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

    def keep_undo(self, key: str, undoable: Undoable) -> None:
        """Remember how to take an action back."""
        with self._lock:
            self._undoable[key] = undoable
            _shorten(self._undoable, MOST_UNDOABLE)

    def undo(self, key: str) -> Undoable | None:
        """How to take an action back."""
        return self._undoable.get(key)

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


def _shorten(kept: OrderedDict[Any, Any], most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)
