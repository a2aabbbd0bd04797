"""Interacting drugs in use, and live vaccines ordered."""

from collections.abc import Iterator

from msgspec.structs import replace

from cds_service.rules.answers.alerts import Severity
from cds_service.rules.answers.causes import Partner
from cds_service.trials.nct06802055.patient_state.interaction_findings import (
    PairTold,
    live_vaccine,
    pair_alerts,
    perhaps_live,
)
from cds_service.trials.nct06802055.safety.safety_context import Found, Situation
from fhir_mappings.clinical_model.concepts import VACCINES, Concept
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.medications import MedicationEvent, MedicationSource, MedicationStatus
from fhir_mappings.clinical_model.messages import Phrase


def interacting_drugs(chart: Situation) -> Iterator[Found]:
    """One finding per pair that is in use now."""
    for active in chart.interactions:
        if active.current:
            key = "interactions.orderEnded" if active.order_ended else "interactions.inUse"
            seen = Phrase(key, (("name", active.interaction.name), ("since", active.started)))
            evidence = [active.evidence]
            told = PairTold(chart.rules, chart.limits.critical_partner_level, drafted=False)
            found = pair_alerts(active.interaction, chart.drugs, seen, evidence, told)
            partner = Partner(active.interaction.name, active.orders)
            yield from (replace(alert, partner=partner) for alert in found)


def live_vaccines(chart: Situation) -> Iterator[Found]:
    """A live vaccine ordered, or given lately, during the study."""
    for event in chart.record.medications:
        if not event.concepts & VACCINES or event.start is None:
            continue
        age = (chart.day - event.start.last).days
        if event.start.first > chart.day or age > chart.limits.recent_days:
            continue
        ordered = event.source is MedicationSource.ORDER and event.status is MedicationStatus.ACTIVE
        given = event.source is MedicationSource.ADMINISTRATION and event.status in (
            MedicationStatus.ACTIVE,
            MedicationStatus.COMPLETED,
        )
        if ordered or given:
            evidence = [Evidence(event.reference, event.start.text)]
            yield _vaccine(event, evidence, chart, ordered=ordered)


def _vaccine(event: MedicationEvent, evidence: list[Evidence], chart: Situation, *, ordered: bool) -> Found:
    """Of a vaccine that can still be left out the finding is graver than of one that was given."""
    if Concept.LIVE_VACCINE in event.concepts:
        severity = Severity.CRITICAL if ordered else Severity.WARNING
        return live_vaccine(event.text, severity, evidence, chart.rules)
    severity = Severity.WARNING if ordered else Severity.INFO
    return perhaps_live(event.text, severity, evidence, chart.rules)
