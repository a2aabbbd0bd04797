"""The order form -> a draft MedicationRequest, and back when a suggestion corrects it."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from cds_service.demo.demo_patients.elements import UCUM, Json, concept
from cds_service.demo.demo_patients.story import StoryProduct
from cds_service.demo.mini_ehr.frequency import OFTEN, often_of
from cds_service.demo.mini_ehr.numbers import read_number

UNITS = {"mg": "mg", "piece": "{pill}"}


class FormFault(ValueError):
    """A field cannot be read; `field` names it."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def why_unread(fault: FormFault) -> str:
    """The key of the sentence that names the field."""
    return f"answer.unread_{fault.field}"


@dataclass(frozen=True, slots=True)
class OrderForm:
    """The fields as they stand; empty ones are "". `key` is the draft's id while it is written."""

    key: str
    product: str = ""
    amount: str = ""
    unit: str = "mg"
    often: str = "once"
    start: str = ""

    @classmethod
    def read(cls, fields: Mapping[str, str]) -> "OrderForm":
        """The form as a browser posts it."""
        wanted = ("key", "product", "amount", "unit", "often", "start")
        return cls(*(fields.get(name, "").strip() for name in wanted))


def draft_from(
    form: OrderForm, products: Mapping[str, StoryProduct], subject: Json, author: Json, today: str
) -> Json:
    """The draft order; without a product or an amount it lacks just that. Raises FormFault."""
    draft: Json = {
        "resourceType": "MedicationRequest",
        "id": form.key,
        "status": "draft",
        "intent": "order",
        "subject": subject,
        "authoredOn": today,
        "requester": author,
    }
    if form.product:
        if form.product not in products:
            raise FormFault("product")
        chosen = products[form.product]
        draft["medicationCodeableConcept"] = concept(chosen.codes, chosen.text)
    if form.amount:
        draft["dosageInstruction"] = [_dosage(form)]
    return draft


def _dosage(form: OrderForm) -> Json:
    if form.unit not in UNITS or form.often not in OFTEN:
        raise FormFault("unit" if form.unit not in UNITS else "often")
    frequency, period, period_unit = OFTEN[form.often]
    repeat: Json = {"frequency": frequency, "period": period, "periodUnit": period_unit}
    if form.start:
        repeat["boundsPeriod"] = {"start": _day(form.start)}
    dose = {"value": _number(form.amount), "unit": UNITS[form.unit], "system": UCUM, "code": UNITS[form.unit]}
    return {"timing": {"repeat": repeat}, "doseAndRate": [{"doseQuantity": dose}]}


def _number(text: str) -> int | float:
    # A comma is a decimal point where nothing else can be meant by it: "2,5", never "1,000".
    plain = re.sub(r"\A(\d{1,3}),(\d{1,2})\Z", r"\1.\2", unicodedata.normalize("NFKC", text))
    try:
        value = read_number(plain)
    except ValueError:
        raise FormFault("amount") from None
    if value <= 0:
        raise FormFault("amount")
    return value


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise FormFault("start") from None


def fields_of(draft: Json, products: Mapping[str, StoryProduct]) -> dict[str, str]:
    """The fields that a corrected draft fills, product included; empty where the form cannot say it."""
    product = _product_of(draft.get("medicationCodeableConcept"), products)
    dosage = (draft.get("dosageInstruction") or [{}])[0]
    dose = ((dosage.get("doseAndRate") or [{}])[0]).get("doseQuantity") or {}
    often = often_of((dosage.get("timing") or {}).get("repeat") or {})
    unit = next((name for name, code in UNITS.items() if code == dose.get("code")), "")
    if not product or not often or not unit or "value" not in dose:
        return {}
    return {"product": product, "amount": f"{dose['value']:g}", "unit": unit, "often": often}


def _product_of(medication: Json | None, products: Mapping[str, StoryProduct]) -> str:
    return next((key for key, one in products.items() if concept(one.codes, one.text) == medication), "")
