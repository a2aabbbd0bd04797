"""Writing to the hospital's FHIR server: one resource, created with the token of the person who wrote it."""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import requests
import urllib3

from cds_service.ehr.bases import FhirBase
from cds_service.ehr.deadline import Deadline
from cds_service.ehr.fhir_server import NotFetched, WhyNotFetched, reason_in, reason_of
from cds_service.ehr.turns import waiting_outside
from cds_service.hooks.envelope import NOT_JSON

_CREATED = (200, 201)
_UNSETTLED = (408, 425, 429)
"""Refusals of the moment: what stands before a server may send them when the server itself has written."""
_MOST_BYTES = 64 * 1024
_MOST_SHOWN = 300  # characters of a server's own reason


class WriteRefused(Exception):
    """The server said no (4xx), so nothing was written. `reason` is its own word for it, "" if it gave none.

    It is the server's text: not for logs, and to be escaped where it is shown.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"status {status}")
        self.status = status
        self.reason = reason


class _Text(msgspec.Struct):
    text: str | None = None


class _Issue(msgspec.Struct):
    severity: str | None = None
    diagnostics: str | None = None
    details: _Text | None = None


class _Outcome(msgspec.Struct):
    issue: tuple[_Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class FhirWriter:
    """Creates resources; `session` comes from `bounded_session`. No retries: a form is not sent twice."""

    session: requests.Session
    connect_seconds: float = 2.0

    def create(self, base: FhirBase, kind: str, body: bytes, token: str, deadline: Deadline) -> None:
        """POST `body` as a new resource of type `kind`.

        Raises WriteRefused when the server did not take it, NotFetched when nobody knows whether it did.
        """
        left = deadline.remaining()
        if not left:
            raise NotFetched(WhyNotFetched.TIMEOUT, kind)
        headers = {
            "Content-Type": "application/fhir+json",
            "Accept": "application/fhir+json",
            "Prefer": "return=minimal",
            "Authorization": f"Bearer {token}",
        }
        try:
            with (
                waiting_outside(base.url),
                self.session.post(
                    base.address(kind),
                    data=body,
                    headers=headers,
                    timeout=(min(left, self.connect_seconds), left),
                    allow_redirects=False,
                    stream=True,
                ) as answer,
            ):
                status = answer.status_code
                said = _beginning(answer) if _is_refusal(status) else b""
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise NotFetched(reason_in(error, deadline), kind) from None
        if _is_refusal(status):
            raise WriteRefused(status, _reason(said))
        if status not in _CREATED:
            raise NotFetched(reason_of(status), kind)


def _is_refusal(status: int) -> bool:
    return 400 <= status < 500 and status not in _UNSETTLED


def _beginning(answer: requests.Response) -> bytes:
    """The first bytes of a refusal; it is one, too, when they do not come."""
    try:
        return bytes(answer.raw.read(_MOST_BYTES, decode_content=True))
    except (urllib3.exceptions.HTTPError, OSError):
        return b""


def _reason(body: bytes) -> str:
    """What an OperationOutcome says for people; "" for anything else."""
    try:
        issues = msgspec.json.decode(body, type=_Outcome).issue
    except NOT_JSON:
        return ""
    said = "; ".join(dict.fromkeys(text for issue in issues for text in _words(issue)))
    return "".join(c for c in said if c.isprintable())[:_MOST_SHOWN]


def _words(issue: _Issue) -> Iterator[str]:
    texts = (issue.details.text if issue.details else None, issue.diagnostics)
    yield from (text.strip() for text in texts if text and text.strip())
