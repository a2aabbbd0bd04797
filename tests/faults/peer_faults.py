"""Peers that are silent, one row each: how many, what they say first, and the words in our log."""

from collections.abc import Callable
from dataclasses import dataclass

from cds_service.web.waiting_connections import LobbyLimits
from tests.standard.calls import a_body, authorization

URL = "/cds-services/aa-trial-titration"
WORKERS = 2
_HEAD = f"POST {URL} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n".encode()
First = Callable[[str], bytes]
"""What a peer says first, where the FHIR server has this base."""


@dataclass(frozen=True)
class PeerFault:
    """`count` peers at once; `event` is the line that our log has of them, `told` what the page says of it."""

    name: str
    count: int
    first: First
    event: str
    told: str


def a_hanging_call(base: str) -> bytes:
    """A whole call that brings nothing, so that all of it must be fetched."""
    body = a_body(fhirServer=base, fhirAuthorization=authorization(scope="user/*.rs"))
    return _HEAD + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


PEER_FAULTS = (
    PeerFault(
        "a listed FHIR server hangs, in as many calls as all workers have slots for",
        WORKERS * LobbyLimits().slots,
        a_hanging_call,
        "fetch_failed",
        "`fetch_failed`: `timeout`, `too-many-wait`, then `server-rests`; `fhir_server_rests`",
    ),
    PeerFault(
        "1,000 connections are open and silent",
        1000,
        lambda _: b"",
        "connections_dropped",
        "`connections_dropped`",
    ),
    PeerFault(
        "1,000 connections have sent half of a head",
        1000,
        lambda _: _HEAD,
        "http_refused",
        "`http_refused`: 408",
    ),
    PeerFault(
        "1,000 connections have sent half of a body",
        1000,
        lambda _: _HEAD + b'Content-Length: 100000\r\n\r\n{"hook":',
        "http_refused",
        "`http_refused`: 408",
    ),
)
