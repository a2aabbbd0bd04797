"""The keys of the trusted clients: from the site file, or fetched from the addresses listed for the client.

What is fetched is kept for ten minutes. A key that is not in it (rotation), or a kept set that has grown old,
lets us ask again, at most once a minute at each address, so that nobody makes us call an EHR by guessing ids.
Meanwhile a key that is known counts; a call that brings another waits for the answer with the one that asked.
When the EHR does not answer, the set last seen counts for one day, and then nobody with its keys is let in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event, Lock

import msgspec
import requests
import structlog

from cds_service.cds_hooks.client_jwt import KeysUnavailable
from cds_service.cds_hooks.trusted_clients import TrustedClient
from cds_service.cds_hooks.trusted_keys import KeySet, NotAKeySet, TrustedKey, read_key_set
from cds_service.fhir_client.compute_turns import TooManyWait, waiting_outside
from cds_service.fhir_client.deadline import deadline_in
from cds_service.fhir_client.fhir_get import FetchLimits, FhirServer, HttpFhirServer, NotFetched

# RFC 7517 section 8.5.2 wants the first; most servers send the second.
_MEDIA_TYPES = ("application/jwk-set+json", "application/json")
_MOST_BYTES = 200_000
_PATH = "jku"  # how a key set is called in errors

_log = structlog.get_logger()


class KeySetLimits(msgspec.Struct, frozen=True):
    """How long a fetched set is used without asking, and when asking fails; the least time between two asks.

    `seconds` bounds one fetch, connecting included.
    """

    fresh: timedelta = timedelta(minutes=10)
    stale: timedelta = timedelta(days=1)
    between: timedelta = timedelta(minutes=1)
    seconds: float = 3.0


@dataclass(slots=True)
class _Kept:
    """What is known of one key set of a client; guarded by its lock, which nobody holds while asking."""

    lock: Lock = field(default_factory=Lock)
    answered: Event = field(default_factory=Event)
    keys: KeySet | None = None
    seen: datetime | None = None
    asked: datetime | None = None


class KeySets:
    """A `KeySource`. What the site file gives is in `listed`, by issuer, and is never fetched.

    Each process keeps its own sets. Safe to use from several threads.
    """

    def __init__(
        self, server: FhirServer, listed: Mapping[str, KeySet], limits: KeySetLimits | None = None
    ) -> None:
        self._server = server
        self._listed = listed
        self._limits = limits or KeySetLimits()
        self._kept: dict[tuple[str, str], _Kept] = {}

    def find(
        self, client: TrustedClient, key_id: str, now: datetime, address: str | None = None
    ) -> tuple[TrustedKey, ...]:
        """The client's keys with this id; `address` is the listed one to look at, else all are.

        Raises KeysUnavailable when none is found and not every set could be had.
        """
        if client.issuer in self._listed:
            return self._listed[client.issuer].with_id(key_id)
        found: list[TrustedKey] = []
        missing = not client.addresses
        for one in (address,) if address else client.addresses:
            try:
                found += (key for key in self._at(client.issuer, one, key_id, now) if key not in found)
            except KeysUnavailable:
                missing = True
        if missing and not found:
            raise KeysUnavailable
        return tuple(found)

    def _at(self, issuer: str, address: str, key_id: str, now: datetime) -> tuple[TrustedKey, ...]:
        kept = self._kept.setdefault((issuer, address), _Kept())
        if self._is_ours_to_ask(kept, key_id, now):
            self._ask(issuer, address, kept, now)
        elif not (kept.answered.is_set() or self._known(kept, key_id, now)):
            self._wait_for_answer(kept, address)
        known = self._known(kept, key_id, now)
        if known is None:
            raise KeysUnavailable
        return known

    def _known(self, kept: _Kept, key_id: str, now: datetime) -> tuple[TrustedKey, ...] | None:
        """What the set that is here says of this id; None without a set that still counts."""
        with kept.lock:
            if kept.keys is None or not _within(self._limits.stale, kept.seen, now):
                return None
            return kept.keys.with_id(key_id)

    def _is_ours_to_ask(self, kept: _Kept, key_id: str, now: datetime) -> bool:
        with kept.lock:
            if not self._is_wanted(kept, key_id, now):
                return False
            kept.asked = now
            kept.answered.clear()
            return True

    def _wait_for_answer(self, kept: _Kept, address: str) -> None:
        """To what another call asked. Raises KeysUnavailable when as many as may are waiting."""
        try:
            with waiting_outside(address):
                kept.answered.wait(self._limits.seconds)
        except TooManyWait:
            raise KeysUnavailable from None

    def _is_wanted(self, kept: _Kept, key_id: str, now: datetime) -> bool:
        if _within(self._limits.between, kept.asked, now):
            return False
        is_fresh = _within(self._limits.fresh, kept.seen, now)
        return not (is_fresh and kept.keys is not None and kept.keys.with_id(key_id))

    def _ask(self, issuer: str, address: str, kept: _Kept, now: datetime) -> None:
        """Fetch the set. If that fails, what is kept stays, and the log says so."""
        try:
            body = self._server.fetch(address, _PATH, None, deadline_in(self._limits.seconds))
            keys = read_key_set(body)
            with kept.lock:
                kept.keys, kept.seen = keys, now
        except (NotFetched, NotAKeySet) as error:
            why = error.why.value if isinstance(error, NotFetched) else type(error).__name__
            _log.warning("key_set_not_fetched", issuer=issuer, reason=why)
        finally:
            kept.answered.set()


def key_server(session: requests.Session) -> FhirServer:
    """What fetches key sets; `session` comes from `bounded_session`: no redirect, no proxy, no cookie."""
    return HttpFhirServer(session, FetchLimits(answer_bytes=_MOST_BYTES), _MEDIA_TYPES)


def _within(span: timedelta, since: datetime | None, now: datetime) -> bool:
    """Is `since` at most this long ago? A clock that was set back proves nothing."""
    return since is not None and timedelta() <= now - since < span
