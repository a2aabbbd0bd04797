"""What can be wrong with a server's TLS, one row each: how it is brought about, and the word in our log."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cds_service.fhir_client.fhir_get import WhyNotFetched as Why
from tests.certificates import Days, Holder, TlsEnd, an_authority, self_signed
from tests.fhir_client.stub import Secured

HOSPITAL = an_authority("the hospital's authority")
"""Whom the site's `ca_bundle` names."""
WARD = HOSPITAL.authority_below("an authority below the hospital's")


@dataclass(frozen=True)
class TlsFault:
    """`end` makes the server's end of TLS; it may write files into the folder."""

    name: str
    reason: Why
    end: Callable[[Path], Secured]


@contextmanager
def plain(connection: socket.socket) -> Iterator[socket.socket]:
    """No TLS at all."""
    yield connection


@contextmanager
def mute(connection: socket.socket) -> Iterator[socket.socket]:
    """The handshake begins, and never goes on."""
    time.sleep(6.0)
    yield connection


def _with(holder: Callable[[], Holder], whole_chain: bool = True) -> Callable[[Path], Secured]:
    return lambda folder: TlsEnd(holder(), folder, whole_chain)


TLS_FAULTS = (
    TlsFault("that it signed itself", Why.UNTRUSTED, _with(self_signed)),
    TlsFault(
        "of an authority that the site does not name",
        Why.UNTRUSTED,
        _with(lambda: an_authority("the hospital's authority").issue()),
    ),
    TlsFault(
        "without the one between it and the authority that the site names",
        Why.UNTRUSTED,
        _with(WARD.issue, whole_chain=False),
    ),
    TlsFault("of another host", Why.OTHER_HOST, _with(lambda: HOSPITAL.issue("other.hospital.example"))),
    TlsFault("of another address", Why.OTHER_HOST, _with(lambda: HOSPITAL.issue("127.0.0.2"))),
    TlsFault("that has ended", Why.OUT_OF_DATE, _with(lambda: HOSPITAL.issue(days=Days(-30, -1)))),
    TlsFault("that is not valid yet", Why.OUT_OF_DATE, _with(lambda: HOSPITAL.issue(days=Days(1, 30)))),
    TlsFault("none: it speaks plain HTTP", Why.TLS_FAILED, lambda _: plain),
    TlsFault("none: it never ends the handshake", Why.TIMEOUT, lambda _: mute),
)
