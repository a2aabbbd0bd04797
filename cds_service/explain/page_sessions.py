"""Who is signed in, for which patient.

Each launch has a session and a cookie of its own, bound to its own path, so that two patients open in two
windows are never mistaken for one another.
"""

import hmac
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import msgspec
from flask import Response

from cds_service.audit.sealed_sessions import Ticket
from cds_service.cds_hooks.authorization import FhirAuthorization
from cds_service.cds_hooks.service import Caller
from cds_service.explain.smart_registrations import App
from cds_service.signin.oauth_code_flow import Pending
from cds_service.signin.sessions import Sessions
from cds_service.signin.signin_errors import SignInRefused, WhyRefused

LONGEST_LIFE = timedelta(hours=8)
COOKIE = "cds_explain"


class SignedInPerson(msgspec.Struct, frozen=True):
    """One person looking at one patient, with the token that the EHR gave for it.

    `user` is the `fhirUser` as a relative reference, None when the EHR does not tell. `form_token` is what
    a form must bring. `caller` is the client in whose name the patient is remembered, None when
    it cannot be told. `trial` is the number of the one that is asked for, "" for the first that concerns the
    patient.
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
    trial: str = ""

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


class People(msgspec.Struct, frozen=True):
    """Everybody who is signed in to a patient's page."""

    sessions: Sessions

    @property
    def path(self) -> str:
        """Where the pages stand."""
        return self.sessions.path

    def leave(self, response: Response, pending: Pending, app: App) -> None:
        """Remember a launch until the browser comes back."""
        self.sessions.leave(response, pending, framed=bool(app.frame_ancestors))

    def come_back(self, state: str) -> Pending:
        """The launch that this browser left for, once. Raises SignInRefused."""
        return self.sessions.come_back(state)

    def sign_in(self, response: Response, person: SignedInPerson, name: str, app: App) -> None:
        """A session of its own for this launch."""
        content, framed = msgspec.json.encode(person), bool(app.frame_ancestors)
        self.sessions.begin(response, name, content, person.ends, self._below(name), framed=framed)

    def person(self, name: str) -> SignedInPerson:
        """Who is signed in under this name in this browser. Raises SignInRefused."""
        return msgspec.json.decode(self.sessions.content(name), type=SignedInPerson)

    def ticket(self, name: str) -> Ticket:
        """What the browser brings for the session of this name."""
        return self.sessions.ticket(name)

    def renew_form(self, name: str, person: SignedInPerson) -> None:
        """The form that was sent is spent."""
        renewed = msgspec.structs.replace(person, form_token=self.sessions.new_secret())
        self.sessions.change(name, msgspec.json.encode(renewed), person.ends)

    def sign_out(self, response: Response, name: str) -> None:
        """Forget the session and its token."""
        self.sessions.end(response, name, self._below(name))

    def _below(self, name: str) -> str:
        return f"{self.path}/s/{name}/"


def cookie_path_of(public_base_url: str) -> str:
    """The path of our pages at the address that browsers know."""
    return f"{urlsplit(public_base_url).path.rstrip('/')}/explain"
