"""Has a level had time to settle since anything that moves it was changed (`titration.md` 3, 4.5, 6)?"""

from datetime import date

from cds_service.protocol.dose_in_force import DoseInForce
from cds_service.protocol.interactions import ActiveInteraction, Mechanism
from cds_service.protocol.level_limits import LevelLimits
from fhir_mappings.vocabulary.facts import Drug

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
    A dose that is not known gives no proof, so the answer is no.
    """
    own = (
        dose.taken and dose.since is not None and _settled(sampled, dose.since, limits.steady_days(dose.drug))
    )
    if not own or _missed(sampled, dose, limits):
        return False
    if dose.drug is Drug.SIROLIMUS and other and not _ciclosporin_settled(sampled, other, limits):
        return False
    return all(_modulator_settled(sampled, dose.drug, i, limits) for i in interactions)


def _settled(sampled: date, changed: date, days: int) -> bool:
    return (sampled - changed).days >= days


def _missed(sampled: date, dose: DoseInForce, limits: LevelLimits) -> bool:
    return any(0 <= (sampled - day).days <= limits.adherence_days(dose.drug) for day in dose.missed)


def _ciclosporin_settled(sampled: date, ciclosporin: DoseInForce, limits: LevelLimits) -> bool:
    """Unchanged for a week while it is taken; gone for two weeks once it is not."""
    if ciclosporin.taken and ciclosporin.since:
        return _settled(sampled, ciclosporin.since, limits.ciclosporin_change_days)
    ended = ciclosporin.taken_until
    return ended is None or _settled(sampled, ended, limits.ciclosporin_washout_days)


def _modulator_settled(sampled: date, drug: Drug, active: ActiveInteraction, limits: LevelLimits) -> bool:
    if not active.interaction.changes_levels or active.interaction.class_with(drug) is None:
        return True
    days = limits.sirolimus_modulator_days if drug is Drug.SIROLIMUS else limits.ciclosporin_modulator_days
    if active.current:
        return active.started is not None and _settled(sampled, active.started, days)
    if drug is Drug.SIROLIMUS and active.interaction.mechanism in _INDUCERS:
        days = limits.sirolimus_inducer_offset_days
    return active.stopped is not None and _settled(sampled, active.stopped, days)
