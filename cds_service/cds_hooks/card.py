"""Cards as CDS Hooks 2.0.1 defines them; a card that breaks the standard cannot be built.

Every limit is checked on construction, so whoever words a card hears of a fault where it is made, not from
the EHR. `as_json()` leaves out whatever is empty (CH-004, CH-005).
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple

import msgspec

SUMMARY_LIMIT = 140
"""A summary is one sentence of fewer code points than this (CH-076)."""


class Form(NamedTuple):
    """How a text is written, and what such a text is called."""

    pattern: re.Pattern[str]
    name: str


_UUID = Form(re.compile(r"(urn:uuid:)?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"), "a UUID")
_ABSOLUTE_URL = Form(re.compile(r"https?://[^\s/?#]+[^\s]*"), "an absolute http(s) URL")
_FIRST = ("uuid", "summary", "detail")
_RELATIVE_REFERENCE = re.compile(r"[A-Za-z]+/[A-Za-z0-9\-.]{1,64}")


class InvalidCard(ValueError):
    """A card, or a part of one, breaks the standard. `element` names the part, `problem` says how."""

    def __init__(self, element: str, problem: str) -> None:
        super().__init__(f"{element}: {problem}")
        self.element = element
        self.problem = problem


class SummaryTooLong(InvalidCard):
    """The summary has `length` code points, and 139 are allowed."""

    def __init__(self, length: int) -> None:
        super().__init__("summary", f"has {length} code points; fewer than {SUMMARY_LIMIT} are allowed")
        self.length = length


class Indicator(StrEnum):
    """Urgency of a card (CH-078)."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class SelectionBehavior(StrEnum):
    """How many of a card's suggestions may be taken (CH-082)."""

    AT_MOST_ONE = "at-most-one"
    ANY = "any"


class ActionType(StrEnum):
    """What a suggestion's action does to the chart (CH-098)."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class LinkType(StrEnum):
    """A plain page, or a SMART app to launch (CH-109)."""

    ABSOLUTE = "absolute"
    SMART = "smart"


class CardPart(msgspec.Struct, frozen=True, rename="camel"):
    """A card or a part of one, written as its fields under the standard's names.

    `TEXTS`: the fields that must not be empty, by the standard's name of each; `FORMS`: those that have a
    form where they are there.
    """

    TEXTS: ClassVar[Mapping[str, str]] = {}
    FORMS: ClassVar[Mapping[str, tuple[str, Form]]] = {}

    def __post_init__(self) -> None:
        for element, field in self.TEXTS.items():
            text = getattr(self, field)
            if not text or text.isspace():
                raise InvalidCard(element, "must not be empty")
        for element, (field, form) in self.FORMS.items():
            text = getattr(self, field)
            if text is not None and not form.pattern.fullmatch(text):
                raise InvalidCard(element, f"must be {form.name}")

    def as_json(self) -> dict[str, Any]:
        """The JSON object, what is looked for first in front, without any null or empty member."""
        told = msgspec.to_builtins(self, builtin_types=(Decimal,))
        return without_empty({name: told.get(name) for name in _FIRST} | told)


class CardCoding(CardPart, frozen=True):
    """The CDS Hooks Coding: `code` and `system` are required, unlike FHIR's (CH-113, CH-114)."""

    TEXTS = {"coding.code": "code", "coding.system": "system"}

    code: str
    system: str
    display: str | None = None


class CardSource(CardPart, frozen=True):
    """Where the guidance comes from; `url` is about the source, never about a patient (CH-088..091)."""

    TEXTS = {"source.label": "label"}
    FORMS = {"source.url": ("url", _ABSOLUTE_URL), "source.icon": ("icon", _ABSOLUTE_URL)}

    label: str
    url: str | None = None
    icon: str | None = None
    topic: CardCoding | None = None


