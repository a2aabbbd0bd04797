"""Who is signed in, for which patient: sealed in the database, opened by the browser's own cookie.

Each launch has a session and a cookie of its own, bound to its own path, so that two patients open in two
windows are never mistaken for one another.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import msgspec
from flask import Response, request
from sqlalchemy import Engine

from cds_service.explain.apps import App
from cds_service.hooks.authorization import FhirAuthorization
from cds_service.hooks.service import Caller
from cds_service.signin.code_flow import NewSecret, Pending
from cds_service.signin.refused import SignInRefused, WhyRefused
from cds_service.store.given import hash_of
from cds_service.store.sealed_sessions import Ticket, end, keep, look_up, take

LAUNCH_LIFE = timedelta(minutes=10)
LONGEST_LIFE = timedelta(hours=8)
_COOKIE = "cds_explain"


class Person(msgspec.Struct, frozen=True):
    """One person looking at one patient, with the token that the EHR gave for it.

    `user` is the `fhirUser` as a relative reference, None when the EHR does not tell. `form_token` is what
    a form must bring. `caller` is the client in whose name the patient is remembered, None when
    it cannot be told.
    """

    fhir_base: str
    patient: str
    user: str | None
    access_token: str
    scope: str
    ends: datetime
    banner: bool
    caller: Caller | None
    language: str
    form_token: str

    def __repr__(self) -> str:
        return "Person(<hidden>)"

    def authorization(self, now: datetime) -> FhirAuthorization:
        """The access as gathering understands it."""
        left = int((self.ends - now).total_seconds())
        return FhirAuthorization(self.access_token, "Bearer", left, self.scope, self.user or "", self.patient)

    def check_form(self, given: str) -> None:
        """Did this form come from our own page, and for the first time? Raises SignInRefused."""
        if not hmac.compare_digest(self.form_token.encode(), given.encode()):
            raise SignInRefused(WhyRefused.FORM)


@dataclass(frozen=True, slots=True)
class People:
    """Sessions and their cookies. `path` is where the page stands, e.g. "/explain"."""

    engine: Engine
    clock: Callable[[], datetime]
    new_secret: NewSecret
    path: str

    def leave(self, response: Response, pending: Pending, app: App) -> None:
        """Remember a launch until the browser comes back, in this browser alone."""
        now, ticket = self.clock(), Ticket(pending.state, self.new_secret())
        keep(self.engine, ticket, msgspec.json.encode(pending), now + LAUNCH_LIFE, now)
        life = int(LAUNCH_LIFE.total_seconds())
        self._set(response, _launch_cookie(pending.state), ticket.secret, "/callback", life, app)

    def come_back(self, state: str) -> Pending:
        """The launch that this browser left for, once. Raises SignInRefused."""
        secret = request.cookies.get(_launch_cookie(state), "")
        sealed = take(self.engine, Ticket(state, secret), self.clock()) if state and secret else None
        if sealed is None:
            raise SignInRefused(WhyRefused.STATE)
        return msgspec.json.decode(sealed, type=Pending)

    def sign_in(self, response: Response, person: Person, name: str, app: App) -> None:
        """A new session under a new name with a new secret, whatever cookies the browser brought."""
        ticket = Ticket(name, self.new_secret())
        self._keep(ticket, person)
        life = int((person.ends - self.clock()).total_seconds())
        self._set(response, _COOKIE, ticket.secret, f"/s/{name}/", life, app)

    def person(self, name: str) -> Person:
        """Who is signed in under this name with this browser's cookie. Raises SignInRefused."""
        ticket = self.ticket(name)
        content = look_up(self.engine, ticket, self.clock()) if ticket.secret else None
        if content is None:
            raise SignInRefused(WhyRefused.SESSION)
        return msgspec.json.decode(content, type=Person)

    def ticket(self, name: str) -> Ticket:
        """What the browser brings for the session of this name."""
        return Ticket(name, request.cookies.get(_COOKIE, ""))

    def renew_form(self, name: str, person: Person) -> None:
        """The form that was sent is spent."""
        self._keep(self.ticket(name), msgspec.structs.replace(person, form_token=self.new_secret()))

    def sign_out(self, response: Response, name: str) -> None:
        """Forget the session and its token."""
        end(self.engine, self.ticket(name))
        response.delete_cookie(_COOKIE, path=f"{self.path}/s/{name}/")

    def _keep(self, ticket: Ticket, person: Person) -> None:
        keep(self.engine, ticket, msgspec.json.encode(person), person.ends, self.clock())

    def _set(self, response: Response, name: str, secret: str, below: str, seconds: int, app: App) -> None:
        """A page inside another's frame gets its cookie only with SameSite=None, and then for that frame."""
        framed = bool(app.frame_ancestors)
        response.set_cookie(
            name,
            secret,
            max_age=seconds,
            path=f"{self.path}{below}",
            secure=True,
            httponly=True,
            samesite="None" if framed else "Lax",
            partitioned=framed,
        )


def path_of(public_base_url: str) -> str:
    """The path of our pages at the address that browsers know."""
    return f"{urlsplit(public_base_url).path.rstrip('/')}/explain"


def _launch_cookie(state: str) -> str:
    """Two launches at once in one browser do not disturb each other."""
    return f"cds_launch_{hash_of('launch', state)[:16]}"
