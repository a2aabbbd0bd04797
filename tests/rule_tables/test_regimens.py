"""Entries for different times of one day: one regimen of ciclosporin, and none of sirolimus (DECISIONS 54)."""

from decimal import Decimal
from typing import Any

import pytest

from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseInForce, DoseStatus
from cds_service.trials.nct06802055.patient_state.doses.regimens import whole_days, with_companions
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.known_unknown import Known
from fhir_mappings.clinical_model.medications import Dose, MedicationEvent, MedicationSource, MedicationStatus
from tests.builders import a_record, days_ago, medication, when
from tests.dosing import enrolled, in_force

S = MedicationStatus
UNEVEN = Dose(Decimal(175), Decimal(24), (Decimal(100), Decimal(75)))


def part(mg: int, time: str, start: int = 30, until: int | None = None, **more: Any) -> MedicationEvent:
    """An order of ciclosporin for one time of each day."""
    end = None if until is None else when(until)
    return medication("ciclosporin", mg, 24, start=start, end=end, times=frozenset({time}), **more)


def box(mg: int, time: str, start: int = 30, days: int = 60) -> MedicationEvent:
    """A supply of it."""
    return part(mg, time, start, source=MedicationSource.DISPENSE, supply_days=Decimal(days))


def csa(*facts: MedicationEvent) -> DoseInForce:
    return in_force(a_record(enrolled(Arm.COMBINED, 60), *facts), Drug.CICLOSPORIN)


REGIMENS: list[tuple[str, tuple[MedicationEvent, ...], Dose | None, DoseStatus]] = [
    ("two orders, two boxes", (part(100, "MORN"), part(75, "EVE"), box(100, "MORN"), box(75, "EVE")), UNEVEN, DoseStatus.KNOWN),
    ("two alike are an interval", (part(75, "MORN"), part(75, "EVE"), box(75, "MORN"), box(75, "EVE")), Dose(Decimal(75), Decimal(12)), DoseStatus.KNOWN),
    ("by the clock", (part(100, "08:00"), part(75, "20:00"), box(100, "08:00"), box(75, "20:00")), UNEVEN, DoseStatus.KNOWN),
    ("two boxes, no order", (box(100, "MORN"), box(75, "EVE")), UNEVEN, DoseStatus.KNOWN),
    ("the same time twice", (part(100, "MORN"), part(75, "MORN"), box(100, "MORN")), None, DoseStatus.CONFLICTING),
    ("clock and word", (part(100, "08:00"), part(75, "EVE"), box(100, "08:00")), None, DoseStatus.CONFLICTING),
    ("one stopped", (part(100, "MORN"), part(75, "EVE", status=S.STOPPED), box(100, "MORN")), Dose(Decimal(100), Decimal(24)), DoseStatus.KNOWN),
    ("three times", (part(50, "MORN"), part(50, "NOON"), part(75, "EVE"), box(50, "MORN")), None, DoseStatus.CONFLICTING),
]  # fmt: skip


@pytest.mark.parametrize(("name", "facts", "expected", "status"), REGIMENS, ids=[row[0] for row in REGIMENS])
def test_parts_of_one_day_are_one_regimen(name: str, facts: Any, expected: Any, status: DoseStatus) -> None:
    for chart in (facts, facts[::-1]):
        found = csa(*chart)
        assert (found.status, found.dose) == (status, expected)
        assert found.duplicate_orders == ()


def test_the_day_of_change_is_that_of_the_younger_part() -> None:
    found = csa(box(100, "MORN", 30), box(75, "EVE", 10))
    assert (found.dose, found.since) == (UNEVEN, days_ago(10))
    assert [(step.day, step.dose.daily_mg) for step in found.steps] == [
        (days_ago(30), 100),
        (days_ago(10), 175),
    ]


def test_a_part_that_ended_before_the_other_began_is_no_companion() -> None:
    alone = csa(box(100, "MORN", 30, days=10), box(75, "EVE", 5, days=30))
    assert alone.dose == Dose(Decimal(75), Decimal(24))
    ended = whole_days([part(100, "MORN", 30, until=20), part(75, "EVE", 5)], Drug.CICLOSPORIN)
    assert sorted(e.dose.value.daily_mg for e in ended if isinstance(e.dose, Known)) == [75, 100]


def test_a_renewed_part_takes_the_place_of_the_old_one() -> None:
    found = csa(box(100, "MORN", 30), box(75, "EVE", 30), box(50, "MORN", 5))
    assert found.dose == Dose(Decimal(125), Decimal(24), (Decimal(75), Decimal(50)))
    assert found.since == days_ago(5)


def test_two_times_of_a_daily_drug_are_a_change_of_mind_and_not_the_sum() -> None:
    """Were 2 mg at night and 3 mg in the morning 5 mg a day, "down to 3 mg" would raise what is taken."""
    orders = [
        medication("sirolimus", mg, start=30, times=frozenset({time}))
        for mg, time in ((2, "NIGHT"), (3, "MORN"))
    ]
    assert whole_days(orders, Drug.SIROLIMUS) == orders


@pytest.mark.parametrize(
    "alone",
    [
        part(100, "MORN", as_needed=True),
        medication("ciclosporin", 100, 24),
        part(100, "MORN", source=MedicationSource.ADMINISTRATION),
        medication("ciclosporin", None, times=frozenset({"MORN"})),
        medication("ciclosporin", 100, 24, start=None, times=frozenset({"MORN"})),
    ],
)
def test_what_does_not_tell_a_part_of_the_day_stays_alone(alone: MedicationEvent) -> None:
    other = part(75, "EVE")
    assert with_companions(alone, [other], Drug.CICLOSPORIN) == alone
    assert with_companions(other, [alone], Drug.CICLOSPORIN) == other


def test_a_part_with_its_companion_is_the_whole_day() -> None:
    found = with_companions(part(75, "EVE"), [part(100, "MORN")], Drug.CICLOSPORIN)
    assert isinstance(found.dose, Known)
    assert found.dose.value == UNEVEN
