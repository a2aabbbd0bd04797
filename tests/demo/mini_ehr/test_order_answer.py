"""The line beside Sign: for every order a sentence, and never a better one than the services allow."""

from typing import Any

import pytest
import requests

from cds_service.demo.mini_ehr.card_view import CardView, card_view
from cds_service.demo.mini_ehr.consulting import Consultation, HookSilence
from cds_service.demo.mini_ehr.drug_names import shown_drug
from cds_service.demo.mini_ehr.ehr_words import words_in
from cds_service.demo.mini_ehr.formulary import grouped_products, read_formulary
from cds_service.demo.mini_ehr.order_answer import (
    OrderAnswer,
    decision_on,
    drafted_dose,
    order_answer,
    piece_of,
)
from cds_service.demo.mini_ehr.order_form import OrderForm, draft_from
from cds_service.demo.mini_ehr.order_ruler import OrderRuler, order_ruler
from cds_service.demo.mini_ehr.switches import Language
from tests.demo.cds_double import card
from tests.demo.running import Demo

EN = words_in(Language.EN)
PRODUCTS = read_formulary()
SILENCE = (HookSilence("s", "S", "down"),)


def _draft(
    amount: str, product: str = "sirolimus-1mg", unit: str = "mg", often: str = "once"
) -> dict[str, Any]:
    form = OrderForm("draft-1", product, amount, unit, often)
    return draft_from(
        form, PRODUCTS, {"reference": "Patient/a"}, {"reference": "Practitioner/p"}, "2026-03-02"
    )


def _came(*cards: CardView, services: tuple[str, ...] = ("s",), silences: Any = ()) -> Consultation:
    return Consultation("order-select", services, cards, silences, ())


def _view(indicator: str) -> CardView:
    return card_view(card(indicator, "HOLD <b>sirolimus</b>"), "s", "S")


def _decision(
    now: float | None, wanted: float | None, kind: str = "titration", **more: Any
) -> dict[str, Any]:
    decision: dict[str, Any] = {"drug": "sirolimus", **more}
    if now:
        decision["currentDose"] = {"amountMg": now, "everyHours": 24}
    if wanted:
        decision["proposedDose"] = {"amountMg": wanted, "everyHours": 24}
    return card("info", extension={"org.aa-cds.decision": {"kind": kind, "decision": decision}})


def _answer(
    draft: dict[str, Any], *cards: dict[str, Any], came: Any = None, about: Any = None
) -> OrderAnswer:
    mg = piece_of(draft, PRODUCTS.values())
    return order_answer(
        came or _came(), about or _came(), decision_on(draft, cards), drafted_dose(draft, mg), mg, EN
    )


ALLOWED = {"allowed": {"low": 1, "high": 3, "unit": "mg", "everyHours": 24}}


def _ruler(draft: dict[str, Any], allowed: dict[str, Any]) -> OrderRuler | None:
    decision = {"drug": "sirolimus", **allowed}
    mg = piece_of(draft, PRODUCTS.values())
    return order_ruler(decision, drafted_dose(draft, mg), mg, EN)


@pytest.mark.parametrize(
    ("amount", "unit", "dose", "most"), [("2", "mg", 2, 4), ("3", "piece", 3, 4), ("6", "mg", 6, 6)]
)
def test_the_ruler_shows_the_dose_beside_what_is_allowed(
    amount: str, unit: str, dose: int, most: int
) -> None:
    said = "The trial record allows 1-3 mg once daily for this patient today."
    assert _ruler(_draft(amount, unit=unit), ALLOWED) == OrderRuler(dose, 1, 3, most, 1, said)


@pytest.mark.parametrize(
    ("draft", "allowed"),
    [
        (_draft("2"), {}),  # ciclosporin in acute kidney injury: nothing is allowed, so nothing is drawn
        (_draft("2", often="twice"), ALLOWED),  # other hours: the amounts are not to be compared
        (_draft("", unit="mg"), ALLOWED),
    ],
)
def test_there_is_no_ruler_where_amounts_cannot_be_compared(
    draft: dict[str, Any], allowed: dict[str, Any]
) -> None:
    assert _ruler(draft, allowed) is None


@pytest.mark.parametrize(
    ("drafted", "now", "wanted", "tone", "said"),
    [
        ("3", 2, 3, "good", EN("answer.fits", next="")),
        ("2", 2, 2, "good", EN("answer.stays", next="")),
        ("2", 2, None, "good", EN("answer.stays", next="")),
        ("2", 2, 3, "warning", EN("answer.other", dose="3 mg once daily")),
        ("1", 2, 3, "warning", EN("answer.other", dose="3 mg once daily")),
        ("1", None, 2, "warning", EN("answer.other", dose="2 mg once daily")),
        ("2", None, 2, "good", EN("answer.fits", next="")),
        ("1", 2, None, "good", EN("answer.clear")),
    ],
)
def test_a_right_order_is_told_that_it_is_right_and_another_dose_that_it_is_another(
    drafted: str, now: float | None, wanted: float | None, tone: str, said: str
) -> None:
    answer = _answer(_draft(drafted), _decision(now, wanted))
    assert (answer.tone, answer.said) == (tone, said)


def test_the_same_milligrams_at_other_hours_are_another_dose() -> None:
    answer = _answer(_draft("2", often="twice"), _decision(2, 2))
    assert answer == OrderAnswer(
        "warning", EN("answer.other", dose="2 mg once daily"), "2 mg every 12 hours (2 × 1 mg)"
    )


