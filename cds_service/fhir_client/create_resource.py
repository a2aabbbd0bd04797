"""Writing to the hospital's FHIR server: one resource, created with the token of the person who wrote it."""

import msgspec
import requests
import urllib3

from cds_service.fhir_client.base_url_allow_list import FhirBase
from cds_service.fhir_client.compute_turns import waiting_outside
from cds_service.fhir_client.deadline import Deadline
from cds_service.fhir_client.fhir_get import NotFetched, WhyNotFetched, reason_in, refusal_reason
from cds_service.fhir_client.outcome_text import beginning_of, words_for_people
from cds_service.fhir_client.retry_after import retry_after

_CREATED = (200, 201)
_UNSETTLED = (408, 425, 429)
"""Refusals of the moment: what stands before a server may send them when the server itself has written."""


class WriteRefused(Exception):
    """The server said no (4xx), so nothing was written. `reason` is its own word for it, "" if it gave none.

    It is the server's text: not for logs, and to be escaped where it is shown.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"status {status}")
        self.status = status
        self.reason = reason


class FhirWriter(msgspec.Struct, frozen=True):
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
                asked = retry_after(status, answer.headers)
                said = beginning_of(answer) if _is_refusal(status) else b""
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise NotFetched(reason_in(error, deadline), kind) from None
        if _is_refusal(status):
            raise WriteRefused(status, words_for_people(said))
        if status not in _CREATED:
            raise NotFetched(refusal_reason(status), kind, asked)


def _is_refusal(status: int) -> bool:
    return 400 <= status < 500 and status not in _UNSETTLED
