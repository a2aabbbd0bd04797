"""`[review]` of the site file: who may sign the reviewed content, and whether it may serve unsigned.

[review]
signature = "signature.json"                      # written by cds-service sign
signers = [{ name = "Dr Zhang", public_key_file = "zhang.pub.pem" }]   # Ed25519, PEM
unsigned = "accepted"                             # serves although nobody has signed; "refused" if left out
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cds_service.review.detached_signatures import NotASignature, Signature, read_public_key, verify_signature
from cds_service.settings.shapes import Text


class Unsigned(StrEnum):
    """What becomes of content that no clinician of the site has signed."""

    REFUSED = "refused"
    ACCEPTED = "accepted"


class SignerEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One signer as the table writes it."""

    name: Text
    public_key_file: Text


class ReviewEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The table as it is written."""

    signature: Text | None = None
    signers: tuple[SignerEntry, ...] = ()
    unsigned: Unsigned | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """A site's signers by name, where their signature stands, and its word on unsigned content (or none)."""

    signature: Path | None = None
    signers: Mapping[str, Ed25519PublicKey] = field(default_factory=dict)
    unsigned: Unsigned | None = None


def read_review(entry: ReviewEntry, folder: Path, faults: list[str]) -> Review:
    """The table read; what is wrong with it is added to `faults`. A signature is verified when it is used."""
    signers: dict[str, Ed25519PublicKey] = {}
    for one in entry.signers:
        if one.name in signers:
            faults.append(f"review.signers: {one.name} stands there twice")
        try:
            signers[one.name] = read_public_key(folder / one.public_key_file)
        except NotASignature as error:
            faults.append(f"review.signers: {error}")
    if entry.signature and not entry.signers:
        faults.append("review.signature: no signers are named, so it could not be verified")
    return Review(folder / entry.signature if entry.signature else None, signers, entry.unsigned)


def files_of_review(entry: ReviewEntry) -> list[str | None]:
    """The files that the table names."""
    return [entry.signature, *(one.public_key_file for one in entry.signers)]


def signature_file(review: Review) -> tuple[Signature, ...]:
    """The detached signature of the site; none where none was written yet. Raises NotASignature."""
    if review.signature is None:
        return ()
    try:
        text = review.signature.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise NotASignature(f"{review.signature.name}: cannot be read") from error
    try:
        return (verify_signature(text, review.signers),)
    except NotASignature as error:
        raise NotASignature(f"{review.signature.name}: {error}") from error
