"""How often a dosage line says in words that a drug is taken, and whether it is said not to be taken now.

Only words are looked for that cannot mean anything else: "every morning" may stand for one of two doses, and
"weekly" for a test. What is denied ("not twice a day") is not told from what is said: both leave a doubt.
"""

import re
import unicodedata
from decimal import Decimal

from fhir_mappings.readers.timing import DAY, RHYTHMS, Rhythm

_MORE_WORDS = {
    **dict.fromkeys(("隔日", "隔天", "every second day", "every 2 days", "every two days"), (1, 48)),
    **dict.fromkeys(("早晚各", "一天二次", "1天2次", "2x daily", "2x/day", "2 times daily"), (2, 24)),
    **dict.fromkeys(("2 times a day", "two times a day", "两次/日", "两次/天", "日2次", "日两次"), (2, 24)),
    **dict.fromkeys(("3 times a day", "3 times daily", "一天三次", "1天3次", "1日3次"), (3, 24)),
}
_WORDS = {word: (rhythm.count, int(rhythm.hours)) for word, rhythm in RHYTHMS.items() if not rhythm.times}
_PACES = {word: pace for word, pace in (_WORDS | _MORE_WORDS).items() if pace[1] <= 2 * int(DAY)}
_MOST = r"(?:max(?:imum)?\.?|up to|at most|no more than|not more than|不超过|最多|至多)\s*$"


def _pattern(word: str) -> str:
    """A Latin word stands alone, a number is not the end of a longer one; Chinese stands anywhere."""
    before = r"(?<![a-z0-9])" if word[0].isascii() else ""
    after = r"(?![a-z0-9])" if word[-1].isascii() else ""
    return before + re.escape(word).replace(r"\ ", r"\s+") + after


_ANY_PACE = re.compile("|".join(_pattern(word) for word in sorted(_PACES, key=len, reverse=True)))
_LIMIT = re.compile(_MOST)
_CLAUSES = re.compile(r"[,;.:()\[\]，；。：、（）【】]+")
_AFTER_THE_DOSE = frozenset(
    {"hold", "held", "暂停", "暂停使用", "暂停服用", "停用", "停药", "已停", "已停用", "已停药"}
)
_NOT_NOW = _AFTER_THE_DOSE | {
    *("stop", "stopped", "discontinue", "discontinued", "suspend", "suspended", "on hold"),
    *("停服", "暂缓", "先停", "先停用"),
}


def paces_said(text: str) -> frozenset[tuple[int, int]]:
    """Doses and hours, (2, 24) for "twice a day", of each place in a text that says how often.

    What follows "at most" is no rhythm.
    """
    folded = _folded(text)
    found = (place for place in _ANY_PACE.finditer(folded) if not _LIMIT.search(folded[: place.start()]))
    return frozenset(_PACES[" ".join(place[0].split())] for place in found)


def says_another_pace(text: str, rhythm: Rhythm) -> bool:
    """True when the text says how often, and nowhere as often as the rhythm."""
    said = paces_said(text)
    return bool(said) and not any(Decimal(c) * rhythm.hours == rhythm.count * h for c, h in said)


def says_not_now(text: str) -> bool:
    """True when a clause of the text says no more than that the drug is on hold or stopped.

    "2 mg qd 暂停" ends in such a word; "stop if you have fever" and 不要自行停药 are advice, not news.
    """
    clauses = [" ".join(clause.split()) for clause in _CLAUSES.split(_folded(text))]
    ends = (clause.rpartition(" ")[2] for clause in clauses if " " in clause)
    return any(clause in _NOT_NOW for clause in clauses) or any(end in _AFTER_THE_DOSE for end in ends)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
