"""Courses of drugs -> orders, dispenses, administrations and statements; drafts for the order hooks."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from cds_service.demo.demo_patients.demo_study import PRACTITIONER, STUDY
from cds_service.demo.demo_patients.elements import (
    Json,
    concept,
    hl7_code,
    number_element,
    quantity,
    refer,
    resource,
)
from cds_service.demo.demo_patients.story import Draft, PatientStory, StoryDrug, StoryProduct
from cds_service.demo.demo_patients.timeline import Timeline, timeline_rows

HANDED_OVER = "10:00"
_ORAL = concept(("snomed 26643006 Oral route",), "Oral")


@dataclass(frozen=True, slots=True)
class Take:
    """How much, in which unit, at which times of the day."""

    amount: int | float
    unit: str
    times: tuple[str, ...]

    @property
    def per_day(self) -> int | float:
        """The amount in 24 hours, in `unit`."""
        return self.amount * len(self.times)


@dataclass(frozen=True, slots=True)
class DrugStretch:
    """A drug at one dose, from one day to another (None: still going on)."""

    key: str
    drug: StoryDrug
    product: StoryProduct
    take: Take
    first: date
    last: date | None


def read_take(text: str) -> Take:
    """ "75 mg 08:00 20:00" as amount, unit and times."""
    amount, unit, *times = text.split()
    return Take(number_element(amount), unit, tuple(times))


def medication_resources(
    story: PatientStory, subject: Json, days: Timeline, products: dict[str, StoryProduct]
) -> Iterator[Json]:
    """Everything the chart holds about the patient's drugs."""
    for position, drug in enumerate(story.drug, 1):
        product = products[drug.product]
        if drug.written == "reference":
            yield _medication(f"{story.id}-medication-{position}", product)
        stretches = list(_stretches(f"{story.id}-drug{position}", drug, product, days))
        for stretch in stretches:
            yield from _of_stretch(stretch, f"{story.id}-medication-{position}", subject, days)
        for serial, moment in enumerate(drug.given, 1):
            yield _administration(f"{story.id}-given{position}-{serial}", moment, stretches, subject, days)


def _stretches(key: str, drug: StoryDrug, product: StoryProduct, days: Timeline) -> Iterator[DrugStretch]:
    for serial, row in enumerate(timeline_rows(drug.course), 1):
        last = days.day(row["to"]) if row["to"] else None
        yield DrugStretch(
            f"{key}-{serial}", drug, product, read_take(row["take"]), days.day(row["from"]), last
        )


def _of_stretch(stretch: DrugStretch, medication: str, subject: Json, days: Timeline) -> Iterator[Json]:
    named = _named(stretch.drug, stretch.product, medication) | {"subject": subject}
    if "order" in stretch.drug.sources:
        yield _order(stretch, named)
    if "dispense" in stretch.drug.sources:
        yield from _dispenses(stretch, named, days)
    if "statement" in stretch.drug.sources:
        yield _statement(stretch, named)


def _named(drug: StoryDrug, product: StoryProduct, medication: str) -> Json:
    match drug.written:
        case "contained":
            inside = _medication("product", product)
            return {"contained": [_plain(inside)], "medicationReference": {"reference": "#product"}}
        case "reference":
            return {"medicationReference": refer("Medication", medication, product.text)}
        case "text":
            return {"medicationCodeableConcept": {"text": product.text}}
    return {"medicationCodeableConcept": concept(product.codes, product.text)}


def _plain(inside: Json) -> Json:
    """A contained resource carries no security label of its own (R4, dom-5)."""
    return {name: value for name, value in inside.items() if name != "meta"}


def _medication(key: str, product: StoryProduct) -> Json:
    strength = product.mg and {
        "itemCodeableConcept": {"text": product.text.split()[0]},
        "strength": {"numerator": quantity(product.mg, "mg"), "denominator": quantity(1, "{pill}")},
    }
    return resource(
        "Medication",
        key,
        status="active",
        code=concept(product.codes, product.text),
        form={"text": product.form},
        ingredient=[strength] if strength else None,
    )


