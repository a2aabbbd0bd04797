"""What is done about a level that lies far from the last one (DECISIONS 59)."""

from msgspec.structs import replace

from cds_service.protocol.answers.dosing import State
from cds_service.protocol.dosing.dosing_case import (
    Advice,
    DoseCase,
    in_days,
    level_words,
    result_words,
    trough_test,
)
from cds_service.protocol.dosing.level_table import Row
from cds_service.protocol.dosing.reasons import Reason
from cds_service.protocol.dosing.titration_limits import TitrationLimits
from fhir_mappings.vocabulary.phrases import Phrase, say

RULE = "TR-11"


def doubted(case: DoseCase, limits: TitrationLimits, row: Row | None, advice: Advice) -> Advice:
    """The advice of the table, or a repeat first where the level is unexpected.

    Above the target the dose stays as it is, a level that would hold holds the next dose only; a dangerous
    one, and one beside a toxicity, does as always. Below it the level is repeated instead of a raise.
    """
    earlier = case.unexpected_after
    if earlier is None or row is None:
        return advice
    test, reasons = trough_test(case.drug), (Reason.LEVEL_UNEXPECTED,)
    level, before = level_words(case.trough), result_words(earlier)
    if row is Row.HIGH and Reason.TOXICITY not in advice.reasons:
        seen = say("dosing.jump.hold", finding=level, earlier=before)
        return Advice(State.HOLD, RULE, seen, None, reasons, in_days(case, test, limits.jump_hold_recheck))
    if row is Row.ABOVE or (row is Row.BELOW and advice.state is State.INCREASE):
        seen = say("dosing.jump", finding=level, earlier=before)
        return Advice(State.RECHECK, RULE, seen, None, reasons, in_days(case, test, limits.jump_recheck))
    return advice if row is Row.BELOW else with_words(case, advice)


def with_words(case: DoseCase, advice: Advice) -> Advice:
    """The advice as it is, saying that the level is unexpected."""
    if case.unexpected_after is None:
        return advice
    seen = say("dosing.jump", finding=advice.seen, earlier=result_words(case.unexpected_after))
    return replace(advice, seen=seen, reasons=(*advice.reasons, Reason.LEVEL_UNEXPECTED))


def with_repeat(case: DoseCase, advice: Advice) -> Advice:
    """The advice as it is, saying whether the level confirms the unexpected one that it repeats."""
    if case.repeat is None:
        return advice
    key = "dosing.jump.confirmed" if case.repeat.is_confirmed else "dosing.jump.refuted"
    seen = Phrase(key, (("earlier", result_words(case.repeat.of)), ("finding", advice.seen)))
    return replace(advice, seen=seen)
