"""The twenty criteria of the trial record, and what they say together (DECISIONS 16).

The program never says "eligible": the most it says is that an investigator's confirmation is pending.
"""

from collections.abc import Callable, Iterator, Mapping
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
from cds_service.trials.nct06802055.criteria.e1_e2_other_marrow_disease import (
    exc_01_other_cause,
    exc_02_clonal_disease,
)
from cds_service.trials.nct06802055.criteria.e3_pnh_clone import CONFIRM_LARGE_CLONE, exc_03_pnh_clone
from cds_service.trials.nct06802055.criteria.e4_transplantation import exc_04_transplantation
from cds_service.trials.nct06802055.criteria.e5_sirolimus import exc_05_sirolimus
from cds_service.trials.nct06802055.criteria.e6_ciclosporin_harm import exc_06_ciclosporin_harm
from cds_service.trials.nct06802055.criteria.e7_uncontrolled import exc_07_uncontrolled
from cds_service.trials.nct06802055.criteria.e8_virus_or_liver import exc_08_virus_or_liver
from cds_service.trials.nct06802055.criteria.e9_malignancy import exc_09_malignancy
from cds_service.trials.nct06802055.criteria.e10_thrombosis import exc_10_thrombosis
from cds_service.trials.nct06802055.criteria.e12_other_trial import exc_12_other_trial
from cds_service.trials.nct06802055.criteria.eligibility_limits import IDS, EligibilityLimits
from cds_service.trials.nct06802055.criteria.i1_adult import inc_01_adult
from cds_service.trials.nct06802055.criteria.i2_acquired_aa import inc_02_acquired_aa
from cds_service.trials.nct06802055.criteria.i3_cytopenia import inc_03_cytopenia
from cds_service.trials.nct06802055.criteria.i4_ciclosporin_failure import inc_04_ciclosporin_failure
from cds_service.trials.nct06802055.criteria.i5_no_infection import inc_05_no_infection
from cds_service.trials.nct06802055.criteria.i6_e11_pregnancy import exc_11_pregnant, inc_06_not_pregnant
from cds_service.trials.nct06802055.criteria.i7_consent import inc_07_consent
from cds_service.trials.nct06802055.criteria.i8_ecog import inc_08_ecog
from cds_service.trials.nct06802055.criteria.lost_facts import opened_by_lost
from cds_service.trials.nct06802055.criteria.preliminary_facts import opened_by_preliminary
from cds_service.trials.nct06802055.patient_state.blood.counts import CountLimits
from cds_service.trials.nct06802055.prior_ciclosporin.ciclosporin_courses import FailureLimits
from fhir_mappings.clinical_model.concepts import APLASTIC_ANAEMIA
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.studies import ConsentState, StudyState

CRITERIA: dict[str, Callable[[ClinicalRecord, date, EligibilityLimits], Finding]] = {
    "I1": inc_01_adult,
    "I2": inc_02_acquired_aa,
    "I5": inc_05_no_infection,
    "I6": inc_06_not_pregnant,
    "I7": inc_07_consent,
    "I8": inc_08_ecog,
    "E1": exc_01_other_cause,
    "E2": exc_02_clonal_disease,
    "E3": exc_03_pnh_clone,
    "E4": exc_04_transplantation,
    "E5": exc_05_sirolimus,
    "E6": exc_06_ciclosporin_harm,
    "E7": exc_07_uncontrolled,
    "E8": exc_08_virus_or_liver,
    "E9": exc_09_malignancy,
    "E10": exc_10_thrombosis,
    "E11": exc_11_pregnant,
    "E12": exc_12_other_trial,
}
"""Eighteen of the twenty; I3 and I4 have limits of their own."""

_ON_STUDY = frozenset({StudyState.ENROLLED, StudyState.COMPLETED})
_ASKED_TOGETHER = {
    "I6": ("E11", say("criterion.I6.question_with_E11")),
    "E1": ("E2", say("criterion.E1.question_with_E2")),
    "I5": ("E7", say("criterion.I5.question_with_E7")),
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

    def all_findings(chart: ClinicalRecord) -> dict[str, Finding]:
        found = {number: criterion(chart, t0, limits) for number, criterion in CRITERIA.items()}
        found["I3"] = inc_03_cytopenia(chart, t0, counts)
        found["I4"] = inc_04_ciclosporin_failure(chart, t0, failure)
        return found

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
            unsettled[first] = replace(asked, finding=replace(asked.finding, question=together))
            del unsettled[second]
    order = {number: place for place, number in enumerate(limits.question_order)}
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
