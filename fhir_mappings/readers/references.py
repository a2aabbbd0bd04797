"""References in one spelling, and finding what they point at.

Hospitals write one reference in many ways: `Patient/1`, `https://ehr.example/fhir/Patient/1`,
`Patient/1/_history/3`, `urn:uuid:...` (the entry's `fullUrl`), `#1` (contained). All but the last are brought
to `Type/id` here, except what lies on another server: that keeps its address.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import TypeVar

import msgspec

from fhir_mappings.readers.fhir_types import FhirType, Reference, Resource, Unread
from fhir_mappings.readers.reference_addresses import NOWHERE, Home, server_of

R = TypeVar("R", bound=Resource)
V = TypeVar("V", bound=msgspec.Struct)
POINTED_AT = frozenset({"Medication", "Practitioner", "PractitionerRole", "ResearchStudy", "Specimen"})
"""What other resources point at; the types that name no patient."""

FETCHABLE = re.compile(r"(?:Medication|ResearchStudy)/(?!\.+$)[A-Za-z0-9\-.]{1,64}")
"""A well-formed `Type/id` of a product or study: it is going to be part of an address."""


def own_reference(resource: Resource) -> str:
    """How other resources, and our evidence, name this resource; only its type when it has no id."""
    kind = resource.kind if type(resource) is Unread else type_of(type(resource))  # `kind_of`, in line
    return f"{kind}/{resource.id}" if resource.id else kind


def kind_of(resource: Resource) -> str:
    """The FHIR name of its type; of an unread entry the one it shows, empty where it shows none."""
    return resource.kind if type(resource) is Unread else type_of(type(resource))


@cache
def type_of(kind: type[Resource]) -> str:
    """The name of a resource type, "Patient" for Patient; there are only so many."""
    return str(kind.__struct_config__.tag)


def server_of_reference(resource: Resource) -> str:
    """The FHIR server that the entry's `fullUrl` gives a resource; empty where that is not its address."""
    url = resource.full_url
    if url is None or url.startswith("urn:"):
        return ""
    own = own_reference(resource)
    if not (resource.id and url.endswith(f"/{own}")):
        return ""
    return server_of(url[: -len(own) - 1])


def away(resource: Resource, home: Home) -> str:
    """The other server on which the resource lies; empty where it is at home."""
    if resource.full_url is None:
        return ""
    server = server_of_reference(resource)
    return "" if server in home.servers else server


def servers_of(answer: Iterable[Resource], known: frozenset[str] = frozenset()) -> frozenset[str]:
    """The server that an answer, or a file, calls its own: the one of all entries, else that of the patient.

    Where one of several servers is `known` to be ours, only that is. What entries only point at may lie
    anywhere: a Medication's address tells nothing.
    """
    found: dict[str, set[str]] = {}
    for resource in filter(_URL, answer):
        kind = kind_of(resource)
        if kind not in POINTED_AT and (server := server_of_reference(resource)):
            found.setdefault(server, set()).add(kind)
    if ours := known.intersection(found):
        return ours
    if len(found) > 1:
        found = {server: kinds for server, kinds in found.items() if "Patient" in kinds}
    return frozenset(found) if len(found) == 1 else frozenset()


def brought_along(value: V, server: str) -> V:
    """A copy of what lies on another server: its relative references are addresses on that server."""
    parts = {name: getattr(value, name) for name in value.__struct_fields__}
    changed = {name: _addressed(part, server) for name, part in parts.items()}
    if isinstance(value, Reference) and value.reference:
        elsewhere = value.reference
        is_relative = "://" not in elsewhere and not elsewhere.startswith(("#", "urn:"))
        changed["reference"] = f"https://{server}/{elsewhere}" if is_relative else elsewhere
    return type(value)(**changed)


def _addressed(part: object, server: str) -> object:
    if isinstance(part, tuple):
        return tuple(_addressed(one, server) for one in part)
    return brought_along(part, server) if isinstance(part, msgspec.Struct) else part


class _Name(FhirType):
    resource_type: str | None = None
    id: str | None = None


def contained(inside: Iterable[msgspec.Raw], reference: str, kind: type[R]) -> R | None:
    """The contained resource that `#id` names, when it is one of `kind` and can be read."""
    for raw in inside:
        try:
            name = msgspec.json.decode(raw, type=_Name)
            if name.id == reference.removeprefix("#") and name.resource_type == kind.__struct_config__.tag:
                return msgspec.json.decode(raw, type=kind)
        except msgspec.ValidationError:
            continue
    return None


