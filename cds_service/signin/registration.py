"""How this service is registered as a client of an authorization server."""

from dataclasses import dataclass, field

from cds_service.ehr.bases import FhirBase


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """A confidential client that sends its secret (`client_secret_basic`)."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A confidential client that signs an assertion (`private_key_jwt`); `jwk` is a private JSON Web Key.

    `algorithm` is ES384 or RS384, the two that SMART servers must know.
    """

    jwk: str = field(repr=False)
    algorithm: str
    key_id: str


@dataclass(frozen=True, slots=True)
class Registration:
    """A client at one authorization server.

    `proof` is None for a public client. `issuer` is the issuer of its id tokens, None for what its
    configuration says. `below` are the addresses below which its endpoints must lie: nothing else is called.
    """

    client_id: str
    below: tuple[FhirBase, ...]
    proof: ClientSecret | ClientKey | None = None
    issuer: str | None = None
