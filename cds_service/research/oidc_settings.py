"""The hospital's identity provider as the site file names it."""

from pathlib import Path

import msgspec

from cds_service.fhir_client.base_url_allow_list import FhirBase
from cds_service.signin.client_registration import Registration


class Provider(msgspec.Struct, frozen=True):
    """The identity provider at `issuer`, and the claim of its id tokens in which the role must stand.

    `role_claim` may lead into nested claims, such as "realm_access.roles". `screening` is the output folder
    of the last `cds-service screen` run. Who has the `signing_role` as well may sign the reviewed content;
    "" is nobody. `synthetic`: nobody counted is a real patient, and the pages say so.
    """

    issuer: FhirBase
    registration: Registration
    role: str
    role_claim: str = "roles"
    screening: Path | None = None
    signing_role: str = ""
    synthetic: bool = False
