"""What the journeys are made of is valid FHIR R4, so that what a test finds is not a fault of its chart."""

import pytest

from fhir_mappings.writers.validation import problems
from tests.scenarios import fhir_charts as chart

EVERY_KIND = [
    chart.patient(),
    chart.condition(chart.icd("D61.9", "再生障碍性贫血")),
    *chart.count(hb=84, plt=31, anc=0.6),
    chart.observation("56888-1", "阳性"),
    chart.observation("56888-1", chart.snomed("260373001")),
    chart.observation("2118-8", False),
    chart.observation("42595-9", 20, "[iU]/mL", comparator="<"),
    chart.order(chart.CICLOSPORIN, 10, chart.dosage(75, "mg", 12)),
    chart.dispense(chart.CICLOSPORIN_25MG, 10, 28, chart.dosage(3, "{capsule}", 12)),
    chart.administration(chart.SIROLIMUS_1MG, 1, 2),
    chart.statement(chart.CICLOSPORIN, 200, 20),
    chart.transfusion("platelets"),
    chart.procedure(chart.snomed("23719005")),
    chart.allergy(chart.SIROLIMUS_1MG),
    chart.adverse_event(chart.snomed("126729006"), "MedicationRequest/m1"),
    *chart.enrolled(),
    chart.consent(),
    chart.attestation({"I2": True, "I8": 1}),
    chart.nothing_known(),
]


@pytest.mark.parametrize("resource", EVERY_KIND, ids=lambda r: r["resourceType"])
def test_a_chart_of_the_journeys_is_valid_r4(resource: chart.Json) -> None:
    assert problems(resource) == []


def test_all_of_them_are_read_without_a_problem() -> None:
    assert chart.problems(chart.assessed(*EVERY_KIND)) == []
