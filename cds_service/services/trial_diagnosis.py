"""When aplastic anaemia is put on the problem list: the trial, at the moment it matters."""

from cds_service.cds_hooks.request import Hook
from cds_service.cds_hooks.service import HookCall, HookService
from cds_service.chart.concern import CANDIDATES
from cds_service.services.audit_and_suppress import Advice
from cds_service.services.handler import Installation, usual_advice


def service(installation: Installation) -> HookService:
    """`aa-trial-diagnosis` on `problem-list-item-create`."""
    return installation.service(
        "aa-trial-diagnosis",
        Hook.PROBLEM_LIST_ITEM_CREATE,
        "Trial NCT06802055: new diagnosis",
        "When a new problem names aplastic anaemia: whether the patient may be a candidate for trial "
        "NCT06802055. Silent for every other problem.",
        _advise,
    )


def _advise(installation: Installation, service_id: str, call: HookCall) -> Advice:
    """Another new problem of a patient with aplastic anaemia is no occasion to speak of the trial again."""
    if not installation.gatherer.new_problem_may_concern(call.request, call.now):
        return Advice()
    return usual_advice(installation, service_id, call, CANDIDATES)
