"""Writing to the hospital's FHIR server: one resource, created with the token of the person who wrote it."""

from dataclasses import dataclass

import requests
import urllib3

from cds_service.ehr.bases import FhirBase
from cds_service.ehr.deadline import Deadline
from cds_service.ehr.fhir_server import NotFetched, WhyNotFetched, reason_in, reason_of
from cds_service.ehr.turns import waiting_outside

_CREATED = (200, 201)


@dataclass(frozen=True, slots=True)
class FhirWriter:
    """Creates resources; `session` comes from `bounded_session`. No retries: a form is not sent twice."""

    session: requests.Session
    connect_seconds: float = 2.0

    def create(self, base: FhirBase, kind: str, body: bytes, token: str, deadline: Deadline) -> None:
        """POST `body` as a new resource of type `kind`. Raises NotFetched; then it may be there or not."""
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
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise NotFetched(reason_in(error, deadline), kind) from None
        if status not in _CREATED:
            raise NotFetched(reason_of(status), kind)
