"""From when to when a drug was taken: a box counts up to the stop, and not beyond its own end."""

from typing import Any

import pytest

from cds_service.rules.drug_uses import is_in_use, uses_of
from fhir_mappings.clinical_model.medications import MedicationEvent, MedicationSource, MedicationStatus
from tests.builders import TODAY, dispense, medication, when
from tests.dosing import CURRENT_USE

S = MedicationStatus


def box(ago: int, days: int) -> MedicationEvent:
    return dispense("fluconazole", 200, ago=ago, days=days)


def stopped(since: int, until: int) -> MedicationEvent:
    return medication("fluconazole", 200, start=since, status=S.STOPPED, end=when(until))


def not_taken(ago: int) -> MedicationEvent:
    return medication("fluconazole", 200, start=ago, source=MedicationSource.STATEMENT, status=S.NOT_TAKEN)


@pytest.mark.parametrize(
    ("facts", "last"),
    [
        ((box(20, 30),), None),
        ((box(20, 10),), 11),
        ((box(20, 30), stopped(40, 5)), 5),
        ((box(20, 10), stopped(40, 5)), 11),
        ((box(20, 10), stopped(40, 11)), 11),
        ((box(20, 10), stopped(40, 12)), 12),
        ((box(20, 30), stopped(40, 20)), None),
        ((box(20, 30), stopped(40, 19)), 19),
        ((box(20, 30), not_taken(3)), 3),
        ((box(20, 10), not_taken(3)), 11),
        ((box(20, 30), stopped(40, 15), stopped(40, 8)), 8),
    ],
)
def test_a_box_counts_up_to_the_first_stop_after_it_or_to_its_own_end(facts: Any, last: int | None) -> None:
    uses = [
        use for use in uses_of(facts, TODAY, CURRENT_USE) if use.event.source is MedicationSource.DISPENSE
    ]
    assert [(TODAY - use.last).days if use.last else None for use in uses] == [last]
    assert is_in_use(facts, TODAY, CURRENT_USE) is (last is None)


def test_what_is_handed_out_without_a_day_has_no_first_day_and_no_stop() -> None:
    undated = medication("fluconazole", 200, start=None, source=MedicationSource.DISPENSE)
    (use,) = uses_of([undated], TODAY, CURRENT_USE)
    assert (use.first, use.event) == (None, undated)
