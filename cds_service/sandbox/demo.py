"""`cds-service demo`: a FHIR server with synthetic patients, the CDS service, and a round of calls."""

import json
import signal
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date
from typing import Any

from rich.console import Console
from rich.text import Text

from cds_service.protocol.parameters import FOLDER
from cds_service.sandbox.cds_client import CdsClient, Unanswered
from cds_service.sandbox.demo_patients import DemoPatient, demo_patients
from cds_service.sandbox.fhir_server import start_fhir_server
from cds_service.sandbox.loopback import NOTICE, RunningServer
from cds_service.sandbox.rounds import consult
from cds_service.sandbox.terminal import FAILED, a_console, print_overview, print_patient

FORM = FOLDER / "questionnaire.json"


def until_told_to_stop() -> None:
    """Wait for Ctrl-C or SIGTERM."""
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    over.wait()


def run(
    port: int,
    once: bool,
    today: date,
    start_cds: Callable[[str], RunningServer],
    *,
    patients: tuple[DemoPatient, ...] | None = None,
    open_page: Callable[[str], object] | None = None,
    out: Console | None = None,
    wait: Callable[[], None] = until_told_to_stop,
) -> int:
    """Start both servers, call the service for each patient as a record system would, print the cards.

    `patients` are all the demo patients unless given. `start_cds` starts the CDS service on `port`, told of
    the FHIR base it may read; the FHIR server takes `port + 1` (0: any free port). `today` is the day at the
    site. With `once` it ends after printing, else it waits (`wait`) with both servers up and hands the
    discovery address to `open_page`. Returns 0, or 1 when a call went unanswered. Raises OSError when a port
    is taken.
    """
    console = out or a_console()
    patients = patients or demo_patients(today)
    with ExitStack() as up:
        fhir = start_fhir_server(everything(patients), port + 1 if port else 0, page_ports=(port,))
        up.callback(fhir.stop)
        cds = start_cds(fhir.base_url)
        up.callback(cds.stop)
        code = _make_rounds(console, patients, CdsClient(cds.base_url, fhir.base_url), today)
        if not once:
            _say_where(console, cds, fhir)
            if open_page:
                open_page(f"{cds.base_url}/cds-services")
            wait()
    return code


def everything(patients: tuple[DemoPatient, ...]) -> tuple[dict[str, Any], ...]:
    """What the FHIR server holds: each chart, what they share once, and the attestation form as shipped."""
    charts = {(r["resourceType"], r["id"]): r for p in patients for r in p.resources}
    form = json.loads(FORM.read_text(encoding="utf-8"))
    return (*charts.values(), form)


def _make_rounds(console: Console, patients: tuple[DemoPatient, ...], client: CdsClient, today: date) -> int:
    """Print every patient's cards; 1 when any call went unanswered, for then nothing is known of that one."""
    console.print(Text(f"Demo of the CDS service for NCT06802055: {NOTICE}.", style="bold"))
    rounds: list[tuple[DemoPatient, Counter[str]]] = []
    try:
        services = client.discover()
        for patient in patients:
            rounds.append(
                (patient, print_patient(console, patient, consult(client, services, patient, today)))
            )
    except Unanswered as unanswered:
        console.print(Text(f"The round was broken off: {unanswered.reason}", style="bold white on red"))
        return 1
    finally:
        client.close()
    print_overview(console, rounds)
    return 1 if any(seen[FAILED] for _, seen in rounds) else 0


def _say_where(console: Console, cds: RunningServer, fhir: RunningServer) -> None:
    console.print(Text(f"CDS discovery: {cds.base_url}/cds-services"))
    console.print(Text(f"FHIR R4 base:  {fhir.base_url}   ({NOTICE})"))
    console.print(Text("Ctrl-C ends both."))
