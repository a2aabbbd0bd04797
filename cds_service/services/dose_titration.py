"""When the chart of a participant is opened: how to go on with the study drugs."""

from cds_service.cds_hooks.request import Hook
from cds_service.cds_hooks.service import HookService
from cds_service.chart.concern import PARTICIPANTS
from cds_service.services.handler import Installation, advice_for


def service(installation: Installation) -> HookService:
    """`aa-trial-titration` on `patient-view`."""
    return installation.service(
        "aa-trial-titration",
        Hook.PATIENT_VIEW,
        "Trial NCT06802055: dosing",
        "For a patient in trial NCT06802055: the next dose of sirolimus and ciclosporin by trough, kidney "
        "function and safety findings, as the trial record and the labels say. Silent for everybody else.",
        advice_for(PARTICIPANTS),
    )
