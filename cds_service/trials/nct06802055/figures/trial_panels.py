"""The trial's two figures, panel by panel."""

from collections.abc import Mapping

from cds_service.figures.chart_data import Panel
from cds_service.figures.patient_chart import PatientChart
from cds_service.trials.nct06802055.figures.blood_panels import blood_panels
from cds_service.trials.nct06802055.figures.drug_panels import drug_panels


def trial_panels(chart: PatientChart) -> Mapping[str, tuple[Panel, ...]]:
    """Drugs and kidney, and blood."""
    return {"drugs": tuple(drug_panels(chart)), "blood": tuple(blood_panels(chart))}
