"""The criteria of the trial record, and what they say together (DECISIONS 16).

The program never says "eligible": the most it says is that an investigator's confirmation is pending.
"""

from collections.abc import Iterator, Mapping
from datetime import date

from msgspec.structs import replace

from cds_service.rules.answers.criteria_answers import (
    Criterion,
    EligibilityDecision,
    EligibilityStatus,
    Finding,
)
from cds_service.rules.answers.trial_part import Participation
from cds_service.rules.as_of import AsOf
from cds_service.rules.criterion_evidence import of_study
from cds_service.rules.thresholds import Rule
from cds_service.trials.nct06802055.criteria.criterion_judges import JUDGES
from cds_service.trials.nct06802055.criteria.e03_pnh_clone.judge import CONFIRM_LARGE_CLONE
from cds_service.trials.nct06802055.criteria.eligibility_limits import IDS, EligibilityLimits
from cds_service.trials.nct06802055.criteria.lost_facts import opened_by_lost
from cds_service.trials.nct06802055.criteria.preliminary_facts import opened_by_preliminary
from cds_service.trials.nct06802055.patient_state.blood.counts import CountLimits
from cds_service.trials.nct06802055.prior_ciclosporin.ciclosporin_courses import FailureLimits
from fhir_mappings.clinical_model.concepts import APLASTIC_ANAEMIA
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.studies import ConsentState, StudyState

_ON_STUDY = frozenset({StudyState.ENROLLED, StudyState.COMPLETED})
_ASKED_TOGETHER = {
    "I6": ("E11", "criterion.I6.question_with_E11"),
    "E1": ("E2", "criterion.E1.question_with_E2"),
    "I5": ("E7", "criterion.I5.question_with_E7"),
}


def judge_criteria(
    record: ClinicalRecord,
    as_of: AsOf,
    participation: Participation,
    limits: EligibilityLimits,
    counts: CountLimits,
    failure: FailureLimits,
    rules: Mapping[str, Rule],
) -> EligibilityDecision:
    """All criteria on T0, the overall status, and what is still to be asked, most decisive first."""
    t0 = index_date(record, as_of, participation)
    of_topics: Mapping[type, object] = {CountLimits: counts, FailureLimits: failure}

    def all_findings(chart: ClinicalRecord) -> dict[str, Finding]:
        return {
            number: one.judge(chart, t0, of_topics.get(one.limits, limits)) for number, one in JUDGES.items()
        }

    found = opened_by_lost(record, t0, all_findings)
    found = opened_by_preliminary(record, all_findings, found)
    criteria = tuple(Criterion(number, rules[number], found[number]) for number in IDS)
    return concluded(record, participation, criteria, limits)


def concluded(
    record: ClinicalRecord,
    participation: Participation,
    criteria: tuple[Criterion, ...],
    limits: EligibilityLimits,
) -> EligibilityDecision:
    """What the twenty criteria say together, and which of the open ones are asked."""
    status = overall(record, participation, criteria)
    asked = open_questions(criteria, limits) if status is EligibilityStatus.UNDETERMINED else ()
    also = tuple(_unresolved(record, participation)) if status is EligibilityStatus.UNDETERMINED else ()
    return EligibilityDecision(status, criteria, asked, also)


def _unresolved(record: ClinicalRecord, participation: Participation) -> Iterator[Phrase]:
    """What keeps it open whether the patient is in this trial already."""
    if participation.status is not StudyState.UNKNOWN:
        return
    unread = [of_study(entry).words for entry in record.studies if entry.this_trial is None]
    if unread:
        yield say("eligibility.participation.which_study", studies=tuple(unread))
    else:
        yield say("eligibility.participation.not_told")


def index_date(record: ClinicalRecord, as_of: AsOf, participation: Participation) -> date:
    """T0: today for those not enrolled; for the enrolled the day of consent, else of entry."""
    if participation.status not in _ON_STUDY:
        return as_of.day
    consented = [
        c.when.first
        for c in record.consents
        if c.for_trial and c.state is ConsentState.GIVEN and c.when is not None and c.when.is_one_day
    ]
    return min((d for d in consented if d <= as_of.day), default=participation.start or as_of.day)


def overall(
    record: ClinicalRecord, participation: Participation, criteria: tuple[Criterion, ...]
) -> EligibilityStatus:
    """The first of DECISIONS 16 that holds; where participation could not be had, nothing is settled."""
    if participation.status in _ON_STUDY:
        return EligibilityStatus.ALREADY_ENROLLED
    if participation.status is StudyState.UNKNOWN:
        return EligibilityStatus.UNDETERMINED
    if record.deceased or not may_have_aplastic_anaemia(record):
        return EligibilityStatus.NOT_A_CANDIDATE
    if any(c.excludes for c in criteria):
        return EligibilityStatus.INELIGIBLE
    settled = all(c.settled for c in criteria)
    return EligibilityStatus.ELIGIBLE_PENDING if settled else EligibilityStatus.UNDETERMINED


def may_have_aplastic_anaemia(record: ClinicalRecord) -> bool:
    """Any code or word of aplastic anaemia, also of an entry or a list that could not be read."""
    return record.lacks(Part.CONDITIONS) or record.may_have(*APLASTIC_ANAEMIA)


def open_questions(criteria: tuple[Criterion, ...], limits: EligibilityLimits) -> tuple[Criterion, ...]:
    """The unsettled criteria in the order to ask; two that one answer settles are asked once."""
    unsettled = {c.id: c for c in criteria if not c.settled}
    for first, (second, together) in _ASKED_TOGETHER.items():
        if first in unsettled and second in unsettled and not _says_more(unsettled, first, second):
            asked = unsettled[first]
            question = Phrase(together, asked.finding.question.values if asked.finding.question else ())
            unsettled[first] = replace(asked, finding=replace(asked.finding, question=question))
            del unsettled[second]
    last = (number for number in IDS if number not in limits.question_order)
    order = {number: place for place, number in enumerate((*limits.question_order, *last))}
    return tuple(sorted(unsettled.values(), key=lambda c: (_weight(c), order[c.id])))


def _says_more(unsettled: Mapping[str, Criterion], first: str, second: str) -> bool:
    """Does the second criterion hold a fact of its own against the patient? Then it stands by itself."""
    finding, other = unsettled[first].finding, unsettled[second].finding
    return unsettled[second].to_resolve and not set(other.evidence) <= set(finding.evidence)


def _weight(criterion: Criterion) -> int:
    """A large clone to be confirmed first, then what speaks against the patient, then all else."""
    if CONFIRM_LARGE_CLONE in criterion.finding.missing:
        return 0
    return 1 if criterion.to_resolve else 2
