"""The level after a drug that must not be taken with a study drug: a hold for it has its next level, too."""

from collections.abc import Iterable, Sequence
from datetime import date

from msgspec.structs import replace

from cds_service.rules.answers.dosing_answers import Recheck, State, TitrationDecision
from cds_service.trials.nct06802055.dosing.dose_case import trough_test
from cds_service.trials.nct06802055.patient_state.interactions import ActiveInteraction
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.calendar import days_after

RULE = "DDI-CRITICAL"


def with_level_after_partner(
    decision: TitrationDecision, interactions: Iterable[ActiveInteraction], window: Sequence[int], today: date
) -> TitrationDecision:
    """The decision with the trough `window` days after the last of these drugs was started, from today on."""
    if decision.rule.id != RULE or decision.state is not State.HOLD:
        return decision
    started = [
        active.started or today
        for active in interactions
        if active.current
        and active.interaction.changes_levels
        and active.interaction.critical_with == decision.drug
    ]
    if not started:
        return decision
    first, last = (max(days_after(max(started), days), today) for days in window)
    return replace(decision, recheck=Recheck(trough_test(Drug(decision.drug)), first, last))
