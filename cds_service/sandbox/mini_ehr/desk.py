"""The mini-EHR's desk: which servers it works with, as whom, and what it may do there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from cds_service.sandbox.cds_client import CdsClient, Manner
from cds_service.sandbox.client_key import ClientKey
from cds_service.sandbox.demo_patients.story import Product
from cds_service.sandbox.fhir_client import FhirClient
from cds_service.sandbox.json_http import Json, JsonHttp
from cds_service.sandbox.launches import Launches
from cds_service.sandbox.mini_ehr.formulary import read_formulary
from cds_service.sandbox.mini_ehr.memory import Memory
from cds_service.sandbox.mini_ehr.switches import Language, Signing, Switches

USER = "Practitioner/demo-investigator"
USER_NAME = "示例医师 (demo investigator)"
KEYS_PATH = "/.well-known/jwks.json"


@dataclass(frozen=True, slots=True)
class Story:
    """What is worth looking at in a demo patient, by language; and whether they are in the trial."""

    words: Mapping[str, str]
    enrolled: bool


@dataclass(frozen=True, slots=True)
class Desk:
    """`origin`, `cds_base` and `fhir_base` have no trailing slash. `clock` gives the moment at the site.

    `issuers` are the names under which the service knows us, by the language of the cards it then writes.
    Without `reset` there is no beginning to go back to.
    """

    origin: str
    cds_base: str
    fhir_base: str
    clock: Callable[[], datetime]
    may_write: bool
    issuers: Mapping[Language, str]
    key: ClientKey = field(default_factory=ClientKey)
    reset: Callable[[], None] | None = None
    stories: Mapping[str, Story] = field(default_factory=dict)
    http: JsonHttp = field(default_factory=JsonHttp)
    launches: Launches = field(default_factory=Launches)
    memory: Memory = field(default_factory=Memory)
    products: Mapping[str, Product] = field(default_factory=read_formulary)

    @property
    def is_own_fhir(self) -> bool:
        """Whether the FHIR server is the demo's own, which can be reset and asks nobody for a token."""
        return self.reset is not None

    @property
    def fhir(self) -> FhirClient:
        """The FHIR server."""
        return FhirClient(self.http, self.fhir_base)

    def client(self, switches: Switches) -> CdsClient:
        """A CDS client that behaves as the person has chosen."""
        spec = switches.spec if self.is_own_fhir else None  # another server's tokens are not ours to give
        manner = Manner(switches.prefetch, spec, self.clock().date(), partial(self._sign, switches))
        return CdsClient(self.cds_base, self.fhir_base, manner, self.http)

    def _sign(self, switches: Switches, audience: str) -> Mapping[str, str]:
        if switches.signing is Signing.OFF:
            return {}
        token = self.key.token(
            self.issuers[switches.language], audience, self.clock(), f"{self.origin}{KEYS_PATH}"
        )
        return {"Authorization": f"Bearer {token}"}

    def author(self) -> Json:
        """Who signs orders here."""
        return {"reference": USER, "display": USER_NAME}
