"""What a client has to send or allow for a service to speak, in the words of discovery (CH-017)."""

from cds_service.cds_hooks.request import Hook

_CHART = (
    "Needs the Patient, the Conditions and the trial participation, by prefetch or by FHIR access; without "
    "them it answers 412. Anything else that is missing is named on a card. Optional: serviceRequests, by "
    "prefetch only; without it, tests that are ordered already are suggested again."
)
_ORDERS = (
    " Needs every draft whole in context.draftOrders (product, dosage, status), also those that the draft "
    "replaces, with the status that they will have."
)
_OF_THE_CONTEXT = {
    "draftOrders": _ORDERS,
    "conditions": " Needs the new problem in context.conditions.",
}


def usage_requirements(hook: Hook) -> str:
    """Of the service of one hook; what each needs of the chart, and what of its own moment."""
    return _CHART + "".join(_OF_THE_CONTEXT.get(member, "") for member in hook.needs)
