"""Both servers on loopback: the demo's record system with its authorization server, and the service itself."""

import dataclasses
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import requests
from msgspec.structs import replace

from cds_service.cds_hooks.trusted_clients import TrustedClient
from cds_service.demo.demo_authorization import APP, Authorization
from cds_service.demo.demo_patients import demo_patients
from cds_service.demo.fhir_server import start_fhir_server
from cds_service.demo.loopback import RunningServer, serve_on_loopback
from cds_service.demo.start_demo import everything
from cds_service.fhir_client.base_url_allow_list import FhirBase, read_base
from cds_service.settings.client_list import ListedClient
from cds_service.settings.environment import ClientAuthentication, Settings
from cds_service.settings.site_file import Site
from cds_service.settings.smart_apps import SmartApp, public_app
from cds_service.wiring import build_app
from tests.installation import an_installation

USER = "Practitioner/demo-investigator"
TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()
PATIENTS = demo_patients(TODAY)
NAMES = {patient.id: patient.name for patient in PATIENTS}


@dataclass
class Rig:
    """What a test holds: the servers' addresses, the launches, and the settings of the service."""

    fhir: RunningServer
    cds: RunningServer
    authorization: Authorization
    settings: Settings
    calls: list[str] = field(default_factory=list)

    def launch_url(self, patient: str, user: str = USER, app_context: str | None = None) -> str:
        """What a record system opens when a clinician follows a card's link."""
        word = self.authorization.launches.launch_id(patient, user, app_context)
        return f"{self.cds.base_url}/explain/launch?iss={self.fhir.base_url}&launch={word}"

    def launch(self, patient: str, user: str = USER, app_context: str | None = None) -> "Browser":
        """A browser after a whole EHR launch, with the page open."""
        browser = Browser()
        browser.open(self.launch_url(patient, user, app_context))
        return browser


class _AsOnLoopback(DefaultCookiePolicy):
    """Browsers hold loopback for secure; the library copies cookies about, and knows only https."""

    def set_ok(self, cookie, request):
        cookie.secure = False
        return super().set_ok(cookie, request)


class Browser(requests.Session):
    """A browser as far as redirects and cookies go; on loopback, `Secure` cookies travel as in Chromium."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.cookies.set_policy(_AsOnLoopback())
        self.page: requests.Response | None = None

    def open(self, url: str, **more: object) -> requests.Response:
        """Go there, through all redirects."""
        self.page = self.get(url, timeout=20, **more)
        return self.page

    @property
    def url(self) -> str:
        """Where the browser stands, without the query."""
        assert self.page is not None
        return self.page.url.partition("?")[0]

    @property
    def form_token(self) -> str:
        """What the page's own forms bring."""
        assert self.page is not None
        return re.search(r'name="form_token" value="([^"]+)"', self.page.text)[1]

    def submit(self, where: str, **fields: str) -> requests.Response:
        """Send one of the page's forms."""
        given = {"form_token": self.form_token, **fields}
        self.page = self.post(f"{self.url}{where}", data=given, timeout=20)
        return self.page


def addresses_of(response: requests.Response) -> list[str]:
    """Every URL that was visited on the way to a response."""
    return [step.url for step in (*response.history, response)]


def query_of(url: str) -> dict[str, str]:
    """The query of a URL, first values only."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


@contextmanager
def running(
    patients: tuple = PATIENTS,
    issuer_of_calls: str = "",
    authentication: ClientAuthentication = ClientAuthentication.NONE,
    **app_settings: object,
) -> Iterator[Rig]:
    """Start both; `app_settings` are members of the site's SmartApp or of its Registration."""
    names = tuple((patient.id, patient.name) for patient in patients)
    authorization = Authorization(patients=names, users=((USER, "Investigator"),))
    fhir = start_fhir_server(everything(patients), authorization=authorization)
    base = read_base(fhir.base_url)
    listed = ListedClient(TrustedClient(issuer_of_calls), smart=(smart_app(base, **app_settings),))
    made: list[Settings] = []

    def build(port: int):
        site = Site(fhir_bases=(base,), trusted_clients=(listed,))
        url = f"http://127.0.0.1:{port}"
        made.append(an_installation(site, url=url, client_authentication=authentication))
        return build_app(made[0]).wsgi_app

    cds = serve_on_loopback(build, 0)
    authorization.register(APP, f"{cds.base_url}/explain/callback")
    try:
        yield Rig(fhir, cds, authorization, made[0])
    finally:
        cds.stop()
        fhir.stop()


def unattested(patient_id: str):
    """A demo patient before any investigator has attested anything."""
    patient = next(patient for patient in PATIENTS if patient.id == patient_id)
    kept = tuple(r for r in patient.resources if r["resourceType"] != "QuestionnaireResponse")
    return dataclasses.replace(patient, resources=kept)


def smart_app(base: FhirBase, frame_ancestors: tuple[str, ...] = (), issuer: str | None = None) -> SmartApp:
    """Our registration at a record system."""
    app = public_app(base, APP, frame_ancestors)
    return replace(app, registration=replace(app.registration, issuer=issuer))


def now() -> datetime:
    """The present moment, as the servers see it."""
    return datetime.now(UTC)
