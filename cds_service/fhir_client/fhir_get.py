"""The hospital's FHIR server: one GET at a time, bounded in time and size, and never a word of the patient.

Never twice (`fetching` knows whether to ask again), and no redirects: a server that moved is a matter for the
site file.
"""

import ssl
from collections.abc import Iterator
from enum import StrEnum
from typing import Protocol

import msgspec
import requests
import urllib3

from cds_service.fhir_client.compute_turns import TooManyWait, waiting_outside
from cds_service.fhir_client.deadline import Deadline
from cds_service.fhir_client.outcome_text import beginning_of, impersonal, words_for_people
from cds_service.fhir_client.retry_after import retry_after

_JSON_TYPES = frozenset({"application/fhir+json", "application/json", "application/json+fhir", "text/json"})
_FHIR = ("application/fhir+json",)
_CHUNK = 64 * 1024


class WhyNotFetched(StrEnum):
    """Why something could not be fetched; stable words for gaps and logs."""

    NO_SERVER = "no-server"
    SERVER_NOT_ALLOWED = "server-not-allowed"
    TOKEN_SPENT = "token-spent"  # noqa: S105 - a reason, not a secret
    OTHER_CLIENT = "token-for-another-client"
    NO_SCOPE = "no-scope"
    NOT_KEPT = "not-kept-here"
    BUSY = "too-many-wait"
    RESTING = "server-rests"
    UNREACHABLE = "unreachable"
    UNTRUSTED = "certificate-untrusted"
    OUT_OF_DATE = "certificate-out-of-date"
    OTHER_HOST = "certificate-of-another-host"
    TLS_FAILED = "tls-failed"
    TIMEOUT = "timeout"
    REDIRECT = "redirect"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not-found"
    REFUSED = "refused"
    SERVER_ERROR = "server-error"
    TOO_LARGE = "too-large"
    TOO_MANY_PAGES = "too-many-pages"
    OTHER_BASE = "link-outside-base"
    INCOMPLETE = "incomplete"
    NOT_FHIR = "not-fhir"
    OTHER_TYPE = "other-type"
    OTHER_RELEASE = "other-fhir-release"
    OUTCOME = "operation-outcome"


class NotFetched(Exception):
    """A resource or page could not be had. `path` is the type asked for, without ids and parameters.

    `retry_after`: in how many seconds the server itself says that it may be asked again. `said` are its own
    words for a refusal (`impersonal`).
    """

    def __init__(self, why: WhyNotFetched, path: str, retry_after: int | None = None, said: str = "") -> None:
        super().__init__(f"{path}: {why}")
        self.why = why
        self.path = path
        self.retry_after = retry_after
        self.said = said


class FhirServer(Protocol):
    """What gathering needs of a FHIR server; tests pass a plain object."""

    def fetch(self, url: str, path: str, token: str | None, deadline: Deadline) -> bytes:
        """The body of a successful answer. `path` names it in errors. Raises NotFetched."""
        ...


class FetchLimits(msgspec.Struct, frozen=True):
    """Seconds to connect, and bytes of one answer."""

    connect_seconds: float = 2.0
    answer_bytes: int = 20_000_000


