"""A hold that nothing on record has ended yet, and the dose after it (DECISIONS 58, 87)."""

from datetime import date
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from cds_service.rules.answers.renal_answers import RenalFinding
from cds_service.rules.as_of import AsOf
from cds_service.trials.nct06802055.dosing.hold_triggers import (
    HoldTrigger,
    Trigger,
    find_triggers,
    potassium_settled,
)
from cds_service.trials.nct06802055.dosing.unexpected import ExplainedJump
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseInForce
from cds_service.trials.nct06802055.patient_state.doses.dose_bounds import (
    CEILING_STATES,
    at_most,
    bounds,
    highest_up_to,
    sirolimus_doses,
)
from cds_service.trials.nct06802055.patient_state.doses.intake_evidence import IntakeSign
from cds_service.trials.nct06802055.patient_state.doses.titration_limits import TitrationLimits
from cds_service.trials.nct06802055.patient_state.interactions import ActiveInteraction, Mechanism
from cds_service.trials.nct06802055.patient_state.levels.drug_levels import blood_levels
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.calendar import days_after
from fhir_mappings.clinical_model.medications import Dose, MedicationSource
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
    harmed: bool,
    unconfirmed: tuple[Result, ...],
) -> HoldFacts:
    """What a high level, kidney injury or potassium of the last weeks still means for one drug.

    `harmed`: a toxicity of grade 2 or more stands in the chart. `unconfirmed`: levels that a repeat did not
    confirm; one that is dangerous by itself counts all the same.
    """
    dose, limits, level_limits = explained.dose, explained.limits, explained.level_limits
    found = find_triggers(record, dose, renal, as_of, limits, level_limits, unconfirmed)
    if not found.open:
        return HoldFacts(None, found.refuted)
    each = [(t, _restart_dose(t, dose.drug, renal, limits, harmed=harmed)) for t in found.open]
    lowest = _lowest(dose.drug, renal, limits)
    still = [(t, after) for t, after in each if not _is_ended(dose, t, after or lowest)]
    if not still:
        return HoldFacts(None, found.refuted)
    doses = [after for _, after in still if after]
    restart = min(doses, key=lambda d: d.daily_mg) if len(doses) == len(still) else None
    hold = OpenHold(tuple(t for t, _ in still), restart, lowest)
    since_then = _taken_after(dose, hold.trigger.day)
    levels = blood_levels(record, dose.drug, as_of, limits.hold_days, surely=True)
    newest = [r for r in levels if _is_later(r, hold.trigger)]
    documented = _is_documented(dose, hold.trigger.day, since_then)
    return HoldFacts(
        replace(
            hold,
            documented=documented,
            since=_since(dose) if documented else None,
            taken_on=bool(since_then),
            newest=newest[-1] if newest else None,
            cause_gone=_cause_is_gone(explained.interactions, hold.trigger, dose.drug, as_of, limits),
            potassium_settled=potassium_settled(record, as_of, limits),
        ),
        found.refuted,
    )


def _taken_after(dose: DoseInForce, day: date) -> list[IntakeSign]:
    return [s for s in dose.signs if s.day > day and _goes_on(s)]


def _is_ended(dose: DoseInForce, trigger: Trigger, after: Dose) -> bool:
    """Was it taken since at the dose after this one of the holds, or less?"""
    since = _taken_after(dose, trigger.day)
    return any(s.dose and s.dose.daily_mg <= after.daily_mg for s in since)


def _is_later(level: Result, trigger: Trigger) -> bool:
    """Is it known to be drawn after what led to the hold? Of one day only where both tell their time."""
    assert level.when is not None
    led = trigger.result.when if trigger.result else None
    if level.when.instant and led and led.instant:
        return level.when.instant > led.instant
    return level.when.first > trigger.day


def _goes_on(sign: IntakeSign) -> bool:
    return sign.source is not MedicationSource.STATEMENT or sign.until is None


def _lowest(drug: Drug, renal: RenalFinding, limits: TitrationLimits) -> Dose:
    allowed = bounds(drug, renal.standing, limits)
    return allowed.dose(allowed.low_mg)


def _restart_dose(
    trigger: Trigger, drug: Drug, renal: RenalFinding, limits: TitrationLimits, *, harmed: bool
) -> Dose | None:
    mg = _restart_mg(trigger, drug, renal, limits, harmed=harmed)
    return None if mg is None else bounds(drug, renal.standing, limits).dose(mg)


def _restart_mg(
    trigger: Trigger, drug: Drug, renal: RenalFinding, limits: TitrationLimits, *, harmed: bool
) -> Decimal | None:
    """The dose after the hold per interval, mg; None where the record has none so low, or D is not known."""
    if drug == Drug.CICLOSPORIN and trigger.cause is HoldTrigger.AKI:
        return limits.ciclosporin_low_mg
    if trigger.former is None:
        return None
    amount = bounds(drug, renal.standing, limits).amount(trigger.former)
    if drug == Drug.SIROLIMUS:
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
