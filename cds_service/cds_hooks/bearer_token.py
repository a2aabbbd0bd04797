"""A client's JWT taken apart and checked for shape; nothing in it is believed yet (RFC 7515, RFC 7519)."""

from typing import Any

import jwt
import msgspec
from jwt.utils import base64url_decode

from cds_service.cds_hooks.errors import BadHookRequest, UntrustedClient, WhyUntrusted
from cds_service.cds_hooks.strict_json import is_null, open_envelope
from cds_service.cds_hooks.trusted_keys import ALGORITHMS, TrustedKey

_MOST_CHARACTERS = 8_000  # of the whole header; a real one has about 700
_MOST_OF_A_NAME = 255  # characters of jti and tenant, which are kept
_REQUIRED = ("iss", "aud", "exp", "iat", "jti")
_FORBIDDEN = {
    "crit": WhyUntrusted.CRITICAL,
    "b64": WhyUntrusted.CRITICAL,
    "jwk": WhyUntrusted.BRINGS_KEY,
    "x5u": WhyUntrusted.BRINGS_KEY,
    "x5c": WhyUntrusted.BRINGS_KEY,
}
_UNVERIFIED: Any = {"verify_signature": False}  # which key to verify with, only the token can say
_jws = jwt.PyJWS(algorithms=sorted(ALGORITHMS))  # `none` and HS* do not even exist in it


class TokenHeader(msgspec.Struct, frozen=True):
    """The members that CDS Hooks knows."""

    alg: str = ""
    typ: str = ""
    kid: str = ""
    jku: str | None = None


class TokenClaims(msgspec.Struct, frozen=True):
    """The claims that CDS Hooks knows. Times are seconds since 1970, with fractions if the client likes."""

    iss: str
    aud: str | tuple[str, ...]
    exp: float
    iat: float
    jti: str
    nbf: float | None = None
    tenant: str | None = None

    @property
    def audiences(self) -> frozenset[str]:
        """Every audience that the token names."""
        return frozenset({self.aud} if isinstance(self.aud, str) else self.aud)


class ClientToken(msgspec.Struct, frozen=True):
    """A well-formed token that nobody has verified. It never shows its text (CH-148)."""

    header: TokenHeader
    claims: TokenClaims
    _text: str

    def __repr__(self) -> str:
        return "BearerToken(<hidden>)"

    def is_signed_by(self, key: TrustedKey) -> bool:
        """Does its signature hold for this key, by the token's algorithm if that is one of the key's own?"""
        try:
            _jws.decode_complete(self._text, key.public_key, sorted(key.algorithms))
        except jwt.PyJWTError:
            return False
        return True


def read_bearer_token(authorization: str | None) -> ClientToken:
    """Read an `Authorization` header. Raises UntrustedClient."""
    text = _bearer(authorization)
    try:
        parts = _jws.decode_complete(text, options=_UNVERIFIED)
        open_envelope(base64url_decode(text.partition(".")[0]))  # two algorithms are none
    except (jwt.PyJWTError, BadHookRequest, RecursionError) as error:
        raise UntrustedClient(WhyUntrusted.MALFORMED) from error
    return ClientToken(_header(parts["header"]), _claims(parts["payload"]), text)


def _bearer(authorization: str | None) -> str:
    if authorization is None:
        raise UntrustedClient(WhyUntrusted.NO_TOKEN)
    if len(authorization) > _MOST_CHARACTERS:
        raise UntrustedClient(WhyUntrusted.TOO_LONG)
    if not authorization.isascii():
        raise UntrustedClient(WhyUntrusted.NOT_ASCII)
    scheme, _, text = authorization.partition(" ")
    if scheme.casefold() != "bearer":
        raise UntrustedClient(WhyUntrusted.NOT_BEARER)
    return text.strip(" ")


def _header(members: dict[str, Any]) -> TokenHeader:
    for name, why in _FORBIDDEN.items():
        if name in members:
            raise UntrustedClient(why)
    try:
        header = msgspec.convert(members, type=TokenHeader)
    except msgspec.ValidationError as error:
        raise UntrustedClient(WhyUntrusted.HEADER) from error
    if header.typ != "JWT":
        raise UntrustedClient(WhyUntrusted.TYPE)
    if not header.kid:
        raise UntrustedClient(WhyUntrusted.NO_KEY_ID)
    return header


def _claims(payload: bytes) -> TokenClaims:
    """The claims, each written once: two issuers must not be settled by whichever came last."""
    try:
        members = open_envelope(payload)
        if any(is_null(members.get(name)) for name in _REQUIRED):
            raise UntrustedClient(WhyUntrusted.CLAIM_MISSING)
        claims = msgspec.json.decode(payload, type=TokenClaims)
    except (BadHookRequest, msgspec.DecodeError, RecursionError) as error:
        raise UntrustedClient(WhyUntrusted.CLAIMS) from error
    if not _is_name(claims.jti) or (claims.tenant is not None and not _is_name(claims.tenant)):
        raise UntrustedClient(WhyUntrusted.CLAIMS)
    return claims


def _is_name(text: str) -> bool:
    return 0 < len(text) <= _MOST_OF_A_NAME and text.isprintable()
