"""What a hospital's FHIR server can do wrong, one row each: how the stub does it, and the word in our log."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any

from cds_service.fhir_client.fhir_get import WhyNotFetched as Why
from tests.fhir_client.stub import Answer, drips, says, searchset, sleeps

Resource = dict[str, Any]
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class EhrFault:
    """`answer` makes the stub's answer from the resource that it ought to give.

    `put_off`: for how many seconds the server itself asks to be left alone; the caller is told the same.
    """

    name: str
    reason: Why
    answer: Callable[[Resource], Answer]
    put_off: int | None = None

    @property
    def told(self) -> str:
        """What the caller hears where nothing can be said without the part."""
        return "412" if self.put_off is None else f"503, `Retry-After: {self.put_off}`"


def _refuses(status: int, **headers: str) -> Callable[[Resource], Answer]:
    return lambda _: says({"resourceType": "OperationOutcome"}, status=status, **headers)


def cut_off(_: Resource) -> Answer:
    """Half of what was announced, and then the connection ends."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: 5000\r\n\r\n"
        handler.wfile.write(head + b'{"resourceType":"Bundle","entry":[')
        handler.close_connection = True

    return answer


class Flood:
    """A page of 100 MB; `sent` is how much of it anybody took."""

    def __init__(self) -> None:
        self.sent = 0

    def __call__(self, _: Resource) -> Answer:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            self.sent = 0
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nConnection: close\r\n\r\n"
            handler.wfile.write(head + b'{"resourceType":"Bundle","entry":[')
            for _ in range(100):
                handler.wfile.write(b" " * MEGABYTE)
                self.sent += MEGABYTE
            handler.wfile.write(b"]}")

        return answer


def endless(resource: Resource) -> Answer:
    """Each page names a next one."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        query = f"{resource['resourceType']}?page={time.monotonic_ns()}"
        says(searchset(resource, next_link=query))(handler)

    return answer


FLOOD = Flood()
EHR_FAULTS = (
    EhrFault("answers after the deadline", Why.TIMEOUT, lambda r: sleeps(3.0, says(searchset(r)))),
    EhrFault("sends one byte a tenth of a second", Why.TIMEOUT, lambda _: drips(b"{" + b" " * 500, 0.1)),
    EhrFault("drips its headers", Why.TIMEOUT, lambda _: drips(b"{}", 0.1, in_headers=True)),
    EhrFault("answers 401", Why.FORBIDDEN, _refuses(401)),
    EhrFault("answers 403", Why.FORBIDDEN, _refuses(403)),
    EhrFault("answers 404", Why.NOT_FOUND, _refuses(404)),
    EhrFault("answers 429", Why.REFUSED, _refuses(429)),
    EhrFault(
        "answers 429 and asks for more time than there is",
        Why.REFUSED,
        _refuses(429, Retry_After="60"),
        put_off=60,
    ),
    EhrFault("answers 500", Why.SERVER_ERROR, _refuses(500)),
    EhrFault("answers 501", Why.REFUSED, _refuses(501)),
    EhrFault("answers 503", Why.SERVER_ERROR, _refuses(503)),
    EhrFault(
        "answers 503 and asks for more time than there is",
        Why.SERVER_ERROR,
        _refuses(503, Retry_After="60"),
        put_off=60,
    ),
    EhrFault(
        "answers 503 each time, and each time asks for less",
        Why.SERVER_ERROR,
        _refuses(503, Retry_After="0"),
        put_off=0,
    ),
    EhrFault("is cut off in the middle of a body", Why.UNREACHABLE, cut_off),
    EhrFault(
        "sends half a JSON document", Why.NOT_FHIR, lambda _: says(b'{"resourceType":"Bundle","entry":[')
    ),
    EhrFault(
        "sends another content type", Why.NOT_FHIR, lambda r: says(searchset(r), content_type="text/html")
    ),
    EhrFault("sends a login page as JSON", Why.NOT_FHIR, lambda _: says(b"<html>login</html>")),
    EhrFault(
        "sends an OperationOutcome with 200",
        Why.OUTCOME,
        lambda _: says({"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "x"}]}),
    ),
    EhrFault("counts more matches than it sends", Why.INCOMPLETE, lambda r: says(searchset(r, total=2))),
    EhrFault("always names a next page", Why.TOO_MANY_PAGES, endless),
    EhrFault(
        "names a next page on another server",
        Why.OTHER_BASE,
        lambda r: says(searchset(r, next_link="http://127.0.0.2:9/fhir/Observation?page=2")),
    ),
    EhrFault("sends a page of 100 MB", Why.TOO_LARGE, FLOOD),
    EhrFault(
        "redirects to another address",
        Why.REDIRECT,
        lambda _: says(b"", status=302, Location="http://127.0.0.2:9/"),
    ),
)
