"""`cds-service demo`: the service, an embedded FHIR server with synthetic patients and the mini-EHR."""

import logging
import tempfile
import webbrowser
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from wsgiref.types import WSGIApplication
from zoneinfo import ZoneInfo

from cds_service import wiring
from cds_service.cli.demo_funnel import PEOPLE_AROUND, screened_beside
from cds_service.cli.demo_list import demo_list
from cds_service.cli.demo_site import DEMO_SITE, NotVisiting, demo_settings, demo_site
from cds_service.cli.report import INTERRUPTED, fail
from cds_service.demo.demo_patients import DemoPatient, demo_patients
from cds_service.demo.demo_patients.population import population
from cds_service.demo.elsewhere import Elsewhere, NotForElsewhere
from cds_service.demo.json_http import Unanswered
from cds_service.demo.known_client import KnownClient
from cds_service.demo.loopback import RunningServer, guarded, origins, serve_on_loopback
from cds_service.demo.start_demo import NO_POPULATION, Population, run_demo
from cds_service.demo.visitors import NOBODY, Visitors
from cds_service.fhir_client.base_url_allow_list import NotAnAddress
from cds_service.settings.site_file import BadSite, Site
from cds_service.web.log_redaction import configure_logging


def demo(
    port: int,
    *,
    once: bool,
    open_browser: bool,
    elsewhere: Elsewhere,
    visitors: Visitors = NOBODY,
    site_file: str | None = None,
) -> int:
    """Run the demo, with a hospital's own codes, arms and words by its `site_file`.

    Exit code 2 when a port is taken, or an address or the site file cannot be used.
    """
    configure_logging(level=logging.WARNING)  # a line for every call would stand between the cards
    if once and elsewhere.fhir_base:
        return fail("--once prints the demo patients' cards; another FHIR server does not have them")
    opener, own_record = webbrowser.open if open_browser else None, elsewhere.fhir_base is None
    try:
        site = demo_site(Path(site_file)) if site_file else DEMO_SITE
        with tempfile.TemporaryDirectory(prefix="cds-demo-") as folder:

            def start_cds(fhir_base: str, known: KnownClient) -> RunningServer:
                def build(own_port: int) -> WSGIApplication:
                    settings = demo_settings(
                        fhir_base,
                        own_port,
                        Path(folder),
                        known,
                        site,
                        own_record=own_record,
                        visitors=visitors,
                    )
                    app = wiring.build_app(settings, unsigned=True)
                    return guarded(app.wsgi_app, origins(own_port) | visitors.origins)

                return serve_on_loopback(build, port)

            return run_demo(
                port,
                once,
                partial(_clock, site.zone),
                start_cds,
                elsewhere=replace(elsewhere, ca_bundle=str(site.ca_bundle) if site.ca_bundle else None),
                visitors=visitors,
                patients=(known := demo_patients(_clock(site.zone).date())),
                around=_around(site, known) if own_record and not once else NO_POPULATION,
                beside=screened_beside(Path(folder), site_file) if own_record else None,
                open_page=opener,
            )
    except KeyboardInterrupt:
        return INTERRUPTED
    except BadSite as error:
        return fail(*error.faults)
    except wiring.INSTALLATION_FAULTS as error:
        return fail(*wiring.faults_in(error))
    except (NotForElsewhere, NotVisiting) as error:
        return fail(str(error))
    except Unanswered as error:
        return fail(f"--fhir-server: {error.reason}")
    except NotAnAddress as error:
        return fail(f"--fhir-server: {error.problem}")
    except OSError as error:
        return fail(f"cannot start the demo: {error.strerror or error}")


def _around(site: Site, patients: tuple[DemoPatient, ...]) -> Population:
    """A small population, and the study list over them and the demo patients."""
    now = _clock(site.zone)
    people = population(PEOPLE_AROUND, now.date())
    charts = (*(patient.resources for patient in patients), *(chart for _, _, chart in people))
    listed = demo_list(wiring.build_installation(wiring.offline(site)), charts, now)
    resources = (*(one for _, _, chart in people for one in chart), *listed)
    return Population(tuple((key, name) for key, name, _ in people), resources)


def _clock(zone: ZoneInfo) -> datetime:
    return wiring.now_in(zone).instant.astimezone(zone)
