"""The public keys of a client, from its JWK Set (RFC 7517), each bound to the algorithms it may verify.

The algorithm of a token never chooses how a key is used: a key brings its own short list, made from its type
and curve (RFC 7518 section 3.1), and nothing symmetric is on any list (CH-144, CH-145).
"""

from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from cds_service.cds_hooks.strict_json import NOT_JSON

_RSA = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_BY_CURVE = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
_RSA_BITS = range(2048, 8193)  # RFC 7518 section 3.3; above it one check takes too long

ALGORITHMS = _RSA.union(_BY_CURVE.values())
"""Every signature algorithm that a site may allow; all of them are asymmetric."""

DEFAULT_ALGORITHMS = frozenset({"ES384", "RS384"})
"""What the standard recommends (CH-146)."""


class NotAKeySet(ValueError):
    """The text is no JWK Set."""


class TrustedKey(msgspec.Struct, frozen=True):
    """A public key, and the algorithms whose signatures it may verify."""

    key_id: str
    algorithms: frozenset[str]
    public_key: EllipticCurvePublicKey | RSAPublicKey


class KeySet(msgspec.Struct, frozen=True):
    """The usable keys of one client; `private` are the ids of keys that should never have been published."""

    keys: tuple[TrustedKey, ...]
    private: tuple[str, ...] = ()

    def with_id(self, key_id: str) -> tuple[TrustedKey, ...]:
        """The keys with this id; more than one is the client's fault (CH-137)."""
        return tuple(key for key in self.keys if key.key_id == key_id)


class _Jwk(msgspec.Struct, frozen=True):
    kty: str
    kid: str = ""
    use: str = "sig"
    key_ops: tuple[str, ...] = ("verify",)
    alg: str | None = None
    crv: str | None = None


class _JwkSet(msgspec.Struct, frozen=True):
    keys: tuple[dict[str, Any], ...]


def read_key_set(text: bytes) -> KeySet:
    """Read a JWK Set. Keys of other kinds or uses do not count (RFC 7517 section 5). Raises NotAKeySet."""
    try:
        entries = msgspec.json.decode(text, type=_JwkSet).keys
    except NOT_JSON as error:
        raise NotAKeySet("is no JWK Set") from error
    private = tuple(str(entry.get("kid", "")) for entry in entries if "d" in entry)
    keys = (_read_key(entry) for entry in entries if "d" not in entry)
    return KeySet(tuple(key for key in keys if key is not None), private)


def _read_key(entry: dict[str, Any]) -> TrustedKey | None:
    """The key, or None if it cannot verify any signature that we accept."""
    try:
        jwk = msgspec.convert(entry, type=_Jwk)
    except msgspec.ValidationError:
        return None
    fits = _algorithms_for(jwk)
    if not (jwk.kid and fits and jwk.use == "sig" and "verify" in jwk.key_ops):
        return None
    try:
        public_key = jwt.PyJWK(entry, min(fits)).key
    except (jwt.PyJWTError, ValueError):
        return None
    if isinstance(public_key, RSAPublicKey) and public_key.key_size not in _RSA_BITS:
        return None
    return TrustedKey(jwk.kid, fits, public_key)


def _algorithms_for(jwk: _Jwk) -> frozenset[str]:
    if jwk.kty == "RSA":
        natural = _RSA
    elif jwk.kty == "EC" and jwk.crv in _BY_CURVE:
        natural = frozenset({_BY_CURVE[jwk.crv]})
    else:
        natural = frozenset()
    return natural if jwk.alg is None else natural.intersection({jwk.alg})
