"""Does what a dosage line says in words contradict its dose in figures (DECISIONS 54, 64)?

Then nobody knows which of the two is meant.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from decimal import Decimal

_NUMBER = r"(?<![\d.,/–-])(\d{1,5}(?:\.\d{1,4})?)\s*"
_MILLIGRAMS = re.compile(_NUMBER + r"(?:mg|milligrams?|毫克)(?![\w/]|\s*/)", re.IGNORECASE)
_PIECES = re.compile(
    _NUMBER + r"(?:tablets?|tabs?|capsules?|caps?|pills?|片|粒|颗)(?![a-z]|\s*/)", re.IGNORECASE
)
_LIMIT = re.compile(
    r"(?:max(?:imum)?\.?|exceed|exceeding|more than|up to|at most|不超过|不得超过|最大|最多|上限)"
    r"[^\d;,.，。；]*$",
    re.IGNORECASE,
)


def contradicts(
    texts: Iterable[str | None], amount_mg: Decimal, daily_mg: Decimal, mg_per_piece: Decimal | None
) -> bool:
    """True when one of the texts names another amount than each dose, the day's amount, or the tablets of it.

    The strength of a tablet, and a number after "maximum" or "not more than", is no dose. Words without a
    number contradict nothing.
    """
    right = {amount_mg, daily_mg}
    return any(_other_amount(text, right, mg_per_piece) for text in texts if text)


def _other_amount(text: str, right: set[Decimal], mg_per_piece: Decimal | None) -> bool:
    folded = unicodedata.normalize("NFKC", text)
    counts, named = set(_numbers(_PIECES, folded)), set(_numbers(_MILLIGRAMS, folded))
    strengths = named | ({mg_per_piece} if mg_per_piece else set())
    if named & right or any(count * each in right for count in counts for each in strengths):
        return False
    if named - {mg_per_piece}:
        return True
    return len(counts) == 1 and mg_per_piece is not None


def _numbers(form: re.Pattern[str], text: str) -> Iterator[Decimal]:
    for found in form.finditer(text):
        if not _LIMIT.search(text[: found.start()]):
            yield Decimal(found[1])
