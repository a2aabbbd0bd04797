"""When a chart is opened: may this patient with aplastic anaemia enter the trial?"""

from cds_service.advice.clinic import Clinic, advice_for
from cds_service.advice.concern import CANDIDATES
from cds_service.hooks.request import Hook
from cds_service.hooks.service import HookService


def service(clinic: Clinic) -> HookService:
    """`aa-trial-eligibility` on `patient-view`."""
    return clinic.service(
        "aa-trial-eligibility",
        Hook.PATIENT_VIEW,
        "Trial NCT06802055: eligibility",
        "For a patient with aplastic anaemia who is not in trial NCT06802055: which of the twenty "
        "eligibility criteria are settled, and what would settle the others. Silent for everybody else.",
        advice_for(CANDIDATES),
    )
