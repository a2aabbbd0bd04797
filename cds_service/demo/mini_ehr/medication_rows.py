"""MedicationRequests -> current, past and unsigned orders, and the bars of the timeline."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cds_service.demo.json_http import Json
from cds_service.demo.mini_ehr.drug_names import drug_word, shown_drug
from cds_service.demo.mini_ehr.ehr_words import EhrWords
from cds_service.demo.mini_ehr.frequency import often_of
from cds_service.demo.mini_ehr.open_record import text_of


@dataclass(frozen=True, slots=True)
class Order:
    """One medication order; days are ISO texts, `last` is "" while it runs on."""

    id: str
    drug: str
    dose: str
    first: str
    last: str
    status: str
    drug_word: str


def orders(requests: Iterable[Json], words: EhrWords) -> list[Order]:
    """All orders, newest first."""
    found = [_order(one, words) for one in requests if one.get("status") != "entered-in-error"]
    return sorted(found, key=lambda order: order.first, reverse=True)


def reported(statements: Iterable[Json], words: EhrWords) -> list[Order]:
    """What is taken by the word of the patient or another record, without an order here; newest first."""
    known = [one for one in statements if one.get("status") != "entered-in-error" and not one.get("basedOn")]
    found = [_reported(one, words) for one in known]
    return sorted(found, key=lambda order: order.first, reverse=True)


def _reported(one: Json, words: EhrWords) -> Order:
    drug = text_of(one.get("medicationCodeableConcept")) or _elsewhere(one)
    period = one.get("effectivePeriod") or {"start": one.get("effectiveDateTime", "")}
    return Order(
        id=str(one.get("id", "")),
        drug=shown_drug(drug, words.language),
        dose=shown_dose(next(iter(one.get("dosage") or []), {}), words),
        first=str(period.get("start", ""))[:10],
        last=str(period.get("end", ""))[:10],
        status=str(one.get("status", "")),
        drug_word=drug_word(drug),
    )


def _order(one: Json, words: EhrWords) -> Order:
    dosage: Any = next(iter(one.get("dosageInstruction") or []), {})
    bounds = ((dosage.get("timing") or {}).get("repeat") or {}).get("boundsPeriod") or {}
    first = bounds.get("start") or one.get("authoredOn", "")
    drug = text_of(one.get("medicationCodeableConcept")) or _elsewhere(one)
    return Order(
        id=str(one.get("id", "")),
        drug=shown_drug(drug, words.language),
        dose=shown_dose(dosage, words),
        first=str(first)[:10],
        last=str(bounds.get("end", ""))[:10],
        status=str(one.get("status", "")),
        drug_word=drug_word(drug),
    )


def _elsewhere(one: Json) -> str:
    """A drug named in a contained Medication, or only by reference."""
    reference: Json = one.get("medicationReference") or {}
    key = str(reference.get("reference", "")).removeprefix("#")
    contained = [r for r in one.get("contained", []) if r.get("id") == key]
    return text_of(contained[0].get("code")) if contained else str(reference.get("display") or key)


def shown_dose(dosage: Json, words: EhrWords) -> str:
    """ "2 mg once daily" out of the structured dosage, or what its text says."""
    amount = ((dosage.get("doseAndRate") or [{}])[0]).get("doseQuantity") or {}
    repeat = (dosage.get("timing") or {}).get("repeat") or {}
    if "value" not in amount or not repeat.get("frequency"):
        return str(dosage.get("text", ""))
    unit = str(amount.get("unit") or amount.get("code") or "")
    unit = words("unit.piece") if unit == "{pill}" else unit
    period = f"{repeat.get('period', 1):g} {repeat.get('periodUnit', 'd')}"
    often = often_of(repeat) or "other"
    return (
        f"{amount['value']:g} {unit} {words(f'often.{often}', frequency=repeat['frequency'], period=period)}"
    )


def bars(found: Iterable[Order], today: str) -> list[dict[str, str]]:
    """What the timeline draws: orders that were signed, oldest first, each to its end.

    One that is active runs to today; one that ended on a day nobody knows is only seen to begin. Orders of a
    drug that run side by side stand in `lane` 0, 1, ...: in one lane they would look like a sequence.
    """
    signed = [one for one in found if one.status not in ("draft", "cancelled") and one.first]
    drawn: list[dict[str, str]] = []
    for one in sorted(signed, key=lambda order: order.first):
        bar = _bar(one, today)
        taken = {other["lane"] for other in drawn if other["drug"] == one.drug and other["to"] >= one.first}
        bar["lane"] = next(lane for lane in map(str, range(len(drawn) + 1)) if lane not in taken)
        drawn.append(bar)
    return drawn


def _bar(one: Order, today: str) -> dict[str, str]:
    runs = one.status == "active" and not one.last
    end = one.last or (today if runs else one.first)
    return {"drug": one.drug, "dose": one.dose, "from": one.first, "to": end, "open": "y" if runs else ""}
