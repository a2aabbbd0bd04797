"""When aplastic anaemia is put on the problem list: the trial, at the moment it matters."""

from cds_service.advice.clinic import Clinic, usual_advice
from cds_service.advice.concern import CANDIDATES
from cds_service.advice.memory import Advice
from cds_service.hooks.request import Hook
from cds_service.hooks.service import HookCall, HookService


def service(clinic: Clinic) -> HookService:
    """`aa-trial-diagnosis` on `problem-list-item-create`."""
    return clinic.service(
        "aa-trial-diagnosis",
        Hook.PROBLEM_LIST_ITEM_CREATE,
        "Trial NCT06802055: new diagnosis",
        "When a new problem names aplastic anaemia: whether the patient may be a candidate for trial "
        "NCT06802055. Silent for every other problem.",
        _advise,
    )


def _advise(clinic: Clinic, service_id: str, call: HookCall) -> Advice:
    """Another new problem of a patient with aplastic anaemia is no occasion to speak of the trial again."""
    if not clinic.gatherer.new_problem_may_concern(call.request, call.now):
        return Advice()
    return usual_advice(clinic, service_id, call, CANDIDATES)
