"""How this service is registered as a client of an authorization server."""

import msgspec

from cds_service.fhir_client.base_url_allow_list import FhirBase
from cds_service.fhir_client.client_proof import ClientKey, ClientSecret


class Registration(msgspec.Struct, frozen=True):
    """A client at one authorization server.

    `proof` is None for a public client. `issuer` is the issuer of its id tokens, None for what its
    configuration says. `below` are the addresses below which its endpoints must lie: nothing else is called.
    """

    client_id: str
    below: tuple[FhirBase, ...]
    proof: ClientSecret | ClientKey | None = None
    issuer: str | None = None
