"""The services of the trials of one process, and what of a call itself decides whom it may concern."""

from collections.abc import Mapping

from cds_service.cds_hooks.discovery import Catalogue
from cds_service.cds_hooks.service import HookCall
from cds_service.chart.concern import CANDIDATES, PARTICIPANTS, Concern
from cds_service.chart.gather import Gatherer
from cds_service.services.handler import ConcernOf, Installation
from cds_service.trials.trial_interface import WhomItConcerns


def _always(concern: Concern) -> ConcernOf:
    return lambda _gatherer, _call: concern


def _of_drafts(gatherer: Gatherer, call: HookCall) -> Concern | None:
    """For drafts that do not touch the trial nothing is read at all. Raises PatientMismatch."""
    concern = gatherer.concern_of_drafts(call.request, call.now)
    if concern is None:
        gatherer.check_unasked(call.request, call.caller)
    return concern


def _of_new_problem(gatherer: Gatherer, call: HookCall) -> Concern | None:
    """Another new problem of a patient with the disease is no occasion to speak of the trial again."""
    return CANDIDATES if gatherer.new_problem_may_concern(call.request, call.now) else None


_CONCERNS: Mapping[WhomItConcerns, ConcernOf] = {
    WhomItConcerns.CANDIDATES: _always(CANDIDATES),
    WhomItConcerns.PARTICIPANTS: _always(PARTICIPANTS),
    WhomItConcerns.NEW_DIAGNOSIS: _of_new_problem,
    WhomItConcerns.DRAFT_ORDERS: _of_drafts,
}


def catalogue_of(*installations: Installation) -> Catalogue:
    """All services of the installations, trial by trial, each in the order of its trial's file.

    Raises DuplicateService where two trials give their services one id.
    """
    return Catalogue(
        installation.hook_service(service, _CONCERNS[service.concerns])
        for installation in installations
        for service in installation.trial.services
    )
