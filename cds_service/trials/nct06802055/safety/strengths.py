"""A study drug counted in tablets or millilitres of an unknown strength: it is asked for by name."""

from collections.abc import Iterator

from cds_service.rules.answers.alerts import Action, Severity
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseStatus
from cds_service.trials.nct06802055.safety.dangerous_levels import level_drug_name
from cds_service.trials.nct06802055.safety.safety_context import Found, Situation
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.calendar import When
from fhir_mappings.clinical_model.known_unknown import Evidence, Gap
from fhir_mappings.clinical_model.medications import (
    STRENGTH_UNKNOWN,
    MedicationEvent,
    MedicationSource,
    MedicationStatus,
)
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.record import latest_day


def unknown_strengths(chart: Situation) -> Iterator[Found]:
    """The newest such entry of each drug, where the dose is not known without it or it counts today."""
    asked = {gap.reference: gap for gap in chart.record.gaps if gap.problem == STRENGTH_UNKNOWN}
    for drug in chart.drugs if asked else ():
        counted = [e for e in chart.record.taking(drug.value) if e.reference in asked]
        newest = max(counted, key=lambda e: latest_day(e.start), default=None)
        known = drug in chart.doses and chart.doses[drug].status is DoseStatus.KNOWN
        if newest is not None and (not known or _counts_today(newest, chart)):
            severity = Severity.INFO if known else Severity.WARNING
            yield from _asked(chart, drug, newest.start, asked[newest.reference], severity)


def _asked(chart: Situation, drug: Drug, when: When | None, gap: Gap, severity: Severity) -> Iterator[Found]:
    seen = say("safety.strength", drug=level_drug_name(drug), written=gap.detail)
    evidence = Evidence(gap.reference, when.text if when else None, gap.detail)
    yield chart.alert("SAF-STRENGTH", severity, Action.REVIEW, seen, drug, [evidence])


def _counts_today(event: MedicationEvent, chart: Situation) -> bool:
    """An order that stands, or an entry as recent as what is acted upon."""
    if event.source is MedicationSource.ORDER and event.status is MedicationStatus.ACTIVE:
        return True
    return event.start is not None and (chart.day - event.start.last).days <= chart.limits.recent_days
