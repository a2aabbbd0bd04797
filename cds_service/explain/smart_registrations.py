"""Where the page may be launched from: the site's allow-list, complete before any launch is read."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from cds_service.audit.suppression import AdviceHistory
from cds_service.cds_hooks.service import Caller
from cds_service.chart.chart_queries import resource_types
from cds_service.fhir_client.base_url_allow_list import FhirBase, NotAnAddress, read_base
from cds_service.signin.client_registration import Registration
from cds_service.signin.signin_errors import SignInRefused, WhyRefused
from fhir_mappings.readers.reader_settings import StandIn

_FORM = "QuestionnaireResponse"
_ALSO_FOLLOWED = ("Medication", "ResearchStudy", "Practitioner", "PractitionerRole", "Specimen")


def scope_of(stand_ins: tuple[StandIn, ...], *, standalone: bool) -> str:
    """What a launch asks for: each type that the page reads, and to write the form.

    Type by type, because one server lets a read-only wildcard win over a narrower right to write.
    """
    read = dict.fromkeys((*resource_types(stand_ins).values(), *_ALSO_FOLLOWED))
    types = [f"patient/{kind}.{'crs' if kind == _FORM else 'rs'}" for kind in read]
    return " ".join(("launch/patient" if standalone else "launch", "openid", "fhirUser", *types))


class App(msgspec.Struct, frozen=True):
    """Our registration at one FHIR base.

    `issuers` are the clients (as in their CDS Hooks tokens) whose patients are kept there, each with its
    language; `language` is for whoever comes without a card. `callers` are their tenants, None when the site
    file leaves open which there are. `frame_ancestors` are the origins
    whose pages may frame ours.
    """

    fhir_base: FhirBase
    registration: Registration
    language: str
    issuers: Mapping[str, str]
    callers: frozenset[Caller] | None = None
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


class RegistrationMemory(Protocol):
    """What the service remembers of a patient, without knowing whom."""

    def receiver_of(self, card: str, patient_id: str) -> Caller | bool | None:
        """To whom the card was given; False if for another patient; None if it is not remembered."""
        ...

    def history(self, caller: Caller, patient_id: str, now: datetime) -> AdviceHistory:
        """What was silenced and shown. Raises StoreUnavailable."""
        ...
