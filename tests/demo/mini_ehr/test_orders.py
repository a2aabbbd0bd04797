"""The order form, signing, and the orders that a new one replaces."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cds_service.demo.mini_ehr.ehr_words import words_in
from cds_service.demo.mini_ehr.formulary import read_formulary
from cds_service.demo.mini_ehr.frequency import OFTEN, often_of
from cds_service.demo.mini_ehr.medication_rows import bars, orders, shown_dose
from cds_service.demo.mini_ehr.order_form import FormFault, OrderForm, draft_from, fields_of
from cds_service.demo.mini_ehr.signing import ended, signed
from cds_service.demo.mini_ehr.switches import Language
from fhir_mappings.writers.validation import problems

PRODUCTS = read_formulary()
SUBJECT = {"reference": "Patient/a"}
AUTHOR = {"reference": "Practitioner/p"}
NOW = datetime(2026, 3, 2, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
EN = words_in(Language.EN)


def _draft(**fields: str) -> dict[str, Any]:
    form = OrderForm.read({"key": "draft-1", "unit": "mg", "often": "once", **fields})
    return draft_from(form, PRODUCTS, SUBJECT, AUTHOR, "2026-03-02")


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("often", OFTEN)
def test_every_product_makes_a_valid_order(product: str, often: str) -> None:
    draft = _draft(product=product, amount="1.5", unit="piece", often=often, start="2026-03-02")
    assert problems(draft) == []
    assert fields_of(draft, PRODUCTS) == {
        "product": product,
        "amount": "1.5",
        "unit": "piece",
        "often": often,
    }


def test_an_order_that_is_begun_lacks_just_what_was_not_said() -> None:
    assert "medicationCodeableConcept" not in _draft()
    assert "dosageInstruction" not in _draft(product="sirolimus-1mg")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"product": "no such drug"}, "product"),
        ({"amount": "two"}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"amount": "1", "unit": "g"}, "unit"),
        ({"amount": "1", "often": "never"}, "often"),
    ],
)
def test_a_field_that_cannot_be_read_is_named(fields: dict[str, str], field: str) -> None:
    with pytest.raises(FormFault) as fault:
        _draft(**fields)
    assert fault.value.field == field


@pytest.mark.parametrize(
    ("repeat", "often"),
    [
        ({"frequency": 1, "period": 24, "periodUnit": "h"}, "once"),
        ({"frequency": 1, "period": 12, "periodUnit": "h"}, "q12h"),
        ({"frequency": 2, "period": 1, "periodUnit": "d"}, "twice"),
        ({"frequency": 1, "period": 7, "periodUnit": "d"}, "weekly"),
        ({"frequency": 1, "period": 5, "periodUnit": "h"}, ""),
        ({"frequency": 1, "period": 1, "periodUnit": "mo"}, ""),
        ({"period": 1, "periodUnit": "d"}, ""),
        ({}, ""),
    ],
)
def test_how_often_is_found_again_in_any_spelling(repeat: dict[str, Any], often: str) -> None:
    assert often_of(repeat) == often


def test_what_the_form_cannot_say_is_not_put_into_it() -> None:
    draft = _draft(product="sirolimus-1mg", amount="2")
    draft["dosageInstruction"][0]["timing"]["repeat"]["period"] = 5
    assert fields_of(draft, PRODUCTS) == {}


def test_a_drug_that_the_form_does_not_offer_is_not_put_into_it() -> None:
    draft = _draft(product="sirolimus-1mg", amount="2")
    draft["medicationCodeableConcept"] = {"text": "sirolimus"}
    assert fields_of(draft, PRODUCTS) == {}


def test_signing_a_new_order_makes_it_active_under_an_id_of_the_server() -> None:
    entry = signed(_draft(product="sirolimus-1mg", amount="2"), NOW, is_new=True)
    assert entry["request"] == {"method": "POST", "url": "MedicationRequest"}
    assert entry["resource"]["status"] == "active"
    assert "id" not in entry["resource"]


def test_signing_a_draft_of_the_record_keeps_its_id() -> None:
    entry = signed(_draft(), NOW, is_new=False)
    assert entry["request"] == {"method": "PUT", "url": "MedicationRequest/draft-1"}


@pytest.mark.parametrize(("start", "end"), [("2026-02-01", "2026-03-01"), ("2026-03-02", "2026-03-02")])
def test_an_order_ends_on_its_last_day_but_not_before_it_began(start: str, end: str) -> None:
    order = _draft(product="sirolimus-1mg", amount="2", start=start) | {"status": "active"}
    (entry,) = ended([order], NOW.date() - timedelta(days=1), "replaced")
    assert problems(entry["resource"]) == []
    assert entry["resource"]["status"] == "stopped"
    assert entry["resource"]["dosageInstruction"][0]["timing"]["repeat"]["boundsPeriod"]["end"] == end
    assert order["status"] == "active"


def test_orders_are_read_as_people_say_them() -> None:
    (order,) = orders([_draft(product="sirolimus-1mg", amount="2", unit="piece", often="q12h")], EN)
    assert order.drug.startswith("sirolimus 1 mg tablet")
    assert order.dose == "2 tablet / capsule every 12 hours"
    assert order.drug_word == "sirolimus"


@pytest.mark.parametrize(
    ("dosage", "said"),
    [
        ({"text": "as told"}, "as told"),
        ({}, ""),
        (
            {
                "timing": {"repeat": {"frequency": 1, "period": 5, "periodUnit": "h"}},
                "doseAndRate": [{"doseQuantity": {"value": 2, "unit": "mg"}}],
            },
            "2 mg 1 × / 5 h",
        ),
    ],
)
def test_a_dose_that_is_not_structured_keeps_its_own_words(dosage: dict[str, Any], said: str) -> None:
    assert shown_dose(dosage, EN) == said


def test_the_timeline_draws_what_was_signed() -> None:
    draft = _draft(product="sirolimus-1mg", amount="2", start="2026-02-01")
    read = orders([draft, draft | {"status": "active"}, draft | {"status": "entered-in-error"}], EN)
    (bar,) = bars(read, "2026-03-02")
    assert (bar["to"], bar["open"]) == ("2026-03-02", "y")


@pytest.mark.parametrize(
    ("spans", "lanes"),
    [
        ([("2026-01-01", ""), ("2026-02-01", "")], ["0", "1"]),
        ([("2026-01-01", "2026-01-31"), ("2026-02-01", "")], ["0", "0"]),
        ([("2026-01-01", "2026-02-01"), ("2026-02-01", "")], ["0", "1"]),
        ([("2026-01-01", ""), ("2026-01-10", "2026-01-20"), ("2026-01-21", "")], ["0", "1", "1"]),
        ([("2026-01-01", ""), ("2026-01-01", ""), ("2026-01-01", "")], ["0", "1", "2"]),
    ],
)
def test_orders_that_run_side_by_side_have_a_lane_each(
    spans: list[tuple[str, str]], lanes: list[str]
) -> None:
    running = [
        _draft(product="sirolimus-1mg", amount=str(n), start=first) | {"status": "active"}
        for n, (first, _) in enumerate(spans, 1)
    ]
    for order, (_, last) in zip(running, spans, strict=True):
        if last:
            order["dosageInstruction"][0]["timing"]["repeat"]["boundsPeriod"]["end"] = last
    found = bars(sorted(orders(running, EN), key=lambda one: one.dose), "2026-03-02")
    assert [bar["lane"] for bar in found] == lanes


def test_two_drugs_share_no_lane() -> None:
    running = [
        _draft(product=product, amount="1", start="2026-01-01") | {"status": "active"}
        for product in ("sirolimus-1mg", "folic-acid")
    ]
    assert {bar["lane"] for bar in bars(orders(running, EN), "2026-03-02")} == {"0"}


def test_an_order_that_ended_on_an_unknown_day_is_not_drawn_as_running() -> None:
    stopped = _draft(product="sirolimus-1mg", amount="2", start="2026-02-01") | {"status": "stopped"}
    (bar,) = bars(orders([stopped], EN), "2026-03-02")
    assert (bar["to"], bar["open"]) == ("2026-02-01", "")


@pytest.mark.parametrize(
    ("more", "drug"),
    [
        (
            {"medicationReference": {"reference": "#m"}, "contained": [{"id": "m", "code": {"text": "X"}}]},
            "X",
        ),
        ({"medicationReference": {"reference": "Medication/1", "display": "Y"}}, "Y"),
        ({"medicationReference": {"reference": "Medication/1"}}, "Medication/1"),
    ],
)
def test_a_drug_is_named_wherever_its_name_stands(more: dict[str, Any], drug: str) -> None:
    (order,) = orders([{"resourceType": "MedicationRequest", "status": "active", **more}], EN)
    assert order.drug == drug
