"""The resources that a hook brings in its context: draft orders, or problems just added to the list.

They stay verbatim beside the typed reading, because a suggestion that updates an order must return all of it
(CH-101). All of them must be about the patient of the call.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from cds_service.cds_hooks.errors import BadHookRequest, PatientMismatch
from cds_service.cds_hooks.fhir_release import is_of_another_release
from cds_service.cds_hooks.request import HookRequest
from cds_service.cds_hooks.strict_json import NOT_JSON, is_null
from fhir_mappings.readers.bundle import Decoded, NotFhir, decode
from fhir_mappings.readers.patient_match import is_another
from fhir_mappings.readers.reference_addresses import Home, server_of, shared_server
from fhir_mappings.readers.references import servers_of

Json = dict[str, Any]


class ContextResources(msgspec.Struct, frozen=True):
    """What one Bundle of the context held: decoded, and verbatim."""

    decoded: Decoded = msgspec.field(default_factory=Decoded)
    verbatim: tuple[Json, ...] = ()

    @property
    def servers(self) -> frozenset[str]:
        """What the Bundle's entries call the server that they lie on."""
        return servers_of(self.decoded.resources)

    @property
    def by_reference(self) -> Mapping[str, Json]:
        """The verbatim resources by `Type/id`; those without an id cannot be named."""
        return {f"{r.get('resourceType')}/{r['id']}": r for r in self.verbatim if r.get("id")}


def server_asked(request: HookRequest) -> frozenset[str]:
    """The hospital's own FHIR server as the call names it, whether or not we may call it."""
    return frozenset(filter(None, (server_of(request.fhir_server or ""),)))


def read_context_bundle(
    raw: msgspec.Raw, patient_id: str, where: str, servers: frozenset[str] = frozenset()
) -> ContextResources:
    """Read a Bundle of the context; `where` is its JSON path, `servers` are the addresses of the own server.

    Raises BadHookRequest or PatientMismatch.
    """
    if is_null(raw):
        return ContextResources()
    try:
        decoded = decode(bytes(raw))
        verbatim = tuple(_entries(raw, where))
    except NotFhir as error:
        raise BadHookRequest(f"is no FHIR Bundle ({error.reason})", where) from error
    except NOT_JSON as error:  # a member that no reader looks at, and that could not be sent back
        raise BadHookRequest(f"cannot be read whole ({error})", where) from error
    if any(is_of_another_release(resource) for resource in verbatim):
        raise BadHookRequest("holds an order that is not FHIR R4", where)
    subjects = tuple(subject for resource in verbatim for subject in _subjects(resource))
    known = servers | servers_of(decoded.resources, servers)
    home = Home(known or shared_server(subjects))
    if any(is_another(home.presumed_name(subject), f"Patient/{patient_id}") for subject in subjects):
        raise PatientMismatch(where)
    return ContextResources(decoded, verbatim)


def _entries(raw: msgspec.Raw, where: str) -> list[Json]:
    """The resources of the entries as they were sent. Raises BadHookRequest."""
    entries = msgspec.json.decode(raw, type=Json).get("entry")
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise BadHookRequest("has entries that are no list", where)
    resources = (e.get("resource") for e in entries if isinstance(e, dict))
    return [resource for resource in resources if isinstance(resource, dict)]


def _subjects(resource: Json) -> Iterator[str]:
    """The literal references to its patient. A draft that names no patient is the call's own; one named by
    another identifier, or on another server, cannot be compared."""
    for member in ("subject", "patient"):
        reference = resource.get(member)
        literal = reference.get("reference") if isinstance(reference, dict) else None
        if isinstance(literal, str):
            yield literal
