"""The six services of the contract, in the order in which discovery lists them."""

from cds_service.advice import (
    dose_titration,
    order_select,
    order_sign,
    trial_diagnosis,
    trial_eligibility,
    visit_planning,
)
from cds_service.advice.clinic import Clinic
from cds_service.hooks.catalogue import Catalogue


def catalogue_of(clinic: Clinic) -> Catalogue:
    """All services of one installation."""
    return Catalogue(
        (
            trial_eligibility.service(clinic),
            trial_diagnosis.service(clinic),
            dose_titration.service(clinic),
            visit_planning.service(clinic),
            order_select.service(clinic),
            order_sign.service(clinic),
        )
    )
