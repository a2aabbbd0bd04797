"""Before an order is signed: the last stop."""

from cds_service.cds_hooks.request import Hook
from cds_service.cds_hooks.service import HookService
from cds_service.services.handler import Installation, order_advice


def service(installation: Installation) -> HookService:
    """`aa-trial-order-sign` on `order-sign`."""
    return installation.service(
        "aa-trial-order-sign",
        Hook.ORDER_SIGN,
        "Trial NCT06802055: order to sign",
        "The last check of a complete order that touches trial NCT06802055: doses outside the bounds, "
        "interacting drugs, live vaccines, duplicate orders. Silent for all other orders.",
        order_advice,
    )
