"""Signatures over the content's hash: made with a key pair (Ed25519), or by somebody signed in to a page.

A detached signature is a file: a JWS over who signed which hash when, and beside it the content as it was, so
that what has changed since can be told. Its content is believed only where it has the hash that was signed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from cds_service.review.reviewed_content import Content

_ALGORITHM = "EdDSA"
_TYPE = "aa-cds-review+jwt"


class NotASignature(ValueError):
    """A signature, or the key for one, cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Somebody has signed content of this hash. `how` is "key" or "sign-in"; `software` the version that
    showed it."""

    content: Content
    signer: str
    at: datetime
    how: str
    software: str


def read_private_key(file: Path) -> Ed25519PrivateKey:
    """A key to sign with. Raises NotASignature."""
    try:
        key = load_pem_private_key(file.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise NotASignature(f"{file.name}: no private key in PEM without a password ({error})") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise NotASignature(f"{file.name}: must be an Ed25519 key")
    return key


def read_public_key(file: Path) -> Ed25519PublicKey:
    """A signer's key to verify with. Raises NotASignature."""
    try:
        key = load_pem_public_key(file.read_bytes())
    except (OSError, ValueError) as error:
        raise NotASignature(f"{file.name}: no public key in PEM ({error})") from error
    if not isinstance(key, Ed25519PublicKey):
        raise NotASignature(f"{file.name}: must be an Ed25519 key")
    return key


def sign(content: Content, key: Ed25519PrivateKey, signer: str, at: datetime, software: str) -> str:
    """The text of a detached signature file."""
    claims = {"content": content.hash, "signer": signer, "at": at.isoformat(), "software": software}
    word = jwt.encode(claims, key, _ALGORITHM, headers={"typ": _TYPE})
    return (
        json.dumps({"signature": word, "content": dict(content.items)}, ensure_ascii=False, indent=1) + "\n"
    )


def verify_signature(text: str, signers: Mapping[str, Ed25519PublicKey]) -> Signature:
    """Whose signature it is, and over what. Raises NotASignature."""
    try:
        written = json.loads(text)
        word, content = str(written["signature"]), Content(dict(written["content"]))
        named = jwt.decode(word, options={"verify_signature": False}).get("signer")
        if not isinstance(named, str) or named not in signers:
            raise NotASignature(f"signed by {named!r}, who is not among the signers of the site file")
        claims: dict[str, Any] = jwt.decode(word, signers[named], [_ALGORITHM])
        at = datetime.fromisoformat(claims["at"])
        told = str(claims["content"]), str(claims["software"])
    except (jwt.PyJWTError, KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, NotASignature):
            raise
        raise NotASignature(f"no signature that holds ({type(error).__name__})") from error
    if told[0] != content.hash:
        raise NotASignature("the content beside the signature is not the content that was signed")
    return Signature(content, named, at, "key", told[1])
