"""Who may see the counts: people whose account at the hospital's identity provider has the role."""

import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from cds_service.fhir_client.deadline import deadline_in
from cds_service.fhir_client.fhir_get import FhirServer
from cds_service.research.oidc_settings import Provider
from cds_service.signin.oauth_code_flow import CodeFlow, NewSecret, Pending
from cds_service.signin.oidc_discovery import fetch_configuration
from cds_service.signin.signin_errors import SignInRefused, WhyRefused

LIFE = timedelta(hours=8)
_SCOPE = "openid profile"
_NAMES = ("name", "preferred_username", "sub")
_LONGEST_NAME = 120


class Reader(msgspec.Struct, frozen=True):
    """Somebody with the role, while signed in; `form_token` is what a form must bring.

    `account` stands in our record of looks, `name` beside what they write in the hospital's server;
    `may_sign` the reviewed content.
    """

    ends: datetime
    form_token: str
    account: str = ""
    name: str = ""
    may_sign: bool = False

    def check_form(self, given: str, origin: str, own: str) -> None:
        """A form of our `own` origin's page, sent by it. Raises SignInRefused."""
        if origin != own or not hmac.compare_digest(self.form_token.encode(), given.encode()):
            raise SignInRefused(WhyRefused.FORM)


class SignIn(msgspec.Struct, frozen=True):
    """What signing in needs; `seconds` bound all that is fetched in one step."""

    provider: Provider
    documents: FhirServer
    redirect_uri: str
    new_secret: NewSecret
    ca_bundle: str | None = None
    seconds: float = 4.0

    def leave(self) -> tuple[str, Pending]:
        """Where to send the browser, and what to remember. Raises SignInRefused."""
        address = self.provider.issuer.address(".well-known/openid-configuration")
        registration, deadline = self.provider.registration, deadline_in(self.seconds)
        configuration = fetch_configuration(self.documents, address, registration, deadline)
        return self._flow().leave(configuration, _SCOPE, {}, self.new_secret)

    def come_back(self, pending: Pending, query: Mapping[str, str], raw: str, now: datetime) -> Reader:
        """The person whom the provider signed in, if with the role. Raises SignInRefused."""
        if query.get("iss", pending.configuration.issuer) != pending.configuration.issuer:
            raise SignInRefused(WhyRefused.STATE, "iss")  # RFC 9207
        if "error" in query or "code" not in query:
            raise SignInRefused(WhyRefused.DENIED)
        deadline = deadline_in(self.seconds)
        granted = self._flow().come_back(pending, raw, deadline, int(now.timestamp()))
        roles = roles_in(granted.claims, self.provider.role_claim)
        if self.provider.role not in roles:
            raise SignInRefused(WhyRefused.ROLE)
        account = str(granted.claims.get("sub", ""))[:_LONGEST_NAME]
        may_sign = bool(account) and self.provider.signing_role in roles
        return Reader(now + LIFE, self.new_secret(), account, _name_in(granted.claims), may_sign)

    def _flow(self) -> CodeFlow:
        return CodeFlow(self.provider.registration, self.redirect_uri, self.documents, self.ca_bundle)


def _name_in(claims: Mapping[str, Any]) -> str:
    """How the provider calls the person; at least the account."""
    told = (claims.get(name) for name in _NAMES)
    return next((text[:_LONGEST_NAME] for text in told if isinstance(text, str) and text), "")


def roles_in(claims: Mapping[str, Any], path: str) -> frozenset[str]:
    """The roles at `path`: one word, or a list of them; none for anything else."""
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    listed = [found] if isinstance(found, str) else found
    return (
        frozenset(role for role in listed if isinstance(role, str))
        if isinstance(listed, list)
        else frozenset()
    )
