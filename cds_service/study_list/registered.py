"""The list as the site file names it: where it is kept, and whom the digest goes to."""

from dataclasses import dataclass, field

from cds_service.fhir_client.base_url_allow_list import FhirBase
from cds_service.signin.client_registration import Registration


@dataclass(frozen=True, slots=True)
class Mail:
    """How the digest goes out. `tls` is "starttls", "tls" or "none"; no `user`, no login."""

    host: str
    port: int
    sender: str
    to: tuple[str, ...]
    tls: str = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class StudyList:
    """The FHIR server that keeps the list; without a registration it is asked openly, as the demo's is."""

    base: FhirBase
    registration: Registration | None = None
    mail: Mail | None = None
