"""How this service proves to an authorization server who it is: a shared secret, or a private key."""

from dataclasses import dataclass, field


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
