"""Dosing cards over a grid of decisions and findings, beside a copy that was kept: what each part of one puts on the card.

The demo's cards are whole visits (`scenarios/test_golden_cards.py`); here one thing changes at a time.
`every_dosing_card.md` has them all. After a change on purpose it is kept anew by
`python -m tests.cards.test_every_dosing_card`; the difference is what a clinician reviews.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.cards.card_set import cards_for
from cds_service.cds_hooks.card import Card
from cds_service.rules.answers.alerts import Action, Alert, Severity
from cds_service.rules.answers.causes import Cause, Partner, with_causes
from cds_service.rules.answers.dosing_answers import Recheck, State, TitrationDecision, Trough, Validity
from cds_service.rules.answers.renal_answers import RenalFinding, RenalState
from cds_service.trials.nct06802055.patient_state.dosing_reasons import Reason
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.medications import Dose
from fhir_mappings.clinical_model.messages import Phrase, say
from tests.builders import a_record
from tests.cards.assessments import TODAY, alert, assessment, cards_of, context, dosing, rule

KEPT = Path(__file__).parent / "every_dosing_card.md"
SERVICE = "aa-trial-titration"
SIROLIMUS, CICLOSPORIN = Drug.SIROLIMUS, Drug.CICLOSPORIN
CONTINUE, INCREASE, HOLD, INITIATE = State.CONTINUE, State.INCREASE, State.HOLD, State.INITIATE
TROUGH, EARLY, LATE = "sirolimus-trough", date(2026, 3, 9), date(2026, 3, 16)
ORDERS = (
    Evidence("MedicationRequest/m1", "2026-01-05", Decimal(1), "mg/d"),
    Evidence("MedicationRequest/m2", "2026-02", "see text"),
)
PARTNER = Partner(say("interactions.name.voriconazole"), (Evidence("MedicationRequest/v1", "2026-02-20"),))
CAUSE = Cause(
    say("eligibility.seen.text", text="voriconazole since 20 February"),
    say("eligibility.seen.text", text="voriconazole"),
    partner=PARTNER,
)
LONG = say(
    "eligibility.seen.text",
    text="a trough of 3.1 ng/mL below the target on two days, with a dose that was taken each morning and a potassium that is higher than before",
)


def text(words: str) -> Phrase:
    return say("eligibility.seen.text", text=words)


def seen(one: Alert, words: str, **more: Any) -> Alert:
    return replace(one, seen=text(words), **more)


WARNED = seen(alert("SAF-TG", Severity.WARNING), "triglycerides 6 mmol/L", action=Action.REVIEW)
NOTED = seen(alert("SAF-CHOL", Severity.INFO), "cholesterol 7 mmol/L", action=Action.REVIEW)
TO_HOLD = seen(alert("SAF-INF", Severity.WARNING, SIROLIMUS), "an infection")
TO_STOP = replace(TO_HOLD, action=Action.STOP_REVIEW)
CRITICAL = seen(alert("SAF-K6", Severity.CRITICAL), "potassium 6.4 mmol/L")
GRAVE = seen(alert("SAF-PLT", Severity.CRITICAL, SIROLIMUS), "platelets 4 × 10⁹/L", action=Action.STOP_REVIEW)
CAUSED = replace(CRITICAL, seen=with_causes(text("potassium 6.4 mmol/L"), [CAUSE.told]), causes=(CAUSE,))
BESIDE = seen(
    alert("DDI-AVOID", Severity.WARNING), "voriconazole is taken", partner=PARTNER, action=Action.REVIEW
)
UNREAD = seen(
    alert("SAF-UNREAD", Severity.WARNING), "a result of 1 March could not be read", action=Action.REVIEW
)
ASKED = seen(
    alert("SAF-STRENGTH", Severity.WARNING), "how many mg does one capsule hold?", action=Action.REVIEW
)
EARLY_RESULT = seen(
    alert("SAF-PRELIM", Severity.WARNING), "potassium 6.1 mmol/L, preliminary", action=Action.REVIEW
)

_DECISIONS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "a long reason": {"seen": LONG},
    "no next test": {"recheck": None},
    "a next test without a first day": {"recheck": Recheck(TROUGH, None, LATE)},
    "a next test without a last day": {"recheck": Recheck(TROUGH, EARLY, None)},
    "no level": {"trough": Trough(Validity.MISSING)},
    "a level too old": {"trough": Trough(Validity.STALE, Decimal("3.1"), day=date(2026, 1, 1))},
    "a level before": {"previous": Trough(Validity.VALID, Decimal("7.5"), day=date(2026, 2, 1))},
    "an unread level before": {"previous": Trough(Validity.MISSING)},
    "no target": {"target": None},
    "no dose": {"current": None},
    "on hold": {"on_hold": True},
    "on hold since a day": {"on_hold": True, "on_hold_since": date(2026, 2, 20)},
    "two alternatives": {"alternatives": (Dose(Decimal(3), Decimal(24)), Dose(Decimal(4), Decimal(24)))},
    "orders to end": {"ends": ORDERS},
    "a likely cause": {"causes": (CAUSE,)},
}
_FINDINGS: dict[str, tuple[Alert, ...]] = {
    "a note": (NOTED,),
    "a warning": (WARNED,),
    "a warning and a note": (WARNED, NOTED),
    "a warning that says hold": (TO_HOLD,),
    "a warning that says stop, after another": (WARNED, TO_STOP),
    "a warning that says hold of the other drug": (replace(TO_HOLD, drug=CICLOSPORIN),),
    "something critical": (CRITICAL,),
    "something critical beside a warning that says hold": (CRITICAL, TO_HOLD),
    "two critical findings": (CRITICAL, GRAVE),
    "two critical findings with a cause": (CAUSED, GRAVE),
    "something critical with a cause": (CAUSED,),
    "a drug beside": (BESIDE,),
    "something unread": (UNREAD,),
    "a strength that is asked for": (ASKED,),
    "something preliminary": (EARLY_RESULT, UNREAD),
}
_REASONS = (*Reason, "CHANGE_ORDERED", "CICLOSPORIN_STOPPED", "CONFLICTING_DOSES", "RESTART_AFTER_HOLD")
IMPAIRED = RenalFinding(
    RenalState.IMPAIRED, rule("CSA-REN"), text("creatinine 130 µmol/L"), creatinine=Decimal(130)
)


def written(reference: str) -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest",
        "id": reference.partition("/")[2],
        "status": "active",
        "note": [],
    }


def rows() -> Iterator[tuple[str, Card]]:
    """What was varied, and each card that came of it."""
    for drug in Drug:
        for state in State:
            yield from _cards(f"{drug}, {state}", dosing(drug, state))
    for state in (CONTINUE, INCREASE, HOLD, INITIATE):
        for told, more in _DECISIONS.items():
            yield from _cards(f"{state}, {told}", dosing(SIROLIMUS, state, **more))
    for state in (CONTINUE, HOLD):
        for told, found in _FINDINGS.items():
            yield from _cards(f"{state}, {told}", dosing(SIROLIMUS, state), found)
    yield from _cards(
        "no dose, a strength that is asked for",
        dosing(SIROLIMUS, State.CANNOT_ADVISE, current=None),
        (ASKED,),
    )
    for reason in dict.fromkeys(map(str, _REASONS)):
        state = INITIATE if reason == "RESTART_AFTER_HOLD" else CONTINUE
        yield from _cards(f"{state}, {reason}", dosing(SIROLIMUS, state, reasons=(reason,), ends=ORDERS))
    for target in (None, dosing(CICLOSPORIN, HOLD).target):
        found = dosing(CICLOSPORIN, HOLD, target=target)
        yield from _cards(
            f"ciclosporin, kidneys impaired, {'a' if target else 'no'} target", found, renal=IMPAIRED
        )
    for state in (INCREASE, HOLD):
        alone = dosing(SIROLIMUS, state, ends=ORDERS, alternatives=(Dose(Decimal(3), Decimal(24)),))
        yield from _cards(f"{state}, one action per suggestion", alone, (CRITICAL,), one_action=True)


def _cards(
    name: str,
    decision: TitrationDecision,
    found: tuple[Alert, ...] = (),
    renal: RenalFinding | None = None,
    **more: Any,
) -> Iterator[tuple[str, Card]]:
    told = assessment(titration=(decision,), safety=found, **({"renal": renal} if renal else {}))
    asked = context(SERVICE, written=written, **more)
    for card in cards_for(cards_of(SERVICE), told, a_record(), TODAY, asked):
        yield name, card


def shown(name: str, card: Card) -> str:
    """The card as text: how loud, what it says, what it offers."""
    told = card.as_json()
    lines = [
        f"## {name}",
        f"{told['indicator']}: {told['summary']}",
        *_without_sources(told.get("detail", "")),
    ]
    lines += [f"select {told['selectionBehavior']}"] if "selectionBehavior" in told else []
    for offer in told.get("suggestions", ()):
        lines.append(f"- {'recommended: ' if offer.get('isRecommended') else ''}{offer['label']}")
        lines += [
            f"  - {act['type']} {act['resource']['resourceType']} {act['resource'].get('status')}: {act['description']}"
            for act in offer["actions"]
        ]
    return "\n".join(lines)


def _without_sources(detail: str) -> list[str]:
    """The lines of the detail down to its sources, which every card has."""
    return [line for line in detail.partition("**Rules and sources**")[0].split("\n") if line]


def sections() -> list[str]:
    return [shown(name, card) for name, card in rows()]


def test_every_dosing_card_is_the_one_that_was_kept() -> None:
    kept = KEPT.read_text("utf-8").split("\n\n")
    assert [one.rstrip("\n") for one in kept] == sections()
    assert len(kept) > 150


@pytest.mark.parametrize("state", State)
def test_each_state_is_there_of_each_drug(state: State) -> None:
    told = KEPT.read_text("utf-8")
    assert all(f"## {drug}, {state}\n" in told for drug in Drug)


if __name__ == "__main__":
    KEPT.write_text("\n\n".join(sections()) + "\n", "utf-8")
