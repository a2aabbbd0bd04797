"""The demo's servers with a population and the study list, on loopback, for tests of the list in a browser."""

import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cds_service import wiring
from cds_service.cli.demo_list import demo_list
from cds_service.cli.demo_site import DEMO_SITE, demo_settings
from cds_service.demo.demo_patients import demo_patients
from cds_service.demo.demo_patients.population import population
from cds_service.demo.fhir_server import ChartServer, start_fhir_server
from cds_service.demo.loopback import LoopbackPlace, RunningServer, serve_on_loopback
from cds_service.demo.mini_ehr.opening import known_as
from cds_service.demo.start_demo import authorization_for, everything, register_apps
from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.fhir_client.bounded_http import bounded_session
from cds_service.settings.environment import Settings
from cds_service.study_list.list_server import ListServer
from cds_service.trials.nct06802055.registration import RECORD


def now() -> datetime:
    return wiring.now_in(DEMO_SITE.zone).instant.astimezone(DEMO_SITE.zone)


@dataclass
class ListRig:
    """Both servers, and the list's server as a client of it."""

    fhir: ChartServer
    cds: RunningServer
    settings: Settings
    server: ListServer

    @property
    def page(self) -> str:
        return f"{self.cds.base_url}/research/candidates"


@contextmanager
def running_list(people: int = 12, more: tuple = (), *, listed: bool = True):
    """The servers; `more` are further resources, not `listed` leaves the list out."""
    today = now().date()
    patients, others = demo_patients(today), population(people, today)
    charts = (*(patient.resources for patient in patients), *(chart for _, _, chart in others))
    installation = wiring.build_installation(wiring.offline(DEMO_SITE))
    resources = (*everything(patients), *(one for _, _, chart in others for one in chart), *more)
    if listed:
        resources = (*resources, *demo_list(installation, charts, now()))
    with ExitStack() as up:
        folder = Path(up.enter_context(tempfile.TemporaryDirectory(prefix="cds-list-")))
        place = LoopbackPlace(0)
        up.callback(place.close)
        known = known_as(place.origin, own_service=True)
        authorization = authorization_for(known.client, patients, tuple((k, n) for k, n, _ in others))
        fhir = start_fhir_server(resources, authorization=authorization)
        up.callback(fhir.stop)
        made = []

        def build(port):
            made.append(demo_settings(fhir.base_url, port, folder, known.client))
            return wiring.build_app(made[0], unsigned=True).wsgi_app

        cds = serve_on_loopback(build, 0)
        up.callback(cds.stop)
        register_apps(authorization, cds.base_url)
        server = ListServer(read_base(fhir.base_url), bounded_session(4), RECORD)
        yield ListRig(fhir, cds, made[0], server)


def sign_in(page, rig, account="study-nurse"):
    """Sign in, and open the list."""
    page.goto(f"{rig.cds.base_url}/research/login")
    page.select_option("select[name=account]", account)
    page.locator("button[type=submit]").click()
    page.goto(rig.page)
    return page
