"""`cds-service demo`: the service beside an embedded FHIR server with synthetic patients, loopback only."""

import logging
import tempfile
import webbrowser
from pathlib import Path

from cds_service import wiring
from cds_service.cli.report import fail
from cds_service.sandbox.demo import run
from cds_service.sandbox.loopback import RunningServer, guarded, origins, serve
from cds_service.web.private_logging import configure_logging

INTERRUPTED = 130
"""What a shell expects of a program that Ctrl-C has ended."""


def demo(port: int, *, once: bool, open_browser: bool) -> int:
    """Run the demo. Exit code 2 when a port is taken."""
    configure_logging(level=logging.WARNING)  # a line for every call would stand between the cards
    today = wiring.now_in(wiring.DEMO_SITE.zone).day

    try:
        with tempfile.TemporaryDirectory(prefix="cds-demo-") as folder:

            def start_cds(fhir_base: str) -> RunningServer:
                return serve(
                    lambda own_port: guarded(
                        wiring.build_demo_app(fhir_base, own_port, Path(folder)).wsgi_app, origins(own_port)
                    ),
                    port,
                )

            return run(port, once, today, start_cds, open_page=webbrowser.open if open_browser else None)
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        return fail(f"cannot start the demo: {error.strerror or error}")
