"""A resource of the chart as a page: what the evidence links open, fetched with the person's own token."""

import re
from collections.abc import Callable
from typing import Any

import msgspec
from cryptography.fernet import InvalidToken

from cds_service.audit.sealed_sessions import Ticket
from cds_service.cds_hooks.strict_json import NOT_JSON
from cds_service.fhir_client.base_url_allow_list import FhirBase
from cds_service.fhir_client.deadline import Deadline
from cds_service.fhir_client.fhir_get import FhirServer, NotFetched, WhyNotFetched
from cds_service.signin.signin_errors import SignInRefused, WhyRefused

_REFERENCE = re.compile(r"(?P<type>[A-Z][A-Za-z]{1,40})/(?!\.{1,2}\Z)[A-Za-z0-9\-.]{1,64}")
_PURPOSE = "links"
_LEFT_OUT = ("meta", "text", "resourceType")
Json = dict[str, Any]


def link_maker(ticket: Ticket, path: str) -> Callable[[str], str]:
    """Makes the address of a resource's page: only this session can read which resource it is."""
    lock = ticket.seal(_PURPOSE)

    def link(reference: str) -> str:
        """ "" for what cannot be opened by itself, such as a contained resource."""
        if not _REFERENCE.fullmatch(reference):
            return ""
        return f"{path}/source/{lock.encrypt(reference.encode()).decode()}"

    return link


def reference_in(ticket: Ticket, sealed: str) -> str:
    """The reference that a link of this session stands for. Raises SignInRefused."""
    try:
        reference = ticket.seal(_PURPOSE).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise SignInRefused(WhyRefused.SESSION, "link") from None
    return reference


def fetch_source(server: FhirServer, base: FhirBase, reference: str, token: str, deadline: Deadline) -> Json:
    """The resource. Raises NotFetched, also when the server answers with another one."""
    kind, _, name = reference.partition("/")
    body = server.fetch(base.address(reference), kind, token, deadline)
    try:
        resource = msgspec.json.decode(body, type=Json)
    except NOT_JSON:
        raise NotFetched(WhyNotFetched.NOT_FHIR, kind) from None
    if resource.get("resourceType") != kind or resource.get("id") != name:
        raise NotFetched(WhyNotFetched.NOT_FHIR, kind)
    return resource


def readable(resource: Json) -> Json:
    """Without what tells a reader nothing: the narrative is never shown, it may hold markup."""
    return {name: value for name, value in resource.items() if name not in _LEFT_OUT}
