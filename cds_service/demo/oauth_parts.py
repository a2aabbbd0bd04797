"""The parts that Authlib's authorization server asks for: clients, codes, the grant, the id token."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask
from joserfc.jwk import ECKey

CODE_SECONDS = 60
ALGORITHM = "ES384"
Describe = Callable[[Any], Mapping[str, Any]]
SaveToken = Callable[[Mapping[str, Any], Any], None]


@dataclass(frozen=True, slots=True)
class DemoClient(ClientMixin):  # type: ignore[misc]
    """A registered app: public, with PKCE."""

    client_id: str
    redirect_uris: tuple[str, ...]

    def get_client_id(self) -> str:
        """As Authlib asks."""
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        """None: it must be named."""

    def get_allowed_scope(self, scope: str | None) -> str:
        """Whatever was asked for: the demo has no administrator who narrows it."""
        return scope or ""

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """To the letter."""
        return redirect_uri in self.redirect_uris

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Public: it proves itself by its code verifier."""
        return method == "none"

    def check_response_type(self, response_type: str) -> bool:
        """The code flow alone."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """No refreshing."""
        return grant_type == "authorization_code"


@dataclass(frozen=True, slots=True)
class Code(AuthorizationCodeMixin):  # type: ignore[misc]
    """An authorization code before it is used."""

    client_id: str
    redirect_uri: str
    scope: str
    who: Any
    nonce: str | None
    code_challenge: str
    code_challenge_method: str
    end: float = field(default_factory=lambda: time.monotonic() + CODE_SECONDS)

    def get_redirect_uri(self) -> str:
        """As Authlib asks."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """As Authlib asks."""
        return self.scope

    def get_nonce(self) -> str | None:
        """As Authlib asks."""
        return self.nonce

    def get_auth_time(self) -> None:
        """Not told."""

    def get_acr(self) -> None:
        """Not told."""

    def get_amr(self) -> None:
        """Not told."""


class OnlyS256(CodeChallenge):  # type: ignore[misc]
    """PKCE with S256 and nothing weaker (SMART App Launch 2, "SHALL NOT support plain")."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)


def code_grant(codes: dict[str, Code], nonces: set[str]) -> type:
    """The authorization code grant over a table of codes, and of nonces used, in memory."""

    class CodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]
        TOKEN_ENDPOINT_AUTH_METHODS = ("none",)

        def save_authorization_code(self, code: str, request: Any) -> None:
            asked = request.payload.data
            nonces.add(asked.get("nonce", ""))
            codes[code] = Code(
                request.client.client_id,
                request.payload.redirect_uri,
                request.scope,
                request.user,
                asked.get("nonce"),
                asked["code_challenge"],
                asked["code_challenge_method"],
            )

        def query_authorization_code(self, code: str, client: DemoClient) -> Code | None:
            """One try for each code, whatever comes of it."""
            found = codes.pop(code, None)
            is_its_own = found and found.client_id == client.client_id and time.monotonic() < found.end
            return found if is_its_own else None

        def delete_authorization_code(self, authorization_code: Code) -> None:
            """Gone already."""

        def authenticate_user(self, authorization_code: Code) -> Any:
            return authorization_code.who

    return CodeGrant


class IdToken(OpenIDCode):  # type: ignore[misc]
    """Who the user is; `describe` gives the claims of whoever was granted access."""

    def __init__(self, issuer: str, describe: Describe, key: ECKey) -> None:
        super().__init__(require_nonce=True)
        self._issuer = issuer
        self._describe = describe
        self._key = key
        self.nonces: set[str] = set()

    def exists_nonce(self, nonce: str, request: Any) -> bool:
        """A nonce comes once; asking for the page of an authorization twice is not using it twice."""
        return nonce in self.nonces

    def resolve_client_private_key(self, client: DemoClient) -> ECKey:
        """One key for all clients."""
        return self._key

    def get_client_algorithm(self, client: DemoClient) -> str:
        """One algorithm for all clients."""
        return ALGORITHM

    def get_client_claims(self, client: DemoClient) -> dict[str, Any]:
        """Issuer, audience and age."""
        now = int(time.time())  # noqa: TID251 - a server of the demo is an outside world of its own
        return {"iss": self._issuer, "aud": client.client_id, "iat": now, "exp": now + 300}

    def generate_user_info(self, user: Any, scope: str) -> Any:
        """The claims about the user."""
        return UserInfo(self._describe(user))


def code_server(
    app: Flask, clients: Mapping[str, DemoClient], save: SaveToken, id_token: IdToken, *more: Any
) -> AuthorizationServer:
    """A server for the authorization code grant with PKCE and an id token; `more` are further extensions.

    Codes and used nonces are kept in memory. `save` hears of each access token and the request for it.
    """
    server = AuthorizationServer(app, clients.get, save)
    server.register_grant(code_grant({}, id_token.nonces), [OnlyS256(required=True), id_token, *more])
    return server
