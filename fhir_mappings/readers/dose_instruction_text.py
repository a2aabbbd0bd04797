"""Does what a dosage line says in words contradict its dose in figures (DECISIONS 54, 64)?

Then nobody knows which of the two is meant.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from decimal import Decimal

from fhir_mappings.readers.frequency_words import says_another_pace, says_not_now
from fhir_mappings.readers.timing import Rhythm

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
    texts: Iterable[str | None],
    amount_mg: Decimal,
    daily_mg: Decimal,
    mg_per_piece: Decimal | None,
    rhythm: Rhythm | None = None,
) -> bool:
    """True when one of the texts names another amount than each dose, the day's amount, or the tablets of it,
    says that it is taken at another `rhythm`, where one is given, or that it is on hold.

    The strength of a tablet, and a number after "maximum" or "not more than", is no dose. Words without a
    number contradict no amount.
    """
    right = {amount_mg, daily_mg}
    return any(
        _other_amount(text, right, mg_per_piece)
        or (rhythm is not None and _other_rhythm(text, rhythm, amount_mg, daily_mg))
        or says_not_now(text)
        for text in texts
        if text
    )


def _other_rhythm(text: str, rhythm: Rhythm, amount_mg: Decimal, daily_mg: Decimal) -> bool:
    """ "150 mg daily" beside 75 mg twice a day tells the day's amount, and no rhythm."""
    named = set(_numbers(_MILLIGRAMS, unicodedata.normalize("NFKC", text)))
    return not (daily_mg in named and amount_mg not in named) and says_another_pace(text, rhythm)


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
