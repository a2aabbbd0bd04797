"""How the content in force stands: signed by whom, or not, and what has changed since the last signature."""

from collections.abc import Iterable
from dataclasses import dataclass

from cds_service.review.detached_signatures import Signature
from cds_service.review.differences import ContentDifference, content_differences
from cds_service.review.reviewed_content import Content


@dataclass(frozen=True, slots=True)
class SignatureStanding:
    """The content now, the signatures over exactly it, and the last one over anything (None: never any)."""

    content: Content
    signed: tuple[Signature, ...] = ()
    last: Signature | None = None

    @property
    def is_signed(self) -> bool:
        """Has a clinician of this site signed what is in force?"""
        return bool(self.signed)

    @property
    def changed(self) -> tuple[ContentDifference, ...]:
        """What is not as it was when it was last signed; all of it where nobody ever signed."""
        return content_differences(self.last.content if self.last else Content({}), self.content)


def standing(content: Content, signatures: Iterable[Signature]) -> SignatureStanding:
    """The standing of `content` by all signatures that are known."""
    every = sorted(signatures, key=lambda one: one.at)
    same = tuple(one for one in every if one.content.hash == content.hash)
    return SignatureStanding(content, same, same[-1] if same else every[-1] if every else None)


def in_one_line(now: SignatureStanding) -> str:
    """For `check` and the log: the state, and how much has changed."""
    if now.signed:
        last = now.signed[-1]
        return f"reviewed content {now.content.hash} is signed by {last.signer} on {last.at:%Y-%m-%d}"
    if now.last is None:
        return f"reviewed content {now.content.hash} has not been signed by a clinician of this site"
    names = [one.name for one in now.changed]
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return (
        f"reviewed content {now.content.hash} is not signed: {len(names)} changed since "
        f"{now.last.signer} signed on {now.last.at:%Y-%m-%d}: {', '.join(names[:5])}{more}"
    )
