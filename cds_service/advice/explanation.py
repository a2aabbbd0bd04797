"""One patient looked at for the page that explains: gathered and assessed as at the bedside."""

from datetime import datetime

import msgspec

from cds_service.advice.clinic import Clinic
from cds_service.advice.gather import Gathered
from cds_service.hooks.authorization import FhirAuthorization
from cds_service.hooks.request import Hook, HookContext, HookRequest
from cds_service.hooks.service import Caller
from cds_service.protocol.answers.assessment import Assessment
from cds_service.protocol.assess import assess
from cds_service.protocol.moment import AsOf, as_of

_NO_HOOK = "00000000-0000-0000-0000-000000000000"


class Explained(msgspec.Struct, frozen=True):
    """What was seen and what the rules say of it; no assessment where the trial is no concern."""

    gathered: Gathered
    now: AsOf
    assessment: Assessment | None


def explain(
    clinic: Clinic, fhir_base: str, authorization: FhirAuthorization, user: str, patient: str, now: datetime
) -> Explained:
    """Look at one patient with the access that a person lent us. Raises DataNotAvailable."""
    request = HookRequest(
        hook=Hook.PATIENT_VIEW,
        hook_instance=_NO_HOOK,
        context=HookContext(user_id=user, patient_id=patient),
        fhir_server=fhir_base,
        fhir_authorization=authorization,
    )
    moment = as_of(now, clinic.zone)
    gathered = clinic.gatherer.gather(request, now, Caller())
    if not gathered.is_concerned:
        return Explained(gathered, moment, None)
    return Explained(gathered, moment, assess(gathered.record, moment, clinic.protocol))
