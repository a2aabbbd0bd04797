"""Exclusion 10: History of thromboembolic events, myocardial infarction, or stroke (including
antiphospholipid antibody syndrome), or current use of anticoagulants.
"""

from datetime import date

from cds_service.rules.answers.criteria_answers import Finding
from cds_service.rules.criterion_evidence import (
    Sighting,
    doubted,
    of_adverse_event,
    of_medication,
    of_result,
)
from cds_service.rules.sorted_diagnoses import sorted_by_weight
from cds_service.rules.time_windows import known_by, results_by
from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.criteria.by_name import by_name, settle_by_name
from cds_service.trials.nct06802055.criteria.current_medication import in_use
from cds_service.trials.nct06802055.criteria.eligibility_limits import EligibilityLimits
from cds_service.trials.nct06802055.criteria.prevention import says_prevention
from cds_service.trials.nct06802055.criteria.unknowns import Topic, exclusion
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import MEDICATION_PARTS, Part
from fhir_mappings.clinical_model.medications import MedicationEvent
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte, Presence, Result

TOPIC = Topic(
    "E10",
    say("criterion.E10.question"),
    say("criterion.E10.nothing"),
    fed_by=(
        Part.CONDITIONS,
        Part.ADVERSE_EVENTS,
        Part.OBSERVATIONS,
        *MEDICATION_PARTS,
        Part.ATTESTATIONS,
    ),
    emptied_by=((Part.CONDITIONS,), MEDICATION_PARTS),
)
PLAIN_HEPARIN = "heparin"
_EVENTS = frozenset({Concept.THROMBOSIS})
_PERHAPS = frozenset({Concept.THROMBOSIS_DOUBTFUL, Concept.ANTICOAGULANT_USE})
_DRUGS = frozenset({Concept.ANTICOAGULANT, Concept.HEPARIN})


class ThrombosisLimits(EligibilityLimits, frozen=True):
    """Days."""

    drug_order_days: int


def exc_10_thrombosis(record: ClinicalRecord, t0: date, limits: ThrombosisLimits) -> Finding:
    """An occlusion at any time in life, or an anticoagulant on T0 (DECISIONS 12)."""
    present, doubtful = sorted_by_weight(record, t0, _EVENTS, _PERHAPS)
    for event in record.adverse_events:
        if known_by(event.when, t0) and event.concepts & (_EVENTS | _PERHAPS):
            definite = event.concepts & _EVENTS and not event.by_text_only
            (present if definite else doubtful).append(of_adverse_event(event))
    doubtful += [
        of_result(r, say("eligibility.test.antiphospholipid"))
        for r in results_by(record, t0, Analyte.ANTIPHOSPHOLIPID_ANTIBODY)
        if not _is_negative(r)
    ]
    named: list[Sighting] = []
    prevention = _add_anticoagulants(record, t0, limits, present, named, doubtful)
    if named and not present:
        return settle_by_name(record, t0, limits, TOPIC, named, [*doubtful, *prevention])
    return exclusion(record, t0, limits, TOPIC, present, doubtful, prevention)


def _is_negative(antibody: Result) -> bool:
    """By the laboratory's word, or as a number within its usual range; of any other it is asked."""
    if antibody.presence is not None or antibody.high is None:
        return antibody.presence is Presence.NEGATIVE
    return antibody.above(antibody.high) is False


def _add_anticoagulants(
    record: ClinicalRecord,
    t0: date,
    limits: ThrombosisLimits,
    present: list[Sighting],
    named: list[Sighting],
    doubtful: list[Sighting],
) -> list[Sighting]:
    """Adds to the lists; the answer is the heparin that may be a line flush or prevention.

    An old open order may be a leftover: it is asked about.
    """
    prevention: list[Sighting] = []
    for event in record.medications:
        if not event.concepts & _DRUGS or event.systemic is False:
            continue
        verdict = in_use(event, record, t0, limits, limits.drug_order_days)
        seen = of_medication(event)
        if verdict is Verdict.NOT_MET:
            continue
        if _perhaps_not_treatment(event, limits):
            prevention.append(doubted(seen, say("criterion.E10.heparin", fact=seen.words)))
        elif verdict is Verdict.MET and event.by_text_only:
            named.append(by_name(seen))
        elif verdict is Verdict.MET:
            present.append(seen)
        else:
            doubtful.append(doubted(seen, say("criterion.E10.perhaps_over", fact=seen.words)))
    return prevention


def _perhaps_not_treatment(event: MedicationEvent, limits: EligibilityLimits) -> bool:
    """Plain heparin keeps lines open as often as it treats; the others may be said to prevent."""
    if Concept.HEPARIN not in event.concepts:
        return False
    said = says_prevention(event, limits)
    return said or event.ingredients <= {PLAIN_HEPARIN}
