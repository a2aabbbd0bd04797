"""The authorization code flow with PKCE, by Authlib: off to the server, and back with a token."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from authlib.integrations.requests_client import OAuth2Session

from cds_service.fhir_client.deadline import Deadline
from cds_service.fhir_client.fhir_get import FhirServer, NotFetched
from cds_service.fhir_client.oauth_session import NoToken, fetch_token, oauth_session
from cds_service.signin.client_registration import Registration
from cds_service.signin.id_token import verified_claims
from cds_service.signin.oidc_discovery import Configuration
from cds_service.signin.signin_errors import SignInRefused, WhyRefused

NewSecret = Callable[[], str]
"""A fresh random word of at least 43 URL-safe characters."""


class Pending(msgspec.Struct, frozen=True):
    """What must be remembered between going off and coming back; sealed, and used once."""

    state: str
    nonce: str
    code_verifier: str
    configuration: Configuration
    purpose: dict[str, str]


class Granted(msgspec.Struct, frozen=True):
    """What came back: the token response, and the claims of its id token, verified."""

    token: Mapping[str, Any]
    claims: Mapping[str, Any]


class CodeFlow(msgspec.Struct, frozen=True):
    """The flow for one registration. `redirect_uri` is the page that the browser comes back to.

    `ca_bundle` is a file of the hospital's own certificate authorities.
    """

    registration: Registration
    redirect_uri: str
    keys: FhirServer
    ca_bundle: str | None = None

    def leave(
        self,
        configuration: Configuration,
        scope: str,
        purpose: dict[str, str],
        new_secret: NewSecret,
        **more: str,
    ) -> tuple[str, Pending]:
        """The address to send the browser to, and what to remember. `more` are further parameters."""
        pending = Pending(new_secret(), new_secret(), new_secret(), configuration, purpose)
        address, _ = self._session(scope).create_authorization_url(
            configuration.authorization_endpoint,
            state=pending.state,
            code_verifier=pending.code_verifier,
            nonce=pending.nonce,
            **more,
        )
        return address, pending

    def come_back(self, pending: Pending, query: str, deadline: Deadline, now: int) -> Granted:
        """The token for the `query` of the redirect. `now` in seconds since 1970. Raises SignInRefused."""
        configuration = pending.configuration
        try:
            token = fetch_token(
                self._session(None, now),
                configuration.token_endpoint,
                deadline,
                authorization_response=f"{self.redirect_uri}?{query}",
                state=pending.state,
                code_verifier=pending.code_verifier,
            )
        except NoToken as error:
            raise SignInRefused(WhyRefused.TOKEN_REQUEST, error.detail, error.retry_after) from None
        claims = verified_claims(token, self._keys(configuration, deadline), pending, self.registration, now)
        return Granted(token, claims)

    def _keys(self, configuration: Configuration, deadline: Deadline) -> bytes:
        try:
            return self.keys.fetch(configuration.jwks_uri, "jwks", None, deadline)
        except NotFetched as error:
            raise SignInRefused(WhyRefused.ID_TOKEN, f"keys {error.why}", error.retry_after) from error

    def _session(self, scope: str | None, now: int = 0) -> OAuth2Session:
        return oauth_session(
            self.registration.client_id,
            self.registration.proof,
            self.ca_bundle,
            now,
            scope=scope,
            redirect_uri=self.redirect_uri,
            code_challenge_method="S256",
        )
