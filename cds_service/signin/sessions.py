"""Sessions of people and their cookies: sealed in the database, opened by the browser's own cookie alone.

A page that is framed by another origin gets its cookies only with SameSite=None, and then one for that frame.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
from flask import Response, request
from sqlalchemy import Engine

from cds_service.audit.audit_records import hash_of
from cds_service.audit.sealed_sessions import Ticket, end, keep, look_up, take
from cds_service.signin.oauth_code_flow import NewSecret, Pending
from cds_service.signin.signin_errors import SignInRefused, WhyRefused

LAUNCH_LIFE = timedelta(minutes=10)


class Sessions(msgspec.Struct, frozen=True):
    """`path` is where the pages stand, e.g. "/explain"; `cookie` is what their cookie is called."""

    engine: Engine
    clock: Callable[[], datetime]
    new_secret: NewSecret
    path: str
    cookie: str

    def leave(self, response: Response, pending: Pending, *, framed: bool = False) -> None:
        """Remember that this browser went off to sign in; no other can come back for it."""
        now, ticket = self.clock(), Ticket(pending.state, self.new_secret())
        keep(self.engine, ticket, msgspec.json.encode(pending), now + LAUNCH_LIFE, now)
        name = self._leaving_cookie(pending.state)
        self._set(response, name, ticket.secret, f"{self.path}/callback", LAUNCH_LIFE, framed=framed)

    def come_back(self, state: str) -> Pending:
        """What this browser left for, once. Raises SignInRefused."""
        secret = request.cookies.get(self._leaving_cookie(state), "")
        sealed = take(self.engine, Ticket(state, secret), self.clock()) if state and secret else None
        if sealed is None:
            raise SignInRefused(WhyRefused.STATE)
        return msgspec.json.decode(sealed, type=Pending)

    def begin(
        self,
        response: Response,
        name: str,
        content: bytes,
        ends: datetime,
        below: str,
        *,
        framed: bool = False,
    ) -> None:
        """A new session with a new secret, whatever cookies the browser brought; for pages under `below`."""
        ticket, now = Ticket(name, self.new_secret()), self.clock()
        keep(self.engine, ticket, content, ends, now)
        self._set(response, self.cookie, ticket.secret, below, ends - now, framed=framed)

    def content(self, name: str) -> bytes:
        """What the session of this name holds, with this browser's cookie. Raises SignInRefused."""
        ticket = self.ticket(name)
        found = look_up(self.engine, ticket, self.clock()) if ticket.secret else None
        if found is None:
            raise SignInRefused(WhyRefused.SESSION)
        return found

    def ticket(self, name: str) -> Ticket:
        """What the browser brings for the session of this name."""
        return Ticket(name, request.cookies.get(self.cookie, ""))

    def change(self, name: str, content: bytes, ends: datetime) -> None:
        """Keep other content in this browser's session."""
        keep(self.engine, self.ticket(name), content, ends, self.clock())

    def end(self, response: Response, name: str, below: str) -> None:
        """Forget the session."""
        end(self.engine, self.ticket(name))
        response.delete_cookie(self.cookie, path=below)

    def _leaving_cookie(self, state: str) -> str:
        """Two sign-ins at once in one browser do not disturb each other."""
        return f"{self.cookie}_{hash_of('leaving', state)[:16]}"

    def _set(
        self, response: Response, name: str, secret: str, path: str, life: timedelta, *, framed: bool
    ) -> None:
        response.set_cookie(
            name,
            secret,
            max_age=int(life.total_seconds()),
            path=path,
            secure=True,
            httponly=True,
            samesite="None" if framed else "Lax",
            partitioned=framed,
        )
