"""Every entry that a criterion shows has a name, also where the hospital sent a bare code."""

from typing import Any

import pytest

from tests.scenarios import fhir_charts as chart
from tests.scenarios.fhir_charts import (
    administration,
    adverse_event,
    allergy,
    atc,
    attestation,
    condition,
    icd,
    observation,
    order,
    rxnorm,
    snomed,
    text,
)

AA = condition(icd("D61.3"))


@pytest.mark.parametrize(
    ("fact", "number", "name"),
    [
        (condition(icd("D61.3")), "I2", "ICD-10 D61.3 on"),
        (condition(icd("D61.3", "特发性再障")), "I2", "特发性再障 (ICD-10 D61.3) on"),
        (administration(atc("B01AA03"), 1), "E10", "warfarin (given)"),
        (administration(atc("B01AA04"), 1), "E10", "ATC B01AA04 (given)"),
        (order(atc("L04AH01"), 50), "E5", "sirolimus (ordered)"),
        (allergy(rxnorm("35302")), "E5", "sirolimus on"),
        (allergy(rxnorm("3008")), "I4", "ciclosporin"),
        (
            observation("600-7", snomed("3092008", "Staphylococcus aureus"), when=3),
            "I5",
            "Staphylococcus aureus",
        ),
    ],
    ids=str,
)
def test_a_bare_code_is_shown_by_what_it_stands_for(fact: Any, number: str, name: str) -> None:
    assert name in chart.criterion(chart.assessed(AA, fact), number)["seen"]


@pytest.mark.parametrize(
    ("event", "name"),
    [
        (snomed("126729006"), "SNOMED CT 126729006"),
        (snomed("26079004"), "26079004"),
        (snomed("26079004", "tremor"), "tremor"),
    ],
    ids=str,
)
def test_an_adverse_event_is_shown_by_its_code(event: Any, name: str) -> None:
    given = order(when=500, id="csa")
    told = chart.assessed(AA, given, adverse_event(event, "MedicationRequest/csa"))
    assert f"{name} (attributed to ciclosporin)" in chart.criterion(told, "E6")["seen"]


def test_a_sentence_shows_the_hospitals_day_and_no_timestamp() -> None:
    late = adverse_event(text("tremor"), "MedicationRequest/csa", when="2025-11-02T20:00:00Z")
    told = chart.assessed(AA, order(when=500, id="csa"), late, attestation({"I4.2": True}))
    for number in ("I4", "E6"):
        seen = chart.criterion(told, number)["seen"]
        assert "2025-11-03" in seen
        assert "T20:00" not in seen
