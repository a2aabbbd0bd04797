"""Planned surgery: sirolimus impairs wound healing (US label 5.6)."""

from collections.abc import Iterator

from cds_service.protocol.answers.alerts import Action, Severity
from cds_service.protocol.safety_rules.situation import Found, Situation
from fhir_mappings.vocabulary.concepts import Concept
from fhir_mappings.vocabulary.facts import Evidence
from fhir_mappings.vocabulary.medications import Drug
from fhir_mappings.vocabulary.phrases import say


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
