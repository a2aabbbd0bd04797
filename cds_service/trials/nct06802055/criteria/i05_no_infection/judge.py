"""Inclusion 5: No active infections."""

from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from cds_service.rules.answers.criteria_answers import Finding
from cds_service.rules.criterion_evidence import (
    Sighting,
    doubted,
    newest_day,
    of_diagnosis,
    of_medication,
    of_result,
)
from cds_service.rules.sorted_diagnoses import diagnosed, is_active_lately, is_over
from cds_service.rules.time_windows import newest, results_by, within
from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.criteria.by_name import by_name, settle_by_name
from cds_service.trials.nct06802055.criteria.current_medication import in_use
from cds_service.trials.nct06802055.criteria.eligibility_limits import EligibilityLimits
from cds_service.trials.nct06802055.criteria.prevention import prevented_by, prevents_infection
from cds_service.trials.nct06802055.criteria.recent_signs import recent_events, suspect_cultures
from cds_service.trials.nct06802055.criteria.unknowns import Topic, open_finding, seen_as, settle
from fhir_mappings.clinical_model.calendar import days_before
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.diagnoses import Diagnosis
from fhir_mappings.clinical_model.known_unknown import MEDICATION_PARTS, Part
from fhir_mappings.clinical_model.medications import MedicationEvent
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte

TOPIC = Topic(
    "I5",
    say("criterion.I5.question"),
    say("criterion.I5.nothing"),
    fed_by=(
        Part.CONDITIONS,
        Part.ADVERSE_EVENTS,
        Part.OBSERVATIONS,
        *MEDICATION_PARTS,
        Part.ATTESTATIONS,
    ),
)
_INFECTIONS = (
    Concept.INFECTION,
    Concept.SEPSIS,
    Concept.FEBRILE_NEUTROPENIA,
    Concept.INFECTION_MINOR_CHRONIC,
)
_DECIDING = frozenset({Concept.INFECTION, Concept.SEPSIS})
_LINGERING = frozenset(
    {
        Concept.INFECTION_MINOR_CHRONIC,
        Concept.HBV_CHRONIC,
        Concept.HCV_CHRONIC,
        Concept.HIV,
    }
)
"""Coded for years in people who have no infection to be treated now; E8 asks about the viruses."""


class InfectionLimits(EligibilityLimits, frozen=True):
    """Days, degrees Celsius, 10*9/L."""

    infection_days: int
    fever_celsius: Decimal
    fever_alone_celsius: Decimal
    fever_days: int
    fever_neutrophils: Decimal


def inc_05_no_infection(record: ClinicalRecord, t0: date, limits: InfectionLimits) -> Finding:
    """A recent infection or its treatment decides; the old, minor or preventive asks (DECISIONS 7)."""
    active: list[Sighting] = []
    named: list[Sighting] = []
    doubtful: list[Sighting] = []
    for diagnosis in diagnosed(record, t0, *_INFECTIONS):
        verdict = _infected(diagnosis, t0, limits)
        if verdict is Verdict.MET:
            active.append(of_diagnosis(diagnosis))
        elif verdict is Verdict.UNKNOWN:
            doubtful.append(_perhaps_over(diagnosis))
    prevention = _add_treatments(record, t0, limits, active, named, doubtful)
    doubtful += _signs(record, t0, limits)
    doubtful += recent_events(record, t0, limits.infection_days, frozenset(_INFECTIONS))
    if active:
        found = replace(seen_as(Verdict.NOT_MET, active), against=True)
        return settle(record, t0, limits, TOPIC, found, newest_day(active))
    if named:
        return settle_by_name(record, t0, limits, TOPIC, named, [*doubtful, *prevention])
    found = replace(open_finding(TOPIC, [*doubtful, *prevention]), against=bool(doubtful))
    return settle(record, t0, limits, TOPIC, found, signs=doubtful)


def _add_treatments(
    record: ClinicalRecord,
    t0: date,
    limits: InfectionLimits,
    active: list[Sighting],
    named: list[Sighting],
    doubtful: list[Sighting],
) -> list[Sighting]:
    """Adds to the lists; the answer is the drugs that are taken to prevent an infection."""
    prevention: list[Sighting] = []
    prevented = prevented_by(record.medications, limits)
    for event in record.medications:
        verdict = _under_treatment(event, record, t0, limits)
        prevents = prevents_infection(event, limits) or event.ingredients in prevented
        seen = of_medication(event)
        if verdict is Verdict.MET and not prevents and event.by_text_only:
            named.append(by_name(seen))
        elif verdict is Verdict.MET and not prevents:
            active.append(seen)
        elif verdict is not Verdict.NOT_MET:
            asked = doubted(seen, say("criterion.I5.perhaps_prevention", fact=seen.words))
            (prevention if prevents else doubtful).append(asked)
    return prevention


def _infected(diagnosis: Diagnosis, t0: date, limits: InfectionLimits) -> Verdict:
    """Is this infection still going on? UNKNOWN when it was never closed, or is not definite."""
    if is_over(diagnosis, t0):
        return Verdict.NOT_MET
    infection = diagnosis.concepts & _DECIDING and not diagnosis.concepts & _LINGERING
    decides = infection and is_active_lately(diagnosis, t0, limits.infection_days)
    return Verdict.MET if decides else Verdict.UNKNOWN


def _perhaps_over(diagnosis: Diagnosis) -> Sighting:
    """An entry that was never closed, or is minor."""
    seen = of_diagnosis(diagnosis)
    return doubted(seen, say("criterion.I5.perhaps_over", fact=seen.words))


def _under_treatment(
    event: MedicationEvent, record: ClinicalRecord, t0: date, limits: InfectionLimits
) -> Verdict:
    kinds = event.concepts & {Concept.ANTI_INFECTIVE, Concept.ANTI_INFECTIVE_PROPHYLAXIS}
    if not kinds or event.systemic is False:
        return Verdict.NOT_MET
    return in_use(event, record, t0, limits, limits.infection_days)


def _signs(record: ClinicalRecord, t0: date, limits: InfectionLimits) -> list[Sighting]:
    """Fever, lower where neutrophils are few, and blood cultures: they ask, they do not decide."""
    since = days_before(t0, limits.fever_days)
    lately = [r for r in results_by(record, t0, Analyte.TEMPERATURE) if within(r.when, since, t0)]
    neutrophils = newest(results_by(record, t0, Analyte.NEUTROPHILS)) if lately else ()
    few = any(r.below(limits.fever_neutrophils) for r in neutrophils)
    fever = limits.fever_celsius if few else limits.fever_alone_celsius
    return suspect_cultures(record, t0, limits) + [
        of_result(r, say("eligibility.test.temperature"), "Cel") for r in lately if r.below(fever) is False
    ]
