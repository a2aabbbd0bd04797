"""Exclusion 12: Participation in other clinical trials within the past 3 months."""

from datetime import date

from cds_service.rules.answers.criteria_answers import Finding
from cds_service.rules.criterion_evidence import Sighting, of_study
from cds_service.rules.time_windows import known_by, within
from cds_service.rules.verdict import Verdict, verdict_of
from cds_service.trials.nct06802055.criteria.eligibility_limits import EligibilityLimits
from cds_service.trials.nct06802055.criteria.unknowns import Topic, exclusion
from fhir_mappings.clinical_model.calendar import months_before
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.studies import StudyEntry, StudyState

TOPIC = Topic(
    "E12",
    say("criterion.E12.question"),
    say("criterion.E12.nothing"),
    fed_by=(Part.RESEARCH_SUBJECTS, Part.ATTESTATIONS),
    emptied_by=((Part.RESEARCH_SUBJECTS,),),
)


class OtherTrialLimits(EligibilityLimits, frozen=True):
    """Calendar months."""

    other_trial_months: int


def exc_12_other_trial(record: ClinicalRecord, t0: date, limits: OtherTrialLimits) -> Finding:
    """On another trial on T0, or off it within three calendar months, the first day included."""
    present: list[Sighting] = []
    doubtful: list[Sighting] = []
    earliest = months_before(t0, limits.other_trial_months)
    for entry in record.studies:
        if entry.this_trial is True or not known_by(entry.start, t0):
            continue
        verdict = _took_part(entry, earliest, t0)
        # Registers, and studies that could not be identified, are no proof of another clinical trial.
        proven = entry.this_trial is False and entry.interventional is not False
        if verdict is Verdict.MET and proven:
            present.append(of_study(entry))
        elif verdict is not Verdict.NOT_MET:
            doubtful.append(of_study(entry))
    return exclusion(record, t0, limits, TOPIC, present, doubtful)


def _took_part(entry: StudyEntry, earliest: date, t0: date) -> Verdict:
    match entry.state:
        case StudyState.NONE:
            return Verdict.NOT_MET
        case StudyState.ENROLLED if entry.end is None:
            return Verdict.MET
        case StudyState.ENROLLED | StudyState.COMPLETED | StudyState.WITHDRAWN if entry.end is not None:
            lately = entry.end.first > t0 or within(entry.end, earliest, t0)
            if lately is False and entry.state is StudyState.ENROLLED:
                return Verdict.UNKNOWN
            return verdict_of(lately)
    return Verdict.UNKNOWN
