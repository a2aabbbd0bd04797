"""A drug known by its name alone: it keeps a criterion open, decides none, and no answer talks it away.

A hospital without a drug map sends every drug so. The name counts as the drug (DECISIONS 76), but it may be
that of a device or of another product, so what it would show if coded is asked, never found.
"""

from collections.abc import Sequence
from datetime import date

from msgspec.structs import replace

from cds_service.rules.answers.criteria_answers import Finding
from cds_service.rules.criterion_evidence import Sighting, doubted, newest_day
from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.criteria.eligibility_limits import EligibilityLimits
from cds_service.trials.nct06802055.criteria.unknowns import (
    Topic,
    attestation_on,
    open_finding,
    seen_as,
    settle,
)
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.record import ClinicalRecord


def by_name(sighting: Sighting) -> Sighting:
    """The same fact, marked as known by its name alone."""
    return doubted(sighting, say("eligibility.seen.by_name", fact=sighting.words))


def settle_by_name(
    record: ClinicalRecord,
    t0: date,
    limits: EligibilityLimits,
    topic: Topic,
    named: Sequence[Sighting],
    doubtful: Sequence[Sighting] = (),
) -> Finding:
    """UNKNOWN, with the name and the answer side by side; an answer that agrees with the name decides.

    `named` are the drugs that would decide against the patient if they were coded.
    """
    shown = (*named, *doubtful)
    against = Verdict.NOT_MET if topic.clearing is Verdict.MET else Verdict.MET
    answer = attestation_on(record, t0, limits, topic.item)
    if answer is None:
        return settle(record, t0, limits, topic, replace(open_finding(topic, shown), against=True))
    shows = replace(seen_as(against, shown), against=True)
    found = settle(record, t0, limits, topic, shows, newest_day(named))
    agrees = bool(answer.value) is (against is Verdict.MET)
    if agrees or found.verdict is Verdict.UNKNOWN:
        return found
    return replace(found, verdict=Verdict.UNKNOWN, missing=("attestation",), question=topic.question)
