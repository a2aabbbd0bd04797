"""The service over HTTP in each language and for each style of client, reading from one FHIR server; "now" is fixed."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from cds_service.cards.translations import LANGUAGES
from cds_service.cds_hooks.trusted_clients import TrustedClient
from cds_service.demo.loopback import RunningServer, serve_on_loopback
from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.settings.client_list import ListedClient
from cds_service.settings.site_file import Site
from cds_service.web.log_redaction import configure_logging
from cds_service.wiring import build_app
from tests.builders import NOW
from tests.installation import an_installation
from tests.round_trips.carried_out import STYLES
from tests.round_trips.plain_client import PlainClient

Clients = dict[tuple[str, str], PlainClient]
_ONE_ACTION = ListedClient(
    TrustedClient("https://ehr.example", jku="https://ehr.example/jwks.json"), one_action=True
)


@contextmanager
def clients(fhir: str) -> Iterator[Clients]:
    """A plain client of each language and style."""
    with ExitStack() as up:
        found = {}
        for language in LANGUAGES:
            for style in STYLES:
                server = _service(fhir, language, style)
                up.callback(server.stop)
                found[language, style] = PlainClient(fhir, server.base_url)
        yield found


def _service(fhir: str, language: str, style: str) -> RunningServer:
    configure_logging(level=logging.ERROR)  # a line for each call would bury the figures
    listed = (_ONE_ACTION,) if style == "one" else ()
    site = Site(language=language, fhir_bases=(read_base(fhir),), trusted_clients=listed)
    app = build_app(an_installation(site, fetch_seconds=60.0), clock=lambda: NOW.instant)
    return serve_on_loopback(lambda _: app.wsgi_app, 0)
