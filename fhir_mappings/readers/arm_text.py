"""Arm texts -> arms. Only a text that names the drugs, and nothing but the drugs, is read without a table.

What "Arm A" means, a chart does not tell: the trial says it, or the site in its own table.
"""

import re
from collections.abc import Mapping
from functools import cached_property

import msgspec

_PLAIN = (
    r"and|plus|with|in|combined|combination|alone|only|monotherapy|arm|group|therapy|treatment"
    r"|联合|单药|单用|加|和|组|治疗"
)
_NOTHING = r"(?!)"


class ArmTexts(msgspec.Struct, frozen=True, dict=True):
    """How charts name the arms of a trial, as the trial says.

    `drugs` of each arm, as ingredients. `texts`: the arm by a whole text. `spellings`: the ingredient by each
    of its names. Texts and spellings are `in_one_spelling`.
    """

    drugs: Mapping[str, frozenset[str]] = msgspec.field(default_factory=dict)
    texts: Mapping[str, str] = msgspec.field(default_factory=dict)
    spellings: Mapping[str, str] = msgspec.field(default_factory=dict)

    @cached_property
    def parts(self) -> re.Pattern[str]:
        """The next part of a text: a drug, a word that joins drugs, or what stands between words."""
        longest_first = sorted(self.spellings, key=len, reverse=True)
        names = "|".join(map(re.escape, longest_first)) or _NOTHING
        return re.compile(
            rf"(?P<drug>{names})(?![a-z])"
            rf"|(?:{_PLAIN})(?![a-z])"
            r"|[\s+&/,;:()\-，、：（）＋]"
        )


def in_one_spelling(text: str) -> str:
    """A text as arms are compared: lower case, single blanks."""
    return " ".join(text.casefold().split())


def arm_of(text: str, names: ArmTexts, table: Mapping[str, str]) -> str | None:
    """The arm that the site's table, the trial, or else the text itself names; None for anything looser.

    >>> names = ArmTexts(drugs={"A": frozenset({"danazol"})}, spellings={"danocrine": "danazol"})
    >>> arm_of("Danocrine alone", names, {})
    'A'
    """
    plain = in_one_spelling(text)
    for known, arm in (*table.items(), *names.texts.items()):
        if in_one_spelling(known) == plain:
            return arm
    drugs = _drugs_named(plain, names)
    meant = [arm for arm, its in names.drugs.items() if its == drugs] if drugs else []
    return meant[0] if len(meant) == 1 else None


def _drugs_named(text: str, names: ArmTexts) -> frozenset[str]:
    """The drugs of a text made of nothing but drug names and words that join them; else none."""
    drugs: set[str] = set()
    position = 0
    while position < len(text):
        part = names.parts.match(text, position)
        if part is None:
            return frozenset()
        if part["drug"]:
            drugs.add(names.spellings[part["drug"]])
        position = part.end()
    return frozenset(drugs)
