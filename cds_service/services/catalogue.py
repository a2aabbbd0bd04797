"""The six services of the contract, one row each, in the order in which discovery lists them."""

from collections.abc import Callable

from cds_service.cds_hooks.discovery import Catalogue
from cds_service.cds_hooks.request import Hook
from cds_service.cds_hooks.service import HookCall
from cds_service.chart.concern import CANDIDATES, PARTICIPANTS, Concern
from cds_service.chart.gather import Gatherer
from cds_service.services.handler import Installation, TrialService
from cds_service.trials.nct06802055.cards.compose import DIAGNOSIS, DOSING, ELIGIBILITY, ORDERS, VISIT


def _always(concern: Concern) -> Callable[[Gatherer, HookCall], Concern]:
    return lambda _gatherer, _call: concern


def _of_drafts(gatherer: Gatherer, call: HookCall) -> Concern | None:
    """For drafts that do not touch the trial nothing is read at all. Raises PatientMismatch."""
    concern = gatherer.concern_of_drafts(call.request, call.now)
    if concern is None:
        gatherer.check_unasked(call.request, call.caller)
    return concern


def _of_new_problem(gatherer: Gatherer, call: HookCall) -> Concern | None:
    """Another new problem of a patient with aplastic anaemia is no occasion to speak of the trial again."""
    return CANDIDATES if gatherer.new_problem_may_concern(call.request, call.now) else None


SERVICES = (
    TrialService(
        "aa-trial-eligibility",
        Hook.PATIENT_VIEW,
        "Trial NCT06802055: eligibility",
        "For a patient with aplastic anaemia who is not in trial NCT06802055: which of the twenty "
        "eligibility criteria are settled, and what would settle the others. Silent for everybody else.",
        _always(CANDIDATES),
        ELIGIBILITY,
    ),
    TrialService(
        "aa-trial-diagnosis",
        Hook.PROBLEM_LIST_ITEM_CREATE,
        "Trial NCT06802055: new diagnosis",
        "When a new problem names aplastic anaemia: whether the patient may be a candidate for trial "
        "NCT06802055. Silent for every other problem.",
        _of_new_problem,
        DIAGNOSIS,
    ),
    TrialService(
        "aa-trial-titration",
        Hook.PATIENT_VIEW,
        "Trial NCT06802055: dosing",
        "For a patient in trial NCT06802055: the next dose of sirolimus and ciclosporin by trough, kidney "
        "function and safety findings, as the trial record and the labels say. Silent for everybody else.",
        _always(PARTICIPANTS),
        DOSING,
    ),
    TrialService(
        "aa-trial-visit",
        Hook.ENCOUNTER_START,
        "Trial NCT06802055: this visit",
        "For a patient in trial NCT06802055 who arrives for an encounter: the tests that are due, and the "
        "response at Weeks 13 and 25. Silent for everybody else.",
        _always(PARTICIPANTS),
        VISIT,
    ),
    TrialService(
        "aa-trial-order-select",
        Hook.ORDER_SELECT,
        "Trial NCT06802055: order being written",
        "For a draft order that touches trial NCT06802055: doses outside the bounds, interacting drugs, live "
        "vaccines, duplicate orders. Silent for all other orders.",
        _of_drafts,
        ORDERS,
    ),
    TrialService(
        "aa-trial-order-sign",
        Hook.ORDER_SIGN,
        "Trial NCT06802055: order to sign",
        "The last check of a complete order that touches trial NCT06802055: doses outside the bounds, "
        "interacting drugs, live vaccines, duplicate orders. Silent for all other orders.",
        _of_drafts,
        ORDERS,
    ),
)


def catalogue_of(installation: Installation) -> Catalogue:
    """All services of one installation."""
    return Catalogue(installation.hook_service(service) for service in SERVICES)
