"""Whether a record system that gave no answer has said itself when it may be asked again."""

from flask import Response

from cds_service.cds_hooks.errors import DataNotAvailableNow
from cds_service.fhir_client.fhir_get import NotFetched
from cds_service.signin.signin_errors import SignInRefused

_Asking = NotFetched | DataNotAvailableNow | SignInRefused


def seconds_to_wait(error: BaseException | None) -> int | None:
    """For how many seconds it asks to be left alone, by the error or its cause; None where it does not."""
    while error is not None:
        if isinstance(error, _Asking) and error.retry_after is not None:
            return error.retry_after
        error = error.__cause__
    return None


def asking_to_wait(response: Response, seconds: int) -> Response:
    """The response as one of the moment (RFC 9110, section 15.6.4)."""
    response.status_code = 503
    response.headers["Retry-After"] = str(seconds)
    return response