class CardLink(CardPart, frozen=True):
    """A page or SMART app; `app_context` only for the latter (CH-107..110)."""

    TEXTS = {"link.label": "label", "link.url": "url"}
    FORMS = {"link.url": ("url", _ABSOLUTE_URL)}

    label: str
    url: str
    type: LinkType = LinkType.ABSOLUTE
    app_context: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.app_context is not None and self.type is not LinkType.SMART:
            raise InvalidCard("link.appContext", "is for SMART links only")


class CardAction(CardPart, frozen=True):
    """One change of the chart: a whole new or updated resource, or the reference of one to delete.

    A resource to create has no id yet; a resource to update has its id and is complete, never a patch
    (CH-100, CH-101); one to delete is named by a relative reference (CH-103).
    """

    TEXTS = {"action.description": "description"}

    type: ActionType
    description: str
    resource: Mapping[str, Any] | None = None
    resource_id: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        resource = self.resource or {}
        if self.type is ActionType.DELETE:
            self._check_delete()
        elif self.resource_id is not None:
            raise InvalidCard("action.resourceId", f"does not belong to a {self.type}")
        elif not resource.get("resourceType"):
            raise InvalidCard("action.resource", f"a {self.type} needs a FHIR resource")
        elif bool(resource.get("id")) is not (self.type is ActionType.UPDATE):
            raise InvalidCard("action.resource.id", "is there when updating, and never when creating")

    def _check_delete(self) -> None:
        if self.resource is not None:
            raise InvalidCard("action.resource", "a delete names its resource by resourceId only")
        if not _RELATIVE_REFERENCE.fullmatch(self.resource_id or ""):
            raise InvalidCard("action.resourceId", "a delete needs a relative reference such as Task/1")


class Suggestion(CardPart, frozen=True, omit_defaults=True):
    """Actions that belong together, behind one button (CH-092..095); `is_recommended` is said only if so."""

    TEXTS = {"suggestion.label": "label"}
    FORMS = {"suggestion.uuid": ("uuid", _UUID)}

    label: str
    uuid: str | None = None
    is_recommended: bool = False
    actions: tuple[CardAction, ...] = ()


class Card(CardPart, frozen=True):
    """One piece of guidance. Raises InvalidCard (or SummaryTooLong) when it breaks the standard."""

    TEXTS = {"summary": "summary"}
    FORMS = {"uuid": ("uuid", _UUID)}

    summary: str
    indicator: Indicator
    source: CardSource
    detail: str | None = None
    suggestions: tuple[Suggestion, ...] = ()
    selection_behavior: SelectionBehavior | None = None
    override_reasons: tuple[CardCoding, ...] = ()
    links: tuple[CardLink, ...] = ()
    uuid: str | None = None
    extension: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.summary) >= SUMMARY_LIMIT:
            raise SummaryTooLong(len(self.summary))
        if not all(reason.display and reason.display.strip() for reason in self.override_reasons):
            raise InvalidCard("overrideReasons.display", "must not be empty")
        if self.suggestions and self.selection_behavior is None:
            raise InvalidCard("selectionBehavior", "is required with suggestions")
        recommended = sum(s.is_recommended for s in self.suggestions)
        if recommended > 1 and self.selection_behavior is SelectionBehavior.AT_MOST_ONE:
            raise InvalidCard("suggestions", "only one may be recommended when at most one may be taken")


_EMPTY: tuple[Any, ...] = (None, "", [], {})
_FLAT = frozenset({str, bool, int, float, type(None)})


def without_empty(members: Mapping[str, Any]) -> dict[str, Any]:
    """The members that are not null, "", [] or {}, all the way down.

    A null within an array stays: in FHIR it keeps a primitive and its extension side by side.
    """
    pruned = {name: value if type(value) in _FLAT else _pruned(value) for name, value in members.items()}
    return {name: value for name, value in pruned.items() if value not in _EMPTY}


def _pruned(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        pruned = [item if type(item) in _FLAT else _pruned(item) for item in value]
        return [item for item in pruned if item is None or item not in _EMPTY]
    return without_empty(value) if isinstance(value, Mapping) else value
