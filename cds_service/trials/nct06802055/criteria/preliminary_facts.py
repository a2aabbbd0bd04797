"""A preliminary result never decides and never vanishes: it opens what it would speak against.

Which criteria that is, is tried, not listed: they are judged again as if every such result were final.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from cds_service.rules.analyte_words import ANALYTE_WORDS
from cds_service.rules.answers.criteria_answers import Finding
from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.criteria.lost_facts import Judge
from cds_service.trials.nct06802055.criteria.unknowns import clearing
from cds_service.trials.nct06802055.patient_state.early_results import as_if_final, preliminary_results
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Result


def opened_by_preliminary(
    record: ClinicalRecord, judge: Judge, found: dict[str, Finding]
) -> dict[str, Finding]:
    """The findings; one that lets the patient in is open where a preliminary result would take that away."""
    early = preliminary_results(record)
    if not early:
        return found
    supposed = judge(as_if_final(record))
    return found | {
        number: _open(finding, supposed[number], early)
        for number, finding in found.items()
        if finding.verdict is clearing(number) and supposed[number].verdict is not finding.verdict
    }


def _open(finding: Finding, supposed: Finding, early: Sequence[Result]) -> Finding:
    """The finding left open, with the preliminary results that it would rest on, else with all of them."""
    seen_there = {evidence.reference for evidence in supposed.evidence}
    named = [r for r in early if r.reference in seen_there] or list(early)
    told = tuple(map(_told, named))
    return replace(
        finding,
        verdict=Verdict.UNKNOWN,
        seen=say("eligibility.seen.lost", seen=finding.seen, lost=told),
        missing=(*finding.missing, "PRELIMINARY"),
        question=finding.question or say("eligibility.question.preliminary", early=told),
        parts=_parts(finding, supposed),
        against=True,
    )


def _parts(finding: Finding, supposed: Finding) -> tuple[tuple[str, Verdict], ...]:
    moved = dict(set(supposed.parts) - set(finding.parts))
    return tuple((part, Verdict.UNKNOWN if part in moved else said) for part, said in finding.parts)


def _told(result: Result) -> Phrase:
    day = result.when.last if result.when else None
    name = ANALYTE_WORDS[result.analyte]
    return say("eligibility.seen.preliminary", name=name, written=result.as_written, day=day)
