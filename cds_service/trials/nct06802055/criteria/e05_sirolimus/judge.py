"""Exclusion 5: Previous use of sirolimus or allergy to sirolimus."""

from datetime import date

from cds_service.rules.answers.criteria_answers import Finding
from cds_service.rules.criterion_evidence import (
    Sighting,
    doubted,
    of_allergy,
    of_diagnosis,
    of_medication,
    of_result,
)
from cds_service.rules.sorted_diagnoses import blaming
from cds_service.rules.time_windows import known_by, results_by
from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.criteria.by_name import by_name, settle_by_name
from cds_service.trials.nct06802055.criteria.current_medication import counts
from cds_service.trials.nct06802055.criteria.eligibility_limits import EligibilityLimits
from cds_service.trials.nct06802055.criteria.unknowns import Topic, exclusion
from cds_service.trials.nct06802055.prior_ciclosporin.ciclosporin_courses import shows_drug
from fhir_mappings.clinical_model.calendar import When
from fhir_mappings.clinical_model.clinical_events import Allergy
from fhir_mappings.clinical_model.diagnoses import Certainty
from fhir_mappings.clinical_model.known_unknown import MEDICATION_PARTS, Part
from fhir_mappings.clinical_model.medications import MedicationEvent, MedicationSource, MedicationStatus
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte, Result
from fhir_mappings.clinical_model.studies import StudyEntry, StudyState

SIROLIMUS = "sirolimus"
TEMSIROLIMUS = "temsirolimus"
"""Metabolised to sirolimus, so its use is asked about."""
TOPIC = Topic(
    "E5",
    say("criterion.E5.question"),
    say("criterion.E5.nothing"),
    fed_by=(
        *MEDICATION_PARTS,
        Part.ALLERGIES,
        Part.CONDITIONS,
        Part.OBSERVATIONS,
        Part.RESEARCH_SUBJECTS,
        Part.ATTESTATIONS,
    ),
)
_UNSURE = frozenset({MedicationStatus.UNKNOWN, MedicationStatus.INTENDED})
_ON_STUDY = frozenset({StudyState.ENROLLED, StudyState.COMPLETED})


def exc_05_sirolimus(record: ClinicalRecord, t0: date, limits: EligibilityLimits) -> Finding:
    """Any sign that sirolimus was taken before the study, ever; or an allergy (DECISIONS 10)."""
    present: list[Sighting] = []
    named: list[Sighting] = []
    doubtful: list[Sighting] = []
    entries = [e for e in record.studies if e.this_trial and e.state in _ON_STUDY]
    for event in (*record.taking(SIROLIMUS), *record.taking(TEMSIROLIMUS)):
        seen, used = of_medication_event(event), _used(event, entries, t0)
        if used is Verdict.MET and event.by_text_only:
            named.append(by_name(seen))
        else:
            _file(seen, used, present, doubtful)
    for level in results_by(record, t0, Analyte.SIROLIMUS):
        seen = of_result(level, say("eligibility.test.sirolimus"), "ng/mL")
        _file(seen, _measured(level, entries), present, doubtful)
    for allergy in record.allergies:
        if SIROLIMUS in allergy.ingredients and known_by(allergy.recorded, t0):
            if _allergic(allergy) is Verdict.MET and allergy.by_text_only:
                named.append(by_name(of_allergy(allergy)))
            else:
                _file(of_allergy(allergy), _allergic(allergy), present, doubtful)
    # a harm or an allergy in words tells that it was taken, or may not be
    named += [of_diagnosis(diagnosis) for diagnosis in blaming(record, t0, SIROLIMUS)]
    if named and not present:
        return settle_by_name(record, t0, limits, TOPIC, named, doubtful)
    return exclusion(record, t0, limits, TOPIC, present, doubtful)


def of_medication_event(event: MedicationEvent) -> Sighting:
    """The entry, and for an order that no entry shows it was started."""
    seen = of_medication(event)
    if event.source is MedicationSource.ORDER and event.status is not MedicationStatus.COMPLETED:
        return doubted(seen, say("criterion.E5.no_sign_of_start", fact=seen.words))
    return seen


def _file(seen: Sighting, verdict: Verdict, present: list[Sighting], doubtful: list[Sighting]) -> None:
    if verdict is Verdict.MET:
        present.append(seen)
    elif verdict is Verdict.UNKNOWN:
        doubtful.append(seen)


def _used(event: MedicationEvent, entries: list[StudyEntry], t0: date) -> Verdict:
    if not counts(event) or event.for_study or not known_by(event.start, t0):
        return Verdict.NOT_MET
    before = _before_study(event.start, entries)
    if before is not Verdict.MET:
        return before
    doubtful = event.systemic is False or event.status in _UNSURE or SIROLIMUS not in event.ingredients
    ordered_only = event.source is MedicationSource.ORDER and event.status is not MedicationStatus.COMPLETED
    return Verdict.UNKNOWN if doubtful or ordered_only else Verdict.MET


def _before_study(when: When | None, entries: list[StudyEntry]) -> Verdict:
    """MET before the study began (or no study), NOT_MET for study drug, UNKNOWN where no date tells."""
    if not entries:
        return Verdict.MET
    starts = [e.start for e in entries if e.start]
    if when is None or not starts:
        return Verdict.UNKNOWN
    if when.last < min(s.first for s in starts):
        return Verdict.MET
    return Verdict.NOT_MET if when.first >= min(s.last for s in starts) else Verdict.UNKNOWN


def _measured(level: Result, entries: list[StudyEntry]) -> Verdict:
    before = _before_study(level.when, entries)
    return Verdict.UNKNOWN if before is Verdict.MET and not shows_drug(level) else before


def _allergic(allergy: Allergy) -> Verdict:
    definite = allergy.active and allergy.certainty is Certainty.CONFIRMED
    return Verdict.MET if definite else Verdict.UNKNOWN
