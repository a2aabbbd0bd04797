"""Which error becomes which status: one table, and every answer an OperationOutcome (CH-072)."""

from typing import Any

import msgspec
import structlog
from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from cds_service.audit.store_errors import StoreUnavailable
from cds_service.cds_hooks.errors import (
    BadHookRequest,
    DataNotAvailable,
    DataNotAvailableNow,
    HookError,
    NoSuchService,
    PatientMismatch,
    UntrustedClient,
)

_log = structlog.get_logger()


class Refusal(msgspec.Struct, frozen=True):
    """An HTTP status and the FHIR issue type (http://hl7.org/fhir/R4/valueset-issue-type.html)."""

    status: int
    issue: str


REFUSALS: dict[type[HookError], Refusal] = {
    UntrustedClient: Refusal(401, "login"),
    BadHookRequest: Refusal(400, "invalid"),
    PatientMismatch: Refusal(400, "conflict"),
    NoSuchService: Refusal(404, "not-found"),
    DataNotAvailable: Refusal(412, "incomplete"),
    DataNotAvailableNow: Refusal(503, "transient"),
}
_HTTP_ISSUES = {
    400: "invalid",
    404: "not-found",
    405: "not-supported",
    408: "timeout",
    413: "too-long",
    415: "not-supported",
    429: "throttled",
}


def add_error_handlers(app: Flask) -> None:
    """No error leaves the program as anything but an OperationOutcome."""
    app.register_error_handler(HookError, _refuse)
    app.register_error_handler(UntrustedClient, _unauthorized)
    app.register_error_handler(DataNotAvailableNow, _not_now)
    app.register_error_handler(StoreUnavailable, _not_recorded)
    app.register_error_handler(RecursionError, _too_deep)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _fault)


def error_outcome(status: int, issue: str, diagnostics: str, headers: Any = None) -> Response:
    """An error answer. `diagnostics` never holds anything of the patient or the request's content."""
    body = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": issue, "diagnostics": diagnostics}],
    }
    return Response(msgspec.json.encode(body), status, headers, content_type="application/json")


def _refuse(error: HookError, headers: Any = None) -> Response:
    refusal = REFUSALS[type(error)]
    _log.info("hook_refused", status=refusal.status, error=type(error).__name__)
    return error_outcome(refusal.status, refusal.issue, str(error), headers)


def _not_now(error: DataNotAvailableNow) -> Response:
    """The FHIR server's wish to be left alone for a while is handed on to who asked us."""
    return _refuse(error, [("Retry-After", str(error.retry_after))])


def _unauthorized(error: UntrustedClient) -> Response:
    """The same answer whatever was wrong (CH-149); the reason is for our own log."""
    refusal = REFUSALS[type(error)]
    _log.warning("client_refused", status=refusal.status, reason=error.reason.value, issuer=error.issuer)
    return error_outcome(refusal.status, refusal.issue, str(error), [("WWW-Authenticate", "Bearer")])


def _not_recorded(error: StoreUnavailable) -> Response:
    """What cannot be recorded is not said. The client may try again at once: most locks are short."""
    _log.error("store_unavailable", status=503, error=error.error)
    told = "The call could not be recorded, so nothing was answered; do not read this as advice."
    return error_outcome(503, "transient", told, [("Retry-After", "1")])


def _too_deep(error: RecursionError) -> Response:
    _log.info("hook_refused", status=400, error="RecursionError")
    return error_outcome(400, "invalid", "is nested too deeply")


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    headers = [(name, value) for name, value in error.get_headers() if name.lower() != "content-type"]
    _log.info("http_refused", status=status, error=type(error).__name__)
    return error_outcome(status, _HTTP_ISSUES.get(status, "processing"), error.name, headers)


def _fault(error: Exception) -> Response:
    """A fault of ours. An exception's message may quote the chart, so only its type and place are logged."""
    _log.error("fault", error=type(error).__name__, where=_place(error))
    return error_outcome(
        500, "exception", "The service failed. Nothing was evaluated; do not read this as advice."
    )


def _place(error: Exception) -> str:
    trace = error.__traceback__
    places = []
    while trace is not None:
        places.append(f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " > ".join(places[-5:])