def contained_kind(inside: Iterable[msgspec.Raw], reference: str) -> str:
    """The type of the contained resource that `#id` names; "" where none is there, or none can be read."""
    for raw in inside:
        try:
            name = msgspec.json.decode(raw, type=_Name)
        except msgspec.ValidationError:
            continue
        if name.id == reference.removeprefix("#"):
            return name.resource_type or ""
    return ""


class Bag:
    """All resources of one chart, found by `Type/id`, by their address elsewhere, or by an entry's `urn:`.

    Of several versions of one resource the newest counts, so the order of entries never matters. `home` is
    the hospital's own server. `doubles` are those of another server that have the name of one that is here.
    """

    __slots__ = ("_found", "_names", "_plain", "doubles", "home", "resources")

    def __init__(self, resources: Iterable[Resource], home: Home = NOWHERE) -> None:
        self.home = home
        self._names: dict[str, str] = {}
        self._plain: dict[str, str] = {}  # a chart says the same few references again and again
        brought = tuple(resources)
        plain = plainly_named(brought)
        if plain is not None:
            self._found, self.resources, self.doubles = plain, brought, frozenset[int]()
        else:
            self._found, nameless = _by_name(brought, home)
            self.resources = (*self._found.values(), *nameless)
            self.doubles = _doubles(self._found)
        for resource in self.resources if plain is None else ():
            if resource.full_url and resource.full_url.startswith("urn:"):
                self._found[resource.full_url] = resource
                self._names[resource.full_url] = own_reference(resource)

    def name(self, reference: Reference | None) -> str | None:
        """`Type/id` of what a literal reference points at, or its address elsewhere; None without one."""
        if reference is None or not reference.reference:
            return None
        written = reference.reference
        plain = self._plain.get(written)
        if plain is None:
            plain = self._plain[written] = self.home.name(written)
        return self._names.get(plain, plain)

    def name_of(self, resource: Resource) -> str:
        """What a resource of this chart is found by: `Type/id`, or its address on another server."""
        return _at(away(resource, self.home), own_reference(resource))

    def named(self, name: str) -> Resource | None:
        """The resource of this chart with this `Type/id` or address."""
        return self._found.get(name)

    def get(self, reference: Reference | None) -> Resource | None:
        """The resource of this chart that a literal reference points at."""
        name = self.name(reference)
        return self._found.get(name) if name else None


_ID, _URL = attrgetter("id"), attrgetter("full_url")


def plainly_named(resources: Sequence[Resource]) -> dict[str, Resource] | None:
    """The resources by `Type/id`, where each has a name of its own and none says where it lies; else None."""
    if any(map(_URL, resources)) or not all(map(_ID, resources)) or Unread in set(map(type, resources)):
        return None
    found = {f"{type_of(type(resource))}/{resource.id}": resource for resource in resources}
    return found if len(found) == len(resources) and "://" not in "\n".join(found) else None


def _by_name(resources: Iterable[Resource], home: Home) -> tuple[dict[str, Resource], list[Resource]]:
    """Those of one name as one, the newest; and apart from them those without a name."""
    found: dict[str, Resource] = {}
    nameless: list[Resource] = []
    for resource in resources:
        server = "" if resource.full_url is None else away(resource, home)
        kept = brought_along(resource, server) if server else resource
        if kept.id and not isinstance(kept, Unread):
            own = _at(server, own_reference(kept))
            found[own] = newer(kept, found[own]) if own in found else kept
        else:
            nameless.append(kept)
    return found, nameless


def _at(server: str, name: str) -> str:
    return f"https://{server}/{name}" if server else name


def _doubles(found: Mapping[str, Resource]) -> frozenset[int]:
    """By `id()`, the resources of other servers whose `Type/id` is that of another resource of this chart."""
    away = [(own_reference(resource), resource) for name, resource in found.items() if "://" in name]
    often = Counter(name for name, _ in away)
    return frozenset(id(r) for name, r in away if name in found or often[name] > 1)


def newer(resource: Resource, other: Resource | None) -> Resource:
    """Of two copies of one resource: the higher version, then the later update, then a fixed choice."""
    if other is None or other is resource or _version(resource) > _version(other):
        return resource
    return other


def _version(resource: Resource) -> tuple[int, str, bytes]:
    """Servers number versions 1, 2, 3; other version ids say nothing about order: `lastUpdated` decides."""
    meta = resource.meta
    number = meta.version_id if meta else None
    updated = (meta.last_updated if meta else None) or ""
    return (
        int(number) if number and number.isascii() and number.isdigit() else 0,
        updated,
        msgspec.json.encode(resource),
    )