class HttpFhirServer:
    """FHIR over HTTP; `session` comes from `bounded_session`. Safe to use from several threads.

    `accept` are the media types to ask for, where it is not FHIR that is wanted. With `strict_searches` a
    server is to refuse a search of ours that it understands in part only, not to answer another one; by
    RFC 7240, section 2, whoever does not know that wish passes over it.
    """

    def __init__(
        self,
        session: requests.Session,
        limits: FetchLimits,
        accept: tuple[str, ...] = _FHIR,
        *,
        strict_searches: bool = False,
    ) -> None:
        self._session = session
        self._limits = limits
        self._accept = accept
        self._strict_searches = strict_searches

    def fetch(self, url: str, path: str, token: str | None, deadline: Deadline) -> bytes:
        """GET `url` before the deadline."""
        left = deadline.remaining()
        if not left:
            raise NotFetched(WhyNotFetched.TIMEOUT, path)
        headers = self._headers(url, path, token)
        try:
            with (
                waiting_outside(url),
                self._session.get(
                    url,
                    headers=headers,
                    timeout=(min(left, self._limits.connect_seconds), left),
                    allow_redirects=False,
                    stream=True,
                ) as answer,
            ):
                _check(answer, url, path, self._accept)
                return self._body(answer, path)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            # The library's message holds the URL, and the URL the patient: not even as the cause.
            raise NotFetched(reason_in(error, deadline), path) from None

    def _headers(self, url: str, path: str, token: str | None) -> dict[str, str]:
        # No compression: the cap on the size of an answer is then a cap on what arrives.
        # A server may answer a search from one that it made a minute ago, unless it is told not to.
        headers = {
            "Accept": ", ".join(self._accept),
            "Accept-Encoding": "identity",
            "Cache-Control": "no-cache",
        }
        if self._strict_searches and _is_search(url, path):
            headers["Prefer"] = "handling=strict"
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return headers

    def _body(self, answer: requests.Response, path: str) -> bytes:
        body = bytearray()
        for chunk in answer.iter_content(_CHUNK):
            body += chunk
            if len(body) > self._limits.answer_bytes:
                raise NotFetched(WhyNotFetched.TOO_LARGE, path)
        return bytes(body)


def _is_search(url: str, path: str) -> bool:
    """Is it a search for this type? A server's own paging links may hold parameters that only it knows."""
    where, asks, _ = url.partition("?")
    return bool(asks) and where.endswith(f"/{path}")


def _check(answer: requests.Response, url: str, path: str, accept: tuple[str, ...]) -> None:
    status = answer.status_code
    if status != requests.codes.ok:
        why = refusal_reason(status)
        refused = why is WhyNotFetched.REFUSED
        said = impersonal(words_for_people(beginning_of(answer)), url) if refused else ""
        raise NotFetched(why, path, retry_after(status, answer.headers), said)
    content_type = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if content_type not in _JSON_TYPES.union(accept):
        raise NotFetched(WhyNotFetched.NOT_FHIR, path)


def reason_in(error: Exception, deadline: Deadline) -> WhyNotFetched:
    """Why there is nothing, by what the transport raised."""
    if isinstance(error, TooManyWait):
        return WhyNotFetched.BUSY
    if isinstance(error, requests.exceptions.SSLError):
        return _why_not_secure(error)
    timed_out = deadline.is_past or isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError)
    return WhyNotFetched.TIMEOUT if timed_out else WhyNotFetched.UNREACHABLE


# OpenSSL's X509_V_ERR_*: the name, or the address, in the certificate is not the one that was called.
_OTHER_NAMES = frozenset({62, 64})
_OTHER_DAYS = frozenset({9, 10})  # not yet valid, no longer valid


def _why_not_secure(error: BaseException) -> WhyNotFetched:
    """What was wrong with the certificate, or that no TLS came about at all."""
    for one in _chain(error):
        if isinstance(one, ssl.SSLCertVerificationError):
            if one.verify_code in _OTHER_NAMES:
                return WhyNotFetched.OTHER_HOST
            return WhyNotFetched.OUT_OF_DATE if one.verify_code in _OTHER_DAYS else WhyNotFetched.UNTRUSTED
    return WhyNotFetched.TLS_FAILED


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def refusal_reason(status: int) -> WhyNotFetched:
    """Why there is nothing, by an HTTP status other than success."""
    if 300 <= status < 400:
        return WhyNotFetched.REDIRECT
    if status in (401, 403):
        return WhyNotFetched.FORBIDDEN
    if status in (404, 410):
        return WhyNotFetched.NOT_FOUND
    is_fault = status >= 500 and status != requests.codes.not_implemented
    return WhyNotFetched.SERVER_ERROR if is_fault else WhyNotFetched.REFUSED