@pytest.mark.parametrize(
    ("amount", "product", "unit", "sum_"),
    [
        ("3", "sirolimus-1mg", "mg", "3 mg once daily (3 × 1 mg), up from 2 mg once daily"),
        ("1", "sirolimus-2mg", "piece", "2 mg once daily (1 × 2 mg)"),
        ("1", "sirolimus-2mg", "mg", "1 mg once daily (0.5 × 2 mg), down from 2 mg once daily"),
        ("1", "sirolimus-solution", "piece", ""),
        ("", "sirolimus-1mg", "mg", ""),
    ],
)
def test_what_an_order_comes_to(amount: str, product: str, unit: str, sum_: str) -> None:
    assert _answer(_draft(amount, product, unit), _decision(2, 3)).sum == sum_


@pytest.mark.parametrize("amount", ["2,5", "２．５", " 2.5 "])
def test_a_decimal_comma_is_a_point(amount: str) -> None:
    dose = _draft(OrderForm.read({"amount": amount}).amount)["dosageInstruction"][0]["doseAndRate"][0]
    assert dose["doseQuantity"]["value"] == 2.5


def test_what_the_services_say_goes_first_the_loudest_of_it() -> None:
    fitting = _decision(2, 3)
    told = {
        "critical": _answer(_draft("3"), fitting, came=_came(_view("warning"), _view("critical"))),
        "warning": _answer(_draft("3"), fitting, came=_came(_view("info"), _view("warning"))),
        "info": _answer(_draft("3"), fitting, came=_came(_view("info"))),
    }
    assert {tone: (answer.tone, answer.said) for tone, answer in told.items()} == {
        tone: (tone, EN(f"answer.{tone}")) for tone in told
    }


def test_no_answer_is_never_a_good_one() -> None:
    fitting = _decision(2, 3)
    silent = _answer(_draft("3"), fitting, came=_came(silences=SILENCE))
    nobody = _answer(_draft("3"), fitting, came=_came(services=()))
    unknown = _answer(_draft("3"), fitting, about=_came(silences=SILENCE))
    assert [one.tone for one in (silent, nobody, unknown)] == ["critical", "unknown", "unknown"]
    held = _answer(_draft("3"), fitting, about=_came(_view("critical")))
    assert (held.tone, held.said) == ("warning", EN("answer.held", heading="HOLD <b>sirolimus</b>"))


def test_a_decision_on_another_drug_or_of_another_kind_is_not_this_order_s() -> None:
    assert _answer(_draft("3"), _decision(2, 3, kind="safety")).said == EN("answer.clear")
    assert _answer(_draft("3", "folic-acid"), _decision(2, 3)).said == EN("answer.clear")
    assert _answer(_draft("3"), {"extension": None}).said == EN("answer.clear")


@pytest.mark.parametrize(
    ("recheck", "said"),
    [
        ({"notBefore": "2026-03-09", "by": "2026-03-16"}, " Next level 2026-03-09 to 2026-03-16."),
        ({"by": "2026-03-16"}, " Next level by 2026-03-16."),
        (None, ""),
    ],
)
def test_a_dose_that_fits_names_the_next_level(recheck: Any, said: str) -> None:
    assert _answer(_draft("3"), _decision(2, 3, recheck=recheck)).said.endswith(f"proposes.{said}")


def test_the_drugs_of_the_trial_stand_first() -> None:
    (_, first), (_, others) = grouped_products(PRODUCTS, EN)
    assert {one.word for one in first} == {"sirolimus", "ciclosporin"}
    assert len(first) + len(others) == len(PRODUCTS)
    assert not {one.word for one in others} & {"sirolimus", "ciclosporin"}


@pytest.mark.parametrize(
    ("text", "language", "shown"),
    [
        ("sirolimus 1 mg tablet 西罗莫司片", Language.ZH, "西罗莫司片 1 mg"),
        ("sirolimus 1 mg tablet 西罗莫司片", Language.EN, "sirolimus 1 mg tablet 西罗莫司片"),
        ("sirolimus 1 mg/mL oral solution 西罗莫司口服溶液", Language.ZH, "西罗莫司口服溶液 1 mg/mL"),
        ("ciclosporin 环孢素", Language.ZH, "环孢素"),
        ("环孢素软胶囊（外院）", Language.ZH, "环孢素软胶囊（外院）"),
        ("aspirin 100 mg", Language.ZH, "aspirin 100 mg"),
    ],
)
def test_chinese_pages_name_a_drug_in_chinese(text: str, language: Language, shown: str) -> None:
    assert shown_drug(text, language) == shown


def test_the_demo_s_own_services_and_a_field_that_cannot_be_read(demo: Demo) -> None:
    def ask(**fields: str) -> Any:
        form = {"key": "draft-1", "product": "sirolimus-1mg", "unit": "mg", "often": "once", **fields}
        return requests.post(f"{demo.page}/patients/demo-08/hooks/order-select", form, timeout=20)

    active = requests.get(f"{demo.page}/patients/demo-08/order", timeout=20).text
    stop = active.split('name="stop" value="')[1].split('"')[0]
    right = ask(amount="3", stop=stop).json()["answer"]
    assert right["tone"] == "good"
    assert right["said"].startswith("This is the dose that today's advice proposes. Next level ")
    assert ask(amount="6").json()["answer"]["tone"] == "warning"
    for fields, field in (({"amount": "abc"}, "amount"), ({"amount": "2", "start": "2. 3."}, "start")):
        reply = ask(**fields)
        assert (reply.status_code, reply.json()["ok"], reply.json()["field"]) == (200, False, field)
    refused = requests.post(
        f"{demo.page}/patients/demo-08/orders",
        {"key": "draft-1", "product": "sirolimus-1mg", "amount": "-2", "unit": "mg", "often": "once"},
        timeout=20,
    )
    assert (refused.status_code, refused.json()["said"]) == (400, EN("answer.unread_amount"))
