"""Has a level had time to settle since anything that moves it was changed (`titration.md` 3, 4.5, 6)?"""

from datetime import date

from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseInForce
from cds_service.trials.nct06802055.patient_state.interactions import ActiveInteraction, Mechanism
from cds_service.trials.nct06802055.patient_state.levels.level_limits import LevelLimits
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.calendar import days_after

_INDUCERS = frozenset({Mechanism.STRONG_INDUCER, Mechanism.MODERATE_INDUCER})


def at_steady_state(
    sampled: date,
    dose: DoseInForce,
    other: DoseInForce | None,
    interactions: tuple[ActiveInteraction, ...],
    limits: LevelLimits,
) -> bool:
    """Was the sample of day `sampled` taken at steady state, and has nothing been changed since?

    A change after the sample counts like one just before it: the level then tells of another situation.
    """
    settled, days = settled_from(dose, other, interactions, limits), limits.of[dose.drug].adherence_days
    missed = any(0 <= (sampled - day).days <= days for day in dose.missed)
    return settled is not None and settled <= sampled and not missed


def settled_from(
    dose: DoseInForce,
    other: DoseInForce | None,
    interactions: tuple[ActiveInteraction, ...],
    limits: LevelLimits,
) -> date | None:
    """The first day on which a sample would be at steady state; None when a needed date is not known."""
    if not dose.taken or dose.since is None:
        return None
    days = [days_after(dose.since, limits.of[dose.drug].steady_days)]
    if dose.drug == Drug.SIROLIMUS and other:
        days.append(_after_ciclosporin(other, limits))
    for active in interactions:
        if active.interaction.changes_levels and active.interaction.class_with(dose.drug) is not None:
            changed = active.started if active.current else active.stopped
            if changed is None:
                return None
            days.append(days_after(changed, modulator_days(dose.drug, active, limits)))
    return max(days)


def _after_ciclosporin(ciclosporin: DoseInForce, limits: LevelLimits) -> date:
    """Unchanged for a week while it is taken; gone for two weeks once it is not."""
    if ciclosporin.taken and ciclosporin.since:
        return days_after(ciclosporin.since, limits.ciclosporin_change_days)
    if ciclosporin.taken_until:
        return days_after(ciclosporin.taken_until, limits.ciclosporin_washout_days)
    return date.min


def modulator_days(drug: Drug, active: ActiveInteraction, limits: LevelLimits) -> int:
    """Days until a level of the drug has settled after this inhibitor or inducer was started or stopped."""
    if drug == Drug.CICLOSPORIN:
        return limits.ciclosporin_modulator_days
    if not active.current and active.interaction.mechanism in _INDUCERS:
        return limits.sirolimus_inducer_offset_days
    return limits.sirolimus_modulator_days
