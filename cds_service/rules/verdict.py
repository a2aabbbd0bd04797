"""Met, not met or unknown: three answers, never two, and how they combine (Kleene's strong logic)."""

from collections.abc import Iterable
from enum import StrEnum


class Verdict(StrEnum):
    """For an inclusion criterion: does it hold? For an exclusion criterion: is the excluding fact there?"""

    MET = "met"
    NOT_MET = "not-met"
    UNKNOWN = "unknown"


def verdict_of(answer: bool | None) -> Verdict:
    """The verdict of a yes, a no or a "cannot say"."""
    if answer is None:
        return Verdict.UNKNOWN
    return Verdict.MET if answer else Verdict.NOT_MET


def any_of(verdicts: Iterable[Verdict]) -> Verdict:
    """MET if one is met, NOT_MET only if all are not met, else UNKNOWN."""
    seen = set(verdicts)
    if Verdict.MET in seen:
        return Verdict.MET
    return Verdict.UNKNOWN if Verdict.UNKNOWN in seen else Verdict.NOT_MET


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """NOT_MET if one is not met, MET only if all are met, else UNKNOWN."""
    seen = set(verdicts)
    if Verdict.NOT_MET in seen:
        return Verdict.NOT_MET
    return Verdict.UNKNOWN if Verdict.UNKNOWN in seen else Verdict.MET


def reverse(verdict: Verdict) -> Verdict:
    """The verdict of the opposite statement."""
    if verdict is Verdict.UNKNOWN:
        return Verdict.UNKNOWN
    return Verdict.NOT_MET if verdict is Verdict.MET else Verdict.MET
