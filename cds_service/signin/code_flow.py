"""The authorization code flow with PKCE, by Authlib: off to the server, and back with a token."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.errors import JoseError
from joserfc.jwk import import_key

from cds_service.ehr.bounded_http import NoRedirects, bind
from cds_service.ehr.deadline import Deadline
from cds_service.ehr.fhir_server import FhirServer, NotFetched
from cds_service.ehr.turns import waiting_outside
from cds_service.signin.configuration import Configuration
from cds_service.signin.id_token import verified_claims
from cds_service.signin.refused import SignInRefused, WhyRefused
from cds_service.signin.registration import ClientKey, ClientSecret, Registration

_MOST_BYTES = 200_000
_ASSERTION_SECONDS = 240  # SMART allows five minutes
NewSecret = Callable[[], str]
"""A fresh random word of at least 43 URL-safe characters."""


class Pending(msgspec.Struct, frozen=True):
    """What must be remembered between going off and coming back; sealed, and used once."""

    state: str
    nonce: str
    code_verifier: str
    configuration: Configuration
    purpose: dict[str, str]


@dataclass(frozen=True, slots=True)
class Granted:
    """What came back: the token response, and the claims of its id token, verified."""

    token: Mapping[str, Any]
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CodeFlow:
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
            with waiting_outside(configuration.token_endpoint):
                token: Mapping[str, Any] = self._session(None, now).fetch_token(
                    configuration.token_endpoint,
                    authorization_response=f"{self.redirect_uri}?{query}",
                    state=pending.state,
                    code_verifier=pending.code_verifier,
                    timeout=max(deadline.remaining(), 0.001),
                    allow_redirects=False,
                    stream=True,
                )
        except (AuthlibBaseError, JoseError) as error:
            raise SignInRefused(WhyRefused.TOKEN_REQUEST, _code_of(error)) from None
        except (requests.RequestException, OSError, ValueError) as error:
            # the library's message may quote the answer
            raise SignInRefused(WhyRefused.TOKEN_REQUEST, type(error).__name__) from None
        claims = verified_claims(token, self._keys(configuration, deadline), pending, self.registration, now)
        return Granted(token, claims)

    def _keys(self, configuration: Configuration, deadline: Deadline) -> bytes:
        try:
            return self.keys.fetch(configuration.jwks_uri, "jwks", None, deadline)
        except NotFetched as error:
            raise SignInRefused(WhyRefused.ID_TOKEN, f"keys {error.why}") from error

    def _session(self, scope: str | None, now: int = 0) -> OAuth2Session:
        proof = self.registration.proof
        session = _DirectSession(
            self.registration.client_id,
            proof.text if isinstance(proof, ClientSecret) else None,
            scope=scope,
            redirect_uri=self.redirect_uri,
            code_challenge_method="S256",
        )
        if isinstance(proof, ClientKey):
            session.client_secret = import_key(msgspec.json.decode(proof.jwk))
            session.token_endpoint_auth_method = PrivateKeyJWT(
                alg=proof.algorithm, headers={"kid": proof.key_id}, claims={"exp": now + _ASSERTION_SECONDS}
            )
        bind(session, 1, self.ca_bundle)
        session.register_compliance_hook("access_token_response", _read_a_little)
        return session


class _DirectSession(NoRedirects, OAuth2Session):  # type: ignore[misc]
    pass


def _read_a_little(answer: requests.Response) -> requests.Response:
    """Read the body, up to a limit; a redirect is no answer."""
    if answer.is_redirect:
        raise requests.TooManyRedirects
    body = answer.raw.read(_MOST_BYTES + 1, decode_content=True)
    if len(body) > _MOST_BYTES:
        raise requests.exceptions.ContentDecodingError
    answer._content = body
    return answer


def _code_of(error: Exception) -> str:
    """OAuth's own error codes are a closed list of words; what else may stand there is not repeated."""
    code = str(getattr(error, "error", "") or "")
    return code if code.replace("_", "").isalpha() and len(code) < 40 else type(error).__name__
