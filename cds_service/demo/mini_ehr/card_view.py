"""A card as a record system shows it. What the standard forbids is not offered to the user (CH-083)."""

import re
import uuid
from dataclasses import dataclass
from urllib.parse import urlsplit

from markupsafe import Markup

from cds_service.demo.cds_client import LOUDNESS
from cds_service.demo.json_http import Json
from cds_service.demo.mini_ehr.markdown import one_line, safe_html

BEHAVIOURS = ("at-most-one", "any")
_FOLD = re.compile(
    r"\A(?:(?P<first>.*?)\n\n---\n\n)?(?:\*\*(?P<title>[^*\n]+)\*\*\n\n)?(?P<rest>.*)\Z", re.DOTALL
)
"""What stands before the first rule of a detail is seen at once; a bold line after it names the fold."""


@dataclass(frozen=True, slots=True)
class SuggestionView:
    """One suggestion: its number in the card, and what accepting it does, action by action."""

    number: int
    label: str
    recommended: bool
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LinkView:
    """One link; `host` is shown so that nobody is led somewhere unawares. A smart link is an EHR launch."""

    number: int
    label: str
    url: str
    host: str
    smart: bool


@dataclass(frozen=True, slots=True)
class JudgedLevel:
    """A level that a card judged, in ng/mL, with the target it holds it against, where there is one."""

    value: float
    day: str
    decides: bool
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class CardView:
    """`key` names the card in this mini-EHR. `unusable` is a selection behaviour that we do not know."""

    key: str
    service: str
    title: str
    indicator: str
    rank: int
    summary: Markup
    detail: Markup
    why: Markup
    why_title: str
    source: str
    source_url: str
    topic: str
    suggestions: tuple[SuggestionView, ...]
    links: tuple[LinkView, ...]
    reasons: tuple[str, ...]
    unusable: str
    judged: JudgedLevel | None = None

    @property
    def is_row(self) -> bool:
        """Mere information whose heading says it all, with nothing recommended: one line, that opens."""
        asks = any(suggestion.recommended for suggestion in self.suggestions)
        return self.indicator == "info" and bool(self.why) and not (self.detail or asks or self.unusable)

    @property
    def must_say_why(self) -> bool:
        """A danger is not clicked away: whoever dismisses it says why."""
        return self.indicator == "critical"


def card_view(card: Json, service: str, title: str) -> CardView:
    """Read a card leniently: whatever a service left out is empty here, and nothing of it is trusted."""
    source = card.get("source") or {}
    indicator = str(card.get("indicator"))
    behaviour = str(card.get("selectionBehavior", ""))
    suggestions = card.get("suggestions") or []
    unusable = behaviour or "—" if suggestions and behaviour not in BEHAVIOURS else ""
    first, title, why = _folded(str(card.get("detail") or ""))
    return CardView(
        key=str(card.get("uuid") or uuid.uuid4()),
        service=service,
        title=title,
        indicator=indicator if indicator in LOUDNESS else "warning",
        rank=LOUDNESS.get(indicator, LOUDNESS["warning"]),
        summary=one_line(str(card.get("summary", ""))),
        detail=safe_html(first),
        why=safe_html(why),
        why_title=title,
        source=str(source.get("label", "")),
        source_url=_web_address(source.get("url")),
        topic=str((source.get("topic") or {}).get("display", "")),
        suggestions=() if unusable else tuple(_suggestion(n, s) for n, s in enumerate(suggestions)),
        links=tuple(link for n, entry in enumerate(card.get("links") or []) if (link := _link(n, entry))),
        reasons=tuple(str(reason.get("display", "")) for reason in card.get("overrideReasons") or []),
        unusable=unusable,
        judged=_judged(card),
    )


_DECISION = "org.aa-cds.decision"


def _judged(card: Json) -> JudgedLevel | None:
    """The level in the decision extension of a dosing card; None for any other card."""
    decision = _inside(_inside(_inside(card, "extension"), _DECISION), "decision")
    trough, target = _inside(decision, "trough"), _inside(decision, "target")
    value, day = trough.get("value"), trough.get("collected")
    if not isinstance(value, int | float) or not isinstance(day, str):
        return None
    decides = trough.get("validity") == "VALID" and not trough.get("comparator")
    low, high = (_number(target.get(edge)) for edge in ("low", "high"))
    return JudgedLevel(float(value), day[:10], decides, low, high)


def _inside(element: Json, name: str) -> Json:
    found = element.get(name)
    return found if isinstance(found, dict) else {}


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _folded(detail: str) -> tuple[str, str, str]:
    """What is seen at once, and the name and text of what is folded up: nothing, where no rule is drawn."""
    found = _FOLD.match(detail)
    if found is None or (found["first"] is None and found["title"] is None):
        return detail, "", ""
    return found["first"] or "", found["title"] or "", found["rest"]


def _suggestion(number: int, entry: Json) -> SuggestionView:
    actions = tuple(str(action.get("description", "")) for action in entry.get("actions") or [])
    label = str(entry.get("label", ""))
    return SuggestionView(
        number, label, entry.get("isRecommended") is True, tuple(text for text in actions if text != label)
    )


def _link(number: int, entry: Json) -> LinkView | None:
    url = _web_address(entry.get("url"))
    if not url:
        return None
    smart = entry.get("type") == "smart"
    return LinkView(number, str(entry.get("label", "")), url, urlsplit(url).hostname or "", smart)


def _web_address(url: object) -> str:
    """The address where it is one a browser may open; "" for javascript:, data: and the like."""
    return url if isinstance(url, str) and urlsplit(url).scheme in ("http", "https") else ""
