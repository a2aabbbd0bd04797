"""The six services of the contract, in the order in which discovery lists them."""

from cds_service.cds_hooks.discovery import Catalogue
from cds_service.services import (
    dose_titration,
    order_select,
    order_sign,
    trial_diagnosis,
    trial_eligibility,
    visit_planning,
)
from cds_service.services.handler import Installation


def catalogue_of(installation: Installation) -> Catalogue:
    """All services of one installation."""
    return Catalogue(
        (
            trial_eligibility.service(installation),
            trial_diagnosis.service(installation),
            dose_titration.service(installation),
            visit_planning.service(installation),
            order_select.service(installation),
            order_sign.service(installation),
        )
    )
