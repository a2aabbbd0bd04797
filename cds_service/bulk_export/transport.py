"""One request of an export: bounded in time, no redirect, and the token only where it may go."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import requests
import urllib3

from cds_service.bulk_export.backend_token import Tokens
from cds_service.bulk_export.export_server import BulkServer
from cds_service.fhir_client.deadline import Deadline
from cds_service.fhir_client.fhir_get import NotFetched, reason_in
from cds_service.fhir_client.outcome_text import beginning_of, impersonal, words_for_people
from cds_service.fhir_client.retry_after import seconds_asked

_CONNECT_SECONDS = 10.0
_UNAUTHORIZED = 401
_ASKS_TO_WAIT = (429, 503)


@dataclass(frozen=True, slots=True)
class Transport:
    """`session` comes from `bounded_session`, with a `silence`. `sleep` waits so many seconds."""

    session: requests.Session
    server: BulkServer
    tokens: Tokens | None
    sleep: Callable[[float], None]

    @contextmanager
    def ask(
        self,
        method: str,
        address: str,
        deadline: Deadline,
        headers: Mapping[str, str],
        *,
        with_token: bool = True,
        seconds: float = 60.0,
    ) -> Iterator[requests.Response]:
        """The answer, whatever its status; its body is not read yet. With a token refused, asked once more.

        `address` comes from `BulkServer.address`. Raises NotFetched, ExportFailed without a token.
        """
        answer = self._once(method, address, deadline, headers, with_token, seconds)
        if answer.status_code == _UNAUTHORIZED and with_token and self.tokens:
            answer.close()
            self.tokens.drop()
            answer = self._once(method, address, deadline, headers, with_token, seconds)
        with answer:
            yield answer

    def _once(
        self,
        method: str,
        address: str,
        deadline: Deadline,
        headers: Mapping[str, str],
        with_token: bool,
        seconds: float,
    ) -> requests.Response:
        bearer = {"Authorization": f"Bearer {self.tokens.bearer()}"} if with_token and self.tokens else {}
        left = max(min(seconds, deadline.remaining()), 0.001)
        try:
            return self.session.request(
                method,
                address,
                headers={"Accept-Encoding": "identity", **headers, **bearer},
                timeout=(min(left, _CONNECT_SECONDS), left),
                allow_redirects=False,
                stream=True,
            )
        except TRANSPORT_FAULTS as error:
            raise NotFetched(reason_in(error, deadline), method) from None


TRANSPORT_FAULTS = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)
"""What reading an answer may raise; messages hold addresses, and addresses may be secrets."""


def words_of(answer: requests.Response) -> str:
    """The status of a refusal, and what it says for people, without what may tell who is meant."""
    said = impersonal(words_for_people(beginning_of(answer)), answer.url)
    return f"status {answer.status_code}" + (f", {said!r}" if said else "")


def asks_to_wait(answer: requests.Response) -> bool:
    """Is it the server's wish to be asked later?"""
    return answer.status_code in _ASKS_TO_WAIT


def wait_asked(answer: requests.Response, otherwise: float) -> float:
    """Seconds until the next question: the server's own, never less than one, or `otherwise`."""
    asked = seconds_asked(answer.headers)
    return max(float(asked), 1.0) if asked is not None else otherwise
