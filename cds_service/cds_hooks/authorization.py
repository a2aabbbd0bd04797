"""`fhirAuthorization`: the caller's short-lived access token and what it covers (CH-060..065).

Scopes are SMART v1 (`patient/Observation.read`) or v2 (`patient/Observation.rs`), in any case, and Epic's own
names (`CONDITION.READ`, `CONDITION.SEARCH`). A scope says what may be tried; the server decides. A v2 scope
narrowed by a query (`...rs?category=laboratory`) would make a search silently incomplete: it covers nothing.
"""

import re
from enum import StrEnum

import msgspec

from cds_service.cds_hooks.errors import BadHookRequest
from cds_service.cds_hooks.strict_json import is_null, open_member

_SCOPE = re.compile(
    r"(?:patient|user|system)/(?P<type>\*|[a-z]+)"
    r"\.(?P<may>read|write|search|create|\*|c?r?u?d?s?)(?P<query>\?.*)?"
    r"|(?P<bare_type>[a-z]+)\.(?P<bare_may>read|write|search|create)"
)
_MOST_SECONDS = 86_400  # no token of a hook call lives longer than a day
_TOKEN = re.compile(r"[\x21-\x7e]+")  # it becomes part of a header
_WORDS = {
    "read": frozenset("rs"),
    "write": frozenset("cud"),
    "*": frozenset("cruds"),
    "search": frozenset("s"),
    "create": frozenset("c"),
}
_REQUIRED = ("access_token", "token_type", "expires_in", "scope", "subject")


class FhirInteraction(StrEnum):
    """What we ever do at a FHIR server, in the letters of SMART v2."""

    READ = "r"
    SEARCH = "s"
    CREATE = "c"


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

    def covers(self, resource_type: str, interaction: FhirInteraction) -> bool:
        """Does some scope grant the whole interaction on the resource type?"""
        return any(_grants(scope, resource_type, interaction) for scope in self.scope.split())


def read_authorization(raw: msgspec.Raw) -> FhirAuthorization:
    """Read the member `fhirAuthorization`. Raises BadHookRequest naming each field at fault."""
    members = open_member(bytes(raw), "fhirAuthorization")
    missing = [name for name in _REQUIRED if is_null(members.get(name)) or bytes(members[name]) == b'""']
    if missing:
        raise BadHookRequest("is required", *(f"fhirAuthorization.{name}" for name in missing))
    try:
        authorization = msgspec.json.decode(raw, type=FhirAuthorization, strict=False)  # "300" is 300
    except msgspec.ValidationError as error:
        raise BadHookRequest(f"has a member of the wrong type ({error})", "fhirAuthorization") from error
    if not _TOKEN.fullmatch(authorization.access_token):
        raise BadHookRequest("must be one word of visible ASCII", "fhirAuthorization.access_token")
    if authorization.token_type.casefold() != "bearer":
        raise BadHookRequest("must be Bearer", "fhirAuthorization.token_type")
    seconds = max(min(authorization.expires_in, _MOST_SECONDS), 0)
    return msgspec.structs.replace(authorization, expires_in=seconds)


def _grants(scope: str, resource_type: str, interaction: FhirInteraction) -> bool:
    found = _SCOPE.fullmatch(scope.lower())
    if not found or found["query"]:
        return False
    kind, may = found["type"] or found["bare_type"], found["may"] or found["bare_may"] or ""
    return kind in ("*", resource_type.lower()) and interaction.value in _WORDS.get(may, frozenset(may))
