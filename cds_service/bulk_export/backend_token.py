"""Access tokens by SMART Backend Services: asked for with a signed assertion, and anew before they end."""

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from cds_service.bulk_export.export_server import Backend, BulkServer
from cds_service.bulk_export.failed import ExportFailed, WhyFailed
from cds_service.cds_hooks.authorization import FhirAuthorization, FhirInteraction
from cds_service.cds_hooks.strict_json import NOT_JSON
from cds_service.fhir_client.base_url_allow_list import FhirBase, NotAnAddress, read_base
from cds_service.fhir_client.deadline import Deadline, deadline_in
from cds_service.fhir_client.fhir_get import FhirServer, NotFetched

_SECONDS = 20.0
"""For the configuration and the token endpoint together."""
_SHORTEST = 5.0
_KEPT_BACK = 0.25
"""This part of a token's life is not used: what is asked near its end would come too late."""
_CONFIGURATION = ".well-known/smart-configuration"


class _Configuration(msgspec.Struct, frozen=True):
    token_endpoint: str
    token_endpoint_auth_signing_alg_values_supported: tuple[str, ...] = ()


class _Granted(msgspec.Struct, frozen=True):
    """A token response (RFC 6749, section 5.1). Without `scope` it grants what was asked for."""

    access_token: str
    token_type: str
    expires_in: int = 60
    scope: str | None = None


@dataclass(slots=True)
class Tokens:
    """The token of one run. `configurations` reads JSON; `clock` gives seconds since 1970."""

    server: BulkServer
    backend: Backend
    configurations: FhirServer
    clock: Callable[[], int]
    ca_bundle: str | None = None
    _token: FhirAuthorization | None = field(default=None, repr=False)
    _good_until: Deadline = field(default_factory=lambda: deadline_in(0))

    def bearer(self) -> str:
        """A token with life left. Raises ExportFailed."""
        if self._token is None or self._good_until.is_past:
            self._token = self._ask()
            life = self._token.expires_in
            self._good_until = deadline_in(max(life * (1 - _KEPT_BACK), min(life, _SHORTEST)))
        return self._token.access_token

    def drop(self) -> None:
        """The server no longer takes the token that it has given."""
        self._token = None

    def not_covered(self, types: frozenset[str]) -> frozenset[str]:
        """The types that the token does not allow to read. Raises ExportFailed."""
        self.bearer()
        token = self._token
        return frozenset(kind for kind in types if token and not token.covers(kind, FhirInteraction.READ))

    def _ask(self) -> FhirAuthorization:
        from cds_service.fhir_client.oauth_session import NoToken, fetch_token, oauth_session

        deadline = deadline_in(_SECONDS)
        endpoint = self._endpoint(deadline)
        scope = " ".join(self.backend.scopes)
        session = oauth_session(
            self.backend.client_id, self.backend.key, self.ca_bundle, self.clock(), scope=scope
        )
        try:
            with session:
                answer = fetch_token(
                    session, endpoint, deadline, grant_type="client_credentials", scope=scope
                )
            return _read(dict(answer), self.backend.client_id, scope)
        except NoToken as error:
            raise ExportFailed(WhyFailed.NO_TOKEN, f"the token endpoint says {error.detail}") from None

    def _endpoint(self, deadline: Deadline) -> str:
        """Where to ask, by the server's own word, if the site file allows it."""
        try:
            body = self.configurations.fetch(
                self.server.base.address(_CONFIGURATION), _CONFIGURATION, None, deadline
            )
            found = msgspec.json.decode(body, type=_Configuration)
            place = read_base(found.token_endpoint)
        except NotFetched as error:
            raise ExportFailed(WhyFailed.NO_TOKEN, f"{_CONFIGURATION}: {error.why.value}") from None
        except (*NOT_JSON, NotAnAddress):
            raise ExportFailed(WhyFailed.NO_TOKEN, f"{_CONFIGURATION} names no token endpoint") from None
        self._check(place, found.token_endpoint_auth_signing_alg_values_supported)
        return found.token_endpoint

    def _check(self, place: FhirBase, algorithms: tuple[str, ...]) -> None:
        if not any(base.contains(place) for base in (self.server.origin, *self.backend.endpoints)):
            raise ExportFailed(WhyFailed.ELSEWHERE, f"the token endpoint is at {place.scheme}://{place.host}")
        if algorithms and self.backend.key.algorithm not in algorithms:
            fact = f"the server takes {', '.join(algorithms)}, our key signs {self.backend.key.algorithm}"
            raise ExportFailed(WhyFailed.NO_TOKEN, fact)


def _read(answer: dict[str, object], client_id: str, asked: str) -> FhirAuthorization:
    try:
        granted = msgspec.convert(answer, type=_Granted, strict=False)
    except msgspec.ValidationError:
        raise ExportFailed(WhyFailed.NO_TOKEN, "the token endpoint's answer is no token response") from None
    if granted.token_type.casefold() != "bearer" or not granted.access_token.isascii():
        raise ExportFailed(WhyFailed.NO_TOKEN, "the token is no bearer token")
    return FhirAuthorization(
        granted.access_token, granted.token_type, granted.expires_in, granted.scope or asked, client_id
    )
