"""What a FHIR server says for people when it refuses: words of an OperationOutcome, none of a patient's."""

from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import msgspec
import requests
import urllib3

from cds_service.cds_hooks.strict_json import NOT_JSON

_MOST_BYTES = 64 * 1024
_MOST_SHOWN = 300  # characters of a server's own reason
_WHOSE = frozenset({"patient", "subject", "member"})
_LEFT_OUT = "…"


class _Text(msgspec.Struct):
    text: str | None = None


class _Issue(msgspec.Struct):
    severity: str | None = None
    diagnostics: str | None = None
    details: _Text | None = None


class _Outcome(msgspec.Struct):
    issue: tuple[_Issue, ...] = ()


def beginning_of(answer: requests.Response) -> bytes:
    """The first bytes of a refusal; it is one, too, when they do not come."""
    try:
        return bytes(answer.raw.read(_MOST_BYTES, decode_content=True))
    except (urllib3.exceptions.HTTPError, OSError):
        return b""


def words_for_people(body: bytes) -> str:
    """What an OperationOutcome says for people; "" for anything else.

    It is the server's text: not for logs, and to be escaped where it is shown.
    """
    try:
        issues = msgspec.json.decode(body, type=_Outcome).issue
    except NOT_JSON:
        return ""
    said = "; ".join(dict.fromkeys(text for issue in issues for text in _words(issue)))
    return "".join(c for c in said if c.isprintable())[:_MOST_SHOWN]


def impersonal(said: str, url: str) -> str:
    """The words without what may tell who or which request is meant: what holds a digit, or the id in `url`.

    So the same refusal is told in the same words each time.
    """
    ids = _ids_in(url)
    words = (
        _LEFT_OUT if any(c.isdigit() for c in word) or any(one in word.lower() for one in ids) else word
        for word in said.split()
    )
    return " ".join(words)


def _ids_in(url: str) -> list[str]:
    """The patient's id in a search, the resource's in a read."""
    parts = urlsplit(url)
    asked = [value for name, value in parse_qsl(parts.query) if name in _WHOSE]
    named = asked or ([] if parts.query else [parts.path])
    return [one for one in (name.rpartition("/")[2].lower() for name in named) if one]


def _words(issue: _Issue) -> Iterator[str]:
    texts = (issue.details.text if issue.details else None, issue.diagnostics)
    yield from (text.strip() for text in texts if text and text.strip())
