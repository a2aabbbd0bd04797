"""What is done about a level that lies far from the last one (DECISIONS 59)."""

from msgspec.structs import replace

from cds_service.rules.answers.dosing_answers import State
from cds_service.trials.nct06802055.dosing.dose_case import (
    DoseAdvice,
    DoseCase,
    case_level_words,
    in_days,
    result_words,
    trough_test,
)
from cds_service.trials.nct06802055.patient_state.doses.titration_limits import TitrationLimits
from cds_service.trials.nct06802055.patient_state.dosing_reasons import Reason
from cds_service.trials.nct06802055.patient_state.levels.level_table import LevelRow
from fhir_mappings.clinical_model.messages import Phrase, say

RULE = "TR-11"


def jump_doubted(
    case: DoseCase, limits: TitrationLimits, row: LevelRow | None, advice: DoseAdvice
) -> DoseAdvice:
    """The advice of the table, or a repeat first where the level is unexpected.

    Above the target the dose stays as it is, a level that would hold holds the next dose only; a dangerous
    one, and one beside a toxicity, does as always. Below it the level is repeated instead of a raise.
    """
    earlier = case.unexpected_after
    if earlier is None or row is None:
        return advice
    test, reasons = trough_test(case.drug), (Reason.LEVEL_UNEXPECTED,)
    level, before = case_level_words(case.trough), result_words(earlier)
    if row is LevelRow.HIGH and Reason.TOXICITY not in advice.reasons:
        seen = say("dosing.jump.hold", finding=level, earlier=before)
        return DoseAdvice(
            State.HOLD, RULE, seen, None, reasons, in_days(case, test, limits.jump_hold_recheck)
        )
    if row is LevelRow.ABOVE or (row is LevelRow.BELOW and advice.state is State.INCREASE):
        seen = say("dosing.jump", finding=level, earlier=before)
        return DoseAdvice(State.RECHECK, RULE, seen, None, reasons, in_days(case, test, limits.jump_recheck))
    return advice if row is LevelRow.BELOW else with_words(case, advice)


def with_words(case: DoseCase, advice: DoseAdvice) -> DoseAdvice:
    """The advice as it is, saying that the level is unexpected."""
    if case.unexpected_after is None:
        return advice
    seen = say("dosing.jump", finding=advice.seen, earlier=result_words(case.unexpected_after))
    return replace(advice, seen=seen, reasons=(*advice.reasons, Reason.LEVEL_UNEXPECTED))


def with_repeat(case: DoseCase, advice: DoseAdvice) -> DoseAdvice:
    """The advice as it is, saying whether the level confirms the unexpected one that it repeats."""
    if case.repeat is None:
        return advice
    key = "dosing.jump.confirmed" if case.repeat.is_confirmed else "dosing.jump.refuted"
    seen = Phrase(key, (("earlier", result_words(case.repeat.of)), ("finding", advice.seen)))
    return replace(advice, seen=seen)
