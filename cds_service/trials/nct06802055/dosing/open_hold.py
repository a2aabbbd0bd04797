"""A hold that nothing on record has ended yet, and the dose after it (DECISIONS 58, 87)."""

from datetime import date
from decimal import Decimal

import msgspec

from cds_service.rules.answers.renal_answers import RenalFinding
from cds_service.rules.as_of import AsOf
from cds_service.trials.nct06802055.dosing.dose_bounds import (
    CEILING_STATES,
    at_most,
    bounds,
    highest_up_to,
    sirolimus_doses,
)
from cds_service.trials.nct06802055.dosing.hold_triggers import (
    HoldTrigger,
    Trigger,
    find_triggers,
    potassium_settled,
)
from cds_service.trials.nct06802055.dosing.titration_limits import TitrationLimits
from cds_service.trials.nct06802055.dosing.unexpected import ExplainedJump
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseInForce
from cds_service.trials.nct06802055.patient_state.doses.intake_evidence import IntakeSign
from cds_service.trials.nct06802055.patient_state.interactions import ActiveInteraction, Mechanism
from cds_service.trials.nct06802055.patient_state.levels.drug_levels import blood_levels
from fhir_mappings.clinical_model.calendar import days_after
from fhir_mappings.clinical_model.medications import Dose, Drug, MedicationSource
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Result

_INHIBITORS = frozenset({Mechanism.STRONG_INHIBITOR, Mechanism.MODERATE_INHIBITOR})
_AZOLE = "conazole"


class OpenHold(msgspec.Struct, frozen=True):
    """A hold without a sign that the drug was taken again at the dose after it.

    `restart`: the dose after the hold (R), None where the record has none so low. `documented`: the chart
    says that the drug is not taken; `since`: from which day, where it tells. `taken_on`: it was taken after
    the trigger, at a higher dose. `newest`: the newest level since the trigger. `cause_gone`: the inhibitor
    that was the cause is stopped for long enough. `potassium_settled`: two potassiums are back.
    """

    triggers: tuple[Trigger, ...]
    restart: Dose | None
    lowest: Dose
    documented: bool = False
    since: date | None = None
    taken_on: bool = False
    newest: Result | None = None
    cause_gone: bool = False
    potassium_settled: bool = False

    @property
    def trigger(self) -> Trigger:
        """The newest of the triggers."""
        return self.triggers[0]

    def has(self, cause: HoldTrigger) -> bool:
        """Was this one of the causes?"""
        return any(t.cause is cause for t in self.triggers)

    @property
    def at_most(self) -> Dose:
        """The highest dose that may be given while the hold is open."""
        return self.restart or self.lowest


class HoldFacts(msgspec.Struct, frozen=True):
    """The open hold of one drug, if any, and the newest level that was disproved."""

    hold: OpenHold | None = None
    refuted: Result | None = None


def hold_facts(
    record: ClinicalRecord,
    explained: ExplainedJump,
    renal: RenalFinding,
    as_of: AsOf,
    *,
    harmed: bool = False,
    unconfirmed: tuple[Result, ...] = (),
) -> HoldFacts:
    """What a high level, kidney injury or potassium of the last weeks still means for one drug.

    `harmed`: a toxicity of grade 2 or more stands in the chart. `unconfirmed`: levels that a repeat did not
    confirm; one that is dangerous by itself counts all the same.
    """
    dose, limits, level_limits = explained.dose, explained.limits, explained.level_limits
    found = find_triggers(record, dose, renal, as_of, limits, level_limits, unconfirmed)
    if not found.open:
        return HoldFacts(None, found.refuted)
    allowed = bounds(dose.drug, renal.standing, limits)
    amounts = [_restart_mg(t, dose.drug, renal, limits, harmed=harmed) for t in found.open]
    low = min((mg for mg in amounts if mg is not None), default=None)
    restart = allowed.dose(low) if low is not None and None not in amounts else None
    hold = OpenHold(found.open, restart, allowed.dose(allowed.low_mg))
    since_then = [s for s in dose.signs if s.day > hold.trigger.day and _goes_on(s)]
    if any(s.dose and s.dose.daily_mg <= hold.at_most.daily_mg for s in since_then):
        return HoldFacts(None, found.refuted)
    levels = blood_levels(record, dose.drug, as_of, limits.hold_days)
    newest = [r for r in levels if r.when and r.when.last >= hold.trigger.day and r != hold.trigger.result]
    documented = _is_documented(dose, hold.trigger.day, since_then)
    return HoldFacts(
        OpenHold(
            found.open,
            restart,
            hold.lowest,
            documented=documented,
            since=_since(dose) if documented else None,
            taken_on=bool(since_then),
            newest=newest[-1] if newest else None,
            cause_gone=_cause_is_gone(explained.interactions, hold.trigger, dose.drug, as_of, limits),
            potassium_settled=potassium_settled(record, as_of, limits),
        ),
        found.refuted,
    )


