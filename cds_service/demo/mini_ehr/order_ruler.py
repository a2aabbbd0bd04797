"""The ruler of the order form: the drafted dose on a scale, with the zone that the advice says is allowed."""

from dataclasses import dataclass

from cds_service.demo.json_http import Json
from cds_service.demo.mini_ehr.ehr_words import EhrWords
from cds_service.demo.mini_ehr.order_answer import PlainDose


@dataclass(frozen=True, slots=True)
class OrderRuler:
    """In mg at a time: the drafted dose, the ends of the allowed zone and the scale, what a piece holds."""

    dose: float
    low: float
    high: float
    most: float
    step: float
    said: str


def order_ruler(
    decision: Json | None, dose: PlainDose | None, mg: float | None, words: EhrWords
) -> OrderRuler | None:
    """None where the advice names no zone, the draft no dose, or the two are taken at other intervals.

    `mg`: what one tablet or capsule of the draft's product holds; None where the pharmacy does not know it.
    """
    allowed = (decision or {}).get("allowed")
    if not allowed or dose is None or dose.hours != float(allowed["everyHours"]):
        return None
    low, high = float(allowed["low"]), float(allowed["high"])
    zone = f"{low:g}-{PlainDose(high, dose.hours).said(words)}"
    said = words("ruler.zone", zone=zone)
    return OrderRuler(dose.mg, low, high, max(high + low, dose.mg), mg or low, said)
