"""Which FHIR servers may be called at all: exact scheme, host, port and path prefix, nothing looser.

`fhirServer` and every paging link come from outside. Each is taken apart, refused when anything about it is
ambiguous (userinfo, backslashes, dot segments, escapes that hide something), and put together again from its
parts, so that what was checked is what is called.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import SplitResult, unquote_to_bytes, urljoin, urlsplit

import msgspec
from msgspec.structs import replace

LOOPBACK = ("127.0.0.1", "[::1]", "localhost")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]|[^\x00-\x7f]")
_HOST_NAME = re.compile(r"[a-z0-9](?:[a-z0-9\-._]*[a-z0-9])?")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")
_ESCAPES = re.compile(r"(?:%[0-9a-fA-F]{2})+")
_NEVER_ESCAPED = re.compile(r"[A-Za-z0-9._~\-/\\%;?#\x00-\x1f\x7f-\x9f]")
"""What has no reason to be escaped in a path, and is there to be read differently by two programs."""


class NotAnAddress(ValueError):
    """A URL that we will not call. `problem` says why, without the URL."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class FhirBase(msgspec.Struct, frozen=True):
    """The base URL of a FHIR server in normal form; `path` has no trailing slash."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def url(self) -> str:
        """The base as a URL, the port left out where it is the scheme's own."""
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}{self.path}"

    @property
    def is_open_wire(self) -> bool:
        """Can others read what goes there: neither TLS, nor this computer?"""
        return self.scheme != "https" and self.host not in LOOPBACK

    def contains(self, other: "FhirBase") -> bool:
        """Is `other` this very server and at or below this path?"""
        same_server = (self.scheme, self.host, self.port) == (other.scheme, other.host, other.port)
        return same_server and (other.path == self.path or other.path.startswith(f"{self.path}/"))

    def address(self, relative: str) -> str:
        """The absolute URL of one of our own relative FHIR URLs, e.g. `Condition?patient=1`."""
        return f"{self.url}/{relative}"

    def link(self, link: str, other_names: Iterable["FhirBase"] = ()) -> str:
        """The absolute URL of a paging link. Raises NotAnAddress when it leads out of this base.

        What lies below one of its `other_names` is meant to lie below this base, and is asked for here.
        """
        try:
            joined = urljoin(f"{self.url}/", link)
        except ValueError as error:
            raise NotAnAddress("is malformed") from error
        parts = _split(joined)
        target = self._below(_normal(parts), other_names)
        return f"{target.url}?{parts.query}" if parts.query else target.url

    def _below(self, target: "FhirBase", other_names: Iterable["FhirBase"]) -> "FhirBase":
        if self.contains(target):
            return target
        meant = [name for name in other_names if name.contains(target)]
        if not meant:
            raise NotAnAddress("leads to another server or path")
        name = max(meant, key=lambda one: len(one.path))
        return replace(self, path=self.path + target.path.removeprefix(name.path))


def read_base(text: str) -> FhirBase:
    """Read a base URL. Raises NotAnAddress."""
    parts = _split(text)
    if parts.query or parts.fragment:
        raise NotAnAddress("a base has no query and no fragment")
    return _normal(parts)


def find_base(text: str, allowed: Iterable[FhirBase]) -> FhirBase | None:
    """The normal form of a `fhirServer` that lies at or below an allowed base; None for any other."""
    try:
        asked = read_base(text)
    except NotAnAddress:
        return None
    return asked if any(base.contains(asked) for base in allowed) else None


def _split(text: str) -> SplitResult:
    if _FORBIDDEN.search(text):
        raise NotAnAddress("has a blank, a backslash or a character outside ASCII")
    if _BROKEN_ESCAPE.search(text):
        raise NotAnAddress("has a percent sign without two hexadecimal digits")
    try:
        return urlsplit(text)
    except ValueError as error:
        raise NotAnAddress("is malformed") from error


def _normal(parts: SplitResult) -> FhirBase:
    if parts.scheme not in _DEFAULT_PORTS:
        raise NotAnAddress("must be http or https")
    if "@" in parts.netloc:
        raise NotAnAddress("must not carry a user name")
    try:
        port = _DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
    except ValueError as error:
        raise NotAnAddress("has no valid port") from error
    return FhirBase(parts.scheme, _host(parts.hostname or ""), port, _path(parts.path))


def _host(name: str) -> str:
    if ":" in name:
        try:
            return f"[{ipaddress.IPv6Address(name.replace('%', ' ')).compressed}]"  # no zone ids
        except ValueError as error:
            raise NotAnAddress("has no valid IPv6 address") from error
    if not _HOST_NAME.fullmatch(name):
        raise NotAnAddress("has no valid host name")
    return name


def _path(path: str) -> str:
    _check_path(path)
    return path.rstrip("/")


def _check_path(path: str) -> None:
    """Raises NotAnAddress for a path that another program could read as another path."""
    for escaped in _ESCAPES.findall(path):
        if _hides_something(unquote_to_bytes(escaped)):
            raise NotAnAddress("has an escape in its path that hides a letter, a dot, a slash or the like")
    for segment in path.split("/"):
        name, has_parameters, _ = segment.partition(";")
        if name in (".", "..") or (has_parameters and not name):
            raise NotAnAddress("has dot segments in its path")


def _hides_something(escaped: bytes) -> bool:
    """Also by a wide form: some programs take U+FF0E for a dot."""
    try:
        text = escaped.decode()
    except UnicodeDecodeError:  # among them the overlong forms of dot and slash
        return True
    return _NEVER_ESCAPED.search(unicodedata.normalize("NFKC", text)) is not None


def check_key_address(text: str) -> str:
    """The address of a key set as it will be called, to the letter. Raises NotAnAddress if ambiguous."""
    path, _, query = text.partition("?")
    read_base(path)
    if not query.isascii() or not query.isprintable() or any(c in query for c in " #\\"):
        raise NotAnAddress("has a blank, a fragment or a character outside ASCII")
    return text