def _goes_on(sign: IntakeSign) -> bool:
    return sign.source is not MedicationSource.STATEMENT or sign.until is None


def _restart_mg(
    trigger: Trigger, drug: Drug, renal: RenalFinding, limits: TitrationLimits, *, harmed: bool
) -> Decimal | None:
    """The dose after the hold per interval, mg; None where the record has none so low, or D is not known."""
    if drug is Drug.CICLOSPORIN and trigger.cause is HoldTrigger.AKI:
        return limits.ciclosporin_low_mg
    if trigger.former is None:
        return None
    amount = bounds(drug, renal.standing, limits).amount(trigger.former)
    if drug is Drug.SIROLIMUS:
        severe = trigger.severe or harmed
        part = limits.restart_part if severe else limits.sirolimus_after_hold_part
        return highest_up_to(sirolimus_doses(limits), amount * part)
    mg = at_most(amount * limits.restart_part, limits.ciclosporin_grid_mg)
    if mg < limits.ciclosporin_min_mg:
        return None
    highest = limits.ciclosporin_low_mg if renal.standing in CEILING_STATES else limits.ciclosporin_max_mg
    return min(mg, highest)


def _is_documented(dose: DoseInForce, day: date, since_then: list[IntakeSign]) -> bool:
    """Does the chart say that it is not taken, from the trigger on, and nothing else since?"""
    if dose.withheld.order and not since_then:
        return True
    said = [d for d in (dose.withheld.said, dose.withheld.missed) if d is not None and d >= day]
    return bool(said) and not any(s.day > max(said) for s in since_then)


def _since(dose: DoseInForce) -> date | None:
    open_ends = [off.since for off in dose.off if off.again is None]
    told = [d for d in (dose.withheld.said, dose.withheld.missed) if d is not None]
    return max(open_ends, default=None) or max(told, default=None)


def _cause_is_gone(
    interactions: tuple[ActiveInteraction, ...],
    trigger: Trigger,
    drug: Drug,
    as_of: AsOf,
    limits: TitrationLimits,
) -> bool:
    """An inhibitor taken on the day of the trigger, all of which have ended long enough ago."""
    causes = [a for a in interactions if _was_cause(a, trigger, drug)]
    return bool(causes) and all(_is_gone(a, as_of.day, limits) for a in causes)


def _was_cause(active: ActiveInteraction, trigger: Trigger, drug: Drug) -> bool:
    partner = active.interaction
    if partner.mechanism not in _INHIBITORS or partner.class_with(drug) is None or active.started is None:
        return False
    return active.started <= trigger.day and (active.stopped is None or active.stopped >= trigger.day)


def _is_gone(active: ActiveInteraction, today: date, limits: TitrationLimits) -> bool:
    azole = active.interaction.ingredient.endswith(_AZOLE)
    days = limits.cause_gone_azole_days if azole else limits.cause_gone_days
    return not active.current and active.stopped is not None and days_after(active.stopped, days) <= today
