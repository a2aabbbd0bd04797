"""Opening the mini-EHR: who it is to the service, and its pages on a port of this computer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from cds_service.demo.demo_client_key import DemoClientKey
from cds_service.demo.demo_patients import DemoPatient
from cds_service.demo.known_client import KnownClient
from cds_service.demo.loopback import LoopbackPlace, RunningServer, guarded, origins
from cds_service.demo.mini_ehr.ehr_desk import KEYS_PATH, EhrDesk, EhrStory
from cds_service.demo.mini_ehr.mini_ehr_app import create_ehr_app
from cds_service.demo.mini_ehr.switches import Language
from cds_service.demo.mini_ehr.user import DEMO_INVESTIGATOR, User
from cds_service.demo.record_access import FhirAccess, OpenAccess
from cds_service.demo.smart_offer import SmartOffer


@dataclass(frozen=True, slots=True)
class Identity:
    """The key of this mini-EHR, and what a service is told of it."""

    key: DemoClientKey
    client: KnownClient


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers it works with, without trailing slashes; `reset` where the FHIR server can go back.

    The others are for a FHIR server that is somebody else's, as in `Desk`.
    """

    cds_base: str
    fhir_base: str
    identity: Identity
    reset: Callable[[], None] | None
    access: FhirAccess = field(default_factory=OpenAccess)
    smart: SmartOffer | None = None
    is_own_service: bool = True
    user: User = DEMO_INVESTIGATOR


def known_as(origin: str, *, own_service: bool) -> Identity:
    """A new key. To the demo's own service one name for each language, to others the origin alone.

    A service knows its clients' languages from its site file, so a client of two languages has two names.
    """
    key = DemoClientKey()
    chinese = f"{origin}/zh" if own_service else origin
    names = {origin: Language.EN.value, chinese: Language.ZH.value} if own_service else {origin: ""}
    return Identity(key, KnownClient(names, f"{origin}{KEYS_PATH}", key.key_set()))


def start_mini_ehr(
    place: LoopbackPlace,
    servers: Servers,
    may_write: bool,
    patients: tuple[DemoPatient, ...],
    clock: Callable[[], datetime],
) -> RunningServer:
    """The pages, answering at `place` to this computer and to themselves only."""
    names = {language: name for name, language in servers.identity.client.issuers.items()}
    desk = EhrDesk(
        origin=place.origin,
        cds_base=servers.cds_base,
        fhir_base=servers.fhir_base,
        clock=clock,
        may_write=may_write,
        issuers={language: names.get(language, place.origin) for language in Language},
        key=servers.identity.key,
        reset=servers.reset,
        access=servers.access,
        smart=servers.smart,
        is_own_service=servers.is_own_service,
        user=servers.user,
        launches=servers.identity.client.launches,
        stories=_stories(patients) if servers.reset else {},
    )
    return place.serve(guarded(create_ehr_app(desk).wsgi_app, origins(place.port)))


def _stories(patients: tuple[DemoPatient, ...]) -> dict[str, EhrStory]:
    return {
        one.id: EhrStory(
            {Language.EN: one.story, Language.ZH: one.story_zh}, one.expects.participation == "enrolled"
        )
        for one in patients
    }