def _dosage(take: Take, first: date | None = None, last: date | None = None) -> list[Json]:
    bounds = {**({"start": str(first)} if first else {}), **({"end": str(last)} if last else {})}
    repeat: Json = {"frequency": len(take.times), "period": 1, "periodUnit": "d"}
    repeat["timeOfDay"] = [f"{time}:00" for time in take.times]
    return [
        {
            "text": f"{take.amount} {take.unit} po {', '.join(take.times)}",
            "timing": {"repeat": repeat | ({"boundsPeriod": bounds} if bounds else {})},
            "route": _ORAL,
            "doseAndRate": [{"doseQuantity": quantity(take.amount, take.unit)}],
        }
    ]


def _order(stretch: DrugStretch, named: Json) -> Json:
    drug = stretch.drug
    stopped = drug.stopped_because if stretch.last else None
    return resource(
        "MedicationRequest",
        f"{stretch.key}-order",
        **named,
        status="stopped" if stopped else "completed" if stretch.last else "active",
        statusReason={"text": stopped} if stopped else None,
        intent="order",
        category=[hl7_code("medicationrequest-category", "outpatient")],
        authoredOn=f"{stretch.first}T09:30:00+08:00",
        requester=PRACTITIONER,
        reasonCode=[{"text": drug.reason}] if drug.reason else None,
        supportingInformation=[STUDY] if drug.study else None,
        dosageInstruction=_dosage(stretch.take, stretch.first, stretch.last),
    )


def _dispenses(stretch: DrugStretch, named: Json, days: Timeline) -> Iterator[Json]:
    """Handed over every `supply` days; the last one of an ended stretch only reached to its end."""
    supply = stretch.drug.supply
    for serial, day in enumerate(days.supply_days(stretch.first, stretch.last, supply), 1):
        covered = min(supply, (stretch.last - day).days + 1) if stretch.last else supply
        yield resource(
            "MedicationDispense",
            f"{stretch.key}-dispense{serial}",
            **named,
            status="completed",
            authorizingPrescription=[refer("MedicationRequest", f"{stretch.key}-order")]
            if "order" in stretch.drug.sources
            else None,
            quantity=_pieces(stretch, covered),
            daysSupply=quantity(covered, "d"),
            whenHandedOver=f"{day}T{HANDED_OVER}:00+08:00",
            dosageInstruction=_dosage(stretch.take),
        )


def _pieces(stretch: DrugStretch, covered: int) -> Json | None:
    if stretch.take.unit == "{pill}":
        return quantity(stretch.take.per_day * covered, "{pill}")
    if stretch.product.mg is None:
        return None
    return quantity(stretch.take.per_day * covered / stretch.product.mg, "{pill}")


def _statement(stretch: DrugStretch, named: Json) -> Json:
    period: Json = {"start": str(stretch.first)} | ({"end": str(stretch.last)} if stretch.last else {})
    return resource(
        "MedicationStatement",
        f"{stretch.key}-statement",
        **named,
        status="completed" if stretch.last else "active",
        effectivePeriod=period,
        dateAsserted=str(stretch.first),
        dosage=_dosage(stretch.take),
    )


def _administration(
    key: str, moment: str, stretches: list[DrugStretch], subject: Json, days: Timeline
) -> Json:
    """A documented dose, at the dose in force on that day."""
    day = days.day(moment.split()[0])
    stretch = next(s for s in stretches if s.first <= day <= (s.last or day))
    return resource(
        "MedicationAdministration",
        key,
        status="completed",
        medicationCodeableConcept=concept(stretch.product.codes, stretch.product.text),
        subject=subject,
        effectiveDateTime=days.moment(moment),
        dosage={"route": _ORAL, "dose": quantity(stretch.take.amount, stretch.take.unit)},
    )


def draft_order(
    key: str, draft: Draft, subject: Json, days: Timeline, products: dict[str, StoryProduct]
) -> Json:
    """A MedicationRequest as an order form would send it, before it is signed."""
    product = products[draft.product]
    elements: dict[str, Any] = {"dosageInstruction": _dosage(read_take(draft.take))} if draft.take else {}
    return resource(
        "MedicationRequest",
        key,
        status="draft",
        intent="order",
        medicationCodeableConcept=concept(product.codes, product.text),
        subject=subject,
        authoredOn=str(days.today),
        requester=PRACTITIONER,
        **elements,
    )
