"""Who sits at the mini-EHR: somebody whom the FHIR server has, since it may refuse references to nobody."""

from dataclasses import dataclass

from cds_service.demo.json_http import Json, Unanswered
from cds_service.demo.record_client import FhirClient


@dataclass(frozen=True, slots=True)
class User:
    """`reference` is "Type/id". One who is not `on_file` signs with the name alone."""

    reference: str
    name: str
    on_file: bool = True

    @property
    def as_author(self) -> Json:
        """As the requester or recorder of a resource."""
        return {"reference": self.reference, "display": self.name} if self.on_file else {"display": self.name}


DEMO_INVESTIGATOR = User("Practitioner/demo-investigator", "示例医师 (demo investigator)")
"""Whom the demo's own FHIR server has."""


def user_on(fhir: FhirClient, wanted: str | None) -> User:
    """The one who is `wanted` ("Practitioner/7"), or the first whom the server has.

    Where it has none, or does not say, one who is not on file. Raises Unanswered for a wanted one that
    cannot be read.
    """
    if wanted is not None:
        return User(wanted, user_name(fhir.read(wanted)) or wanted)
    try:
        entries = fhir.page("Practitioner?_count=1").get("entry") or []
    except Unanswered:
        entries = []
    for entry in entries:
        found = entry.get("resource") or {}
        if found.get("resourceType") == "Practitioner" and found.get("id"):
            reference = f"Practitioner/{found['id']}"
            return User(reference, user_name(found) or reference)
    return User(DEMO_INVESTIGATOR.reference, DEMO_INVESTIGATOR.name, on_file=False)


def user_name(resource: Json) -> str:
    """The name of a Practitioner, or of the one in a PractitionerRole; "" for none."""
    name: Json = next(iter(resource.get("name") or []), {})
    parts = [*(name.get("given") or []), name.get("family", "")]
    display = (resource.get("practitioner") or {}).get("display", "")
    return str(name.get("text") or " ".join(part for part in parts if part) or display)
