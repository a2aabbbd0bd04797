"""When a participant comes for a visit: what is due, and how the blood has responded."""

from cds_service.advice.clinic import Clinic, advice_for
from cds_service.advice.concern import PARTICIPANTS
from cds_service.hooks.request import Hook
from cds_service.hooks.service import HookService


def service(clinic: Clinic) -> HookService:
    """`aa-trial-visit` on `encounter-start`."""
    return clinic.service(
        "aa-trial-visit",
        Hook.ENCOUNTER_START,
        "Trial NCT06802055: this visit",
        "For a patient in trial NCT06802055 who arrives for an encounter: the tests that are due, and the "
        "response at Weeks 13 and 25. Silent for everybody else.",
        advice_for(PARTICIPANTS),
    )
