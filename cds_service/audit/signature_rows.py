"""Signatures given on the study team's page: kept for ever, with the content that was signed."""

from sqlalchemy import Engine, insert, select

from cds_service.audit.audit_tables import SIGNATURES
from cds_service.audit.database import reading, writing
from cds_service.review.detached_signatures import Signature
from cds_service.review.reviewed_content import Content


def keep_signature(engine: Engine, signature: Signature, account: str) -> None:
    """On disk when this returns. `account` is the signer's at the hospital's identity provider.

    Raises StoreUnavailable.
    """
    row = {
        "at": signature.at,
        "account": account,
        "signer": signature.signer,
        "content": signature.content.hash,
        "software": signature.software,
        "items": dict(signature.content.items),
    }
    with writing(engine) as connection:
        connection.execute(insert(SIGNATURES), row)


def signatures_in(engine: Engine) -> tuple[Signature, ...]:
    """Every one that still has the content that was signed. Raises StoreUnavailable."""
    with reading(engine) as connection:
        rows = connection.execute(select(SIGNATURES).order_by(SIGNATURES.c.id)).all()
    found = ((Content(row.items), row) for row in rows)
    return tuple(
        Signature(content, row.signer, row.at, "sign-in", row.software)
        for content, row in found
        if content.hash == row.content
    )
