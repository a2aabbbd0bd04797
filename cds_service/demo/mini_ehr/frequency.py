"""How often a drug is taken: FHIR's frequency and period, and the choices of the order form."""

from collections.abc import Mapping

from cds_service.demo.json_http import Json

OFTEN: Mapping[str, tuple[int, int, str]] = {
    "once": (1, 1, "d"),
    "twice": (2, 1, "d"),
    "q12h": (1, 12, "h"),
    "thrice": (3, 1, "d"),
    "weekly": (1, 1, "wk"),
}
_HOURS = {"h": 1, "d": 24, "wk": 168}


def often_of(repeat: Json) -> str:
    """The choice that says the same as a timing, "" where none does."""
    frequency, period, unit = repeat.get("frequency"), repeat.get("period", 1), repeat.get("periodUnit")
    if (frequency, period, unit) in OFTEN.values():
        return next(name for name, each in OFTEN.items() if each == (frequency, period, unit))
    if not frequency or unit not in _HOURS:
        return ""
    return next((name for name, (f, p, u) in OFTEN.items() if p * _HOURS[u] / f == hours_of(repeat)), "")


def hours_of(repeat: Json) -> float | None:
    """Hours from one dose to the next; None where a timing does not tell."""
    frequency, unit = repeat.get("frequency"), str(repeat.get("periodUnit"))
    return float(repeat.get("period", 1)) * _HOURS[unit] / frequency if frequency and unit in _HOURS else None
