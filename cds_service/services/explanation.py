"""One patient looked at for the page that explains: gathered and assessed as at the bedside."""

from datetime import datetime

import msgspec

from cds_service.cds_hooks.authorization import FhirAuthorization
from cds_service.cds_hooks.request import Hook, HookContext, HookRequest
from cds_service.cds_hooks.service import Caller
from cds_service.chart.gather import Gathered
from cds_service.rules.answers.assessment import Assessment
from cds_service.rules.answers.forecast_answer import drawing
from cds_service.rules.as_of import AsOf, as_of
from cds_service.services.handler import Installation
from cds_service.trials.trial_interface import TrialProtocol

_NO_HOOK = "00000000-0000-0000-0000-000000000000"


class ExplainedPatient(msgspec.Struct, frozen=True):
    """What was seen and what the rules say of it; no assessment where the trial is no concern."""

    gathered: Gathered
    now: AsOf
    assessment: Assessment | None


def explain(
    installation: Installation,
    fhir_base: str,
    authorization: FhirAuthorization,
    user: str,
    patient: str,
    now: datetime,
) -> ExplainedPatient:
    """Look at one patient with the access that a person lent us. Raises DataNotAvailable."""
    request = HookRequest(
        hook=Hook.PATIENT_VIEW,
        hook_instance=_NO_HOOK,
        context=HookContext(user_id=user, patient_id=patient),
        fhir_server=fhir_base,
        fhir_authorization=authorization,
    )
    moment = as_of(now, installation.zone)
    gathered = installation.gatherer.gather(request, now, Caller())
    if not gathered.is_concerned:
        return ExplainedPatient(gathered, moment, None)
    protocol = _drawing(installation.protocol)
    assessment = installation.trial.assess(gathered.record, moment, protocol, ())
    return ExplainedPatient(gathered, moment, assessment)


def _drawing(protocol: TrialProtocol) -> TrialProtocol:
    """The same rules; forecasts bring the course that the page draws."""
    return protocol.with_forecaster(drawing(protocol.forecaster)) if protocol.forecaster else protocol
