"""What a FHIR server says that it has: its CapabilityStatement, remembered, fetched while nobody waits.

It is asked for without any caller's token. Until it has come, and where it does not come, nothing is known.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from cds_service.cds_hooks.strict_json import NOT_JSON
from cds_service.fhir_client.base_url_allow_list import FhirBase
from cds_service.fhir_client.deadline import Deadline, deadline_in
from cds_service.fhir_client.fhir_get import FhirServer, NotFetched, WhyNotFetched

_KIND = "CapabilityStatement"
_SECONDS = 10.0
_AGAIN_AFTER = 600.0
"""Seconds after which a server that did not give its statement is asked for it again."""
_MOST_BASES = 64
"""Callers name the bases, if only below those that are listed."""


class _Offered(msgspec.Struct):
    type: str | None = None


class _Rest(msgspec.Struct):
    mode: str | None = None
    resource: tuple[_Offered, ...] = ()


class _Statement(msgspec.Struct, rename="camel"):
    resource_type: str
    rest: tuple[_Rest, ...] = ()


def in_background(job: Callable[[], None]) -> None:
    """Let a thread of its own do it, which no end of the process waits for."""
    threading.Thread(target=job, name="statement", daemon=True).start()


@dataclass(slots=True)
class _Kept:
    types: frozenset[str] | None
    good_until: Deadline


class Statements:
    """The statements of all servers, for all threads of a process; each is believed for some hours."""

    def __init__(
        self, server: FhirServer, hours: float, start: Callable[[Callable[[], None]], None] = in_background
    ) -> None:
        self._server = server
        self._seconds = hours * 3600
        self._start = start
        self._lock = threading.Lock()
        self._kept: dict[FhirBase, _Kept] = {}

    def types_of(self, base: FhirBase) -> frozenset[str] | None:
        """The resource types that the server has by the statement seen last; None where none was seen."""
        kept = self._kept.get(base)
        return kept.types if kept else None

    def renew(self, base: FhirBase) -> None:
        """Have a statement that is missing or too old fetched, without waiting for it."""
        with self._lock:
            kept = self._kept.get(base)
            is_due = kept.good_until.is_past if kept else len(self._kept) < _MOST_BASES
            if is_due:  # and nobody else begins until this one has had its time
                self._kept[base] = _Kept(kept.types if kept else None, deadline_in(_AGAIN_AFTER))
        if is_due:
            self._start(lambda: self._fetch(base))

    def _fetch(self, base: FhirBase) -> None:
        try:
            types = fetch_types(self._server, base, deadline_in(_SECONDS))
        except NotFetched:
            return
        with self._lock:
            self._kept[base] = _Kept(types, deadline_in(self._seconds))


def fetch_types(server: FhirServer, base: FhirBase, deadline: Deadline) -> frozenset[str]:
    """The resource types that a server has by its own statement. Raises NotFetched.

    One that does not even name Patient says nothing about what there is.
    """
    body = server.fetch(base.address("metadata"), _KIND, None, deadline)
    try:
        statement = msgspec.json.decode(body, type=_Statement)
    except NOT_JSON:
        raise NotFetched(WhyNotFetched.NOT_FHIR, _KIND) from None
    if statement.resource_type != _KIND:
        raise NotFetched(WhyNotFetched.OTHER_TYPE, _KIND)
    offered = (one for rest in statement.rest if rest.mode in (None, "server") for one in rest.resource)
    types = frozenset(one.type for one in offered if one.type)
    if "Patient" not in types:
        raise NotFetched(WhyNotFetched.INCOMPLETE, _KIND)
    return types
