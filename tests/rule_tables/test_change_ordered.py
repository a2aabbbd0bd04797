"""Each state of titration beside an order of another dose: waits for it, says that it was not begun, or stays."""

from decimal import Decimal
from typing import Any

import pytest

from cds_service.rules.answers.dosing_answers import State, Validity
from cds_service.trials.nct06802055.dosing.change_ordered import after_an_order
from cds_service.trials.nct06802055.dosing.dose_case import DoseAdvice, DoseCase
from cds_service.trials.nct06802055.patient_state.dosing_reasons import Reason
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.medications import Dose
from tests.builders import days_ago
from tests.dosing import LIMITS, SAW, dose, sirolimus

NOT_BEGUN, ORDERED = Reason.ORDER_NOT_STARTED, Reason.CHANGE_ORDERED
LAST = LIMITS.change_ordered_days


def ordered(mg: int, ago: int, *, signed: bool = True) -> DoseCase:
    """2 mg are taken; another dose was ordered, or only written, some days ago."""
    names = ("pending", "pending_since") if signed else ("drafted", "drafted_since")
    more: dict[str, Any] = dict(zip(names, (of(mg), days_ago(ago)), strict=True))
    return sirolimus("6", dose=dose(Drug.SIROLIMUS, 2, **more))


def of(mg: int) -> Dose:
    return Dose(Decimal(mg), Decimal(24))


def advice(state: State, *reasons: str, proposed: int | None = None) -> DoseAdvice:
    return DoseAdvice(state, "TR-01", SAW, of(proposed) if proposed else None, reasons=reasons)


WAITS = {
    State.CONTINUE: True,
    State.INCREASE: True,
    State.DECREASE: True,
    State.AT_CAP_BELOW_TARGET: True,
    State.RECHECK: True,
    State.INITIATE: False,
    State.HOLD: False,
    State.STOP_REVIEW: False,
    State.CANNOT_ADVISE: False,
}
SAYS_NOT_BEGUN = {State.CONTINUE, State.AT_CAP_BELOW_TARGET, State.RECHECK}
"""An order that has waited for too long is said beside what leaves the dose as it is."""


def test_every_state_has_its_row() -> None:
    assert WAITS.keys() == set(State)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("ago", [0, 1, LAST])
def test_a_change_that_was_ordered_lately_is_waited_for(state: State, signed: bool, ago: int) -> None:
    told = advice(state)
    found = after_an_order(ordered(3, ago, signed=signed), LIMITS, told)
    assert (found.state is State.RECHECK and ORDERED in found.reasons) is WAITS[state]
    initiated_otherwise = state is State.INITIATE and signed
    assert (found == told) is (not WAITS[state] and not initiated_otherwise)


@pytest.mark.parametrize("state", State)
def test_an_order_that_waits_for_too_long_is_said_and_changes_nothing(state: State) -> None:
    told = advice(state, "OTHER")
    found = after_an_order(ordered(3, LAST + 1), LIMITS, told)
    says = state in SAYS_NOT_BEGUN or state is State.INITIATE
    assert found.reasons == (("OTHER", NOT_BEGUN) if says else ("OTHER",))
    assert found.state is state
    assert after_an_order(ordered(3, LAST + 1, signed=False), LIMITS, told) == told, "written, and forgotten"


@pytest.mark.parametrize(
    ("state", "proposed", "mg", "waits"),
    [
        (State.DECREASE, 1, 1, True),
        (State.DECREASE, 1, 3, False),
        (State.INCREASE, 3, 1, True),
        (State.INITIATE, 1, 1, True),
        (State.INITIATE, 1, 3, False),
        (State.CONTINUE, 2, 4, False),
    ],
)
def test_no_order_is_waited_for_that_raises_what_is_to_be_lowered_or_is_out_of_bounds(
    state: State, proposed: int, mg: int, waits: bool
) -> None:
    found = after_an_order(ordered(mg, 1), LIMITS, advice(state, proposed=proposed))
    assert (ORDERED in found.reasons) is waits


@pytest.mark.parametrize(
    "reasons", [(Reason.DOSE_NOT_DOCUMENTED,), (Reason.DOSE_NOT_DOCUMENTED, "X"), ("X",)]
)
def test_what_cannot_be_advised_waits_only_where_nothing_but_the_dose_is_missing(
    reasons: tuple[str, ...],
) -> None:
    found = after_an_order(ordered(3, 1), LIMITS, advice(State.CANNOT_ADVISE, *reasons))
    assert (ORDERED in found.reasons) is (reasons == (Reason.DOSE_NOT_DOCUMENTED,))


OVERTAKEN = {Validity.NOT_STEADY_STATE, Validity.STALE, Validity.MISSING, NOT_BEGUN}
"""What is of no matter once another dose is on its way."""


@pytest.mark.parametrize("reason", sorted({*Reason, *Validity}))
def test_what_a_recheck_asks_stays_asked_beside_the_change_but_what_the_new_dose_overtakes(
    reason: str,
) -> None:
    found = after_an_order(ordered(3, 1), LIMITS, advice(State.RECHECK, reason))
    kept = (ORDERED,) if reason in OVERTAKEN else (ORDERED, reason)
    assert found.reasons == kept
    for state in (State.CONTINUE, State.INCREASE, State.AT_CAP_BELOW_TARGET):
        found = after_an_order(ordered(3, 1), LIMITS, advice(state, reason))
        assert found.reasons == ((ORDERED, reason) if reason == Reason.RESTART_AFTER_HOLD else (ORDERED,))
