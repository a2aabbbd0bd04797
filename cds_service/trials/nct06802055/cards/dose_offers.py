"""What a dosing card offers to do: a change of dose that ends what it replaces, a hold, the control level."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from cds_service.cards.card_builder import Offer
from cds_service.cards.card_context import CardContext
from cds_service.cards.dose_text import dose_words, drug_name, order_day
from cds_service.cards.tests_to_order import WantedTest, draft_tests, offered
from cds_service.cds_hooks.card import ActionType, CardAction
from cds_service.rules.answers.alerts import Alert, Severity
from cds_service.rules.answers.causes import Cause, Partner
from cds_service.rules.answers.dosing_answers import State, TitrationDecision
from cds_service.trials.nct06802055.cards.product_in_use import ordered_drug
from cds_service.trials.nct06802055.monitoring.tests_findings_ask_for import REPEATED_FOR
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.medications import Dose
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.writers.drafts import dose_order

CONFLICT_REASON = "CONFLICTING_DOSES"
CHANGES = (State.INITIATE, State.INCREASE, State.DECREASE)
HELD = (State.HOLD, State.STOP_REVIEW)
"""What is stopped for a review is suspended until it: the review ends the order, or lets it go on."""


def dose_offers(
    decision: TitrationDecision, ranked: Sequence[Alert], patient: str, today: date, context: CardContext
) -> list[Offer]:
    """The proposed dose and each alternative, or the hold, together with the control level (DECISIONS 63) and
    what a critical finding wants again at once (90).

    For a client that carries out one action per suggestion each stands by itself. Last, the end of the other
    drug's order that a finding names: which of the two is to go the prescriber decides.
    """
    return [
        *_of_the_drug(decision, ranked, patient, today, context),
        *partner_stops(decision.causes, ranked, context),
    ]


def _of_the_drug(
    decision: TitrationDecision, ranked: Sequence[Alert], patient: str, today: date, context: CardContext
) -> list[Offer]:
    control = draft_tests(wanted_tests(decision, ranked, today), patient, today, context)
    if decision.state in CHANGES and decision.proposed:
        doses = [decision.proposed, *decision.alternatives]
        return _changes(decision, doses, control, patient, today, context)
    if CONFLICT_REASON in decision.reasons:
        return _one_of_them(decision, context)
    hold = _updates(decision, "on-hold", context) if decision.state in HELD else ()
    if hold and not context.one_action:
        label = context.words.plain(say("suggest.hold", drug=drug_name(decision.drug)))
        return [Offer("hold", label, (*hold, *control), recommended=True)]
    return [
        *(Offer(f"hold-{n}", one.description, (one,), recommended=True) for n, one in enumerate(hold)),
        *offered("recheck", control, context, recommended=decision.state is not State.CONTINUE),
    ]


def partner_stops(causes: Sequence[Cause], ranked: Sequence[Alert], context: CardContext) -> list[Offer]:
    """The order of each drug that a warning is about, or that is the likely cause of what the card warns of.

    Nothing for a mere caution: such pairs are lived with.
    """
    loud = [alert for alert in ranked if alert.severity is not Severity.INFO]
    likely = [*causes, *(cause for alert in loud for cause in alert.causes)]
    partners = [*(alert.partner for alert in loud), *(cause.partner for cause in likely)]
    named = {order.reference: (p, order) for p in partners if p is not None for order in p.orders}
    stops = [_partner_stop(*one, context) for one in named.values()]
    return [Offer(f"partner-{n}", one.description, (one,)) for n, one in enumerate(filter(None, stops))]


def _partner_stop(partner: Partner, order: Evidence, context: CardContext) -> CardAction | None:
    written = context.written(order.reference)
    if written is None:
        return None
    told = say("suggest.stopPartner", name=partner.name, day=order_day(order))
    return CardAction(ActionType.UPDATE, context.words.plain(told), _with_status(written, "stopped"))


def _one_of_them(decision: TitrationDecision, context: CardContext) -> list[Offer]:
    """Orders that contradict one another: each may be stopped; which one, nobody here can know."""
    stops = _updates(decision, "stopped", context)
    return [Offer(f"stop-{n}", one.description, (one,)) for n, one in enumerate(stops)]


_BESIDE = {"SAF-K6": ("ecg",)}
"""What is done at once beside the test that a critical finding wants again."""


def wanted_tests(decision: TitrationDecision, ranked: Sequence[Alert], today: date) -> list[WantedTest]:
    """The control level, and what a critical finding wants again at once: each test once."""
    again = decision.recheck
    wanted = [WantedTest(again.test, again.not_before, again.by)] if again else []
    for alert in ranked:
        if alert.severity is Severity.CRITICAL:
            names = (REPEATED_FOR.get(alert.rule.id), *_BESIDE.get(alert.rule.id, ()))
            wanted += [WantedTest(name, today, today) for name in names if name]
    return list({one.test: one for one in reversed(wanted)}.values())[::-1]


def _changes(
    decision: TitrationDecision,
    doses: list[Dose],
    control: tuple[CardAction, ...],
    patient: str,
    today: date,
    context: CardContext,
) -> list[Offer]:
    ended = () if context.one_action else _updates(decision, "stopped", context)
    beside = () if context.one_action else control
    offers = [
        Offer(
            f"dose-{n}",
            _label(decision, dose, context),
            (_draft(decision, dose, patient, today, context), *ended, *beside),
            recommended=n == 0,
        )
        for n, dose in enumerate(doses)
    ]
    alone = offered("recheck", control, context, recommended=len(doses) == 1) if context.one_action else []
    return [*offers, *alone]


def _label(decision: TitrationDecision, dose: Dose, context: CardContext) -> str:
    """The dose; and in the same words that the running order ends."""
    label = say("suggest.dose", drug=drug_name(decision.drug), dose=dose_words(dose))
    days = tuple(map(order_day, decision.ends))
    if days:
        label = say("suggest.ends", label=label, days=days)
    return context.words.plain(label)


def _draft(
    decision: TitrationDecision, dose: Dose, patient: str, today: date, context: CardContext
) -> CardAction:
    note = context.words.plain(say("suggest.note", rule=decision.rule.id))
    replaces = decision.ends[-1].reference if decision.ends else None
    drug = ordered_drug(decision, dose, context)
    resource = dose_order(patient, drug, dose, today, note, replaces)
    return CardAction(ActionType.CREATE, _label(decision, dose, context), resource)


def _updates(decision: TitrationDecision, status: str, context: CardContext) -> tuple[CardAction, ...]:
    """Each active order as the record wrote it, with another status; those that did not come are left out."""
    key = "suggest.suspend" if status == "on-hold" else "suggest.stop"
    found: list[CardAction] = []
    for order in decision.ends:
        written = context.written(order.reference)
        if written is not None:
            told = say(key, drug=drug_name(decision.drug), day=order_day(order), amount=_a_day(order))
            description = context.words.plain(told)
            found.append(CardAction(ActionType.UPDATE, description, _with_status(written, status)))
    return tuple(found)


def _with_status(written: dict[str, Any], status: str) -> dict[str, Any]:
    return {name: status if name == "status" else value for name, value in written.items()}


def _a_day(order: Evidence) -> Phrase | None:
    return say("suggest.aDay", amount=order.value) if isinstance(order.value, Decimal) else None
