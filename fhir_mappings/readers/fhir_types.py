"""The FHIR R4 data types that several resources share, as typed structs of just the elements we use.

Decoding is strict about types and silent about elements we do not name. A `modifierExtension` or
`implicitRules` on a resource is part of every struct: a resource that carries one is not used (DECISIONS 20).
JSON numbers arrive as int or float; `Decimal(repr(x))` gives back what was written (up to 15 digits).
"""

from typing import Any

import msgspec


class FhirType(msgspec.Struct, rename="camel", kw_only=True, gc=False):
    """Base of every data type: names in camel case, unknown elements ignored.

    JSON holds no circles, so the garbage collector need not look for them in a chart. What readers remember
    by is frozen, which msgspec allows beside a base that is not, and mypy's rule for dataclasses does not.
    """


class Coding(FhirType, frozen=True):  # type: ignore[misc]
    """A code of a code system."""

    system: str | None = None
    code: str | None = None
    display: str | None = None


class CodeableConcept(FhirType, frozen=True):  # type: ignore[misc]
    """Codes for one idea, and its words."""

    coding: tuple[Coding, ...] = ()
    text: str | None = None


class Identifier(FhirType):
    """A business identifier."""

    system: str | None = None
    value: str | None = None


class Reference(FhirType):
    """A reference to another resource, literal or by identifier."""

    reference: str | None = None
    type: str | None = None
    identifier: Identifier | None = None
    display: str | None = None


class Quantity(FhirType, frozen=True):  # type: ignore[misc]
    """An amount; `code` with `system` UCUM is preferred to `unit`."""

    value: int | float | None = None
    comparator: str | None = None
    unit: str | None = None
    system: str | None = None
    code: str | None = None


class Period(FhirType):
    """A stretch of time, either end open."""

    start: str | None = None
    end: str | None = None


class Range(FhirType, frozen=True):  # type: ignore[misc]
    """Two quantities, either end open."""

    low: Quantity | None = None
    high: Quantity | None = None


class Ratio(FhirType):
    """Numerator per denominator."""

    numerator: Quantity | None = None
    denominator: Quantity | None = None


class Meta(FhirType):
    """Version and security marks."""

    last_updated: str | None = None
    version_id: str | None = None


class Resource(FhirType, tag_field="resourceType", kw_only=True):
    """Base of every resource; subclasses carry `tag="TheirName"`.

    `full_url` is no element of a resource: decoding copies it from the Bundle entry, because `urn:uuid`
    references are resolved by it, and because it tells on which server the resource lies.
    """

    full_url: str | None = None
    id: str | None = None
    meta: Meta | None = None
    implicit_rules: str | None = None
    modifier_extension: tuple[dict[str, Any], ...] = ()

    @property
    def is_modified(self) -> bool:
        """True when an unknown modifier may change the meaning of the whole resource."""
        return bool(self.modifier_extension or self.implicit_rules)


class Unread(Resource, tag="(unread)"):
    """An entry that does not decode, as far as its own text still tells what it is.

    `kind` is its resource type, empty where not even that can be seen. `concepts` are what it calls itself,
    `written` its value and `dates` its dates as they stand. `problem` and `detail` name what is wrong.
    """

    kind: str = ""
    problem: str = "ENTRY_UNREADABLE"
    detail: str = ""
    status: str | None = None
    concepts: tuple[CodeableConcept, ...] = ()
    written: str = ""
    dates: tuple[str, ...] = ()
    subject: Reference | None = None
