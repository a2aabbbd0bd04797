"""HealthChain's CDS Hooks with a constant card, in an environment of its own (`requirements/peers.txt`)."""

from healthchain.gateway import CDSHooksService, HealthChainAPI
from healthchain.models import Card, CDSRequest, CDSResponse

hooks = CDSHooksService()


@hooks.hook("patient-view", id="aa-trial-titration")
def card(request: CDSRequest) -> CDSResponse:
    """The same whoever asks."""
    return CDSResponse(
        cards=[Card(summary="A constant card", indicator="info", source={"label": "healthchain"})]
    )


app = HealthChainAPI()
app.register_service(hooks)
