"""Safety has the last word over titration (DECISIONS 32)."""

from collections.abc import Mapping

from cds_service.protocol.decisions import SafetyReport, TitrationDecision
from cds_service.protocol.parameters import Rule


def veto(decision: TitrationDecision, safety: SafetyReport, rules: Mapping[str, Rule]) -> TitrationDecision:
    """The decision that stands after safety has been heard."""
    raise NotImplementedError
