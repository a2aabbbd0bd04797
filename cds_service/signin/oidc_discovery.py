"""What an authorization server says of itself, and that its endpoints lie where the site file allows."""

from collections.abc import Iterable

import msgspec

from cds_service.cds_hooks.strict_json import NOT_JSON
from cds_service.fhir_client.base_url_allow_list import FhirBase, NotAnAddress, read_base
from cds_service.fhir_client.deadline import Deadline
from cds_service.fhir_client.fhir_get import FhirServer, NotFetched
from cds_service.signin.client_registration import Registration
from cds_service.signin.signin_errors import SignInRefused, WhyRefused

_NAME = "configuration"  # how it is called in errors


class _Document(msgspec.Struct, frozen=True):
    """The members we use; SMART App Launch 2.2 and OpenID Connect Discovery name them alike."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    issuer: str
    code_challenge_methods_supported: tuple[str, ...] = ()


class Configuration(msgspec.Struct, frozen=True):
    """The endpoints of one authorization server, checked, and the issuer of its id tokens."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    issuer: str


def fetch_configuration(
    server: FhirServer, address: str, registration: Registration, deadline: Deadline
) -> Configuration:
    """Fetch and check the document at `address`. Raises SignInRefused."""
    try:
        found = msgspec.json.decode(server.fetch(address, _NAME, None, deadline), type=_Document)
    except NotFetched as error:
        raise SignInRefused(WhyRefused.CONFIGURATION, error.why.value, error.retry_after) from error
    except NOT_JSON as error:
        raise SignInRefused(WhyRefused.CONFIGURATION, "not-a-configuration") from error
    if "S256" not in found.code_challenge_methods_supported:
        raise SignInRefused(WhyRefused.NO_PKCE)
    if registration.issuer is not None and found.issuer != registration.issuer:
        raise SignInRefused(WhyRefused.CONFIGURATION, "issuer")
    for endpoint in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri):
        _check_endpoint(endpoint, registration.below)
    return Configuration(found.authorization_endpoint, found.token_endpoint, found.jwks_uri, found.issuer)


def _check_endpoint(endpoint: str, below: Iterable[FhirBase]) -> None:
    try:
        asked = read_base(endpoint)
    except NotAnAddress as error:
        raise SignInRefused(WhyRefused.ENDPOINT_ELSEWHERE, error.problem) from error
    if not any(base.contains(asked) for base in below):
        raise SignInRefused(WhyRefused.ENDPOINT_ELSEWHERE)


def origin_of_issuer(base: FhirBase) -> FhirBase:
    """The whole server of a base: its scheme, host and port."""
    return FhirBase(base.scheme, base.host, base.port, "")
