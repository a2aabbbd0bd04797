"""A number that stands in words, "> 30.0 ng/mL" or 大于30 ng/mL -> a Quantity: a closed form alone.

[comparator] number unit (DECISIONS 52), the comparator before it or as 以上/以下 behind it; a laboratory's
mark for high or low is left out. Whether the unit is one of the analyte's, its table says. No number are a
range, a sentence, a number without its unit, and one that begins with an idle zero ("01.5", perhaps 10.5).
"""

import re
import unicodedata

from fhir_mappings.clinical_model.quantity import is_known_unit
from fhir_mappings.readers.fhir_types import Quantity

_LONGEST = 60  # characters; what is longer is a comment
_SIGNS = {
    words: sign
    for sign, table in (
        (">", ">, gt, greater than, more than, above, over, 大于, 高于, 多于, 超过"),
        (">=", ">=, =>, ≥, ⩾, ≧, ge, greater than or equal to, at least"),
        (">=", "大于等于, 大于或等于, 不小于, 不低于"),
        ("<", "<, lt, less than, below, under, 小于, 低于, 少于"),
        ("<=", "<=, =<, ≤, ⩽, ≦, le, less than or equal to, at most"),
        ("<=", "小于等于, 小于或等于, 不大于, 不高于, 不超过"),
    )
    for words in table.split(", ")
}
# 以上 and 以下 include the number itself (Civil Code of the People's Republic of China, Article 1259)
_BEHIND = {"以上": ">=", "及以上": ">=", "以下": "<=", "及以下": "<="}
_LONGEST_FIRST = "|".join(map(re.escape, sorted(_SIGNS, key=len, reverse=True)))
_FORM = re.compile(
    rf"(?P<sign>{_LONGEST_FIRST})?\s*(?P<number>(?:0|[1-9]\d{{0,8}})(?:\.\d{{1,6}})?)(?P<tail>\s*[^\s\d.,].*)",
    re.IGNORECASE,
)
_POWER = re.compile(r"\s*(?:[x×*]\s*10\s*\^\s*|e)\+?(\d{1,2})\s+(.*)", re.IGNORECASE)
_LAST = re.compile("(" + "|".join(sorted(_BEHIND, key=len, reverse=True)) + ")$")
_MARK = re.compile(r"[↑↓]|\s\(?(?:h|l|hh|ll)\)?$|\((?:h|l|hh|ll)\)$", re.IGNORECASE)
_SUPERSCRIPT = re.compile("10([⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_NO_UNIT = re.compile("[;,<>=≥≤]|^[-~]")


def sign_of(words: str) -> str | None:
    """FHIR's comparator for a sign or a word; empty for none or an equals sign, None for any other."""
    plain = _plain(words).casefold()
    return "" if plain in ("", "=") else _SIGNS.get(plain)


def _plain(words: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", words).split())


def quantity_in_words(text: str | None) -> Quantity | None:
    """The amount that the words are, in a unit that some table knows; None for words of any other form."""
    if not text or len(text) > _LONGEST:
        return None
    raised = _SUPERSCRIPT.sub(lambda power: f"10^{power[1]}", text)
    plain = _MARK.sub("", _plain(raised).rstrip("."))
    last = _LAST.search(plain)
    found = _FORM.fullmatch(_LAST.sub("", plain).strip())
    if found is None or (found["sign"] and last):
        return None
    sign = _BEHIND[last[0]] if last else sign_of(found["sign"] or "")
    return _quantity(found["number"], found["tail"].strip(), sign or None)


def _quantity(number: str, tail: str, sign: str | None) -> Quantity | None:
    """A power of ten belongs to the unit where a table knows it so ("x10^9/L"), else to the number."""
    if _NO_UNIT.search(tail):
        return None
    if is_known_unit(tail):
        value = float(number) if "." in number else int(number)
        return Quantity(value=value, comparator=sign, unit=tail)
    power = _POWER.fullmatch(tail)
    if power is None or not is_known_unit(power[2]):
        return None
    return Quantity(value=float(f"{number}e{power[1]}"), comparator=sign, unit=power[2])
