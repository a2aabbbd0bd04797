"""A draft names the product in use where there is one alone, and it can make the dose; else the drug, as ever."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.rules.answers.dosing_answers import State, TitrationDecision
from cds_service.trials.nct06802055.cards.product_in_use import ordered_drug
from cds_service.trials.nct06802055.registration import STUDY_DRUGS
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.medications import Dose, MedicationEvent, MedicationSource, MedicationStatus
from fhir_mappings.clinical_model.messages import say
from tests.builders import medication
from tests.cards.assessments import context, rule

TABLET = "sirolimus 1 mg tablet"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
PRODUCT = {"system": RXNORM, "code": "349208", "display": "sirolimus 1 MG Oral Tablet"}
CONCEPT = {
    "coding": [{"system": RXNORM, "code": "35302"}, PRODUCT, {"code": "local"}, {"system": "urn:x"}],
    "text": TABLET,
}
DRUG = list(STUDY_DRUGS[Drug.SIROLIMUS].coding)


def _order(text: str = TABLET, mg: str | None = "1", **more: Any) -> MedicationEvent:
    return medication("sirolimus", 2, text=text, mg_per_piece=None if mg is None else Decimal(mg), **more)


def _taken(text: str, source: MedicationSource = MedicationSource.DISPENSE, **more: Any) -> MedicationEvent:
    return medication("sirolimus", 2, source=source, text=text, **more)


def named(
    *events: MedicationEvent, dose: Dose | None = None, ended: int = 1, concept: Any = CONCEPT
) -> tuple[str, list[Mapping[str, str]]]:
    """How a draft of 3 mg names the drug; the first `ended` events are the orders that it replaces."""
    proposed = dose or Dose(Decimal(3), Decimal(24))
    ends = tuple(Evidence(one.reference, None) for one in events[:ended])
    decision = TitrationDecision(
        "sirolimus", State.INCREASE, rule("SRL-02"), say("x"), proposed=proposed, ends=ends
    )
    written = {"resourceType": "MedicationRequest", "medicationCodeableConcept": concept}
    asked = replace(
        context("aa-trial-titration"),
        medications=events,
        written=lambda _: None if concept is None else written,
    )
    drug = ordered_drug(decision, proposed, asked)
    return drug.text, list(drug.coding)


def test_the_product_is_named_after_the_drug_and_each_code_stands_once() -> None:
    assert named(_order()) == (TABLET, [*DRUG, PRODUCT])


@pytest.mark.parametrize(
    "beside",
    [
        _order(status=MedicationStatus.STOPPED, text="sirolimus 2 mg tablet"),
        _taken(TABLET),
        _taken("sirolimus 2 mg tablet", start=31),
        _taken("sirolimus 2 mg tablet", status=MedicationStatus.CANCELLED),
        medication("diltiazem", 30),
    ],
    ids=["past order", "same product handed out", "before this order", "never handed out", "another drug"],
)
def test_what_is_not_in_use_beside_it_does_not_count(beside: MedicationEvent) -> None:
    assert named(_order(), beside)[0] == TABLET


@pytest.mark.parametrize(
    "beside",
    [
        _order(text="sirolimus 2 mg tablet"),
        _taken("sirolimus 2 mg tablet", start=3),
        _taken("sirolimus oral solution", MedicationSource.STATEMENT),
        _taken("sirolimus 2 mg tablet", start=None),
    ],
    ids=["another order", "handed out since", "taken by report", "on a day nobody told"],
)
def test_of_two_products_in_use_none_is_named(beside: MedicationEvent) -> None:
    assert named(_order(), beside) == ("sirolimus", DRUG)


def test_an_order_without_a_day_is_held_against_all_that_was_handed_out() -> None:
    assert named(_order(start=None), _taken("sirolimus 2 mg tablet", start=300))[0] == "sirolimus"


def test_two_orders_of_one_product_are_one_product_and_of_two_strengths_none() -> None:
    assert named(_order(), _order(), ended=2)[0] == TABLET
    assert named(_order(), _order(mg="2"), ended=2)[0] == "sirolimus"


@pytest.mark.parametrize(
    ("order", "dose"),
    [
        (_order(mg=None), Dose(Decimal(3), Decimal(24))),
        (_order(mg="2"), Dose(Decimal(3), Decimal(24))),
        (_order(), Dose(Decimal("2.5"), Decimal(24))),
        (_order(mg="2"), Dose(Decimal(6), Decimal(24), (Decimal(3), Decimal(3)))),
        (_order(ingredients=frozenset({"sirolimus", "other"})), Dose(Decimal(3), Decimal(24))),
    ],
    ids=["strength not known", "half a tablet", "half a milligram", "halves by day", "a combination"],
)
def test_a_product_that_cannot_make_the_dose_is_not_named(order: MedicationEvent, dose: Dose) -> None:
    assert named(order, dose=dose)[0] == "sirolimus"


@pytest.mark.parametrize("concept", [None, "text", {}, {"text": " "}, {"coding": [PRODUCT]}])
def test_an_order_that_does_not_say_its_product_in_words_names_none(concept: Any) -> None:
    assert named(_order(), concept=concept)[0] == "sirolimus"


def test_a_product_in_words_alone_is_named_beside_the_codes_of_the_drug() -> None:
    assert named(_order(), concept={"text": TABLET}) == (TABLET, DRUG)


def test_a_first_order_names_the_drug() -> None:
    assert named(ended=0) == ("sirolimus", DRUG)
    assert named(_order(), ended=0) == ("sirolimus", DRUG)
