"""Which patient a standalone launch is meant for: kept by the browser for a minute, in no address.

A record system asks the person whom to open; whoever picks another patient by mistake is not let through.
"""

from flask import Response, request

_COOKIE = "cds_expected_patient"
_SECONDS = 60


def expect_patient(response: Response, patient_id: str, launch_path: str) -> None:
    """Let the launch that the browser goes to next be for this patient only."""
    response.set_cookie(
        _COOKIE,
        patient_id,
        max_age=_SECONDS,
        path=launch_path,
        secure=True,
        httponly=True,
        samesite="Lax",
    )


def expected_patient() -> str:
    """The patient whom this launch is meant for; "" where anybody is."""
    return request.cookies.get(_COOKIE, "")


def forget_expected(response: Response, launch_path: str) -> None:
    """The next launch is for whomever the person picks."""
    if expected_patient():
        response.delete_cookie(_COOKIE, path=launch_path)
