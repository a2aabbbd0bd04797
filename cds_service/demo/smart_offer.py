"""What a FHIR server that is not the demo's own offers to apps: SMART App Launch, as it says itself."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from cds_service.demo.json_http import Json, Unanswered
from cds_service.demo.record_client import FhirClient

CONFIGURATION = ".well-known/smart-configuration"
_LAUNCH_CONTEXT = "_services/smart/Launch"
"""Where some servers open a launch, as the official CDS Hooks sandbox asks them; it is no standard."""


@dataclass(frozen=True, slots=True)
class SmartOffer:
    """A server that launches apps: the addresses of its sign-in."""

    authorization_endpoint: str
    token_endpoint: str

    @property
    def origins(self) -> tuple[str, ...]:
        """Where its sign-in lies, each once."""
        parts = (urlsplit(address) for address in (self.authorization_endpoint, self.token_endpoint))
        return tuple(dict.fromkeys(f"{part.scheme}://{part.netloc}" for part in parts))


def smart_offer(fhir: FhirClient) -> SmartOffer | None:
    """What the server says of itself; None where it offers nothing, or nothing can be read."""
    try:
        told = fhir.read(CONFIGURATION)
    except Unanswered:
        return None
    found = (told.get("authorization_endpoint"), told.get("token_endpoint"))
    if not all(isinstance(address, str) and urlsplit(address).netloc for address in found):
        return None
    return SmartOffer(str(found[0]), str(found[1]))


def token_endpoint(fhir: FhirClient) -> str:
    """Where to ask for tokens, by the server's configuration. Raises Unanswered."""
    told = fhir.read(CONFIGURATION)
    address = told.get("token_endpoint")
    if not isinstance(address, str):
        raise Unanswered(f"{fhir.base}/{CONFIGURATION} names no token_endpoint")
    return address


def open_launch(fhir: FhirClient, app: str, patient: str, app_context: str | None) -> str | None:
    """A launch id for this patient, where the server opens launches for others; else None.

    Without one an app is launched by itself, and the person chooses the patient at the server.
    """
    parameters = {"patient": patient} | ({"appContext": app_context} if app_context else {})
    asked: Json = {"launchUrl": app, "parameters": parameters}
    try:
        opened = fhir.ask(_LAUNCH_CONTEXT, asked).get("launch_id")
    except Unanswered:
        return None
    return opened if isinstance(opened, str) and opened else None
