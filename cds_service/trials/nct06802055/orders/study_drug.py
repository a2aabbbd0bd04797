"""A draft of sirolimus or ciclosporin: can it be read, is it allowed, is it wanted (DECISIONS 34, 37, 40)."""

from collections.abc import Iterator
from decimal import Decimal

from msgspec.structs import replace

from cds_service.rules.answers.alerts import Action, Alert, Severity
from cds_service.rules.answers.dosing_answers import State, TitrationDecision
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.rules.uneven_doses import uneven_words
from cds_service.trials.nct06802055.orders.order_context import OrderContext
from cds_service.trials.nct06802055.orders.route import another_route
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseStatus
from cds_service.trials.nct06802055.patient_state.doses.dose_bounds import makes
from cds_service.trials.nct06802055.patient_state.interaction_findings import PairTold, pair_alerts
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.known_unknown import Known
from fhir_mappings.clinical_model.medications import Dose, MedicationEvent
from fhir_mappings.clinical_model.messages import Phrase, say

_NAME = {Drug.SIROLIMUS: say("orders.sirolimus"), Drug.CICLOSPORIN: say("orders.ciclosporin")}
_PROPOSES = frozenset({State.INITIATE, State.INCREASE, State.DECREASE})
_UNADVISED = frozenset({State.RECHECK, State.CANNOT_ADVISE})
_KEEPS = frozenset({State.CONTINUE, State.RECHECK, State.AT_CAP_BELOW_TARGET, State.CANNOT_ADVISE})


def study_drug(desk: OrderContext, draft: MedicationEvent) -> Iterator[Alert]:
    """All findings about the study drugs in one draft; eye drops and creams are not study drugs."""
    if draft.systemic is False:
        return
    for drug in Drug:
        if drug.value in draft.ingredients:
            yield from _arm(desk, draft, drug)
            yield from _stopped(desk, draft, drug)
            if draft.oral is False:
                yield from another_route(desk, draft, drug, _NAME[drug])
                continue
            yield from _amount(desk, draft, drug)
            yield from _spacing(desk, draft, drug)


def draft_dose_text(dose: Dose) -> Phrase:
    """ "75 mg every 12 h", or the doses of an uneven day."""
    if dose.parts:
        return uneven_words(dose)
    return say("orders.dose", amount=dose.amount_mg, hours=dose.every_hours)


def _arm(desk: OrderContext, draft: MedicationEvent, drug: Drug) -> Iterator[Alert]:
    if drug == Drug.SIROLIMUS or desk.participation.arm == Arm.COMBINED:
        return
    evidence = desk.participation.evidence
    if desk.participation.arm == Arm.SIROLIMUS:
        seen = say("orders.mismatch")
        yield desk.alert("ARM_MISMATCH", Severity.WARNING, Action.REVIEW, seen, draft, drug, evidence)
    else:
        seen = say("orders.armUnknown")
        yield desk.alert("ARM_UNKNOWN", Severity.WARNING, Action.REVIEW, seen, draft, drug, evidence)


def _stopped(desk: OrderContext, draft: MedicationEvent, drug: Drug) -> Iterator[Alert]:
    """A drug that is held or stopped; the dose proposed for after the hold only warns."""
    if not desk.stopped(drug):
        return
    decision = desk.titration.get(drug)
    if drug == Drug.CICLOSPORIN and desk.renal.standing is RenalState.AKI:
        why, evidence = desk.renal.seen, desk.renal.evidence
    else:
        assert decision is not None
        why, evidence = decision.seen, ()
        if _is_proposed(desk, draft, drug):
            seen = say("orders.afterHold", drug=_NAME[drug], why=why)
            yield desk.alert("ORD-HOLD", Severity.WARNING, Action.HOLD, seen, draft, drug)
            return
    stop = decision is not None and decision.state is State.STOP_REVIEW
    seen = say("orders.held", drug=_NAME[drug], why=why)
    action = Action.STOP_REVIEW if stop else Action.HOLD
    yield desk.alert("ORD-HOLD", Severity.CRITICAL, action, seen, draft, drug, evidence)


def _is_proposed(desk: OrderContext, draft: MedicationEvent, drug: Drug) -> bool:
    decision = desk.titration.get(drug)
    proposed = decision.proposed if decision else None
    return proposed is not None and isinstance(draft.dose, Known) and draft.dose.value == proposed


def _amount(desk: OrderContext, draft: MedicationEvent, drug: Drug) -> Iterator[Alert]:
    """Unreadable, far too much, outside the bounds, another interval, or not what titration proposes."""
    fix = desk.correction(drug)
    if not isinstance(draft.dose, Known) or draft.as_needed:
        seen = say("orders.unreadable", drug=_NAME[drug], text=draft.as_written or draft.text)
        if counted := desk.strength_asked(draft):
            seen = say("orders.strength", drug=_NAME[drug], text=counted)
        if draft.contradicted is not None:
            figures = draft_dose_text(draft.contradicted)
            seen = say("orders.contradicts", drug=_NAME[drug], dose=figures, text=draft.as_written)
            yield from _overdose(desk, draft, drug, draft.contradicted)
        yield desk.alert("ORD-UNREADABLE", Severity.WARNING, fix, seen, draft, drug)
        return
    dose = draft.dose.value
    overdose = list(_overdose(desk, draft, drug, dose))
    if overdose:
        yield from overdose
    elif not desk.bounds(drug).allow(dose):
        seen = _outside(desk, drug, dose)
        yield desk.alert("ORD-BOUNDS", Severity.WARNING, fix, seen, draft, drug)
    else:
        yield from _against_proposal(desk, draft, drug, dose)
        yield from _pieces(desk, draft, drug, dose)


