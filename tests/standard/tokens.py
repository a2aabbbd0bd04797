"""Clients with keys of their own, and the tokens they send: good ones, and the attacks of the corpus.

Keys are made anew in every run; only the recipes of the attacks are data.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cds_service.cds_hooks.client_jwt import KeysUnavailable, verify
from cds_service.cds_hooks.service_urls import Endpoints
from cds_service.cds_hooks.trusted_clients import TrustedClient
from cds_service.cds_hooks.trusted_keys import KeySet, read_key_set

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
BASE = "https://cds.hospital.example"
ENDPOINTS = Endpoints(BASE)
SERVICE = "aa-trial-titration"
SERVICE_URL = f"{BASE}/cds-services/{SERVICE}"
EHR = "https://ehr.hospital.example"
OTHER_EHR = "https://other.hospital.example"
WARDS_EHR = "https://wards.hospital.example"
DARK_EHR = "https://dark.hospital.example"
JKU = f"{EHR}/jwks.json"
_CURVES = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}
_TIMES = ("exp", "iat", "nbf")
Json = dict[str, Any]

CLIENTS = {
    client.issuer: client
    for client in (
        TrustedClient(EHR, jku=JKU),
        TrustedClient(OTHER_EHR, algorithms=frozenset({"ES256", "ES384", "RS384"})),
        TrustedClient(WARDS_EHR, tenants=frozenset({"ward-1", "ward-2"})),
        TrustedClient(DARK_EHR, jku=f"{DARK_EHR}/jwks.json"),
    )
}
PUBLISHED = {
    EHR: ("ehr-1", "ehr-rsa", "ehr-twice", "ehr-twice"),
    OTHER_EHR: ("other-1", "other-p256"),
    WARDS_EHR: ("wards-1",),
}


@cache
def private_key(name: str) -> Any:
    """The key of this name; its kind is in the name, P-384 if it is not."""
    if "rsa" in name:
        return rsa.generate_private_key(public_exponent=65537, key_size=1024 if "short" in name else 2048)
    curve = next((c for size, c in _CURVES.items() if size.replace("-", "").lower() in name), ec.SECP384R1)
    return ec.generate_private_key(curve())


def jwk(name: str, **changes: Any) -> Json:
    """The public key as a JWK; a member given as `...` is left out."""
    key = private_key(name).public_key()
    algorithm = jwt.algorithms.RSAAlgorithm if "rsa" in name else jwt.algorithms.ECAlgorithm
    entry = {**algorithm.to_jwk(key, as_dict=True), "kid": name, "use": "sig", **changes}
    return {member: value for member, value in entry.items() if value is not ...}


def jwk_set(*entries: Json) -> bytes:
    """A JWK Set."""
    return json.dumps({"keys": entries}).encode()


class Keys:
    """The key sets of CLIENTS in memory; `asked` holds the issuers whose keys were wanted."""

    def __init__(self, published: Mapping[str, KeySet] | None = None) -> None:
        self.published = published if published is not None else published_keys()
        self.asked: list[str] = []

    def find(self, client: TrustedClient, key_id: str, now: datetime, address: str | None = None) -> Any:
        """As KeySource."""
        self.asked.append(client.issuer)
        if client.issuer not in self.published:
            raise KeysUnavailable
        return self.published[client.issuer].with_id(key_id)


@cache
def published_keys() -> Mapping[str, KeySet]:
    """What each client publishes."""
    return {issuer: read_key_set(jwk_set(*map(jwk, names))) for issuer, names in PUBLISHED.items()}


def claims_of(**changes: Any) -> Json:
    """The claims of a good token. Times are seconds from NOW; a claim given as `...` is left out."""
    given = {"iss": EHR, "aud": SERVICE_URL, "iat": 0, "exp": 300, "jti": "token-1", **changes}
    return {
        name: NOW.timestamp() + value if name in _TIMES and isinstance(value, int | float) else value
        for name, value in given.items()
        if value is not ...
    }


def a_token(header: Json | None = None, signer: str = "ehr-1", **claims: Any) -> str:
    """A token as text, good unless something is changed; `...` leaves a member out."""
    members = header_members(signer, header or {})
    return compact(members, json.dumps(claims_of(**claims)), _method(members["alg"], signer))


def header_members(signer: str, changes: Json) -> Json:
    """The header of a good token, changed."""
    members = {"alg": "RS384" if "rsa" in signer else "ES384", "typ": "JWT", "kid": signer, **changes}
    return {name: value for name, value in members.items() if value is not ...}


def compact(header: Json, payload: str, sign: Callable[[bytes], bytes]) -> str:
    """Any header and any payload, signed in any way."""
    text = f"{_b64(json.dumps(header).encode())}.{_b64(payload.encode())}"
    return f"{text}.{_b64(sign(text.encode()))}"


def _method(algorithm: str, signer: str) -> Callable[[bytes], bytes]:
    return lambda text: jwt.get_algorithm_by_name(algorithm).sign(text, private_key(signer))


def bearer(token: str) -> str:
    """As the value of an Authorization header."""
    return f"Bearer {token}"


class Seen(set[tuple[str, str]]):
    """A memory of used tokens for one test; the real one is the database (`store.replay_guard`)."""

    def __call__(self, issuer: str, token_id: str, until: datetime) -> bool:
        """True the first time."""
        is_first = (issuer, token_id) not in self
        self.add((issuer, token_id))
        return is_first


def check(authorization: str | None, *, keys: Any = None, first_time: Any = None, **changes: Any) -> Any:
    """`verify` for a call of SERVICE now, with an empty memory."""
    return verify(
        authorization,
        audience=changes.get("audience", ENDPOINTS.service(SERVICE)),
        now=changes.get("now", NOW),
        clients=changes.get("clients", CLIENTS),
        keys=keys or Keys(),
        first_time=Seen() if first_time is None else first_time,
    )


# ---------------------------------------------------------------- the corpus


def corpus() -> list[Json]:
    """Every attack: its name, the requirement and rule it breaks, and how it is made from a good token."""
    return json.loads((Path(__file__).parent / "corpora" / "jwt_attacks.json").read_text("utf-8"))


def header_of(attack: Json) -> str | None:
    """The Authorization header of an attack; None when there is none."""
    if "authorization" in attack:
        return attack["authorization"]
    return attack.get("scheme", "Bearer ") + _mangled(_token_of(attack), attack.get("mangle", ""))


def header_before(attack: Json) -> str:
    """The same call before the attack: what must be let in for the attack to prove anything."""
    if attack.get("instead_of"):
        return bearer(_token_of(attack["instead_of"]))
    return bearer(a_token())


def _token_of(recipe: Json) -> str:
    signer = recipe.get("signed_by", "ehr-1")
    changes = _without(recipe.get("header", {}), recipe.get("header_without", ()))
    if recipe.get("own_key_in"):
        changes[recipe["own_key_in"]] = jwk(signer)
    header = header_members(_KID_OF.get(signer, signer), changes)
    claims = claims_of(**_without(recipe.get("claims", {}), recipe.get("claims_without", ())))
    payload = recipe["payload"] % claims if "payload" in recipe else json.dumps(claims)
    return compact(header, payload, _signing(signer, recipe.get("signed_with", header.get("alg"))))


_KID_OF = dict.fromkeys(("nobody", "the public key as a secret"), "ehr-1")


def _without(members: Json, names: Any) -> Json:
    return {**members, **dict.fromkeys(names, ...)}


def _signing(signer: str, algorithm: str) -> Callable[[bytes], bytes]:
    if signer == "nobody":
        return lambda _: b""
    if signer == "the public key as a secret":  # which everybody knows: the classic confusion
        public = private_key("ehr-1").public_key()
        secret = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return lambda text: hmac.digest(secret, text, hashlib.sha256)
    return _method(algorithm, signer)


def _mangled(token: str, how: str) -> str:
    header, payload, signature = token.split(".")
    forms = {
        "": token,
        "signature cut off": f"{header}.{payload}",
        "signature emptied": f"{header}.{payload}.",
        "signature shortened": token[:-4],
        "a fourth segment": f"{token}.{signature}",
        "another subject's payload": f"{header}.{_b64(json.dumps(claims_of(tenant='x')).encode())}.{signature}",
        "header of no JSON": f"{_b64(b'typ')}.{payload}.{signature}",
        "header is a list": f"{_b64(b'[]')}.{payload}.{signature}",
        "not base64url": f"{header}.{payload[:-1]}!.{signature}",
        "100 kB": f"{header}.{payload}{'A' * 100_000}.{signature}",
        "a letter outside ASCII": f"{header}.{payload}\u00e9.{signature}",
        "twice": f"{token},Bearer {token}",
        "payload left out": f"{header}..{signature}",
    }
    return forms[how]


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
