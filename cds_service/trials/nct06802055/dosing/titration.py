"""What to do with each study drug: the door of the titration topic (`titration.md`, DECISIONS 22-37)."""

from collections.abc import Mapping

from msgspec.structs import replace

from cds_service.rules.answers.dosing_answers import Band, State, TitrationDecision
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.rules.thresholds import Rule
from cds_service.trials.nct06802055.dosing.build_case import gather
from cds_service.trials.nct06802055.dosing.change_ordered import after_an_order
from cds_service.trials.nct06802055.dosing.ciclosporin import advise_ciclosporin
from cds_service.trials.nct06802055.dosing.dose_case import DoseAdvice, DoseCase, in_days, trough_test
from cds_service.trials.nct06802055.dosing.jump import with_repeat
from cds_service.trials.nct06802055.dosing.shared_decisions import cannot_advise
from cds_service.trials.nct06802055.dosing.sirolimus import advise_sirolimus
from cds_service.trials.nct06802055.patient_state.doses.dose_bounds import (
    CEILING_STATES,
    allowed_now,
    bounds,
)
from cds_service.trials.nct06802055.patient_state.doses.titration_limits import TitrationLimits
from cds_service.trials.nct06802055.patient_state.dosing_reasons import WORDS, Reason
from cds_service.trials.nct06802055.patient_state.enrolled_case import EnrolledCase
from cds_service.trials.nct06802055.patient_state.levels.drug_levels import LevelLimits
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.studies import StudyState


def titrate(
    case: EnrolledCase,
    limits: TitrationLimits,
    level_limits: LevelLimits,
    *,
    toxic: bool = False,
    harmed: bool = False,
) -> tuple[TitrationDecision, ...]:
    """One decision per study drug of the arm, sirolimus first; none for a patient who is not enrolled.

    For one who has died by the record there is no advice, and that is said: the record may be wrong.

    `harmed`: safety has found a toxicity of grade 2 or more; `toxic`: beside a high level of sirolimus.
    """
    if case.participation.status is not StudyState.ENROLLED:
        return ()
    drugs = (Drug.SIROLIMUS,) if case.participation.arm == Arm.SIROLIMUS else tuple(Drug)
    chart = gather(case, limits, level_limits, harmed=harmed)
    chart[Drug.SIROLIMUS] = replace(chart[Drug.SIROLIMUS], toxic=toxic)
    if case.record.deceased:
        none = cannot_advise("TR-12", Reason.PATIENT_DECEASED)
        return tuple(_decision(chart[drug], none, limits, case.rules) for drug in drugs)
    return decide({drug: chart[drug] for drug in drugs}, limits, case.rules)


def decide(
    cases: Mapping[Drug, DoseCase], limits: TitrationLimits, rules: Mapping[str, Rule]
) -> tuple[TitrationDecision, ...]:
    """Pure: each drug's advice, one increase at a time, nothing outside the bounds of the trial record."""
    advice = _advice(cases, limits)
    if len(advice) > 1 and all(a.state is State.INCREASE for a in advice.values()):
        advice[Drug.SIROLIMUS] = _later(cases[Drug.SIROLIMUS], advice[Drug.SIROLIMUS], limits)
    told = {drug: with_repeat(cases[drug], found) for drug, found in advice.items()}
    waited = {drug: after_an_order(cases[drug], limits, found) for drug, found in told.items()}
    # a change of ciclosporin on its way is the one change: it moves the level of sirolimus
    is_coming = Drug.CICLOSPORIN in waited and Reason.CHANGE_ORDERED in waited[Drug.CICLOSPORIN].reasons
    if is_coming and waited[Drug.SIROLIMUS].state is State.INCREASE:
        waited[Drug.SIROLIMUS] = _later(cases[Drug.SIROLIMUS], waited[Drug.SIROLIMUS], limits)
    decisions = (_decision(cases[drug], found, limits, rules) for drug, found in waited.items())
    return tuple(
        refuse_outside(decision, cases[Drug(decision.drug)].renal.standing, limits, rules)
        for decision in decisions
    )


