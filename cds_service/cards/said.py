"""What the program says by name, as a list beside it: rules, sentences of the cards, sentences of each page.

A reviewed folder that lacks one of them is refused at the start, not by a call that fails. The list is drawn
from the program's own source by `python -m cds_service.cli.said_in_code`; a test holds the two together.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files

import msgspec

FILE = "said.json"


class SaidByName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Names of rules and criteria; keys of sentences, those of a page by the page's package."""

    rules: tuple[str, ...]
    sentences: tuple[str, ...]
    pages: dict[str, tuple[str, ...]]


@cache
def said_by_name() -> SaidByName:
    """The list that came with this program."""
    return msgspec.json.decode((files("cds_service.cards") / FILE).read_bytes(), type=SaidByName)


def lacking_rules(rules: Iterable[str], visit_weeks: Iterable[int] = ()) -> list[str]:
    """A fault for each rule and criterion that the program names, or a visit asks for, and no file holds."""
    there = set(rules)
    named = [
        f"rule {name}: the program names it, and no reviewed file holds it"
        for name in _lost(said_by_name().rules, there)
    ]
    weeks = [f"MON-W{week}" for week in visit_weeks]
    asked = [
        f"rule {name}: a visit asks for it, and no reviewed file holds it" for name in _lost(weeks, there)
    ]
    return named + asked


def lacking_sentences(
    language: str, sentences: Mapping[str, str], ingredients: Iterable[str] = ()
) -> list[str]:
    """A fault for each sentence of the cards that the wording lacks, with names of interacting drugs."""
    wanted = (*said_by_name().sentences, *(f"interactions.name.{one}" for one in sorted(ingredients)))
    return [f"wording {language}: {key} is missing" for key in _lost(wanted, sentences)]


def lacking_on_page(page: str, language: str, sentences: Mapping[str, str]) -> list[str]:
    """A fault for each sentence of a page that neither its own words nor the cards' hold."""
    lost = _lost(said_by_name().pages.get(page, ()), sentences)
    return [f"wording {language}: {key} is missing, for the page of cds_service.{page}" for key in lost]


def _lost(wanted: Iterable[str], there: Iterable[str] | Mapping[str, str]) -> Iterator[str]:
    held = frozenset(there)
    yield from (name for name in dict.fromkeys(wanted) if name not in held)
