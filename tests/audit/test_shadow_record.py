"""What shadow mode recorded: a row for each finding, its dose where a dose was judged, and openings of the same time."""

from datetime import timedelta
from decimal import Decimal

import pytest

from cds_service.audit.append_calls import append_call
from cds_service.audit.audit_records import CallOutcome
from cds_service.audit.shadow import shadow_record
from tests.audit.rows import NOW, PATIENT, a_call, a_card

DOSE = {"drug": "sirolimus", "amountMg": 2.5, "everyHours": 24}
MINUTE = timedelta(minutes=1)


def recorded(store, name, *findings, at=NOW, outcome=CallOutcome.SHADOW, proposed=(), **changes):
    card = a_card(name, decision={"findings": list(findings)}, proposed=proposed, severity="warning")
    cards = (card,) if outcome is CallOutcome.SHADOW else ()
    append_call(store, a_call(*cards, hook_instance=name, at=at, outcome=outcome, **changes))


@pytest.mark.parametrize(
    ("finding", "state", "amount"),
    [
        ({"ruleId": "SRL-02", "drug": "sirolimus", "state": "INCREASE"}, "INCREASE", Decimal("2.5")),
        ({"ruleId": "CSA-02", "drug": "ciclosporin", "state": "INCREASE"}, "INCREASE", None),
        ({"ruleId": "SAF-1", "drug": "sirolimus", "action": "HOLD"}, "HOLD", None),
        ({"ruleId": "I1", "status": "open"}, "open", None),
        ({"ruleId": "X"}, "", None),
        ({"ruleId": "Y", "state": "A", "action": "B", "status": "C"}, "A", None),
        ({"ruleId": "Y", "action": "B", "status": "C"}, "B", None),
    ],
)
def test_a_finding_has_the_dose_that_was_judged_for_its_drug(store, finding, state, amount):
    recorded(store, "one", finding, proposed=(DOSE,))
    (kept,) = shadow_record(store).kept
    assert (kept.patient, kept.at, kept.rule, kept.severity) == (PATIENT, NOW, finding["ruleId"], "warning")
    assert (kept.drug, kept.state, kept.amount_mg) == (finding.get("drug", ""), state, amount)
    assert kept.every_hours == (Decimal(24) if amount else None)


def test_openings_are_calls_of_the_same_time_once_for_each_hook(store):
    nobody = CallOutcome.NOT_CONCERNED
    recorded(store, "before", at=NOW - MINUTE, outcome=nobody)
    recorded(store, "first", {"ruleId": "A"})
    append_call(
        store,
        a_call(hook_instance="first", at=NOW + MINUTE, outcome=nobody, service="another-of-the-same-hook"),
    )
    recorded(store, "between", at=NOW + MINUTE, outcome=nobody)
    recorded(store, "refused", at=NOW + MINUTE, outcome=CallOutcome.DATA_NOT_AVAILABLE)
    recorded(store, "last", {"ruleId": "B"}, at=NOW + 2 * MINUTE)
    recorded(store, "after", at=NOW + 3 * MINUTE, outcome=nobody)
    found = shadow_record(store)
    assert [one.rule for one in found.kept] == ["A", "B"]
    assert found.openings == 3


@pytest.mark.parametrize(
    ("later", "rules"), [(-MINUTE, ["A", "B"]), (0 * MINUTE, ["A", "B"]), (MINUTE, ["B"])]
)
def test_a_period_begins_with_its_moment(store, later, rules):
    recorded(store, "a", {"ruleId": "A"})
    recorded(store, "b", {"ruleId": "B"}, at=NOW + 2 * MINUTE)
    assert [one.rule for one in shadow_record(store, NOW + later).kept] == rules
    assert shadow_record(store, NOW + later).openings == len(rules)


def test_of_nothing_there_is_no_opening(store):
    recorded(store, "nobody", outcome=CallOutcome.NOT_CONCERNED)
    found = shadow_record(store)
    assert (found.kept, found.openings) == ((), 0)
