"""Safety: what must be known before a study drug is kept, started or raised (`titration.md` 5.4 and 8).

Critical is a closed list (DECISIONS 33); everything else warns or informs.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from cds_service.rules.answers.alerts import Action, Alert, SafetyReport, Severity
from cds_service.trials.nct06802055.patient_state.enrolled_case import EnrolledCase
from cds_service.trials.nct06802055.patient_state.interactions import InteractionLimits
from cds_service.trials.nct06802055.safety.adverse_events import coded_harms, hypersensitivity
from cds_service.trials.nct06802055.safety.arm_mismatch import arm_mismatch, duplicate_orders
from cds_service.trials.nct06802055.safety.clone_virus import pnh_clone, viral_reactivation
from cds_service.trials.nct06802055.safety.co_medication import interacting_drugs, live_vaccines
from cds_service.trials.nct06802055.safety.dangerous_levels import dangerous_levels, is_toxicity, toxic_level
from cds_service.trials.nct06802055.safety.differing import differing_results
from cds_service.trials.nct06802055.safety.falling_counts import falling_counts
from cds_service.trials.nct06802055.safety.infection import infections
from cds_service.trials.nct06802055.safety.kidney_potassium import (
    blood_pressure,
    coded_kidney_failure,
    kidney_findings,
    magnesium,
    potassium,
)
from cds_service.trials.nct06802055.safety.liver_findings import liver_findings
from cds_service.trials.nct06802055.safety.metabolic import glucose, lipids
from cds_service.trials.nct06802055.safety.missing_data import unread_entries, unreadable_facts
from cds_service.trials.nct06802055.safety.pregnancy import pregnancy
from cds_service.trials.nct06802055.safety.safety_context import Doubt, Found, Situation, situation_of
from cds_service.trials.nct06802055.safety.safety_limits import SafetyLimits
from cds_service.trials.nct06802055.safety.strengths import unknown_strengths
from cds_service.trials.nct06802055.safety.surgery import surgery
from cds_service.trials.nct06802055.safety.urine import urine_protein
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.messages import Phrase
from fhir_mappings.clinical_model.results import Result
from fhir_mappings.clinical_model.studies import StudyState

__all__ = ["CRITICAL_RULES", "SafetyLimits", "safety_review"]

DOMAINS: tuple[Callable[[Situation], Iterator[Found]], ...] = (
    dangerous_levels,
    kidney_findings,
    coded_kidney_failure,
    potassium,
    pregnancy,
    coded_harms,
    hypersensitivity,
    infections,
    live_vaccines,
    interacting_drugs,
    falling_counts,
    liver_findings,
    lipids,
    glucose,
    urine_protein,
    magnesium,
    blood_pressure,
    pnh_clone,
    viral_reactivation,
    surgery,
    arm_mismatch,
    duplicate_orders,
    unknown_strengths,
    unreadable_facts,
    unread_entries,
    differing_results,
)
"""The domains in the order in which findings of one severity are told."""

CRITICAL_RULES = frozenset(
    {
        "SAF-SRL-LEVEL",
        "SAF-CSA-LEVEL",
        "SAF-AKI",
        "SAF-K6",
        "SAF-PREG",
        "SAF-LUNG",
        "SAF-TMA",
        "SAF-PRES",
        "SAF-ANAPH",
        "SAF-SEPSIS",
        "SAF-FN",
        "SAF-MARROW",
        "SAF-THROMB",
        "VAX-1",
        "DDI-CRITICAL",
    }
)
"""The closed list of DECISIONS 33, but for drafts, which `orders` judges."""

_AGAINST_MORE = frozenset({Action.HOLD, Action.STOP_REVIEW, Action.REDUCE})


def safety_review(
    case: EnrolledCase,
    dangerous: Mapping[Drug, Result | None],
    current_use: InteractionLimits,
    limits: SafetyLimits,
) -> SafetyReport:
    """All safety findings of an enrolled patient, critical first, and the drugs that must not be raised.

    `doubtful` names a drug for a fact that cannot be read or conflicts, and for a warning that asks for less
    of it: a dose never rises beside a finding that says hold. `unstarted` names one for the same, but for
    raised liver tests that ask for less: the first dose is lower for them as it is.
    """
    if case.participation.status is not StudyState.ENROLLED:
        return SafetyReport()
    chart = situation_of(case, dangerous, current_use, limits)
    found = [one for domain in DOMAINS for one in domain(chart)]
    toxic = list(toxic_level(chart, case.levels.get(Drug.SIROLIMUS), found))
    found += toxic
    alerts = sorted((a for a in found if isinstance(a, Alert)), key=lambda a: a.severity.rank)
    unstarted = tuple(_doubtful(one for one in found if not _lowers_the_start(one)))
    harmed = any(is_toxicity(one) for one in found)
    return SafetyReport(tuple(alerts), tuple(_doubtful(found)), unstarted, bool(toxic), harmed)


def _lowers_the_start(one: Found) -> bool:
    """Aminotransferases for which sirolimus starts at its lowest dose (`titration.md` 4.1)."""
    return isinstance(one, Alert) and one.rule.id == "SAF-LIVER" and one.action is Action.REDUCE


def _doubtful(found: Iterable[Found]) -> Iterator[tuple[str, Phrase]]:
    for one in found:
        if isinstance(one, Doubt) or _speaks_against_more(one):
            assert one.drug is not None
            yield one.drug, one.seen


def _speaks_against_more(alert: Alert) -> bool:
    asks_for_less = alert.severity is Severity.WARNING and alert.action in _AGAINST_MORE
    return asks_for_less and alert.drug is not None
