"""A drug that a site maps to its ingredient, dosed in tablets: no dose can be read, and its strength is asked for."""

from pathlib import Path
from typing import Any

import pytest

from cds_service.settings.site_file import Site
from cds_service.wiring import build_app
from tests.builders import NOW
from tests.hook_calls import call_body, prefetch_of
from tests.installation import an_installation
from tests.scenarios.dosing_charts import alerts, labs, level, line, on_sirolimus, said, taking
from tests.scenarios.fhir_charts import (
    RXNORM,
    Json,
    administration,
    assessed,
    concept,
    dispense,
    order,
    quantity,
    site_with_codes,
    statement,
    with_patient,
)

OWN = "http://hospital.example/drugs"
NAME = "西罗莫司片（宜欣可）"
SIROLIMUS, TABLET_1MG = "35302", "349208"
DRUG = concept((OWN, "XLMS-P"), text=NAME)
TWO = line(2, unit="片")
TAKEN = (order(DRUG, 30, TWO), dispense(DRUG, 30, 60, TWO))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site that maps its product to the ingredient alone."""
    return site_with_codes(tmp_path, (OWN, "XLMS-P", RXNORM, SIROLIMUS))


def asked(told: Json) -> list[str]:
    return [g["detail"] for g in told["dataQuality"] if g["problem"] == "STRENGTH_UNKNOWN"]


def test_the_strength_is_asked_for_by_name(site: Site) -> None:
    told = assessed(*on_sirolimus(level("sirolimus", 3), sirolimus=TAKEN), site=site)
    assert said(told).endswith(" DOSE_NOT_DOCUMENTED")
    assert asked(told) == [f"{NAME}: 2 片"] * 2
    assert "SAF-STRENGTH warning REVIEW sirolimus" in alerts(told)
    (finding,) = [f for f in told["safety"] if f["ruleId"] == "SAF-STRENGTH"]
    assert NAME in finding["seen"]
    assert "how many mg" in finding["seen"]


def test_the_card_asks_it_where_no_dose_is_known(site: Site) -> None:
    http = build_app(an_installation(site), clock=lambda: NOW.instant).test_client()
    chart = with_patient(*on_sirolimus(level("sirolimus", 3), sirolimus=TAKEN))
    body = call_body("aa-trial-titration", "p1", prefetch_of(chart))
    cards = http.post("/cds-services/aa-trial-titration", json=body).get_json()["cards"]
    summaries = " ".join(card["summary"] for card in cards)
    assert NAME in summaries
    assert "how many mg" in summaries
    assert {card["indicator"] for card in cards} == {"warning"}


def test_a_site_that_maps_to_the_product_has_its_dose(tmp_path: Path) -> None:
    site = site_with_codes(tmp_path, (OWN, "XLMS-P", RXNORM, TABLET_1MG))
    told = assessed(*on_sirolimus(level("sirolimus", 3), sirolimus=TAKEN), site=site)
    assert said(told).startswith("INCREASE")
    assert asked(told) == []


def test_a_dose_known_otherwise_stands_and_the_order_in_tablets_is_asked_about(site: Site) -> None:
    chart = (*taking("sirolimus", 2), order(DRUG, 5, TWO))
    told = assessed(*on_sirolimus(level("sirolimus", 7), sirolimus=chart), site=site)
    assert said(told).startswith("CONTINUE")
    assert "SAF-STRENGTH info REVIEW sirolimus" in alerts(told)


@pytest.mark.parametrize(
    ("entry", "question"),
    [
        (order(DRUG, 30, TWO), True),
        (dispense(DRUG, 30, 60, TWO), True),
        (statement(DRUG, 30, dosage=[TWO]), True),
        (administration(DRUG, 1, dosage={"dose": quantity(2, "{tablet}")}), True),
        (order(DRUG, 30, line(2, unit="mL")), True),
        (
            order(
                DRUG,
                30,
                {"doseAndRate": [{"doseRange": {"low": quantity(2, "片"), "high": quantity(2, "片")}}]},
            ),
            True,
        ),
        (order(DRUG, 30, line(2)), False),  # milligrams
        (order(DRUG, 30, line(2, unit="支")), False),  # a unit that no list knows is another question
        (order(DRUG, 30, TWO, status="cancelled"), False),
        (administration(DRUG, 1, status="not-done", dosage={"dose": quantity(2, "片")}), False),
        (order(concept((OWN, "XLMS-P"), text="西罗莫司凝胶"), 30, TWO), False),  # not swallowed
        (order(concept((RXNORM, "3008"), (RXNORM, "35302")), 30, TWO), False),  # two drugs, nobody's dose
        (order(concept((RXNORM, "11248"), text="voriconazole"), 30, TWO), False),  # no study drug
    ],
)
def test_who_is_asked_and_who_is_not(site: Site, entry: Json, question: bool) -> None:
    told = assessed(*on_sirolimus(sirolimus=(entry,)), site=site)
    assert bool(asked(told)) is question
    assert any("SAF-STRENGTH" in a for a in alerts(told)) is question


def test_an_old_count_of_tablets_is_no_question_while_the_dose_is_known(site: Site) -> None:
    old = dispense(DRUG, 29, 7, TWO)
    chart = (*taking("sirolimus", 2, since=20), old)
    told = assessed(*on_sirolimus(level("sirolimus", 7), sirolimus=chart), site=site)
    assert asked(told)
    assert not any("SAF-STRENGTH" in a for a in alerts(told))
    recent = (*taking("sirolimus", 2, since=20), dispense(DRUG, 28, 7, TWO))
    assert any("SAF-STRENGTH" in a for a in alerts(assessed(*on_sirolimus(sirolimus=recent), site=site)))


def test_a_draft_in_tablets_is_asked_about_by_name(site: Site) -> None:
    draft: dict[str, Any] = order(DRUG, None, TWO, status="draft")
    told = assessed(*on_sirolimus(*labs()), drafts=[draft], site=site)
    (finding,) = [f for f in told["orders"] if f["ruleId"] == "ORD-UNREADABLE"]
    assert NAME in finding["seen"]
    assert "how many mg" in finding["seen"]
