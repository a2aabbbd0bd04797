"""`fhirAuthorization`: the caller's short-lived access token and what it covers (CH-060..065).

Scopes are SMART v1 (`patient/Observation.read`) or v2 (`patient/Observation.rs`). A v2 scope narrowed by a
query (`...rs?category=laboratory`) would make a search silently incomplete, so it covers nothing here.
"""

import re
from enum import StrEnum

import msgspec

from cds_service.hooks.envelope import is_null, open_member
from cds_service.hooks.errors import BadHookRequest

_SCOPE = re.compile(
    r"(?:patient|user|system)/(?P<type>\*|[A-Za-z]+)\.(?P<may>read|write|\*|c?r?u?d?s?)(?P<query>\?.*)?"
)
_TOKEN = re.compile(r"[\x21-\x7e]+")  # it becomes part of a header
_VERSION_1 = {"read": frozenset("rs"), "write": frozenset("cud"), "*": frozenset("cruds")}
_REQUIRED = ("access_token", "token_type", "expires_in", "scope", "subject")


class Interaction(StrEnum):
    """What we ever do at a FHIR server, in the letters of SMART v2."""

    READ = "r"
    SEARCH = "s"


class FhirAuthorization(msgspec.Struct, frozen=True):
    """A bearer token for the client's FHIR server. `expires_in` is in seconds. Its repr hides the token."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str
    subject: str
    patient: str | None = None

    def __repr__(self) -> str:
        return f"FhirAuthorization(access_token=<hidden>, expires_in={self.expires_in}, scope={self.scope!r})"

    @property
    def is_spent(self) -> bool:
        """True when the token has no life left."""
        return self.expires_in <= 0

    def covers(self, resource_type: str, interaction: Interaction) -> bool:
        """Does some scope grant the whole interaction on the resource type?"""
        return any(_grants(scope, resource_type, interaction) for scope in self.scope.split())


def read_authorization(raw: msgspec.Raw) -> FhirAuthorization:
    """Read the member `fhirAuthorization`. Raises BadHookRequest naming each field at fault."""
    members = open_member(bytes(raw), "fhirAuthorization")
    missing = [name for name in _REQUIRED if is_null(members.get(name)) or bytes(members[name]) == b'""']
    if missing:
        raise BadHookRequest("is required", *(f"fhirAuthorization.{name}" for name in missing))
    try:
        authorization = msgspec.json.decode(raw, type=FhirAuthorization)
    except msgspec.ValidationError as error:
        raise BadHookRequest(f"has a member of the wrong type ({error})", "fhirAuthorization") from error
    if not _TOKEN.fullmatch(authorization.access_token):
        raise BadHookRequest("must be one word of visible ASCII", "fhirAuthorization.access_token")
    if authorization.token_type.casefold() != "bearer":
        raise BadHookRequest("must be Bearer", "fhirAuthorization.token_type")
    return authorization


def _grants(scope: str, resource_type: str, interaction: Interaction) -> bool:
    found = _SCOPE.fullmatch(scope)
    if not found or found["query"] or found["type"] not in ("*", resource_type):
        return False
    return interaction.value in _VERSION_1.get(found["may"], frozenset(found["may"]))
