"""The reviewed content by the question that a clinician asks of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cds_service.review.reviewed_content import SITE, Content

QUESTIONS: Mapping[str, tuple[str, ...]] = {
    "who": ("eligibility", "counts", "ciclosporin_failure", "questionnaire"),
    "level": ("titration", "levels", "same_moment"),
    "dose": ("doses",),
    "kidney": ("renal",),
    "safety": ("safety",),
    "interactions": ("interactions",),
    "tests": ("monitoring",),
    "orders": ("orders",),
    "response": ("response", "response_profiles"),
    "quiet": ("restraint",),
    "site": (SITE,),
    "words": ("wording/",),
    "codes": ("codes/",),
}
"""Which files answer which question; a name that ends in "/" is a folder."""
OTHER = "other"
"""The question of an item that no question above names: it is never left out of a review."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to review. `origin` is P, L, G or A, "" for a sentence or a code list."""

    name: str
    question: str
    value: str
    unit: str
    origin: str
    source: str
    sentence: str


def question_of(name: str) -> str:
    """The question that an item belongs to."""
    if "/" in name:
        folder = name.partition("/")[0] + "/"
        return next((q for q, topics in QUESTIONS.items() if folder in topics), OTHER)
    topic = name.partition(".")[0]
    return next((q for q, topics in QUESTIONS.items() if topic in topics), OTHER)


def items_of(content: Content) -> dict[str, list[Item]]:
    """Every item, in the order of the questions and of the names."""
    found: dict[str, list[Item]] = {question: [] for question in (*QUESTIONS, OTHER)}
    for name in sorted(content.items):
        found[question_of(name)].append(_item(name, content.value(name)))
    return {question: items for question, items in found.items() if items}


def _item(name: str, value: Any) -> Item:
    table = value if isinstance(value, dict) else {}
    followed = f"= {table['same_as']}" if "same_as" in table else ""
    said = table.get("value", followed if "origin" in table else _told(value))
    told = {key: str(table.get(key, "")) for key in ("unit", "origin", "source", "sentence")}
    return Item(name, question_of(name), str(said), **told)


def _told(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], list):
        return f"{len(value) - 1} rows"
    return str(value)
