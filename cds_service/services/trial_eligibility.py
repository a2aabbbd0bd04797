"""When a chart is opened: may this patient with aplastic anaemia enter the trial?"""

from cds_service.cds_hooks.request import Hook
from cds_service.cds_hooks.service import HookService
from cds_service.chart.concern import CANDIDATES
from cds_service.services.handler import Installation, advice_for


def service(installation: Installation) -> HookService:
    """`aa-trial-eligibility` on `patient-view`."""
    return installation.service(
        "aa-trial-eligibility",
        Hook.PATIENT_VIEW,
        "Trial NCT06802055: eligibility",
        "For a patient with aplastic anaemia who is not in trial NCT06802055: which of the twenty "
        "eligibility criteria are settled, and what would settle the others. Silent for everybody else.",
        advice_for(CANDIDATES),
    )
