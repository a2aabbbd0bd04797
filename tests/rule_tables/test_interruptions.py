"""Stopped, held, not taken, given by vein, and taken up again (DECISIONS 55, 56, 62, 87)."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.rules.answers.dosing_answers import Validity
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseInForce, DoseStatus
from cds_service.trials.nct06802055.patient_state.doses.interruptions import Off
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.medications import Dose, MedicationEvent, MedicationSource, MedicationStatus
from fhir_mappings.clinical_model.record import ClinicalRecord
from tests.builders import a_record, days_ago, dispense, given, level, medication, when
from tests.dosing import enrolled, in_force, measured

S = MedicationStatus
STATEMENT = MedicationSource.STATEMENT
ADMINISTRATION = MedicationSource.ADMINISTRATION


def order(
    since: int, until: int | None = None, status: S = S.ACTIVE, mg: int = 2, **more: Any
) -> MedicationEvent:
    """An order of sirolimus, days before TODAY."""
    return medication(
        "sirolimus", mg, start=since, status=status, end=None if until is None else when(until), **more
    )


def supply(ago: int, days: int = 90, mg: int = 2) -> MedicationEvent:
    return dispense("sirolimus", mg, ago=ago, days=days)


def said(ago: int, status: S, until: int | None = None, **more: Any) -> MedicationEvent:
    end = None if until is None else when(until)
    return medication("sirolimus", 2, start=ago, source=STATEMENT, status=status, end=end, **more)


def not_given(ago: int) -> MedicationEvent:
    return medication("sirolimus", 2, start=ago, source=ADMINISTRATION, status=S.NOT_TAKEN)


def dose_given(ago: int) -> MedicationEvent:
    return given("sirolimus", 2, f"{days_ago(ago).isoformat()}T08:00:00+08:00")


def chart(*facts: MedicationEvent, arm: Arm = Arm.SIROLIMUS, levels: Any = ()) -> ClinicalRecord:
    return a_record(enrolled(arm, 120), *facts, *levels)


def srl(*facts: MedicationEvent) -> DoseInForce:
    return in_force(chart(*facts))


def spans(dose: DoseInForce) -> list[tuple[int, int | None]]:
    """Stretches off the drug in days before TODAY."""
    today = days_ago(0)
    return [((today - off.since).days, (today - off.again).days if off.again else None) for off in dose.off]


# ---------------------------------------------------------------- what is a stop, and what is none


STOPS: list[tuple[str, tuple[MedicationEvent, ...], list[tuple[int, int | None]]]] = [
    ("an order stopped", (supply(60), order(60, 20, S.STOPPED)), [(20, None)]),
    ("an order on hold", (supply(60), order(60, 20, S.ON_HOLD)), [(20, None)]),
    ("an order completed", (supply(60), order(60, 20, S.COMPLETED)), []),
    ("a planned end still ahead", (supply(60), order(60, -20, S.STOPPED)), []),
    ("a stop of which nobody wrote the day", (supply(60), order(60, None, S.STOPPED)), []),
    ("taken up again", (supply(60), order(60, 20, S.STOPPED), order(2), supply(2)), [(20, 2)]),
    ("ordered again, not started", (supply(60), order(60, 20, S.STOPPED), order(2)), [(20, None)]),
    ("replaced on the day", (supply(60), order(60, 20, S.STOPPED), order(20)), []),
    ("replaced the day after", (supply(60), order(60, 20, S.STOPPED), order(19)), []),
    ("replaced two days after", (supply(60), order(60, 20, S.STOPPED), order(18), supply(18)), [(20, 18)]),
    ("one of two orders stopped", (supply(60), order(60, 20, S.STOPPED), order(60)), []),
    ("two orders stopped one after the other", (supply(60), order(60, 20, S.STOPPED), order(60, 10, S.STOPPED)), [(10, None)]),
    ("an older stopped order without a day beside", (supply(60), order(60, 20, S.STOPPED), order(70, None, S.STOPPED)), [(20, None)]),
    ("a younger stopped order without a day", (supply(60), order(60, 20, S.STOPPED), order(19, None, S.STOPPED)), []),
    ("said not to be taken", (supply(60), said(20, S.NOT_TAKEN)), [(20, None)]),
    ("said to be on hold", (supply(60), said(20, S.ON_HOLD)), [(20, None)]),
    ("said to be stopped", (supply(60), said(50, S.STOPPED, 20)), [(20, None)]),
    ("said to be stopped, nobody says when", (supply(60), said(50, S.STOPPED)), []),
    ("one moment of a course that was stopped", (supply(60), said(50, S.STOPPED, 50)), []),
    ("not taken, then supplied", (supply(60), said(20, S.NOT_TAKEN), supply(5)), [(20, 5)]),
    ("not taken for a day", (supply(60), said(20, S.NOT_TAKEN), supply(19)), []),
    ("one dose not given", (supply(60), not_given(20)), []),
    ("two days not given", (supply(60), not_given(20), not_given(19)), [(20, None)]),
    ("not given, given, not given", (supply(60), not_given(20), dose_given(19), not_given(18)), []),
    ("not given, given for days, not given", (supply(60), not_given(20), dose_given(10), not_given(9)), []),
    ("three days not given, then given", (supply(60), *map(not_given, (20, 19, 18)), dose_given(17)), [(20, 17)]),
    ("given by vein", (supply(60), replace(dose_given(10), oral=False)), [(10, None)]),
    ("by vein, then by mouth", (supply(60), replace(dose_given(10), oral=False), supply(5)), [(10, 5)]),
    ("two stops", (supply(90), order(90, 70, S.STOPPED), order(60, 40, S.STOPPED), supply(60), supply(30)), [(70, 60), (40, 30)]),
    ("never taken", (order(60, 20, S.STOPPED),), [(20, None)]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "facts", "expected"), STOPS, ids=[row[0] for row in STOPS])
def test_a_stop_is_a_stop_unless_something_goes_on(name: str, facts: Any, expected: Any) -> None:
    assert spans(srl(*facts)) == expected
    assert spans(srl(*reversed(facts))) == expected


@pytest.mark.parametrize(("name", "facts", "expected"), STOPS, ids=[row[0] for row in STOPS])
def test_no_dose_is_in_force_after_a_stop_that_nothing_ended(name: str, facts: Any, expected: Any) -> None:
    if expected and expected[-1][1] is None:
        assert srl(*facts).status is DoseStatus.NOT_DOCUMENTED


@pytest.mark.parametrize(
    ("facts", "taken"),
    [
        ((supply(60), said(50, S.STOPPED)), False),
        ((supply(60), said(50, S.STOPPED, 50)), False),
        ((supply(60), said(50, S.STOPPED, 50), supply(40)), True),
        ((supply(60), said(60, S.ON_HOLD)), False),
        ((supply(60), said(60, S.NOT_TAKEN)), False),
        ((supply(60), said(60, S.STOPPED)), False),
        ((supply(60), said(61, S.STOPPED)), True),
    ],
)
def test_a_statement_that_it_is_over_is_believed_until_a_later_sign(facts: Any, taken: bool) -> None:
    assert srl(*facts).taken is taken


def test_an_old_box_does_not_bridge_a_stop() -> None:
    found = srl(supply(60), order(60, 20, S.STOPPED), order(2), supply(2))
    assert (found.status, found.since, found.dose) == (
        DoseStatus.KNOWN,
        days_ago(2),
        Dose(Decimal(2), Decimal(24)),
    )
    assert [step.day for step in found.steps] == [days_ago(60), days_ago(2)]
    unbroken = srl(supply(60), order(60, 20, S.COMPLETED), order(2), supply(2))
    assert unbroken.since == days_ago(60)


@pytest.mark.parametrize(
    ("sampled", "validity"),
    [
        (25, Validity.STALE),
        (20, Validity.NOT_STEADY_STATE),
        (19, Validity.NOT_TROUGH),
        (3, Validity.NOT_TROUGH),
        (2, Validity.NOT_TROUGH),
        (1, Validity.NOT_STEADY_STATE),
    ],
)
def test_a_level_drawn_off_the_drug_is_no_trough(sampled: int, validity: Validity) -> None:
    facts = (supply(60), order(60, 20, S.STOPPED), order(2), supply(2))
    found = measured(chart(*facts, levels=(level("sirolimus", 5, sampled),)))
    expected = Validity.NOT_STEADY_STATE if validity is Validity.STALE else validity
    assert found.validity is expected


@pytest.mark.parametrize(("again", "validity"), [(7, Validity.NOT_STEADY_STATE), (8, Validity.VALID)])
def test_taken_up_again_is_a_new_start_for_steady_state(again: int, validity: Validity) -> None:
    facts = (supply(60), order(60, 20, S.STOPPED), order(again), supply(again))
    assert measured(chart(*facts, levels=(level("sirolimus", 5, 1),))).validity is validity


def test_off_the_drug_holds_after_the_stop_up_to_the_first_dose() -> None:
    off = Off(date(2026, 2, 1), date(2026, 2, 10))
    assert [off.holds(date(2026, 2, day)) for day in (1, 2, 10, 11)] == [False, True, True, False]
    assert Off(date(2026, 2, 1), None).holds(date(2030, 1, 1))


# ---------------------------------------------------------------- by another route


def test_a_dose_by_vein_is_no_study_dose_but_was_taken() -> None:
    infused = replace(medication("ciclosporin", 75, 12, source=ADMINISTRATION, start=3), oral=False)
    found = in_force(chart(infused, arm=Arm.COMBINED), Drug.CICLOSPORIN)
    assert (found.status, found.not_oral, found.dose) == (DoseStatus.NOT_DOCUMENTED, True, None)


def test_an_order_to_inject_stands_in_the_way_of_more() -> None:
    to_inject = replace(order(3), oral=False)
    assert srl(supply(60), order(60), to_inject).not_oral
    assert srl(supply(60), order(60), to_inject).taken
    assert not srl(supply(60), order(60), replace(to_inject, status=S.COMPLETED)).not_oral
    assert srl(to_inject).not_oral


def test_a_level_does_not_prove_an_oral_order_that_was_given_by_vein() -> None:
    facts = (order(20), replace(dose_given(10), oral=False))
    found = in_force(chart(*facts, levels=(level("sirolimus", 5, 1),)))
    assert (found.status, found.not_oral) == (DoseStatus.NOT_DOCUMENTED, True)


def test_injections_of_before_the_study_are_history() -> None:
    infused = replace(medication("ciclosporin", 75, 12, source=ADMINISTRATION, start=130), oral=False)
    found = in_force(chart(infused, arm=Arm.COMBINED), Drug.CICLOSPORIN)
    assert (found.status, found.not_oral) == (DoseStatus.NONE, False)


# ---------------------------------------------------------------- wash-out, and a stop by decision


def csa(*facts: MedicationEvent, arm: Arm = Arm.COMBINED) -> DoseInForce:
    return in_force(chart(*facts, arm=arm), Drug.CICLOSPORIN)


def csa_order(since: int, until: int | None, status: S = S.STOPPED, **more: Any) -> MedicationEvent:
    end = None if until is None else when(until)
    return medication("ciclosporin", 75, 12, start=since, status=status, end=end, **more)


BOX = dispense("ciclosporin", 75, 12, ago=60, days=90)


@pytest.mark.parametrize(
    ("stop", "until"),
    [
        (csa_order(60, 35), 35),
        (csa_order(60, 35, S.ON_HOLD), 35),
        (csa_order(60, None), 0),
        (medication("ciclosporin", 75, 12, start=20, source=STATEMENT, status=S.NOT_TAKEN), 20),
        (medication("ciclosporin", 75, 12, start=50, source=STATEMENT, status=S.STOPPED, end=when(25)), 25),
        (medication("ciclosporin", 75, 12, start=50, source=STATEMENT, status=S.STOPPED, end=when(50)), 0),
        (medication("ciclosporin", 75, 12, start=50, source=STATEMENT, status=S.ON_HOLD), 0),
        (medication("ciclosporin", 75, 12, start=50, source=STATEMENT, status=S.ON_HOLD, end=when(25)), 25),
        (csa_order(60, 35, S.COMPLETED), -30),
    ],
)
def test_wash_out_counts_from_the_stop_and_never_from_a_box_that_was_not_used_up(
    stop: MedicationEvent, until: int
) -> None:
    found = csa(BOX, stop, arm=Arm.SIROLIMUS)
    assert found.taken_until == days_ago(until)


@pytest.mark.parametrize(
    ("stopped", "validity"), [(14, Validity.NOT_STEADY_STATE), (15, Validity.VALID), (35, Validity.VALID)]
)
def test_sirolimus_is_at_steady_state_a_fortnight_after_the_stop(stopped: int, validity: Validity) -> None:
    facts = (supply(60), order(60), BOX, csa_order(60, stopped))
    found = measured(chart(*facts, levels=(level("sirolimus", 7, 1),)))
    assert found.validity is validity


BY_DECISION: list[tuple[str, tuple[MedicationEvent, ...], tuple[int | None, str] | None]] = [
    ("stopped with a reason", (BOX, csa_order(60, 20, stop_reason="tremor")), (20, "tremor")),
    ("stopped without a reason", (BOX, csa_order(60, 20)), None),
    ("held with a reason", (BOX, csa_order(60, 20, S.ON_HOLD, stop_reason="fever")), None),
    ("stopped, nobody wrote when", (BOX, csa_order(60, None, stop_reason="tremor")), (None, "tremor")),
    ("planned end ahead", (BOX, csa_order(60, -20, stop_reason="tremor")), (None, "tremor")),
    ("supplied since", (BOX, csa_order(60, 20, stop_reason="tremor"), dispense("ciclosporin", 75, 12, ago=5)), None),
    ("ordered anew", (BOX, csa_order(60, 20, stop_reason="tremor"), csa_order(5, None, S.ACTIVE)), None),
    ("said to be stopped", (BOX, medication("ciclosporin", 75, 12, start=50, source=STATEMENT, status=S.STOPPED, end=when(25))), (25, "")),
    ("said to be stopped, with a reason", (BOX, medication("ciclosporin", 75, 12, start=50, source=STATEMENT, status=S.STOPPED, end=when(25), stop_reason="cost")), (25, "cost")),
    ("said to be stopped at one moment of it", (BOX, medication("ciclosporin", 75, 12, start=50, source=STATEMENT, status=S.STOPPED, end=when(50))), (None, "")),
    ("said so long before", (medication("ciclosporin", 75, 12, start=90, source=STATEMENT, status=S.STOPPED, end=when(80)), BOX), None),
    ("stopped before it was taken", (csa_order(60, 20, stop_reason="tremor"),), (20, "tremor")),
    ("still taken", (BOX,), None),
]  # fmt: skip


@pytest.mark.parametrize(("name", "facts", "expected"), BY_DECISION, ids=[row[0] for row in BY_DECISION])
def test_a_stop_by_decision_has_its_day_and_its_reason(name: str, facts: Any, expected: Any) -> None:
    found = csa(*facts).stopped
    told = None if found is None else ((days_ago(0) - found.day).days if found.day else None, found.reason)
    assert told == expected
