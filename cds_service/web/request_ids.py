"""One id for each request: in every log line of its call, and in its answer as `X-Request-ID`.

A client's or proxy's own id is taken over when it is 32 hexadecimal digits (nginx's `$request_id`, a W3C
trace id) or a UUID. Anything else could carry a name or a patient's number into our logs, so a new id is made
instead.
"""

import re
from collections.abc import Callable

from flask import Flask, Response, g, request
from structlog.contextvars import bind_contextvars, clear_contextvars

HEADER = "X-Request-ID"
NewId = Callable[[], str]
_WELL_FORMED = re.compile(r"[0-9A-Fa-f]{32}|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def request_id_from(given: str | None, new_id: NewId) -> str:
    """The id that was sent if it is well-formed, else a new one."""
    return given if given and _WELL_FORMED.fullmatch(given) else new_id()


def add_request_ids(app: Flask, new_id: NewId) -> None:
    """Every answer of `app`, errors too, says its id; every log line in between does."""

    @app.before_request
    def begin() -> None:
        clear_contextvars()
        g.request_id = request_id_from(request.headers.get(HEADER), new_id)
        bind_contextvars(request_id=g.request_id)

    @app.after_request
    def say(response: Response) -> Response:
        response.headers[HEADER] = g.request_id
        return response

    @app.teardown_request
    def end(_: BaseException | None) -> None:
        clear_contextvars()
