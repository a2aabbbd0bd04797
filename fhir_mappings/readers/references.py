"""References in one spelling, and finding what they point at.

Hospitals write one reference in many ways: `Patient/1`, `https://ehr.example/fhir/Patient/1`,
`Patient/1/_history/3`, `urn:uuid:...` (the entry's `fullUrl`), `#1` (contained). All but the last are brought
to `Type/id` here.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import TypeVar

import msgspec

from fhir_mappings.readers.fhir_types import FhirType, Reference, Resource, Unread

R = TypeVar("R", bound=Resource)
_FETCHABLE = re.compile(r"(?:Medication|ResearchStudy)/(?!\.+$)[A-Za-z0-9\-.]{1,64}")


def relative(reference: str) -> str:
    """`Type/id` of a literal reference, without server and version; `urn:` and `#` ones as they stand."""
    if reference.startswith(("#", "urn:")):
        return reference
    path = reference.partition("/_history/")[0]
    return "/".join(path.rsplit("/", 2)[1:]) if "://" in path else path


def fetchable(name: str) -> bool:
    """True for a well-formed `Type/id` of a product or study: it is going to be part of an address."""
    return _FETCHABLE.fullmatch(name) is not None


def own_reference(resource: Resource) -> str:
    """How other resources, and our evidence, name this resource; only its type when it has no id."""
    kind = kind_of(resource)
    return f"{kind}/{resource.id}" if resource.id else kind


def kind_of(resource: Resource) -> str:
    """The FHIR name of its type; of an unread entry the one it shows, empty where it shows none."""
    return resource.kind if isinstance(resource, Unread) else type_of(type(resource))


@cache
def type_of(kind: type[Resource]) -> str:
    """The name of a resource type, "Patient" for Patient; there are only so many."""
    return str(kind.__struct_config__.tag)


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


class Bag:
    """All resources of one chart, found by `Type/id` or by the `urn:` of their entry.

    Of several versions of one resource the newest counts, so the order of entries never matters.
    """

    __slots__ = ("_found", "_names", "_plain", "resources")

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._found: dict[str, Resource] = {}
        self._names: dict[str, str] = {}
        self._plain: dict[str, str] = {}  # a chart says the same few references again and again
        nameless: list[Resource] = []
        for resource in resources:
            if resource.id and not isinstance(resource, Unread):
                own = own_reference(resource)
                self._found[own] = newer(resource, self._found.get(own))
            else:
                nameless.append(resource)
        self.resources: tuple[Resource, ...] = (*self._found.values(), *nameless)
        for resource in self.resources:
            if resource.full_url and resource.full_url.startswith("urn:"):
                self._found[resource.full_url] = resource
                self._names[resource.full_url] = own_reference(resource)

    def name(self, reference: Reference | None) -> str | None:
        """`Type/id` of what a literal reference points at; None when there is no literal reference."""
        if reference is None or not reference.reference:
            return None
        written = reference.reference
        plain = self._plain.get(written)
        if plain is None:
            plain = self._plain[written] = relative(written)
        return self._names.get(plain, plain)

    def named(self, name: str) -> Resource | None:
        """The resource of this chart with this `Type/id`."""
        return self._found.get(name)

    def get(self, reference: Reference | None) -> Resource | None:
        """The resource of this chart that a literal reference points at."""
        name = self.name(reference)
        return self._found.get(name) if name else None


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
