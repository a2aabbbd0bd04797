"""Editing results: another value or time for a measurement, or one more of the same test, with a trace."""

import copy
from datetime import datetime, tzinfo

from cds_service.demo.json_http import Json
from cds_service.demo.mini_ehr.numbers import read_number


class ResultFault(ValueError):
    """The value or the time cannot be used; `field` says which."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def changed(result: Json, value: str, moment: str, zone: tzinfo) -> Json:
    """The Observation with this value and local time ("2026-03-01T07:30"). Raises ResultFault."""
    new = copy.deepcopy(result)
    new["effectiveDateTime"] = new["issued"] = _moment(moment, zone)
    number = _number(value)
    if "valueQuantity" in new:
        new["valueQuantity"] = {k: v for k, v in new["valueQuantity"].items() if k != "comparator"} | {
            "value": number
        }
    elif "valueInteger" in new and isinstance(number, int):
        new["valueInteger"] = number
    else:
        raise ResultFault("value")
    new.pop("interpretation", None)  # it was that of the old value
    return new


def with_trace(result: Json, words: str, author: Json, now: datetime) -> Json:
    """The Observation with one more note: who changed it, when, and what stood before, in words."""
    whose = {"authorReference": author} if "reference" in author else {"authorString": author["display"]}
    note = whose | {"time": now.isoformat(timespec="seconds"), "text": words}
    return result | {"note": [*(result.get("note") or []), note]}


def another(result: Json, value: str, moment: str, zone: tzinfo) -> Json:
    """A new Observation of the same test. Raises ResultFault."""
    new = changed(result, value, moment, zone)
    new.pop("id", None)
    new.pop("note", None)
    for name in ("versionId", "lastUpdated"):
        new.get("meta", {}).pop(name, None)
    return new


def _moment(text: str, zone: tzinfo) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ResultFault("taken") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return moment.isoformat(timespec="seconds")


def _number(text: str) -> int | float:
    try:
        value = read_number(text)
    except ValueError:
        raise ResultFault("value") from None
    if value < 0:
        raise ResultFault("value")
    return value
