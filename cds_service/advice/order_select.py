"""While an order is being written: does it touch the trial?"""

from cds_service.advice.clinic import Clinic, order_advice
from cds_service.hooks.request import Hook
from cds_service.hooks.service import HookService


def service(clinic: Clinic) -> HookService:
    """`aa-trial-order-select` on `order-select`."""
    return clinic.service(
        "aa-trial-order-select",
        Hook.ORDER_SELECT,
        "Trial NCT06802055: order being written",
        "For a draft order that touches trial NCT06802055: doses outside the bounds, interacting drugs, live "
        "vaccines, duplicate orders. Silent for all other orders.",
        order_advice,
    )
