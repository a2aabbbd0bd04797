"""How the demo gets into a FHIR server that is not its own: openly, with a token, or as an OAuth client."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import requests

from cds_service.demo.json_http import Unanswered

SCOPE = "system/*.read"
"""What is asked for unless told otherwise; servers of SMART v2 read it as `system/*.rs`."""
_ALGORITHMS = {"EC": "ES384", "RSA": "RS384"}
_EARLY = 30.0
"""Seconds before its end from which a token is no longer used."""
_SHORT = 300
"""Seconds that a token is used whose server does not say how long it lives."""


class FhirAccess(Protocol):
    """What goes along with each request to the FHIR server, and to no other."""

    def token(self) -> str | None:
        """The bearer token to send now; None to send none. Raises Unanswered."""


class OpenAccess:
    """A server that asks nobody who they are."""

    def token(self) -> str | None:
        """None."""
        return None


@dataclass(frozen=True, slots=True)
class RecordToken:
    """A token that somebody has handed us, for as long as it lasts."""

    word: str = field(repr=False)

    def token(self) -> str | None:
        """The token."""
        return self.word


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """Our registration at an authorization server: with a `secret`, or with a private JSON Web Key `jwk`."""

    client_id: str
    secret: str | None = field(default=None, repr=False)
    jwk: str | None = field(default=None, repr=False)
    scope: str = SCOPE


@dataclass(slots=True)
class ClientCredentials:
    """A client of an authorization server (OAuth 2, SMART Backend Services): it asks for a token when needed.

    `endpoint` gives the address to ask, and may raise Unanswered. `ca_bundle` is a file of certificate
    authorities to believe in place of the usual ones. Safe to use from several threads.
    """

    client: OAuthClient
    endpoint: Callable[[], str]
    seconds: Callable[[], float] = time.monotonic
    ca_bundle: str | None = None
    _word: str = field(default="", init=False, repr=False)
    _end: float = field(default=0.0, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def token(self) -> str | None:
        """A token that is still good for a while."""
        with self._lock:
            if self.seconds() >= self._end - _EARLY:
                given = self._ask()
                self._word = str(given["access_token"])
                self._end = self.seconds() + _life(given)
            return self._word

    def _ask(self) -> Mapping[str, Any]:
        from authlib.common.errors import AuthlibBaseError  # only where there is something to sign in to
        from joserfc.errors import JoseError

        address = self.endpoint()
        try:
            given: Mapping[str, Any] = _session(self.client, self.ca_bundle).fetch_token(
                address, grant_type="client_credentials", scope=self.client.scope, allow_redirects=False
            )
        except AuthlibBaseError as error:
            said = f"{error.error}: {error.description}" if error.description else error.error
            raise Unanswered(f"{address} gives no token: {said}") from None
        except (requests.RequestException, JoseError, OSError, ValueError) as error:
            raise Unanswered(f"{address} gives no token ({type(error).__name__})") from None
        if not given.get("access_token"):
            raise Unanswered(f"{address} gives no token: there is none in its answer")
        return given


def _session(client: OAuthClient, ca_bundle: str | None) -> Any:
    from authlib.integrations.requests_client import OAuth2Session
    from authlib.oauth2.rfc7523 import PrivateKeyJWT
    from joserfc.jwk import import_key

    session = OAuth2Session(client.client_id, client.secret)
    session.trust_env = False
    session.verify = ca_bundle or True
    if client.jwk is not None:
        key = import_key(json.loads(client.jwk))
        algorithm = _ALGORITHMS.get(key.key_type)
        if algorithm is None:
            raise Unanswered("the client's key must be one for ES384 or RS384")
        session.client_secret = key
        headers = {"kid": key.kid} if key.kid else {}
        session.token_endpoint_auth_method = PrivateKeyJWT(alg=algorithm, headers=headers)
    return session


def _life(given: Mapping[str, Any]) -> float:
    """Seconds; some servers send the number as text."""
    try:
        return float(given.get("expires_in", _SHORT))
    except (TypeError, ValueError):
        return _SHORT
