"""What every request and every answer passes, whatever the route and whether it went well."""

import msgspec
from flask import Flask, Response
from flask_cors import CORS

from cds_service.web.rate_limits import limit_addresses
from cds_service.web.request_ids import HEADER, NewId, add_request_ids

_ONE_YEAR = 31_536_000
_HEADERS = {
    "Referrer-Policy": "no-referrer",
    # An answer is data: whoever opens it as a page gets nothing that runs, loads or can be framed.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


class Front(msgspec.Struct, frozen=True):
    """What an installation decides: which web pages may read answers, and how often an address may call.

    `origins` are exact; none, and no page may. `is_https` tells whether the public URL is. 0 is no limit.
    """

    new_id: NewId
    origins: frozenset[str] = frozenset()
    is_https: bool = False
    address_calls_per_second: float = 0


def put_before(app: Flask, front: Front) -> Flask:
    """The app behind this front."""
    add_request_ids(app, front.new_id)
    if front.address_calls_per_second:
        app.before_request(limit_addresses(front.address_calls_per_second))
    if front.origins:
        _allow_pages_of(app, front.origins)
    headers = dict(_HEADERS)
    if front.is_https:
        headers["Strict-Transport-Security"] = f"max-age={_ONE_YEAR}"

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in headers.items():
            response.headers.setdefault(name, value)  # a page of ours has a policy of its own
        return response

    return app


def _allow_pages_of(app: Flask, origins: frozenset[str]) -> None:
    """CORS: the origin is echoed if it is one of these; never `*`, never with cookies."""
    CORS(
        app,
        origins=sorted(origins),
        methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type"],
        expose_headers=[HEADER],
        supports_credentials=False,
        send_wildcard=False,
        always_send=False,  # who sends no origin is told of none
        vary_header=True,
        max_age=600,
    )
