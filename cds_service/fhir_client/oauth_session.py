"""OAuth by Authlib over our own HTTP: nothing from the environment, no redirect, bounded in time and size."""

from collections.abc import Mapping
from typing import Any

import msgspec
import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.errors import JoseError
from joserfc.jwk import import_key

from cds_service.fhir_client.bounded_http import NoRedirects, bind
from cds_service.fhir_client.client_proof import ClientKey, ClientSecret
from cds_service.fhir_client.compute_turns import waiting_outside
from cds_service.fhir_client.deadline import Deadline
from cds_service.fhir_client.retry_after import retry_after

_MOST_BYTES = 200_000
_ASSERTION_SECONDS = 240  # SMART allows five minutes


class NoToken(Exception):
    """The token endpoint gave none. `detail` is a name of what was wrong, never a value.

    `retry_after`: in how many seconds the endpoint itself says that it may be asked again.
    """

    def __init__(self, detail: str, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after = retry_after


class _DirectSession(NoRedirects, OAuth2Session):  # type: ignore[misc]
    pass


def oauth_session(
    client_id: str, proof: ClientSecret | ClientKey | None, ca_bundle: str | None, now: int = 0, **more: Any
) -> OAuth2Session:
    """A session for one flow of this client; `now` in seconds since 1970, `more` as Authlib has it."""
    secret = proof.text if isinstance(proof, ClientSecret) else None
    session = _DirectSession(client_id, secret, **more)
    if isinstance(proof, ClientKey):
        session.client_secret = import_key(msgspec.json.decode(proof.jwk))
        session.token_endpoint_auth_method = PrivateKeyJWT(
            alg=proof.algorithm, headers={"kid": proof.key_id}, claims={"exp": now + _ASSERTION_SECONDS}
        )
    bind(session, 1, ca_bundle)
    session.register_compliance_hook("access_token_response", _read_a_little)
    return session


def fetch_token(
    session: OAuth2Session, endpoint: str, deadline: Deadline, **parameters: Any
) -> Mapping[str, Any]:
    """The token response; `parameters` as Authlib has them. Raises NoToken."""
    try:
        with waiting_outside(endpoint):
            token: Mapping[str, Any] = session.fetch_token(
                endpoint,
                timeout=max(deadline.remaining(), 0.001),
                allow_redirects=False,
                stream=True,
                **parameters,
            )
    except (AuthlibBaseError, JoseError) as error:
        raise NoToken(_code_of(error)) from None
    except (requests.RequestException, OSError, ValueError) as error:
        # the library's message may quote the answer
        raise NoToken(type(error).__name__, _asked_to_wait(getattr(error, "response", None))) from None
    return token


def _read_a_little(answer: requests.Response) -> requests.Response:
    """Read the body, up to a limit; a redirect is no answer."""
    with answer:
        if answer.is_redirect:
            raise requests.TooManyRedirects
        body = answer.raw.read(_MOST_BYTES + 1, decode_content=True)
    if len(body) > _MOST_BYTES:
        raise requests.exceptions.ContentDecodingError
    answer._content = body
    return answer


def _asked_to_wait(answer: requests.Response | None) -> int | None:
    return None if answer is None else retry_after(answer.status_code, answer.headers)


def _code_of(error: Exception) -> str:
    """OAuth's own error codes are a closed list of words; what else may stand there is not repeated."""
    code = str(getattr(error, "error", "") or "")
    return code if code.replace("_", "").isalpha() and len(code) < 40 else type(error).__name__
