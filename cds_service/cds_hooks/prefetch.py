"""Prefetch: the queries we advertise, and the four shapes in which an EHR answers one.

A template uses root-level context fields only (CH-046) and the restricted query subset that every client can
be expected to run (CH-053); anything else is refused when the service is built, not by an EHR.
"""

import re
from collections.abc import Mapping
from enum import StrEnum

import msgspec

from cds_service.cds_hooks.request import HookContext
from cds_service.cds_hooks.strict_json import is_null, resource_type

_TOKEN = re.compile(r"\{\{(.*?)\}\}")
_TEMPLATE = re.compile(r"[A-Z][A-Za-z]+(/\{\{context\.\w+\}\}|\?[^?#\s]+)")
_TOKENS = ("context.patientId", "context.userId", "context.encounterId")
REFUSED_PARAMETERS = frozenset(
    {"_include", "_revinclude", "_has", "_filter", "_query", "_contained", "_text", "_content", "_list"}
)
"""What not every server does, or answers with other resources than those that were asked for."""


class BadTemplate(ValueError):
    """A prefetch template that clients need not understand. `key` is its prefetch key."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"prefetch template {key!r}: {problem}")
        self.key = key
        self.problem = problem


class Prefetched(StrEnum):
    """The four shapes of an answer. Only SENT and NOTHING say anything about the patient (D-3, CH-040)."""

    SENT = "sent"
    NOTHING = "nothing"
    ABSENT = "absent"
    FAILED = "failed"


class PrefetchEntry(msgspec.Struct, frozen=True):
    """One prefetch key as it was answered; `raw` is there when it was SENT."""

    shape: Prefetched
    raw: msgspec.Raw | None = None


def entry_of(prefetch: Mapping[str, msgspec.Raw], key: str) -> PrefetchEntry:
    """How `key` was answered. A Bundle that holds an OperationOutcome is SENT; its reader sees that."""
    raw = prefetch.get(key)
    if raw is None:
        return PrefetchEntry(Prefetched.ABSENT)
    if is_null(raw):
        return PrefetchEntry(Prefetched.NOTHING)
    if resource_type(raw) in (None, "OperationOutcome"):
        return PrefetchEntry(Prefetched.FAILED)
    return PrefetchEntry(Prefetched.SENT, raw)


def check_template(key: str, template: str) -> None:
    """Raises BadTemplate when the template leaves the subset of CH-044..053."""
    if unknown := [token for token in _TOKEN.findall(template) if token not in _TOKENS]:
        raise BadTemplate(key, f"unknown token {unknown[0]!r}")
    if not _TEMPLATE.fullmatch(template):
        raise BadTemplate(key, "must read one instance or search one type")
    for parameter in template.partition("?")[2].split("&") if "?" in template else ():
        name, _, value = parameter.partition("=")
        if name in REFUSED_PARAMETERS or "." in name or (":" in name and not name.endswith(":in")):
            raise BadTemplate(key, f"parameter {name!r} is outside the restricted subset")
        if not value:
            raise BadTemplate(key, f"parameter {name!r} has no value")


def fill(template: str, context: HookContext) -> str:
    """The relative FHIR URL that the template stands for; ids were checked when the context was read."""
    values = {
        "context.patientId": context.patient_id,
        "context.userId": context.user_id,
        "context.encounterId": context.encounter_id or "",
    }
    return _TOKEN.sub(lambda found: values[found[1]], template)
