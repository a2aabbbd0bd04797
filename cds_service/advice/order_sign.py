"""Before an order is signed: the last stop."""

from cds_service.advice.clinic import Clinic, order_advice
from cds_service.hooks.request import Hook
from cds_service.hooks.service import HookService


def service(clinic: Clinic) -> HookService:
    """`aa-trial-order-sign` on `order-sign`."""
    return clinic.service(
        "aa-trial-order-sign",
        Hook.ORDER_SIGN,
        "Trial NCT06802055: order to sign",
        "The last check of a complete order that touches trial NCT06802055: doses outside the bounds, "
        "interacting drugs, live vaccines, duplicate orders. Silent for all other orders.",
        order_advice,
    )
