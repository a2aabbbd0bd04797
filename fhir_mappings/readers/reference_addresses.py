"""Where a reference leads: the hospital's own FHIR server, or another, whose `Patient/1` is somebody else.

An absolute reference means exactly its address. Whatever is spelled otherwise and means the same server (case
of the host, the usual port, http or https, a slash at the end) is brought to one form here; an address that
two programs could read differently is nobody's.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import msgspec

_BASE = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9](?:[a-z0-9\-._]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::(?P<port>\d{1,5}))?"
    r"(?P<path>(?:/[^/?#\\\s%;]+)*)/*",
    re.IGNORECASE | re.ASCII,
)
_USUAL_PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"[A-Z][A-Za-z]+/[^/?#\s]+")
_NO_ADDRESSES = ("#", "urn:")


class Address(NamedTuple):
    """An absolute reference in two: the server (`server_of`; empty where it cannot be told) and `Type/id`."""

    server: str
    name: str


@lru_cache(maxsize=256)
def server_of(base: str) -> str:
    """A FHIR server's base URL as host, port and path, for comparison; empty where it is no plain address.

    There are only so many servers; addresses of patients are never kept.
    """
    found = _BASE.fullmatch(base)
    if found is None or not {".", ".."}.isdisjoint(found["path"].split("/")):
        return ""
    usual = found["port"] is None or int(found["port"]) == _USUAL_PORTS[found["scheme"].lower()]
    port = "" if usual else f":{int(found['port'])}"
    return f"{found['host'].lower()}{port}{found['path']}"


def address_of(url: str) -> Address:
    """The server and `Type/id` of an absolute reference; no server where it has not this form."""
    base, *name = url.rsplit("/", 2)
    named = "/".join(name)
    return Address(server_of(base) if is_name(named) else "", named)


def is_name(name: str) -> bool:
    """Is it `Type/id` of the own server, and no address, `urn:`, contained `#id`, query or mere id?"""
    return _NAME.fullmatch(name) is not None


def shared_server(subjects: Iterable[str]) -> frozenset[str]:
    """The one server on which all these references lie; none where one is relative, or they differ."""
    servers: set[str] = set()
    for written in subjects:
        if not written.startswith(_NO_ADDRESSES):
            path = _unversioned(written)
            server = address_of(path).server if "://" in path else ""
            if not server:
                return frozenset()
            servers.add(server)
    return frozenset(servers) if len(servers) == 1 else frozenset()


class Home(msgspec.Struct, frozen=True):
    """The hospital's own FHIR server by every address it is known to have (`server_of`); with none known,
    nothing absolute is its own."""

    servers: frozenset[str] = frozenset()

    def name(self, written: str) -> str:
        """`Type/id` on the own server, the address on another, without version; `urn:` and `#` as written."""
        if written.startswith(_NO_ADDRESSES):
            return written
        path = _unversioned(written)
        if "://" not in path:
            return path
        server, name = address_of(path)
        if server in self.servers:
            return name
        return f"https://{server}/{name}" if server else written

    def presumed_name(self, written: str) -> str:
        """The same, but where no address is known every one is taken for the own server's.

        For names in the site's own settings, and for refusing; never for taking an entry as the patient's.
        """
        if self.servers or "://" not in written:
            return self.name(written)
        return address_of(_unversioned(written)).name


NOWHERE = Home()


def _unversioned(written: str) -> str:
    return written.partition("/_history/")[0].rstrip("/")
