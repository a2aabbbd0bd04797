"""When a participant comes for a visit: what is due, and how the blood has responded."""

from cds_service.cds_hooks.request import Hook
from cds_service.cds_hooks.service import HookService
from cds_service.chart.concern import PARTICIPANTS
from cds_service.services.handler import Installation, advice_for


def service(installation: Installation) -> HookService:
    """`aa-trial-visit` on `encounter-start`."""
    return installation.service(
        "aa-trial-visit",
        Hook.ENCOUNTER_START,
        "Trial NCT06802055: this visit",
        "For a patient in trial NCT06802055 who arrives for an encounter: the tests that are due, and the "
        "response at Weeks 13 and 25. Silent for everybody else.",
        advice_for(PARTICIPANTS),
    )
