"""What is decided only if it comes out the same in every way of reading the chart (DECISIONS 48)."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from msgspec.structs import replace

from cds_service.rules.answers.criteria_answers import Criterion, EligibilityDecision, Finding
from cds_service.rules.answers.follow_up import ResponseCategory, ResponseReadout
from cds_service.rules.verdict import Verdict
from fhir_mappings.clinical_model.messages import say

T = TypeVar("T")


def agreed_criteria(each: Sequence[EligibilityDecision]) -> tuple[Criterion, ...]:
    """Each criterion as it comes out in all ways, else unknown with what is seen in two that differ."""
    return tuple(
        replace(criteria[0], finding=_agreed([criterion.finding for criterion in criteria]))
        for criteria in zip(*(decision.criteria for decision in each), strict=True)
    )


def _agreed(findings: Sequence[Finding]) -> Finding:
    first = findings[0]
    other = _differing(findings, lambda found: found.verdict)
    if other is None:
        against = any(found.against for found in findings)
        return replace(first, parts=_agreed_parts(findings), against=against)
    return Finding(
        Verdict.UNKNOWN,
        first.basis,
        say("eligibility.seen.differ", one=first.seen, other=other.seen),
        tuple(dict.fromkeys((*first.evidence, *other.evidence))),
        tuple(dict.fromkeys((*first.missing, *other.missing, "RESULTS_DIFFER"))),
        first.question or other.question or say("eligibility.question.differ"),
        _agreed_parts(findings),
        any(found.against for found in findings),
    )


def _agreed_parts(findings: Sequence[Finding]) -> tuple[tuple[str, Verdict], ...]:
    each = zip(*(found.parts for found in findings), strict=True)
    return tuple(part[0] if len(set(part)) == 1 else (part[0][0], Verdict.UNKNOWN) for part in each)


def agreed_response(each: Sequence[tuple[ResponseReadout, ...]]) -> tuple[ResponseReadout, ...]:
    """Each visit's category if all ways agree on it, else none that can be told, with both shown."""
    return tuple(_readout(readouts) for readouts in zip(*each, strict=True))


def _readout(readouts: Sequence[ResponseReadout]) -> ResponseReadout:
    first = readouts[0]
    other = _differing(readouts, lambda readout: readout.category)
    if other is None:
        return first
    return replace(
        first,
        category=ResponseCategory.NOT_EVALUABLE,
        seen=say("response.differ", one=first.seen, other=other.seen),
        evidence=tuple(dict.fromkeys((*first.evidence, *other.evidence))),
    )


def _differing(answers: Sequence[T], said: Callable[[T], object]) -> T | None:
    """The first answer that says something else than the first of all."""
    return next((answer for answer in answers if said(answer) != said(answers[0])), None)
