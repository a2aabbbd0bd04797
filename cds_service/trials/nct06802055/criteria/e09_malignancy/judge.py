"""Exclusion 9: Any concurrent malignancy within the past 5 years, except for localized basal cell carcinoma.

Read as "active, diagnosed or treated within 5 years" (ambiguity C8 of `eligibility.md`).
"""

from datetime import date

from cds_service.rules.answers.criteria_answers import Finding
from cds_service.rules.criterion_evidence import Sighting, doubted, of_diagnosis, of_medication
from cds_service.rules.sorted_diagnoses import diagnosed, is_definite, is_over
from cds_service.rules.time_windows import within
from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.criteria.current_medication import counts
from cds_service.trials.nct06802055.criteria.eligibility_limits import EligibilityLimits
from cds_service.trials.nct06802055.criteria.unknowns import Topic, exclusion
from fhir_mappings.clinical_model.calendar import years_before
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.diagnoses import Course, Diagnosis
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.record import ClinicalRecord

TOPIC = Topic(
    "E9",
    say("criterion.E9.question"),
    say("criterion.E9.nothing"),
    fed_by=(Part.CONDITIONS, Part.ATTESTATIONS),
    emptied_by=((Part.CONDITIONS,),),
)
_PERHAPS: dict[Concept, Phrase] = {
    Concept.BASAL_CELL_CARCINOMA: say("criterion.E9.localised"),
    Concept.SKIN_CANCER_UNSPECIFIED: say("criterion.E9.skin"),
    Concept.CARCINOMA_IN_SITU: say("criterion.E9.in_situ"),
    Concept.MALIGNANCY_HISTORY: say("criterion.E9.no_date_of_disease"),
}


class MalignancyLimits(EligibilityLimits, frozen=True):
    """Years."""

    malignancy_years: int


def exc_09_malignancy(record: ClinicalRecord, t0: date, limits: MalignancyLimits) -> Finding:
    """A malignancy active on T0, or with a date in the last five years, the first day included."""
    present: list[Sighting] = []
    doubtful: list[Sighting] = []
    earliest = years_before(t0, limits.malignancy_years)
    cancers = diagnosed(record, t0, Concept.MALIGNANCY, *_PERHAPS)
    for diagnosis in cancers:
        seen = of_diagnosis(diagnosis)
        reason = next((why for concept, why in _PERHAPS.items() if concept in diagnosis.concepts), None)
        if reason:
            doubtful.append(doubted(seen, say("criterion.E9.unclear", fact=seen.words, reason=reason)))
            continue
        verdict = _recent(diagnosis, earliest, t0)
        if verdict is Verdict.MET:
            present.append(seen)
        elif verdict is Verdict.UNKNOWN:
            why = _undated(diagnosis, t0)
            doubtful.append(
                doubted(seen, say("criterion.E9.unclear", fact=seen.words, reason=why)) if why else seen
            )
    treated = _treatments(record, earliest, t0) if cancers else []
    return exclusion(record, t0, limits, TOPIC, present, doubtful, treated)


def _recent(diagnosis: Diagnosis, earliest: date, t0: date) -> Verdict:
    """NOT_MET only for a malignancy known to be over, all of whose dates lie before the window.

    What is over may well be written down only now, as history: then its record dates nothing (DECISIONS 79).
    """
    lately = Verdict.MET if is_definite(diagnosis) else Verdict.UNKNOWN
    own = [within(when, earliest, t0) for when in (diagnosis.onset, diagnosis.abated) if when]
    recorded = [within(diagnosis.recorded, earliest, t0)] if diagnosis.recorded else []
    if is_over(diagnosis, t0):
        all_before = set(own + recorded) == {False}
        return lately if True in own else Verdict.NOT_MET if all_before else Verdict.UNKNOWN
    active = diagnosis.course is Course.ACTIVE
    return lately if active or True in own + recorded else Verdict.UNKNOWN


def _undated(diagnosis: Diagnosis, t0: date) -> Phrase | None:
    """Why something that is over does not decide: only its record is dated."""
    told = diagnosis.onset or diagnosis.abated
    return None if told or not is_over(diagnosis, t0) else say("criterion.E9.no_date_of_disease")


def _treatments(record: ClinicalRecord, earliest: date, t0: date) -> list[Sighting]:
    """Antineoplastic drugs of the window: for the malignancy, or for the marrow?"""
    return [
        of_medication(m)
        for m in record.medications
        if Concept.ANTINEOPLASTIC in m.concepts and counts(m) and within(m.start, earliest, t0) is not False
    ]
