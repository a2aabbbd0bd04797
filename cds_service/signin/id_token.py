"""Is the id token true? Signature, issuer, audience, age and nonce, by joserfc and Authlib."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from cds_service.cds_hooks.strict_json import NOT_JSON
from cds_service.signin.client_registration import Registration
from cds_service.signin.signin_errors import SignInRefused, WhyRefused

if TYPE_CHECKING:
    from cds_service.signin.oauth_code_flow import Pending

ALGORITHMS = ("ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512")
"""Signatures with a private key; never "none", and never a shared secret."""

LEEWAY_SECONDS = 60
"""Seconds by which clocks may differ."""


def verified_claims(
    token: Mapping[str, Any], keys: bytes, pending: "Pending", registration: Registration, now: int
) -> Mapping[str, Any]:
    """The claims of the token response's id token; `keys` is the issuer's JWK Set. Raises SignInRefused."""
    text = token.get("id_token")
    if not isinstance(text, str):
        raise SignInRefused(WhyRefused.ID_TOKEN, "missing")
    try:
        key_set = KeySet.import_key_set(msgspec.json.decode(keys))
        registry = JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
        decoded = jwt.decode(text, key=key_set, registry=registry)
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            {
                "iss": {"essential": True, "value": pending.configuration.issuer},
                "aud": {"essential": True, "value": registration.client_id},
            },
            {
                "nonce": pending.nonce,
                "client_id": registration.client_id,
                "access_token": token.get("access_token"),
            },
        )
        claims.validate(now=now, leeway=LEEWAY_SECONDS)
    except (JoseError, *NOT_JSON, ValueError, TypeError, KeyError) as error:
        # a library's message may quote what stood in the token
        raise SignInRefused(WhyRefused.ID_TOKEN, _what(error)) from None
    return dict(claims)


def _what(error: Exception) -> str:
    claim = getattr(error, "claim", "")
    return f"{type(error).__name__} {claim}".strip() if str(claim).isidentifier() else type(error).__name__
