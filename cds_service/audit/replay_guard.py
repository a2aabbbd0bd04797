"""A token is used once: across threads, worker processes and instances, by the database."""

from datetime import datetime
from functools import cache

from sqlalchemy import Connection, Engine, Executable, bindparam, delete, select

from cds_service.audit.audit_records import hash_of
from cds_service.audit.audit_tables import SEEN_TOKENS
from cds_service.audit.database import writing
from cds_service.audit.insert_if_absent import inserting

_SWEPT_AT_ONCE = 200
_SWEEPING = "0"  # the first digit of a token's hash: one of sixteen sweeps, and may take more than sixteen
_KEY = (SEEN_TOKENS.c.issuer, SEEN_TOKENS.c.jti)
_FORGET = delete(SEEN_TOKENS).where(
    SEEN_TOKENS.c.issuer == bindparam("its_issuer"), SEEN_TOKENS.c.jti == bindparam("its_jti")
)


def first_time(engine: Engine, issuer: str, jti: str, expires_at: datetime, now: datetime) -> bool:
    """Is this the first use of the issuer's token `jti`? True exactly once until `expires_at`.

    `expires_at` is the last moment at which the token would still be believed: its `exp` plus the leeway.
    Raises StoreUnavailable: then the token must be refused.
    """
    key = hash_of(jti)
    # The disk is waited for with the record of the call itself, a moment later (docs/decisions/0007).
    with writing(engine, outlasts_power=False) as connection:
        is_first = _claim(connection, {"issuer": issuer, "jti": key, "expires_at": expires_at}, now)
        if is_first and key.startswith(_SWEEPING):
            _sweep(connection, now)
    return is_first


def _claim(connection: Connection, token: dict[str, object], now: datetime) -> bool:
    claim = _claiming(connection.dialect.name)
    return connection.execute(claim, {**token, "its_now": now}).first() is not None


@cache  # making a statement costs more than sending it
def _claiming(dialect: str) -> Executable:
    """One statement, so that of two who come at once only one has written; an expired row counts as none."""
    claim = inserting(dialect, SEEN_TOKENS).values(
        {column: bindparam(column.key) for column in SEEN_TOKENS.c}
    )
    return claim.on_conflict_do_update(
        index_elements=_KEY,
        set_={"expires_at": claim.excluded.expires_at},
        where=SEEN_TOKENS.c.expires_at < bindparam("its_now", type_=SEEN_TOKENS.c.expires_at.type),
    ).returning(SEEN_TOKENS.c.jti)


def _sweep(connection: Connection, now: datetime) -> None:
    """Expired tokens go faster than new ones come, so the table hardly outgrows the tokens in force."""
    expired = select(*_KEY).where(SEEN_TOKENS.c.expires_at < now).limit(_SWEPT_AT_ONCE)
    unlocked = expired.with_for_update(skip_locked=True)  # PostgreSQL; SQLite has one writer anyway
    if found := connection.execute(unlocked).all():
        connection.execute(_FORGET, [{"its_issuer": row.issuer, "its_jti": row.jti} for row in found])
