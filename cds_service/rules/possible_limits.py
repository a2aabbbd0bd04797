"""What a limit can mean by itself: a number in the span of its unit, a list that is whole, words that tell.

A site's value outside would silence a rule or break a call. The spans are wide: they keep out slips of the
pen (a year for a day, milligrams for grams) and what no calendar holds, not another opinion.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

SPANS: Mapping[str, tuple[str, str]] = {
    "": ("0", "0"),  # no numbers: names, words, yes or no
    "state": ("0", "0"),
    "%": ("0", "100"),
    "1": ("0.01", "100"),
    "10*9/L": ("0", "1000"),
    "Cel": ("30", "45"),
    "U/L": ("1", "1000"),
    "[IU]/L": ("0", "1000"),
    "[IU]/mL": ("0", "1000000"),
    "a": ("0", "130"),
    "d": ("0", "3653"),
    "g/L": ("0", "300"),
    "h": ("0", "720"),
    "kg": ("1", "400"),
    "mL/min/1.73 m2": ("0", "200"),
    "mL/min/{1.73_m2}": ("0", "200"),
    "mg": ("0.01", "1000"),
    "mg/d": ("0", "2000"),
    "mg/g": ("0", "100000"),
    "mg/kg/d": ("0.1", "20"),
    "mm[Hg]": ("20", "350"),
    "mmol/L": ("0", "100"),
    "mo": ("0", "120"),
    "ng/mL": ("0", "5000"),
    "umol/L": ("1", "2000"),
    "wk": ("1", "520"),
    "{grade}": ("1", "5"),
    "{lines}": ("1", "3"),
    "{plus}": ("1", "4"),
    "{score}": ("0", "5"),
}
"""The least and the most that a limit can be, by its unit (UCUM)."""

WORDS = frozenset({"eligibility.prevention_words"})
"""Lists of pieces of text that are looked for in what the record says."""

SHORTEST_WORD = 2
"""Characters: a shorter piece stands in nearly every text."""

MAY_BE_EMPTY = frozenset(
    {
        "eligibility.attestation_short_items",
        "eligibility.prevention_drugs",
        "eligibility.prevention_words",
        "restraint.quiet_states",
    }
)
"""Lists that may name nothing; the others decide something by each place."""


def impossible(limits: Mapping[str, Any], units: Mapping[str, str]) -> Iterator[str]:
    """A fault for each limit by "<topic>.<limit>" whose value means nothing; not for a wrong type."""
    for name, value in limits.items():
        listed = value if isinstance(value, list) else [value]
        if value == [] and name not in MAY_BE_EMPTY:
            yield f"{name}: must not be empty"
        numbers = [v for v in listed if isinstance(v, int | Decimal) and not isinstance(v, bool)]
        yield from _outside(name, units.get(name, ""), numbers)
        if name in WORDS:
            yield from (
                f"{name}: {word!r} stands in nearly every text" for word in listed if _says_nothing(word)
            )


def _outside(name: str, unit: str, numbers: list[int | Decimal]) -> Iterator[str]:
    if unit not in SPANS:
        yield f"{name}: there are no limits in {unit!r}"
        return
    low, high = SPANS[unit]
    for number in numbers:
        if Decimal(number).is_finite() and not Decimal(low) <= number <= Decimal(high):
            yield f"{name}: must be {low} to {high} {unit}, is {number}"


def _says_nothing(word: Any) -> bool:
    return isinstance(word, str) and len(word.strip()) < SHORTEST_WORD
