"""SMART Backend Services of the demo's authorization server: a client proves itself by a signed assertion."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, InvalidClientError, grants
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

METHOD = "private_key_jwt"
ALGORITHMS = ("ES384", "RS384")
SECONDS = 300
"""SMART: no token of a backend service should live for longer than five minutes."""


@dataclass(frozen=True, slots=True)
class BackendClient(ClientMixin):  # type: ignore[misc]
    """A registered service: the public halves of its keys, and the scope that an administrator gave it."""

    client_id: str
    keys: Mapping[str, Any]
    scope: str = "system/*.rs"

    def get_client_id(self) -> str:
        """As Authlib asks."""
        return self.client_id

    def get_allowed_scope(self, scope: str | None) -> str:
        """What was asked for and given; all that was given where nothing is asked for."""
        asked, given = (scope or self.scope).split(), self.scope.split()
        return " ".join(given if "system/*.rs" in asked else [one for one in asked if one in given])

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """By its key alone."""
        return method == METHOD

    def check_grant_type(self, grant_type: str) -> bool:
        """Nobody signs in with it."""
        return grant_type == "client_credentials"

    def check_response_type(self, response_type: str) -> bool:
        """Nobody signs in with it."""
        return False


class _Assertion(JWTBearerClientAssertion):  # type: ignore[misc]
    CLIENT_AUTH_METHOD = METHOD

    def __init__(self, endpoint: str) -> None:
        super().__init__()
        self._endpoint = endpoint
        self._used: set[str] = set()

    def get_audiences(self) -> list[str]:
        """The token endpoint."""
        return [self._endpoint]

    def validate_jti(self, claims: Any, jti: str) -> bool:
        """Each assertion once."""
        is_new = jti not in self._used
        self._used.add(jti)
        return is_new

    def resolve_client_public_key(self, client: BackendClient) -> KeySet:
        """As registered."""
        return KeySet.import_key_set({"keys": list(client.keys["keys"])})

    def process_assertion_claims(self, assertion: str, resolve_key: KeySet) -> Any:
        """By the two algorithms of SMART, which the library wants to be told. Raises InvalidClientError."""
        try:
            claims = jwt.decode(assertion, resolve_key, algorithms=list(ALGORITHMS)).claims
        except JoseError as error:
            raise InvalidClientError(description=error.description) from error
        self.verify_claims(claims)
        return claims


class _Grant(grants.ClientCredentialsGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = (METHOD,)


def add_backend_services(server: AuthorizationServer, endpoint: str) -> None:
    """Let `server`, whose token endpoint this is, give tokens to registered backend services."""
    server.register_client_auth_method(METHOD, _Assertion(endpoint))
    server.register_grant(_Grant)
