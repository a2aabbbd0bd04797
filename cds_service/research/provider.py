"""The hospital's identity provider as the site file names it."""

from pathlib import Path

import msgspec

from cds_service.ehr.bases import FhirBase
from cds_service.signin.registration import Registration


class Provider(msgspec.Struct, frozen=True):
    """The identity provider at `issuer`, and the claim of its id tokens in which the role must stand.

    `role_claim` may lead into nested claims, such as "realm_access.roles". `screening` is the output folder
    of the last `cds-service screen` run.
    """

    issuer: FhirBase
    registration: Registration
    role: str
    role_claim: str = "roles"
    screening: Path | None = None
