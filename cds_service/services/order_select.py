"""While an order is being written: does it touch the trial?"""

from cds_service.cds_hooks.request import Hook
from cds_service.cds_hooks.service import HookService
from cds_service.services.handler import Installation, order_advice


def service(installation: Installation) -> HookService:
    """`aa-trial-order-select` on `order-select`."""
    return installation.service(
        "aa-trial-order-select",
        Hook.ORDER_SELECT,
        "Trial NCT06802055: order being written",
        "For a draft order that touches trial NCT06802055: doses outside the bounds, interacting drugs, live "
        "vaccines, duplicate orders. Silent for all other orders.",
        order_advice,
    )
