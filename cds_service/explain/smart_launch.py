"""The launch: from the EHR's `iss` to a person signed in, or a refusal before anything is believed."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from cds_service.cds_hooks.service import Caller
from cds_service.cds_hooks.strict_json import NOT_JSON
from cds_service.explain.page_sessions import LONGEST_LIFE, SignedInPerson
from cds_service.explain.smart_registrations import App, Apps, RegistrationMemory, app_of, scope_of
from cds_service.fhir_client.base_url_allow_list import FhirBase
from cds_service.fhir_client.deadline import deadline_in
from cds_service.fhir_client.fhir_get import FhirServer
from cds_service.signin.oauth_code_flow import CodeFlow, Granted, NewSecret, Pending
from cds_service.signin.oidc_discovery import fetch_configuration
from cds_service.signin.signin_errors import SignInRefused, WhyRefused
from fhir_mappings.readers.reader_settings import StandIn

_ID = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9\-.]{1,64}")
_USER = re.compile(r"[A-Z][A-Za-z]{1,40}/(?!\.{1,2}\Z)[A-Za-z0-9\-.]{1,64}")
_TOKEN = re.compile(r"[\x21-\x7e]+")  # it becomes part of a header
_SECONDS = re.compile(r"[0-9]{1,9}")
_LONGEST = 2000


class Launching(msgspec.Struct, frozen=True):
    """What a launch needs: the allow-list, an HTTP client for documents and keys, our own address.

    `seconds` bound all that is fetched in one step; `stand_ins` say where the site keeps participation.
    `trial_of_service`: the number of the trial that each service is of.
    """

    apps: Apps
    documents: FhirServer
    redirect_uri: str
    new_secret: NewSecret
    memory: RegistrationMemory | None
    ca_bundle: str | None = None
    seconds: float = 4.0
    stand_ins: tuple[StandIn, ...] = ()
    trial_of_service: Mapping[str, str] = {}

    def leave(self, iss: str, launch: str, expected: str = "", trial: str = "") -> tuple[str, Pending, App]:
        """Where to send the browser, and what to remember; without a `launch` word, a standalone launch.

        `expected` is the id of the patient whom a standalone launch is meant for: the record system is told
        (one that does not know the parameter passes over it, RFC 6749, 3.1), and no other is let through.
        `trial` is the number of the one to be shown; one that is not served here is not asked for.
        Raises SignInRefused; for an unknown `iss` before anything is fetched.
        """
        app = app_of(self.apps, iss)
        if len(launch) > _LONGEST:
            raise SignInRefused(WhyRefused.CONFIGURATION, "launch")
        address = app.fhir_base.address(".well-known/smart-configuration")
        configuration = fetch_configuration(
            self.documents, address, app.registration, deadline_in(self.seconds)
        )
        trial = trial if trial in self.trial_of_service.values() else ""
        expected = "" if launch or not _ID.fullmatch(expected) else expected
        more = {"launch": launch} if launch else {"patient": expected} if expected else {}
        address, pending = self._flow(app).leave(
            configuration,
            scope_of(self.stand_ins, standalone=not launch),
            {"fhir_base": app.fhir_base.url, "patient": expected, "trial": trial},
            self.new_secret,
            aud=app.fhir_base.url,
            **more,
        )
        return address, pending, app

    def come_back(
        self, pending: Pending, query: Mapping[str, str], raw: str, now: datetime
    ) -> SignedInPerson:
        """The person whom the EHR signed in, for the patient it names. Raises SignInRefused."""
        app = app_of(self.apps, pending.purpose["fhir_base"])
        if query.get("iss", pending.configuration.issuer) != pending.configuration.issuer:
            raise SignInRefused(WhyRefused.STATE, "iss")  # RFC 9207
        if "error" in query or "code" not in query:
            raise SignInRefused(WhyRefused.DENIED)
        granted = self._flow(app).come_back(pending, raw, deadline_in(self.seconds), int(now.timestamp()))
        person = self._person(app, granted, now)
        if pending.purpose.get("patient", "") not in ("", person.patient):
            raise SignInRefused(WhyRefused.OTHER_PATIENT)
        return replace(person, trial=pending.purpose.get("trial") or person.trial)

    def _flow(self, app: App) -> CodeFlow:
        return CodeFlow(app.registration, self.redirect_uri, self.documents, self.ca_bundle)

    def _person(self, app: App, granted: Granted, now: datetime) -> SignedInPerson:
        token = granted.token
        patient = token.get("patient")
        if not isinstance(patient, str) or not _ID.fullmatch(patient):
            raise SignInRefused(WhyRefused.NO_PATIENT)
        context = _context_in(token.get("appContext"))
        caller = self._caller(app, context.card, patient)
        return SignedInPerson(
            fhir_base=app.fhir_base.url,
            patient=patient,
            user=_user(granted.claims.get("fhirUser"), app.fhir_base),
            access_token=_access_token(token),
            scope=str(token.get("scope") or ""),
            ends=now + _life(token),
            banner=token.get("need_patient_banner") is not False,
            caller=caller,
            language=app.issuers.get(caller.issuer, app.language) if caller else app.language,
            form_token=self.new_secret(),
            trial=self.trial_of_service.get(context.service, ""),
        )

    def _caller(self, app: App, card: str, patient: str) -> Caller | None:
        """In whose name this patient is remembered. A card of another patient ends the launch."""
        found = self.memory.receiver_of(card, patient) if card and self.memory else None
        if found is False or (isinstance(found, Caller) and found.issuer not in app.issuers):
            raise SignInRefused(WhyRefused.OTHER_PATIENT)
        if isinstance(found, Caller):
            return found
        return next(iter(app.callers)) if app.callers and len(app.callers) == 1 else None


class _Context(msgspec.Struct, frozen=True):
    """The `appContext` of our own card links: which card, and which service gave it."""

    card: str = ""
    service: str = ""


def _context_in(app_context: object) -> _Context:
    """Empty where it is none of ours."""
    if not isinstance(app_context, str) or len(app_context) > _LONGEST:
        return _Context()
    try:
        return msgspec.json.decode(app_context, type=_Context)
    except NOT_JSON:
        return _Context()


def _user(claim: object, base: FhirBase) -> str | None:
    """`fhirUser` as a relative reference; a person of another server is nobody here."""
    if not isinstance(claim, str):
        return None
    relative = claim.removeprefix(f"{base.url}/")
    return relative if _USER.fullmatch(relative) else None


def _access_token(token: Mapping[str, Any]) -> str:
    word = token.get("access_token")
    is_bearer = str(token.get("token_type", "")).casefold() == "bearer"
    if not isinstance(word, str) or not _TOKEN.fullmatch(word) or not is_bearer:
        raise SignInRefused(WhyRefused.TOKEN_SHAPE)
    return word


def _life(token: Mapping[str, Any]) -> timedelta:
    """As long as the token lives, and never longer than a working day."""
    seconds = token.get("expires_in")
    if isinstance(seconds, str) and _SECONDS.fullmatch(seconds):  # as some servers write it
        seconds = int(seconds)
    if isinstance(seconds, bool) or not isinstance(seconds, int) or seconds <= 0:
        raise SignInRefused(WhyRefused.TOKEN_SHAPE, "expires_in")
    return min(timedelta(seconds=min(seconds, 10**6)), LONGEST_LIFE)
