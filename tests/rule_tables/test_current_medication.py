"""Whether an entry of each kind says that a drug is taken now: every status, and both sides of each edge."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.criteria.current_medication import counts, in_use
from fhir_mappings.clinical_model.medications import MedicationEvent, MedicationSource, MedicationStatus
from tests.builders import TODAY, a_record, medication, when
from tests.rule_tables.eligibility_cases import LIMITS, MET, NOT_MET, UNKNOWN

WARFARIN = "warfarin"
ORDER_DAYS = 90
S = MedicationStatus
ORDER, DISPENSE = MedicationSource.ORDER, MedicationSource.DISPENSE
GIVEN, STATED = MedicationSource.ADMINISTRATION, MedicationSource.STATEMENT
MONTH = "2026-02"
"""The month before TODAY, 2 March: its last day is two days ago."""


def entry(source: MedicationSource, start: Any = 30, end: Any = None, **more: Any) -> MedicationEvent:
    return medication(WARFARIN, 3, start=start, source=source, **({"end": when(end)} | more))


def said(event: MedicationEvent, *others: MedicationEvent) -> Verdict:
    return in_use(event, a_record(event, *others), TODAY, LIMITS, ORDER_DAYS)


BY_STATUS = {
    S.ACTIVE: (MET, MET, MET, MET),
    S.COMPLETED: (NOT_MET, MET, MET, NOT_MET),
    S.ON_HOLD: (UNKNOWN, MET, MET, UNKNOWN),
    S.STOPPED: (NOT_MET, MET, MET, NOT_MET),
    S.CANCELLED: (NOT_MET, NOT_MET, NOT_MET, NOT_MET),
    S.DRAFT: (NOT_MET, NOT_MET, NOT_MET, NOT_MET),
    S.NOT_TAKEN: (NOT_MET, NOT_MET, NOT_MET, NOT_MET),
    S.INTENDED: (UNKNOWN, MET, MET, UNKNOWN),
    S.UNKNOWN: (UNKNOWN, MET, MET, UNKNOWN),
}
"""An order, a supply that lasts, a dose of today, a statement: of each status."""


@pytest.mark.parametrize("status", S)
def test_what_each_status_says_of_an_entry_that_reaches_today(status: MedicationStatus) -> None:
    each = (entry(ORDER), entry(DISPENSE, supply_days=Decimal(60)), entry(GIVEN, 0), entry(STATED))
    assert tuple(said(replace(one, status=status)) for one in each) == BY_STATUS[status]


@pytest.mark.parametrize("source", MedicationSource)
def test_what_was_only_planned_or_lies_ahead_is_no_use(source: MedicationSource) -> None:
    planned = entry(source, 0, is_order_intent=False)
    assert not counts(planned)
    assert said(planned) is NOT_MET
    assert said(entry(source, -1)) is NOT_MET


@pytest.mark.parametrize(
    ("event", "verdict"),
    [
        (entry(GIVEN, LIMITS.administration_days), MET),
        (entry(GIVEN, LIMITS.administration_days + 1), NOT_MET),
        (entry(GIVEN, 9, LIMITS.administration_days), MET),
        (entry(GIVEN, 1, 1), MET),
        (entry(GIVEN, MONTH), UNKNOWN),
        (entry(GIVEN, "2026-01"), NOT_MET),
        (entry(GIVEN, None), UNKNOWN),
        (entry(DISPENSE, 29, supply_days=Decimal(30)), MET),
        (entry(DISPENSE, 30, supply_days=Decimal(30)), NOT_MET),
        (entry(DISPENSE, 30, supply_days=Decimal("30.2")), MET),
        (entry(DISPENSE, 0, supply_days=Decimal(0)), MET),
        (entry(DISPENSE, 1, supply_days=Decimal(0)), NOT_MET),
        (entry(DISPENSE, MONTH, supply_days=Decimal(3)), UNKNOWN),
        (entry(DISPENSE, MONTH, supply_days=Decimal(2)), NOT_MET),
        (entry(DISPENSE, MONTH, supply_days=Decimal(30)), MET),
        (entry(DISPENSE, 30), UNKNOWN),
        (entry(DISPENSE, None, supply_days=Decimal(30)), UNKNOWN),
        (entry(DISPENSE, None, 0, supply_days=Decimal(30)), MET),
        (entry(DISPENSE, 30, 0), MET),
        (entry(DISPENSE, 30, 1), NOT_MET),
        (entry(DISPENSE, 60, "2026-03"), UNKNOWN),
        (entry(DISPENSE, 60, MONTH), NOT_MET),
        (entry(ORDER, 30, 0), MET),
        (entry(ORDER, 30, 1), NOT_MET),
        (entry(ORDER, 60, "2026-03"), UNKNOWN),
        (entry(ORDER, None), UNKNOWN),
        (entry(ORDER, 30, single_dose=True), UNKNOWN),
        (entry(ORDER, ORDER_DAYS), MET),
        (entry(ORDER, ORDER_DAYS + 1), UNKNOWN),
        (entry(ORDER, ORDER_DAYS + 1, 1), NOT_MET),
    ],
)
def test_how_long_an_entry_reaches(event: MedicationEvent, verdict: Verdict) -> None:
    assert said(event) is verdict


@pytest.mark.parametrize(
    ("sign", "verdict"),
    [
        (entry(DISPENSE, ORDER_DAYS), MET),
        (entry(DISPENSE, ORDER_DAYS + 1), UNKNOWN),
        (entry(DISPENSE, 0), MET),
        (entry(DISPENSE, -1), UNKNOWN),
        (entry(DISPENSE, None), UNKNOWN),
        (entry(DISPENSE, "2025"), UNKNOWN),
        (entry(GIVEN, 20), MET),
        (entry(STATED, 20), UNKNOWN),
        (entry(ORDER, 20), UNKNOWN),
        (entry(DISPENSE, 20, status=S.CANCELLED), UNKNOWN),
        (entry(DISPENSE, 20, ingredients=frozenset({"heparin"})), UNKNOWN),
        (entry(DISPENSE, 20, ingredients=frozenset({"heparin", WARFARIN})), MET),
    ],
)
def test_an_old_open_order_is_no_leftover_where_the_drug_was_supplied_since(
    sign: MedicationEvent, verdict: Verdict
) -> None:
    assert said(entry(ORDER, ORDER_DAYS + 30), sign) is verdict
