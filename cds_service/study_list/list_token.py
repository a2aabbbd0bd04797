"""The list's own access to the FHIR server: SMART Backend Services, a token kept while it is good."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from cds_service.cds_hooks.strict_json import NOT_JSON
from cds_service.fhir_client.base_url_allow_list import FhirBase, NotAnAddress, read_base
from cds_service.fhir_client.deadline import Deadline, deadline_in
from cds_service.fhir_client.fhir_get import FhirServer, NotFetched, WhyNotFetched
from cds_service.signin.client_registration import Registration

SCOPE = " ".join(
    (
        "system/List.cruds",
        "system/ResearchSubject.cruds",
        "system/Task.cruds",
        "system/Patient.rs",
        "system/ResearchStudy.rs",
        "system/QuestionnaireResponse.rs",
    )
)
"""What the list itself needs; judging a row anew needs the types of a chart as well (`system/*.rs`)."""
WATCH_SCOPE = "system/*.rs system/Task.cruds system/CommunicationRequest.cruds system/Subscription.cruds"
"""What the watch needs: every chart to read, and whom to tell."""
_CONFIGURATION = ".well-known/smart-configuration"
_SECONDS = 10.0
_KEPT_BACK = 0.25
_SHORTEST = 300


class _Configuration(msgspec.Struct, frozen=True):
    token_endpoint: str


@dataclass(slots=True)
class BackendToken:
    """Call it for a bearer token. `documents` reads JSON; `clock` gives seconds since 1970.

    Raises NotFetched (FORBIDDEN) when there is none to be had. Safe to use from several threads.
    """

    base: FhirBase
    registration: Registration
    documents: FhirServer
    clock: Callable[[], int]
    ca_bundle: str | None = None
    scope: str = SCOPE
    _word: str = field(default="", init=False, repr=False)
    _good_until: Deadline = field(default_factory=lambda: deadline_in(0), init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __call__(self) -> str | None:
        """A token that is still good for a while."""
        with self._lock:
            if self._good_until.is_past:
                given = self._ask()
                self._word = str(given["access_token"])
                self._good_until = deadline_in(_life(given) * (1 - _KEPT_BACK))
            return self._word

    def _ask(self) -> Mapping[str, Any]:
        # only where there is something to sign in to
        from cds_service.fhir_client.oauth_session import NoToken, fetch_token, oauth_session

        endpoint, ours = self._endpoint(), self.registration
        try:
            with oauth_session(ours.client_id, ours.proof, self.ca_bundle, self.clock()) as session:
                given = fetch_token(
                    session,
                    endpoint,
                    deadline_in(_SECONDS),
                    grant_type="client_credentials",
                    scope=self.scope,
                )
        except NoToken:
            raise NotFetched(WhyNotFetched.FORBIDDEN, "token") from None
        if not given.get("access_token"):
            raise NotFetched(WhyNotFetched.FORBIDDEN, "token")
        return given

    def _endpoint(self) -> str:
        """Where to ask, by the server's own word, if the site file allows it."""
        body = self.documents.fetch(
            self.base.address(_CONFIGURATION), _CONFIGURATION, None, deadline_in(_SECONDS)
        )
        try:
            endpoint = msgspec.json.decode(body, type=_Configuration).token_endpoint
            place = read_base(endpoint)
        except (*NOT_JSON, NotAnAddress):
            raise NotFetched(WhyNotFetched.NOT_FHIR, _CONFIGURATION) from None
        if not any(base.contains(place) for base in self.registration.below):
            raise NotFetched(WhyNotFetched.OTHER_BASE, _CONFIGURATION)
        return endpoint


def _life(given: Mapping[str, Any]) -> float:
    """Seconds; some servers send the number as text."""
    try:
        return float(given.get("expires_in", _SHORTEST))
    except (TypeError, ValueError):
        return _SHORTEST
