"""HTTP whose read timeout is the time for the whole answer, headers included, not between two bytes.

An ordinary socket timeout starts anew with every byte, so a server that drips one byte a second holds a
caller for as long as it likes. Here every single read gets what is left of the answer's time.
"""

import http.client
import http.cookiejar
import io
import math
import socket
import time
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

# A cookie of one caller must never travel with the token of another.
_NO_COOKIES = http.cookiejar.DefaultCookiePolicy(allowed_domains=[])


class _BoundedReader(io.RawIOBase):
    """Reads from a socket until a fixed moment, however many bytes come before it.

    Without a byte for `silence` seconds it ends before.
    """

    def __init__(self, connection: socket.socket, end: float, silence: float) -> None:
        self._connection = connection
        self._silence = silence
        self._raw = connection.makefile("rb", buffering=0)
        self._end = end

    def readable(self) -> bool:
        """As io.BufferedReader asks."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what is there, waiting no longer than the time that is left."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time for the whole answer is over")
        self._connection.settimeout(min(left, self._silence))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Let go of the socket."""
        self._raw.close()
        super().close()


class _BoundedSocket:
    """Stands for the socket while one answer is read; its timeout was set to the time for all of it."""

    def __init__(self, connection: socket.socket, silence: float) -> None:
        self._connection = connection
        self._silence = silence

    def makefile(self, mode: str) -> io.BufferedReader:
        """What http.client reads the answer from; the clock starts here."""
        seconds = self._connection.gettimeout()
        if seconds is None:
            raise ValueError("an answer without a time limit is never read")
        end = time.monotonic() + seconds
        return io.BufferedReader(_BoundedReader(self._connection, end, self._silence))


class _BoundedResponse(http.client.HTTPResponse):
    silence = math.inf

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(_BoundedSocket(sock, self.silence), *args, **kwargs)  # type: ignore[arg-type]


def _bounded_pools(silence: float) -> dict[str, type[HTTPConnectionPool]]:
    """The pools of the two schemes. The libraries want classes all the way down to the answer."""
    pools = {
        "http": (HTTPConnectionPool, HTTPConnection),
        "https": (HTTPSConnectionPool, HTTPSConnection),
    }
    answer = type("Answer", (_BoundedResponse,), {"silence": silence})
    return {
        scheme: type("Pool", (pool,), {"ConnectionCls": type("C", (one,), {"response_class": answer})})
        for scheme, (pool, one) in pools.items()
    }


class BoundedAdapter(HTTPAdapter):
    """A pooled transport without retries: only `fetching` knows how much of the caller's time is left.

    `silence`: seconds without a byte after which an answer that may take long is given up.
    """

    def __init__(self, silence: float = math.inf, **kwargs: Any) -> None:
        self._silence = silence
        super().__init__(**kwargs)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """The usual pools, of bounded connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _bounded_pools(self._silence)


class NoRedirects:
    """For a session, before its library's class."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Nowhere. Otherwise the library reads the whole body of a redirect, however long, to prepare it."""


class _DirectSession(NoRedirects, requests.Session):
    pass


def bounded_session(
    connections: int, ca_bundle: str | None = None, silence: float = math.inf
) -> requests.Session:
    """A session that takes nothing from its environment: no proxy, no `.netrc`, no cookie, no redirect.

    `ca_bundle` is a file of the hospital's own certificate authorities; `silence` as BoundedAdapter has it.
    """
    session = _DirectSession()
    bind(session, connections, ca_bundle, silence)
    return session


def bind(
    session: requests.Session, connections: int, ca_bundle: str | None, silence: float = math.inf
) -> None:
    """The same for a session that another library made, all but the redirects (`NoRedirects`)."""
    session.trust_env = False
    session.verify = ca_bundle or True
    session.cookies.set_policy(_NO_COOKIES)
    adapter = BoundedAdapter(silence, pool_connections=8, pool_maxsize=connections, max_retries=0)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