def _overdose(desk: OrderContext, draft: MedicationEvent, drug: Drug, dose: Dose) -> Iterator[Alert]:
    if _in_a_day(dose) > desk.bounds(drug).high_mg_per_day * desk.limits.critical_multiple:
        seen, fix = _outside(desk, drug, dose), desk.correction(drug)
        yield desk.alert("ORD-OVERDOSE", Severity.CRITICAL, fix, seen, draft, drug)


def _outside(desk: OrderContext, drug: Drug, dose: Dose) -> Phrase:
    bounds = desk.bounds(drug)
    limited = "orders.impaired" if desk.impaired and drug == Drug.CICLOSPORIN else "orders.record"
    return say(
        "orders.bounds",
        drug=_NAME[drug],
        dose=draft_dose_text(dose),
        low=bounds.low_mg,
        high=bounds.high_mg,
        hours=bounds.every_hours,
        limited=say(limited),
    )


def _pieces(desk: OrderContext, draft: MedicationEvent, drug: Drug, dose: Dose) -> Iterator[Alert]:
    """A dose that the tablets or capsules of the product do not make; neither drug's may be divided."""
    each = draft.mg_per_piece
    if each and not all(makes(each, mg) for mg in dose.parts or (dose.amount_mg,)):
        seen = say("orders.pieces", drug=_NAME[drug], dose=draft_dose_text(dose), strength=each)
        yield desk.alert("ORD-PIECES", Severity.WARNING, Action.REVIEW, seen, draft, drug)


def _in_a_day(dose: Dose) -> Decimal:
    """The most that is taken on one day: a weekly dose is taken on one."""
    return max(dose.daily_mg, dose.amount_mg)


def _against_proposal(desk: OrderContext, draft: MedicationEvent, drug: Drug, dose: Dose) -> Iterator[Alert]:
    """Inside the bounds, but not the dose that titration proposes, or a rise where it proposes none."""
    decision = desk.titration.get(drug)
    if decision is None or desk.stopped(drug):
        return
    most = decision.held_at_most
    if most and dose.daily_mg > most.daily_mg:
        seen = say(
            "orders.restart",
            drug=_NAME[drug],
            dose=draft_dose_text(dose),
            most=draft_dose_text(most),
            why=decision.seen,
        )
        yield desk.alert("ORD-RESTART", Severity.CRITICAL, Action.HOLD, seen, draft, drug)
        return
    if decision.state in _UNADVISED and decision.current is None:
        yield from _without_advice(desk, draft, decision)
        return
    if decision.state in _PROPOSES and decision.proposed:
        wanted: Dose | None = decision.proposed
    else:
        wanted = decision.current if decision.state in _KEEPS else None
    if wanted is None or dose == wanted or dose in decision.alternatives:
        return
    more = dose.daily_mg > wanted.daily_mg
    severity = Severity.WARNING if more else Severity.INFO
    action = Action.CORRECT_ORDER if decision.proposed else Action.REVIEW
    seen = say(
        "orders.proposal",
        drug=_NAME[drug],
        dose=draft_dose_text(dose),
        wanted=draft_dose_text(wanted),
        why=decision.seen,
    )
    yield desk.alert("ORD-PROPOSAL", severity, action, seen, draft, drug)


def _without_advice(
    desk: OrderContext, draft: MedicationEvent, decision: TitrationDecision
) -> Iterator[Alert]:
    """A dose is drafted where none is known to be taken and the dosing rules still ask for something."""
    if decision.drug == Drug.CICLOSPORIN and desk.participation.arm != Arm.COMBINED:
        return
    seen = say("orders.unadvised", drug=_NAME[Drug(decision.drug)], why=decision.seen)
    yield desk.alert("ORD-UNADVISED", Severity.WARNING, Action.REVIEW, seen, draft, Drug(decision.drug))


def partners_in_use(desk: OrderContext, draft: MedicationEvent) -> Iterator[Alert]:
    """A study drug drafted for a patient who takes a drug that it must not, or should not, be joined with."""
    if draft.systemic is False:
        return
    for drug in Drug:
        for active in desk.interactions if drug.value in draft.ingredients else ():
            where = say("interactions.inUse", name=active.interaction.name, since=active.started)
            told = PairTold(desk.rules, desk.limits.critical_partner_level, drafted=True)
            pairs = pair_alerts(active.interaction, (drug,), where, [active.evidence], told)
            for alert in pairs:
                if active.current and alert.severity is not Severity.INFO:
                    yield replace(alert, order=draft.reference)


def _spacing(desk: OrderContext, draft: MedicationEvent, drug: Drug) -> Iterator[Alert]:
    """Sirolimus is taken 4 hours after the morning ciclosporin (US label 7.1), where the arm takes both."""
    if desk.participation.arm == Arm.SIROLIMUS:
        return
    other = Drug.CICLOSPORIN if drug == Drug.SIROLIMUS else Drug.SIROLIMUS
    dose = desk.doses.get(other)
    taken = dose is not None and dose.status in (DoseStatus.KNOWN, DoseStatus.CONFLICTING)
    drafted = any(other.value in d.ingredients and d.systemic is not False for d in desk.drafts)
    if taken or drafted:
        yield desk.alert("INT-01", Severity.INFO, Action.SEPARATE_DOSES, say("orders.spacing"), draft, drug)
