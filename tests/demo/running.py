"""The whole demo in one process for tests: the real CDS service, the real FHIR server, the mini-EHR."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import requests

from cds_service import wiring
from cds_service.cli.demo_funnel import screen_department
from cds_service.cli.demo_site import DEMO_SITE, demo_settings
from cds_service.demo.demo_patients import demo_patients
from cds_service.demo.fhir_server import ChartServer, start_fhir_server
from cds_service.demo.loopback import LoopbackPlace, RunningServer, serve_on_loopback
from cds_service.demo.mini_ehr.opening import Servers, known_as, start_mini_ehr
from cds_service.demo.start_demo import authorization_for, everything, register_apps

ZONE = DEMO_SITE.zone


def now() -> datetime:
    """The present moment at the demo's site."""
    return wiring.now_in(ZONE).instant.astimezone(ZONE)


@dataclass
class Demo:
    """Three servers that are up. `page` is the mini-EHR's address without trailing slash."""

    page: str
    fhir: ChartServer
    cds: RunningServer
    up: ExitStack = field(repr=False)
    servers: Servers = field(repr=False)

    def found(self, query: str) -> list[dict[str, Any]]:
        """What the FHIR server has."""
        bundle = requests.get(f"{self.fhir.base_url}/{query}", timeout=5).json()
        return [entry["resource"] for entry in bundle.get("entry", [])]

    def open_another(self, *, may_write: bool = True, **changed: Any) -> str:
        """One more mini-EHR on the same servers, or with other members of `Servers`; its address."""
        place = LoopbackPlace(0)
        servers = replace(self.servers, **changed)
        page = start_mini_ehr(place, servers, may_write, (), now)
        self.up.callback(page.stop)
        return page.base_url


@contextmanager
def running_demo(*, screened: bool = False) -> Iterator[Demo]:
    """Every demo patient as of today; the department `screened`, too, before anything else."""
    patients = demo_patients(now().date())
    with ExitStack() as up:
        folder = up.enter_context(tempfile.TemporaryDirectory(prefix="cds-demo-"))
        if screened:
            screen_department(DEMO_SITE, Path(folder), now())
        place = LoopbackPlace(0)
        known = known_as(place.origin, own_service=True)
        authorization = authorization_for(known.client, patients)
        fhir = start_fhir_server(everything(patients), authorization=authorization)
        up.callback(fhir.stop)
        cds = serve_on_loopback(
            lambda port: (
                wiring.build_app(
                    demo_settings(fhir.base_url, port, Path(folder), known.client), unsigned=True
                ).wsgi_app
            ),
            0,
        )
        up.callback(cds.stop)
        register_apps(authorization, cds.base_url)
        servers = Servers(cds.base_url, fhir.base_url, known, fhir.reset)
        page = start_mini_ehr(place, servers, True, patients, now)
        up.callback(page.stop)
        yield Demo(page.base_url, fhir, cds, up, servers)
