"""A CDS Hooks request, checked once: what every service may rely on.

The clinical content (prefetch values, draft orders, new conditions) stays raw here; it is the mapping that
reads FHIR. Unknown members and any `extension` are tolerated (CH-156, CH-158, CH-162).
"""

import re
from enum import StrEnum

import msgspec

from cds_service.cds_hooks.authorization import FhirAuthorization, read_authorization
from cds_service.cds_hooks.errors import BadHookRequest, PatientMismatch
from cds_service.cds_hooks.strict_json import is_null, open_call, open_member, resource_type

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# FHIR's id, and not "." or "..", which would climb out of the path it becomes part of.
_ID = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9\-.]{1,64}")
_REFERENCE = re.compile(r"[A-Z][A-Za-z]+/(?!\.{1,2}\Z)[A-Za-z0-9\-.]{1,64}")


class Hook(StrEnum):
    """The hooks of the HL7 library that we answer (CH-163..170): name, and what its context must have."""

    needs: tuple[str, ...]

    def __new__(cls, name: str, *needs: str) -> "Hook":
        """A row: a hook is all that stands in it."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.needs = needs
        return member

    PATIENT_VIEW = "patient-view", "userId", "patientId"
    ORDER_SELECT = "order-select", "userId", "patientId", "selections", "draftOrders"
    ORDER_SIGN = "order-sign", "userId", "patientId", "draftOrders"
    ENCOUNTER_START = "encounter-start", "userId", "patientId", "encounterId"
    PROBLEM_LIST_ITEM_CREATE = "problem-list-item-create", "userId", "patientId", "conditions"


_BUNDLES = ("draftOrders", "conditions")
_ABSENT = msgspec.Raw()


class HookContext(msgspec.Struct, frozen=True, rename="camel"):
    """The context of any of our hooks. `draft_orders` and `conditions` are raw Bundles, empty if absent."""

    user_id: str
    patient_id: str
    encounter_id: str | None = None
    selections: tuple[str, ...] | None = None
    draft_orders: msgspec.Raw = _ABSENT
    conditions: msgspec.Raw = _ABSENT


class HookRequest(msgspec.Struct, frozen=True):
    """One call of one hook. An absent `prefetch` is an empty one; its values stay raw.

    `is_replayed`: a recorded call looked at again, for which no server is asked.
    """

    hook: Hook
    hook_instance: str
    context: HookContext
    fhir_server: str | None = None
    fhir_authorization: FhirAuthorization | None = None
    prefetch: dict[str, msgspec.Raw] = msgspec.field(default_factory=dict)
    is_replayed: bool = False


def read_hook_request(body: bytes) -> HookRequest:
    """Read a request body. Raises BadHookRequest naming the fields at fault."""
    members, prefetch = open_call(body)
    _need(members, ("hook", "hookInstance", "context"))
    name = _text(members, "hook")
    try:
        hook = Hook(name)
    except ValueError as error:
        raise BadHookRequest("is no hook of this service", "hook") from error
    instance = _text(members, "hookInstance").removeprefix("urn:uuid:")
    if not _UUID.fullmatch(instance):
        raise BadHookRequest("must be a UUID", "hookInstance")
    authorization = members.get("fhirAuthorization", _ABSENT)
    request = HookRequest(
        hook=hook,
        hook_instance=instance,
        context=_context(hook, members["context"]),
        fhir_server=None if is_null(members.get("fhirServer")) else _text(members, "fhirServer"),
        fhir_authorization=None if is_null(authorization) else read_authorization(authorization),
        prefetch=_prefetch(members.get("prefetch")) if prefetch is None else prefetch,
    )
    if request.fhir_authorization is not None and not request.fhir_server:
        raise BadHookRequest("is required with fhirAuthorization", "fhirServer")
    return request


def check_token_patient(request: HookRequest) -> None:
    """The access token is for the patient of the call, if for one at all (CH-065). Raises PatientMismatch."""
    bound_to = request.fhir_authorization.patient if request.fhir_authorization else None
    if bound_to and bound_to.removeprefix("Patient/") != request.context.patient_id:
        raise PatientMismatch("fhirAuthorization.patient")


def _need(members: dict[str, msgspec.Raw], names: tuple[str, ...], path: str = "") -> None:
    missing = [f"{path}{name}" for name in names if is_null(members.get(name))]
    if missing:
        raise BadHookRequest("is required", *missing)


def _text(members: dict[str, msgspec.Raw], name: str) -> str:
    try:
        return msgspec.json.decode(members[name], type=str)
    except msgspec.ValidationError as error:
        raise BadHookRequest("must be a string", name) from error


def _prefetch(raw: msgspec.Raw | None) -> dict[str, msgspec.Raw]:
    return {} if raw is None or is_null(raw) else open_member(bytes(raw), "prefetch")


def _context(hook: Hook, raw: msgspec.Raw) -> HookContext:
    members = open_member(bytes(raw), "context")
    _need(members, hook.needs, "context.")
    try:
        context = msgspec.json.decode(raw, type=HookContext)
    except msgspec.ValidationError as error:
        raise BadHookRequest(f"has a member of the wrong type ({error})", "context") from error
    if not _REFERENCE.fullmatch(context.user_id):
        raise BadHookRequest("must be a reference such as Practitioner/1", "context.userId")
    if not _ID.fullmatch(context.patient_id):
        raise BadHookRequest("must be a FHIR id", "context.patientId")
    is_told = context.encounter_id or "encounterId" in hook.needs  # "" is how some clients say "none"
    if is_told and not _ID.fullmatch(context.encounter_id or ""):
        raise BadHookRequest("must be a FHIR id", "context.encounterId")
    for name in _BUNDLES:
        if not is_null(members.get(name)) and resource_type(members[name]) != "Bundle":
            raise BadHookRequest("must be a FHIR Bundle", f"context.{name}")
    return context
