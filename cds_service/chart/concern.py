"""Whom a service concerns, told by the parts of the chart that are looked at first.

A service that has nothing to say to a patient asks for no more than it takes to know that, and does not speak
of what it could not read. But where the very part that would tell is what could not be read, the patient is
taken for one whom it concerns, and the gap is said (DECISIONS 49, 50). Which diagnoses make a candidate, and
which drugs a participant takes, the trial says.
"""

from collections.abc import Callable, Collection

import msgspec

from cds_service.chart.chart_queries import DECISIVE_PARTS
from cds_service.rules.as_of import AsOf
from cds_service.trials.trial_interface import Trial
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import MEDICATION_PARTS, Part
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.studies import StudyState

Look = Callable[[Trial, ClinicalRecord, AsOf], bool]
_OUTSIDE = frozenset({StudyState.NONE, StudyState.SCREENING, StudyState.UNKNOWN})
_ON_TREATMENT = frozenset({StudyState.ENROLLED, StudyState.COMPLETED})


class Concern(msgspec.Struct, frozen=True):
    """`parts` are asked for first, and `may_be` says by them alone whether the patient may be concerned.

    Only then the rest of the chart is asked for; `is_still` says the same once all of it is here.
    """

    parts: tuple[Part, ...]
    may_be: Look
    is_still: Look


def may_have_disease(disease: frozenset[Concept], record: ClinicalRecord) -> bool:
    """Any code or word of the disease, also of an entry or a list that could not be read."""
    return record.lacks(Part.CONDITIONS) or record.may_have(*disease)


def _trial_may_concern(trial: Trial, record: ClinicalRecord, _: AsOf) -> bool:
    """Is there the trial's disease in any form on the problem list, or a study that is or may be this trial?

    A study that could not be identified may be this trial; an entry that could not be read may be either.
    """
    in_doubt = record.lacks(*DECISIVE_PARTS) or any(s.this_trial is not False for s in record.studies)
    return in_doubt or record.may_have(*trial.disease)


def _may_take_part(trial: Trial, record: ClinicalRecord, now: AsOf) -> bool:
    """Enrolled, or nobody can tell whether."""
    return trial.participation(record, now).status in (StudyState.ENROLLED, StudyState.UNKNOWN)


def _takes_part_or_might(trial: Trial, record: ClinicalRecord, now: AsOf) -> bool:
    """A study that could not be identified is taken for this trial only where anything else speaks for it.

    Every participant has the disease and takes the drug of every arm; else each patient in any study of a
    hospital that shows us no studies would be told of a gap that does not concern him.
    """
    if not _may_take_part(trial, record, now):
        return False
    if record.lacks(Part.RESEARCH_SUBJECTS) or any(s.this_trial for s in record.studies):
        return True
    may_take_it = record.lacks(*MEDICATION_PARTS) or any(record.taking(d) for d in trial.drugs_of_all_arms)
    return may_take_it or may_have_disease(trial.disease, record)


def _may_be_candidate(trial: Trial, record: ClinicalRecord, now: AsOf) -> bool:
    """The disease in any form, and not yet, or no more, in the trial."""
    if record.deceased or not may_have_disease(trial.disease, record):
        return False
    return trial.participation(record, now).status in _OUTSIDE


def _either(trial: Trial, record: ClinicalRecord, now: AsOf) -> bool:
    return _may_take_part(trial, record, now) or _may_be_candidate(trial, record, now)


def _either_after_all(trial: Trial, record: ClinicalRecord, now: AsOf) -> bool:
    return _takes_part_or_might(trial, record, now) or _may_be_candidate(trial, record, now)


ANYBODY_OF_THE_TRIAL = Concern(DECISIVE_PARTS, _trial_may_concern, _trial_may_concern)
"""For who looks at a patient without a service in mind."""

PARTICIPANTS = Concern((Part.PATIENT, Part.RESEARCH_SUBJECTS), _may_take_part, _takes_part_or_might)
"""For dosing and visits."""

CANDIDATES = Concern(DECISIVE_PARTS, _may_be_candidate, _may_be_candidate)
"""For the trial card."""

PARTICIPANTS_AND_CANDIDATES = Concern(DECISIVE_PARTS, _either, _either_after_all)
"""For a draft of a drug that every participant takes, of which a candidate is told as well (DECISIONS 43)."""


def is_certain(trial: Trial, record: ClinicalRecord, lost: Collection[Part]) -> bool:
    """Does what came of the decisive parts show that the trial concerns the patient, whatever is missing?

    An enrolment is known from what came of the participations; the disease from what came of the problem
    list, where the participations are whole (contract, section 2; DECISIONS 50).
    """
    if Part.PATIENT in lost:
        return False
    if any(s.this_trial and s.state in _ON_TREATMENT for s in record.studies):
        return True
    return Part.RESEARCH_SUBJECTS not in lost and bool(record.with_concept(*trial.disease))


def has_no_known_study(record: ClinicalRecord) -> bool:
    """Does it hang on a study that nobody has brought yet?"""
    told = [entry.this_trial for entry in record.studies]
    return None in told and True not in told
