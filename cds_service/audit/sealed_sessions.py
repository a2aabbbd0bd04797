"""Sessions of people: kept for all workers and instances, readable by none without the person's own cookie.

The cookie holds a random secret. The key that seals the row is derived from it, and so is the name of the
row; neither gives the secret back. Whoever reads the database learns how many sessions there are.
"""

import base64
from collections.abc import Mapping
from datetime import datetime

import msgspec
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection, Engine, delete, insert, select

from cds_service.audit.audit_records import hash_of
from cds_service.audit.audit_tables import SESSIONS
from cds_service.audit.database import reading, writing

_SWEPT_AT_ONCE = 50
_KEY_BYTES = 32


class Ticket(msgspec.Struct, frozen=True):
    """What a browser brings: the open name of a session (it stands in a URL) and the secret of its cookie."""

    name: str
    secret: str

    @property
    def row(self) -> str:
        """The row this ticket opens; another name with the same secret, or the reverse, is another row."""
        return hash_of("session", self.name, self.secret)

    def __repr__(self) -> str:
        return f"Ticket(name={self.name!r}, secret=<hidden>)"

    def seal(self, purpose: str = "session") -> Fernet:
        """The lock of this ticket's row, or of something else that only its browser may open."""
        info = f"cds-service {purpose}".encode()
        derived = HKDF(SHA256(), _KEY_BYTES, salt=None, info=info).derive(self.secret.encode())
        return Fernet(base64.urlsafe_b64encode(derived))


def keep(engine: Engine, ticket: Ticket, content: bytes, expires_at: datetime, now: datetime) -> None:
    """Keep `content` until then, in place of what the ticket opened before. Raises StoreUnavailable."""
    sealed = ticket.seal().encrypt(content).decode()
    with writing(engine) as connection:
        connection.execute(delete(SESSIONS).where(SESSIONS.c.session == ticket.row))
        row: Mapping[str, object] = {"session": ticket.row, "sealed": sealed, "expires_at": expires_at}
        connection.execute(insert(SESSIONS), row)
        _sweep(connection, now)


def look_up(engine: Engine, ticket: Ticket, now: datetime) -> bytes | None:
    """What the ticket opens at `now`; None for nothing, or nothing any more. Raises StoreUnavailable."""
    query = select(SESSIONS.c.sealed).where(SESSIONS.c.session == ticket.row, SESSIONS.c.expires_at > now)
    with reading(engine) as connection:
        sealed = connection.scalar(query)
    return None if sealed is None else ticket.seal().decrypt(sealed)


def take(engine: Engine, ticket: Ticket, now: datetime) -> bytes | None:
    """The same, once: of two who come at the same moment one gets it, and then it is gone."""
    gone = delete(SESSIONS).where(SESSIONS.c.session == ticket.row, SESSIONS.c.expires_at > now)
    with writing(engine) as connection:
        sealed = connection.scalar(gone.returning(SESSIONS.c.sealed))
    return None if sealed is None else ticket.seal().decrypt(sealed)


def end(engine: Engine, ticket: Ticket) -> None:
    """Forget the session. Raises StoreUnavailable."""
    with writing(engine) as connection:
        connection.execute(delete(SESSIONS).where(SESSIONS.c.session == ticket.row))


def _sweep(connection: Connection, now: datetime) -> None:
    """Each new session takes some expired ones away."""
    expired = select(SESSIONS.c.session).where(SESSIONS.c.expires_at <= now).limit(_SWEPT_AT_ONCE)
    connection.execute(delete(SESSIONS).where(SESSIONS.c.session.in_(expired)))
