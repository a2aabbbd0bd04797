"""Planned surgery: sirolimus impairs wound healing (US label 5.6)."""

from collections.abc import Iterator

from cds_service.rules.answers.alerts import Action, Severity
from cds_service.trials.nct06802055.safety.safety_context import Found, Situation
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.messages import say


def surgery(chart: Situation) -> Iterator[Found]:
    """An operation planned within two weeks, today included."""
    for procedure in chart.record.procedures:
        if not procedure.planned or Concept.PLANNED_SURGERY not in procedure.concepts:
            continue
        when = procedure.when
        if when and when.last >= chart.day and (when.first - chart.day).days <= chart.limits.surgery_days:
            seen = say("safety.surgery", text=procedure.text, day=when.first)
            evidence = [Evidence(procedure.reference, when.text)]
            yield chart.alert("SAF-SURG", Severity.WARNING, Action.HOLD, seen, Drug.SIROLIMUS, evidence)
