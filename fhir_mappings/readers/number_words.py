"""A number that stands in words, "> 30.0 ng/mL" or 大于30 ng/mL -> a Quantity: a closed form alone.

[comparator] number unit (DECISIONS 52). Whether the unit is one of the analyte's, its table says. A range, a
sentence, or a number without its unit is no number.
"""

import re
import unicodedata

from fhir_mappings.readers.fhir_types import Quantity

_COMPARATORS = {
    ">": ">",
    "gt": ">",
    "greater than": ">",
    "more than": ">",
    "大于": ">",
    "高于": ">",
    ">=": ">=",
    "≥": ">=",
    "大于等于": ">=",
    "大于或等于": ">=",
    "<": "<",
    "lt": "<",
    "less than": "<",
    "小于": "<",
    "低于": "<",
    "<=": "<=",
    "≤": "<=",
    "小于等于": "<=",
    "小于或等于": "<=",
}
_LONGEST_FIRST = "|".join(map(re.escape, sorted(_COMPARATORS, key=len, reverse=True)))
_FORM = re.compile(
    rf"\s*(?P<sign>{_LONGEST_FIRST})?\s*(?P<number>\d{{1,9}}(?:\.\d{{1,6}})?)\s*(?P<unit>[^\s\d.,;<>=≥≤-][^;,<>=]*)",
    re.IGNORECASE,
)


def quantity_in_words(text: str | None) -> Quantity | None:
    """The amount that the words are, unit as written; None for words of any other form."""
    if not text or len(text) > 60:
        return None
    found = _FORM.fullmatch(unicodedata.normalize("NFKC", text).strip().rstrip("."))
    if found is None:
        return None
    number = float(found["number"]) if "." in found["number"] else int(found["number"])
    sign = _COMPARATORS.get((found["sign"] or "").casefold())
    return Quantity(value=number, comparator=sign, unit=found["unit"].strip())
