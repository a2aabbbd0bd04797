"""`fhirAuthorization`: the access that a client grants a service for one call (CH-060 to CH-067)."""

import secrets
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from cds_service.demo.json_http import Json

SUBJECT = "cds-service"
"""The OAuth client id under which the mini-EHR has the service on its books."""
SECONDS = 120
_REFERENCED = ("Medication", "ResearchStudy")


class Spec(StrEnum):
    """The releases of CDS Hooks that differ in what we send: SMART v1 or v2 scopes (CH-063)."""

    STU2 = "2.0.1"
    BALLOT3 = "3.0-ballot"


_VERB = {Spec.STU2: "read", Spec.BALLOT3: "rs"}


def grant(
    templates: Mapping[str, str], context: Mapping[str, Any], spec: Spec, lent: str | None = None
) -> Json:
    """Read access to the types that the service asked for, for this patient and a short while.

    The demo's own FHIR server asks nobody for a token, so any word will do; for another `lent` is our own.
    """
    return {
        "access_token": lent or secrets.token_urlsafe(24),
        "token_type": "Bearer",
        "expires_in": SECONDS,
        "scope": " ".join(_scopes(templates.values(), _VERB[spec])),
        "subject": SUBJECT,
        "patient": context["patientId"],
    }


def _scopes(templates: Iterable[str], verb: str) -> list[str]:
    types = {template.partition("?")[0].partition("/")[0] for template in templates}
    return [f"patient/{kind}.{verb}" for kind in sorted(types.union(_REFERENCED))]
