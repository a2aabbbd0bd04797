"""Severity of aplastic anaemia by blood counts alone.

The full definition (Camitta 1975, as in the BMJ criteria) also asks for marrow cellularity, which no chart
gives us as a number: hence "severe by counts, marrow unknown".
"""

from decimal import Decimal
from enum import StrEnum

from cds_service.rules.verdict import Verdict, verdict_of
from cds_service.trials.nct06802055.patient_state.blood.counts import BloodCount, CountLimits
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.results import Result


class SeverityByCounts(StrEnum):
    """What the counts alone say of the severity."""

    VERY_SEVERE = "VSAA"
    SEVERE = "SAA"
    NON_SEVERE = "NSAA"
    UNKNOWN = "unknown"


def is_below(line: Result | None, limit: Decimal) -> Verdict:
    """Is the line below its limit? UNKNOWN where it was not counted or its comparator leaves it open."""
    return Verdict.UNKNOWN if line is None else verdict_of(line.below(limit))


def severe_by_counts(
    count: BloodCount, limits: CountLimits, platelets_are_own: Verdict = Verdict.MET
) -> Verdict:
    """At least 2 of reticulocytes < 60, platelets < 20, neutrophils < 0.5 (10*9/L), marrow unknown.

    Platelets that may have been transfused prove low platelets, but never good ones.
    """
    platelets = is_below(count.platelets, limits.severe_platelets_below)
    if platelets is Verdict.NOT_MET and platelets_are_own is not Verdict.MET:
        platelets = Verdict.UNKNOWN
    low = [
        platelets,
        is_below(count.neutrophils, limits.severe_neutrophils_below),
        is_below(count.reticulocytes, limits.severe_reticulocytes_below),
    ]
    if low.count(Verdict.MET) >= limits.severe_lines:
        return Verdict.MET
    possible = len(low) - low.count(Verdict.NOT_MET)
    return Verdict.UNKNOWN if possible >= limits.severe_lines else Verdict.NOT_MET


def severity_by_counts(count: BloodCount, limits: CountLimits) -> SeverityByCounts:
    """Very severe, severe or non-severe by counts; UNKNOWN where a missing line could change it."""
    severe = severe_by_counts(count, limits)
    if severe is Verdict.UNKNOWN:
        return SeverityByCounts.UNKNOWN
    if severe is Verdict.NOT_MET:
        return SeverityByCounts.NON_SEVERE
    very = is_below(count.neutrophils, limits.very_severe_neutrophils_below)
    return SeverityByCounts.VERY_SEVERE if very is Verdict.MET else SeverityByCounts.SEVERE


_SAID = {
    SeverityByCounts.VERY_SEVERE: say("severity.very_severe"),
    SeverityByCounts.SEVERE: say("severity.severe"),
    SeverityByCounts.NON_SEVERE: say("severity.non_severe"),
    SeverityByCounts.UNKNOWN: say("severity.unknown"),
}


def severity_said(severity: SeverityByCounts) -> Phrase:
    """The severity in words, always with "marrow unknown"."""
    return _SAID[severity]
