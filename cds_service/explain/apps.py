"""Where the page may be launched from: the site's allow-list, complete before any launch is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cds_service.ehr.bases import FhirBase, NotAnAddress, read_base
from cds_service.hooks.service import Caller
from cds_service.signin.refused import SignInRefused, WhyRefused
from cds_service.signin.registration import Registration
from cds_service.store.restraint import History

SCOPE = "openid fhirUser patient/*.rs patient/QuestionnaireResponse.c"
EHR_SCOPE = f"launch {SCOPE}"
STANDALONE_SCOPE = f"launch/patient {SCOPE}"


@dataclass(frozen=True, slots=True)
class App:
    """Our registration at one FHIR base of one client (`issuer`, as in its CDS Hooks tokens).

    `tenants` are the client's, as far as the site file names them. `frame_ancestors` are the origins whose
    pages may frame ours.
    """

    issuer: str
    fhir_base: FhirBase
    registration: Registration
    language: str
    tenants: frozenset[str] = frozenset()
    frame_ancestors: tuple[str, ...] = ()


Apps = Mapping[str, App]
"""By the normal form of the FHIR base."""


def app_of(apps: Apps, iss: str) -> App:
    """The app of a launch's `iss`: this very base, not one below it. Raises SignInRefused."""
    try:
        asked = read_base(iss).url
    except NotAnAddress:
        raise SignInRefused(WhyRefused.UNKNOWN_ISSUER) from None
    if asked not in apps:
        raise SignInRefused(WhyRefused.UNKNOWN_ISSUER)
    return apps[asked]


class Memory(Protocol):
    """What the service remembers of a patient, without knowing whom."""

    def tenant_of_card(self, card: str, issuer: str, patient_id: str) -> str | bool | None:
        """The tenant for which the card was given; False if for another patient; None if not remembered."""
        ...

    def history(self, caller: Caller, patient_id: str, now: datetime) -> History:
        """What was silenced and shown. Raises StoreUnavailable."""
        ...
