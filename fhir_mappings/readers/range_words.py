"""A laboratory's usual range that stands in words, "57-97 umol/L" or "< 40": a closed form alone.

Low and high with a dash or 至 between them, or one sign before one number; a unit behind it, or none, and
then that of the value. What is longer ("men: 57-97") says for whom it holds, and is not read.
"""

import re
import unicodedata

from fhir_mappings.readers.fhir_types import Quantity
from fhir_mappings.readers.number_words import sign_of
from fhir_mappings.readers.observation_types import ReferenceRange

_LONGEST = 40  # characters; what is longer is a comment
_NUMBER = r"(?:0|[1-9]\d{0,8})(?:\.\d{1,6})?"
_UNIT = r"\s*(?P<unit>[^\s\d.,<>=~-].*)?"
_BETWEEN = re.compile(rf"(?P<low>{_NUMBER})\s*(?:-{{1,2}}|~|–|—|至|to)\s*(?P<high>{_NUMBER}){_UNIT}")
_ONE_END = re.compile(rf"(?P<sign>[^\d\s]{{1,6}})\s*(?P<number>{_NUMBER}){_UNIT}")


def with_ends(usual: ReferenceRange) -> ReferenceRange:
    """The range with the ends that its words tell, where it has none in numbers."""
    if usual.low is not None or usual.high is not None or not usual.text:
        return usual
    low, high = _ends(usual.text)
    return ReferenceRange(low=low, high=high, type=usual.type, applies_to=usual.applies_to, age=usual.age)


def _ends(text: str) -> tuple[Quantity | None, Quantity | None]:
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    if len(plain) > _LONGEST:
        return None, None
    if both := _BETWEEN.fullmatch(plain):
        return _amount(both["low"], both["unit"]), _amount(both["high"], both["unit"])
    one = _ONE_END.fullmatch(plain)
    match sign_of(one["sign"]) if one else None:
        case "<" | "<=":
            assert one is not None
            return None, _amount(one["number"], one["unit"])
        case ">" | ">=":
            assert one is not None
            return _amount(one["number"], one["unit"]), None
    return None, None


def _amount(number: str, unit: str | None) -> Quantity:
    return Quantity(value=float(number) if "." in number else int(number), unit=unit)
