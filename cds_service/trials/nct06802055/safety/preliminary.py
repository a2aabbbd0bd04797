"""Preliminary results (DECISIONS 88): one beyond a safety limit is told and bars a raise, but holds nothing.

Which limits there are is not listed again: safety is reviewed a second time as if the result were final.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from cds_service.rules.analyte_words import ANALYTE_WORDS
from cds_service.rules.answers.alerts import Action, Alert, SafetyReport, Severity
from cds_service.rules.thresholds import Rule
from cds_service.trials.nct06802055.safety.result_text import result_evidence
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.results import Result, day_of

RULE = "SAF-PRELIM"
_Told = dict[tuple[str | None, Result], Alert]


def told_early(
    report: SafetyReport, supposed: SafetyReport, early: Sequence[Result], rules: Mapping[str, Rule]
) -> SafetyReport:
    """The report with a warning, and a doubt, for each early result that `supposed` finds beyond a limit."""
    told: _Told = {}
    for alert in supposed.alerts:
        if alert.severity is not Severity.INFO:
            for result in _early_ones(alert.evidence, early):
                told[alert.drug, result] = _alert(rules[RULE], alert.drug, result)
    doubts = tuple(doubt for alert in told.values() for doubt in _doubts(alert))
    alerts = sorted((*report.alerts, *told.values()), key=lambda alert: alert.severity.rank)
    against = (*report.doubtful, *doubts)
    return replace(report, alerts=tuple(alerts), doubtful=against, unstarted=(*report.unstarted, *doubts))


def _early_ones(evidence: Iterable[Evidence], early: Sequence[Result]) -> Iterator[Result]:
    """The early results that a finding rests on; of a panel the one with the value that it quotes."""
    for seen in evidence:
        of_it = [result for result in early if result.reference == seen.reference]
        quoted = [result for result in of_it if result_evidence(result).value == seen.value]
        yield from (quoted or of_it)[:1]


def _alert(rule: Rule, drug: str | None, result: Result) -> Alert:
    name = ANALYTE_WORDS[result.analyte]
    seen = say("safety.preliminary", name=name, written=result.as_written, day=day_of(result))
    return Alert(rule, Severity.WARNING, Action.REVIEW, seen, drug, evidence=(result_evidence(result),))


def _doubts(alert: Alert) -> Iterator[tuple[Drug, Phrase]]:
    yield from ((drug, alert.seen) for drug in Drug if alert.drug in (drug, None))
