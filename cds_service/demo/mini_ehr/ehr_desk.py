"""The mini-EHR's desk: which servers it works with, as whom, and what it may do there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from cds_service.demo.cds_client import CdsClient, Manner
from cds_service.demo.demo_client_key import DemoClientKey
from cds_service.demo.demo_patients.story import StoryProduct
from cds_service.demo.json_http import JsonHttp
from cds_service.demo.launches import Launches, launch_address
from cds_service.demo.mini_ehr.ehr_memory import EhrMemory
from cds_service.demo.mini_ehr.formulary import read_formulary
from cds_service.demo.mini_ehr.switches import Language, Signing, Switches
from cds_service.demo.mini_ehr.user import DEMO_INVESTIGATOR, User
from cds_service.demo.record_access import FhirAccess, OpenAccess
from cds_service.demo.record_client import FhirClient
from cds_service.demo.smart_offer import SmartOffer, open_launch

KEYS_PATH = "/.well-known/jwks.json"


@dataclass(frozen=True, slots=True)
class EhrStory:
    """What is worth looking at in a demo patient, by language; and whether they are in the trial."""

    words: Mapping[str, str]
    enrolled: bool


@dataclass(frozen=True, slots=True)
class EhrDesk:
    """`origin`, `cds_base` and `fhir_base` have no trailing slash. `clock` gives the moment at the site.

    `issuers` are the names under which the service knows us, by the language of the cards it then writes.
    Without `reset` there is no beginning to go back to, and the FHIR server is somebody else's: it is
    entered by `access`, and launches apps only where it has a `smart` offer. `is_own_service`: the CDS
    service is the demo's own, and may be lent our token.
    """

    origin: str
    cds_base: str
    fhir_base: str
    clock: Callable[[], datetime]
    may_write: bool
    issuers: Mapping[Language, str]
    key: DemoClientKey = field(default_factory=DemoClientKey)
    reset: Callable[[], None] | None = None
    access: FhirAccess = field(default_factory=OpenAccess)
    smart: SmartOffer | None = None
    is_own_service: bool = True
    user: User = DEMO_INVESTIGATOR
    stories: Mapping[str, EhrStory] = field(default_factory=dict)
    http: JsonHttp = field(default_factory=JsonHttp)
    launches: Launches = field(default_factory=Launches)
    memory: EhrMemory = field(default_factory=EhrMemory)
    products: Mapping[str, StoryProduct] = field(default_factory=read_formulary)

    @property
    def is_own_fhir(self) -> bool:
        """Whether the FHIR server is the demo's own, which can be reset and asks nobody for a token."""
        return self.reset is not None

    @property
    def fhir(self) -> FhirClient:
        """The FHIR server."""
        return FhirClient(self.http, self.fhir_base, self.access)

    @property
    def can_launch(self) -> bool:
        """Whether apps can be launched from this record at all."""
        return self.is_own_fhir or self.smart is not None

    def launch(self, app: str, patient: str, app_context: str | None) -> str:
        """The address at which the browser launches an app for this patient."""
        if self.is_own_fhir:
            opened = self.launches.launch_id(patient, self.user.reference, app_context)
            return launch_address(app, self.fhir_base, opened)
        return launch_address(app, self.fhir_base, open_launch(self.fhir, app, patient, app_context))

    def client(self, switches: Switches) -> CdsClient:
        """A CDS client that behaves as the person has chosen."""
        spec = switches.spec if self._may_lend else None
        manner = Manner(switches.prefetch, spec, self.clock().date(), partial(self._sign, switches))
        return CdsClient(self.cds_base, self.fhir_base, manner, self.http, self.access)

    @property
    def _may_lend(self) -> bool:
        """Another server's token goes to the service in this very process, and to nobody else's."""
        return self.is_own_fhir or (self.is_own_service and not isinstance(self.access, OpenAccess))

    def _sign(self, switches: Switches, audience: str) -> Mapping[str, str]:
        if switches.signing is Signing.OFF:
            return {}
        token = self.key.token(
            self.issuers[switches.language], audience, self.clock(), f"{self.origin}{KEYS_PATH}"
        )
        return {"Authorization": f"Bearer {token}"}