def _advice(cases: Mapping[Drug, DoseCase], limits: TitrationLimits) -> dict[Drug, DoseAdvice]:
    """Sirolimus is started with the ciclosporin in view that is to be started on the same day."""
    found: dict[Drug, DoseAdvice] = {}
    sirolimus, ciclosporin = cases.get(Drug.SIROLIMUS), cases.get(Drug.CICLOSPORIN)
    second = advise_ciclosporin(ciclosporin, limits) if ciclosporin else None
    if sirolimus and second and second.state is State.INITIATE:
        sirolimus = replace(sirolimus, other_start=second.proposed)
    if sirolimus:
        found[Drug.SIROLIMUS] = advise_sirolimus(sirolimus, limits)
    if second:
        found[Drug.CICLOSPORIN] = second
    return found


def _later(case: DoseCase, increase: DoseAdvice, limits: TitrationLimits) -> DoseAdvice:
    """Ciclosporin raises the sirolimus level too: it goes first, and sirolimus waits (DECISIONS 29)."""
    reason = Reason.ONE_CHANGE_AT_A_TIME
    recheck = in_days(case, trough_test(Drug.SIROLIMUS), limits.next_change_recheck)
    seen = say("dosing.noIncrease", finding=increase.seen, why=(WORDS[reason],))
    return DoseAdvice(State.RECHECK, "TR-04", seen, None, (reason,), recheck)


def _decision(
    case: DoseCase, advice: DoseAdvice, limits: TitrationLimits, rules: Mapping[str, Rule]
) -> TitrationDecision:
    # An uneven dose that is kept is no proposal: a change proposes an even one (DECISIONS 54).
    twice = (Reason.DUPLICATE_ORDER,) if case.dose.duplicate_orders else ()
    return TitrationDecision(
        drug=case.drug,
        state=advice.state,
        rule=rules[advice.rule],
        seen=advice.seen,
        current=case.dose.dose,
        proposed=None if advice.proposed and advice.proposed.parts else advice.proposed,
        trough=case.trough,
        target=target_band(case.drug, case.renal.standing, case.arm, limits),
        reasons=tuple(dict.fromkeys(str(reason) for reason in (*advice.reasons, *twice))),
        alternatives=advice.alternatives,
        recheck=advice.recheck,
        ends=case.dose.orders,
        previous=case.previous,
        held_at_most=case.hold.at_most if case.hold and not _takes_as_ever(case) else None,
        on_hold=case.dose.held,
        on_hold_since=case.hold.since if case.hold else None,
        allowed=allowed_now(case.drug, case.renal.standing, limits),
    )


def _takes_as_ever(case: DoseCase) -> bool:
    """Doses given after what led to the hold: there is none to be restarted (DECISIONS 87)."""
    hold = case.hold
    return hold is not None and hold.taken_on and case.dose.taken and not hold.documented


def target_band(drug: Drug, renal: RenalState, arm: str | None, limits: TitrationLimits) -> Band | None:
    """The target band; none for ciclosporin while the kidneys rule, or in an arm that is not known."""
    if drug == Drug.SIROLIMUS:
        return Band(limits.sirolimus_target_low, limits.sirolimus_target_high)
    suspended = renal in CEILING_STATES or renal is RenalState.AKI
    if suspended or arm is None:
        return None
    return Band(limits.ciclosporin_target_low, limits.ciclosporin_target_high, "level.bandCiclosporin")


def refuse_outside(
    decision: TitrationDecision, renal: RenalState, limits: TitrationLimits, rules: Mapping[str, Rule]
) -> TitrationDecision:
    """The last door: a proposal outside the trial record's bounds is refused, whatever led to it."""
    allowed = bounds(Drug(decision.drug), renal, limits)
    proposals = (decision.proposed, *decision.alternatives)
    if all(dose is None or allowed.allow(dose) for dose in proposals):
        return decision
    reason = Reason.PROPOSAL_OUTSIDE_BOUNDS
    return replace(
        decision,
        state=State.CANNOT_ADVISE,
        rule=rules["TR-08"],
        seen=say("dosing.cannot", why=(WORDS[reason],)),
        proposed=None,
        alternatives=(),
        reasons=(*decision.reasons, reason.value),
        recheck=None,
    )
