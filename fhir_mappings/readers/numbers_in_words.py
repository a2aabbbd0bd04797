"""A number that a laboratory sent as words: "> 30.0 ng/mL", 大于30, "3 - 5 mmol/L" (DECISIONS 52).

A closed form: [comparator] number [unit], or number - number [unit]. What does not fit it from end to end is
no number, however much it looks like one: "ca. 30", "1,200" (a thousand, or one?), "30, to be repeated".
"""

import re
import unicodedata
from typing import NamedTuple

from fhir_mappings.readers.fhir_types import Quantity

_LONGEST = 60  # characters; what is longer is a comment
_MOST_DIGITS = 15  # that a JSON number keeps
_MOST = 10**15

# 以上 and 以下 include the number itself (Civil Code of the People's Republic of China, Article 1259)
_SIGNS = {
    words: sign
    for sign, table in (
        ("<", "<, lt, less than, below, under, 小于, 低于, 少于"),
        ("<=", "<=, =<, ≤, ⩽, ≦, less than or equal to, at most, 小于等于, 小于或等于, 不大于, 不高于"),
        (">", ">, gt, greater than, more than, above, over, 大于, 高于, 多于, 超过"),
        (">=", ">=, =>, ≥, ⩾, ≧, greater than or equal to, at least, 大于等于, 大于或等于, 不小于, 不低于"),
    )
    for words in table.split(", ")
}
_BEHIND = {"以上": ">=", "及以上": ">=", "以下": "<=", "及以下": "<="}

_NUMBER = r"(?:0|[1-9]\d*)(?:\.\d+)?"
_ENDS = r"(?!\d|[.,]\d)"
_FLAGS = re.IGNORECASE | re.ASCII
_SIGN = re.compile("|".join(re.escape(w) for w in sorted(_SIGNS, key=len, reverse=True)), _FLAGS)
_LAST = re.compile("(?:" + "|".join(_BEHIND) + ")$")
_ONE = re.compile(rf"({_NUMBER}){_ENDS}\s*(.*)", _FLAGS)
_POWER = re.compile(r"(?:\s*[x*]\s*10\s*\^\s*|e)(\+?\d{1,2})(?!\d)\s*(.*)", _FLAGS)
_SPAN = re.compile(rf"({_NUMBER})\s*([^\d\s~-]\S*)?\s*(?:-|~|to|至|到)\s*({_NUMBER}){_ENDS}\s*(.*)", _FLAGS)
_MARK = re.compile(r"[↑↓]|(?<=\d)\s*\*$|\s*\((?:h|l|hh|ll)\)$", _FLAGS)
"""A laboratory's mark for high or low: it changes nothing about the number."""
_LOOKALIKES = str.maketrans(dict.fromkeys("‐‑‒–—―−～〜∼", "-") | {"×": "x", "✕": "x", "∗": "*"})
_SUPERSCRIPT = re.compile("10([⁰¹²³⁴⁵⁶⁷⁸⁹]+)")


class Said(NamedTuple):
    """What words say: the amounts that they may be, all equal, of which the first in a known unit counts.

    A power of ten may belong to the number or to the unit: "9 x10^3/uL". `high`: of a range its upper end.
    """

    low: tuple[Quantity, ...]
    high: tuple[Quantity, ...] = ()


def sign_of(words: str) -> str | None:
    """FHIR's comparator for a sign or a word for one; empty for an equals sign, None for any other."""
    plain = _plain(words).casefold()
    return "" if plain in ("", "=") else _SIGNS.get(plain)


def number_in(text: str) -> Said | None:
    """What the whole text says; None where it is not of the closed form."""
    if len(text) > _LONGEST:
        return None
    plain = _MARK.sub("", _plain(text)).strip()
    before = _SIGN.match(plain)
    last = _LAST.search(plain)
    if span := _SPAN.fullmatch(plain):
        return _span(*span.groups())
    if before and last:
        return None
    sign = _SIGNS[before[0].casefold()] if before else _BEHIND[last[0]] if last else None
    rest = plain[before.end() if before else 0 : last.start() if last else None].strip()
    found = tuple(_amounts(rest, sign))
    return Said(found) if found else None


def _plain(text: str) -> str:
    """Half width, one kind of dash and of times sign, powers of ten with their caret."""
    raised = _SUPERSCRIPT.sub(lambda power: "10^" + power[1], text)
    return " ".join(unicodedata.normalize("NFKC", raised).translate(_LOOKALIKES).split())


def _amounts(text: str, sign: str | None) -> list[Quantity]:
    one = _ONE.fullmatch(text)
    if one is None:
        return []
    number, rest = one.groups()
    found = [_quantity(number, 0, rest, sign)]
    if power := _POWER.fullmatch(text[one.end(1) :]):
        found.append(_quantity(number, int(power[1]), power[2], sign))
    return [quantity for quantity in found if quantity is not None]


def _span(low: str, unit: str | None, high: str, last: str) -> Said | None:
    """Both ends in the unit that stands behind the second; one behind the first must be the same."""
    if unit and unit.casefold() != last.casefold():
        return None
    ends = _quantity(low, 0, last, None), _quantity(high, 0, last, None)
    if ends[0] is None or ends[1] is None or (ends[0].value or 0) > (ends[1].value or 0):
        return None
    return Said((ends[0],), (ends[1],))


def _quantity(number: str, power: int, unit: str, sign: str | None) -> Quantity | None:
    if len(number) > _MOST_DIGITS:
        return None
    value = float(f"{number}e{power}") if power or "." in number else int(number)
    return Quantity(value=value, comparator=sign, unit=unit or None) if value < _MOST else None
