"""Signing an order: it becomes active, and the orders it replaces end, in one transaction."""

import copy
from collections.abc import Iterable
from datetime import date, datetime

from cds_service.demo.json_http import Json
from cds_service.demo.record_client import update_of


def signed(draft: Json, now: datetime, *, is_new: bool) -> Json:
    """The transaction entry that makes a draft active; a new one gets its id from the server."""
    order = copy.deepcopy(draft)
    order |= {"status": "active", "authoredOn": now.isoformat(timespec="seconds")}
    if is_new:
        order.get("meta", {}).pop("versionId", None)
        order.pop("id", None)
        return {"resource": order, "request": {"method": "POST", "url": order["resourceType"]}}
    return update_of(order)


def ended(orders: Iterable[Json], last: date, why: str) -> list[Json]:
    """The transaction entries that stop orders: `last` was their last day, or the day they began."""
    return [_ended(order, last, why) for order in orders]


def _ended(order: Json, last: date, why: str) -> Json:
    stopped = copy.deepcopy(order)
    stopped |= {"status": "stopped", "statusReason": {"text": why}}
    for dosage in stopped.get("dosageInstruction") or []:
        repeat = dosage.setdefault("timing", {}).setdefault("repeat", {})
        bounds = repeat.setdefault("boundsPeriod", {})
        bounds["end"] = max(str(last), str(bounds.get("start", ""))[:10])
    return update_of(stopped)
