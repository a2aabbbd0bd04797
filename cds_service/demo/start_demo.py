"""`cds-service demo`: a FHIR server with synthetic patients, the CDS service, and the mini-EHR's pages."""

import json
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from cds_service.demo.cds_client import CdsClient, Unanswered
from cds_service.demo.demo_authorization import APP as EXPLAIN_APP
from cds_service.demo.demo_authorization import Authorization
from cds_service.demo.demo_patients import DemoPatient, demo_patients
from cds_service.demo.elsewhere import NOWHERE, Elsewhere
from cds_service.demo.fhir_server import start_fhir_server
from cds_service.demo.identity import CLIENT as RESEARCH_APP
from cds_service.demo.json_http import JsonHttp
from cds_service.demo.known_client import KnownClient
from cds_service.demo.loopback import NOTICE, LoopbackPlace, RunningServer
from cds_service.demo.mini_ehr.opening import Identity, Servers, known_as, start_mini_ehr
from cds_service.demo.mini_ehr.user import user_on
from cds_service.demo.record_client import FhirClient
from cds_service.demo.rounds import consult_all
from cds_service.demo.smart_offer import smart_offer
from cds_service.demo.terminal import FAILED, a_console, print_overview, print_patient
from cds_service.demo.visitors import NOBODY, Visitors

FORM = Path(__file__).parents[1] / "trials" / "nct06802055" / "reviewed" / "questionnaire.json"
"""The attestation form as shipped: data, of which the mini-EHR needs to know no more than any FHIR server."""
INVESTIGATOR = ("Practitioner/demo-investigator", "Investigator")
"""Who is offered to somebody who opens an app without the mini-EHR."""


@dataclass(frozen=True, slots=True)
class Population:
    """Whoever else the demo's own FHIR server knows: their (id, name), and all that is kept of them."""

    names: tuple[tuple[str, str], ...] = ()
    resources: tuple[dict[str, Any], ...] = ()


NO_POPULATION = Population()
StartCds = Callable[[str, KnownClient], RunningServer]


def listen_for_the_end() -> Callable[[], object]:
    """Heed Ctrl-C and SIGTERM from now on. What is returned waits for one of them; not at all after one."""
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    return over.wait


def run_demo(
    port: int,
    once: bool,
    clock: Callable[[], datetime],
    start_cds: StartCds,
    *,
    elsewhere: Elsewhere = NOWHERE,
    visitors: Visitors = NOBODY,
    patients: tuple[DemoPatient, ...] | None = None,
    around: Population = NO_POPULATION,
    beside: AbstractContextManager[object] | None = None,
    open_page: Callable[[str], object] | None = None,
    out: Console | None = None,
    listen: Callable[[], Callable[[], object]] = listen_for_the_end,
) -> int:
    """Start the servers, call the service for each patient as a record system would, print the cards.

    `patients` are all the demo patients unless given, `around` whoever else the demo's own FHIR server knows;
    `beside` is entered once the mini-EHR is up, and left before the servers stop.
    `start_cds` starts the CDS service on `port`, told of
    the FHIR base it may read and of the client it may trust; the FHIR server takes `port + 1`, the mini-EHR
    `port + 2` (0: any free ports). `clock` gives the aware moment at the site. With `once` it ends after
    printing, else the mini-EHR is up from the beginning, its address is handed to `open_page`, and it waits
    (`listen`). Returns 0, or 1 when a call went unanswered. Raises OSError when a port is taken, Unanswered
    when the one who is to sign at another FHIR server cannot be read there, NotForElsewhere.
    """
    console = out or a_console()
    patients = patients or demo_patients(clock().date())
    with ExitStack() as up:
        place = LoopbackPlace(port + 2 if port else 0)
        up.callback(place.close)
        servers = _start_servers(up, port, patients, start_cds, elsewhere, visitors, place, around)
        if once:
            return _make_rounds(console, patients, servers, clock().date())
        page = start_mini_ehr(place, servers, elsewhere.may_write, patients, clock)
        up.callback(page.stop)
        _say_where(console, page, servers)
        if beside:
            up.enter_context(beside)
        if open_page:
            open_page(f"{page.base_url}/")
        code = 0
        if servers.reset:
            code = _make_rounds(console, patients, servers, clock().date())
            _say_where(console, page, servers)
        wait = listen()  # before it is said: whoever reads it may end the demo at once, and it cleans up
        console.print(Text("Ctrl-C ends all of it."))
        wait()
    return code


def _start_servers(
    up: ExitStack,
    port: int,
    patients: tuple[DemoPatient, ...],
    start_cds: StartCds,
    elsewhere: Elsewhere,
    visitors: Visitors,
    place: LoopbackPlace,
    around: Population,
) -> Servers:
    """The FHIR server and the CDS service: the demo's own where no other is named."""
    identity, access = known_as(place.origin, own_service=elsewhere.cds_base is None), elsewhere.access
    authorization = authorization_for(identity.client, patients, around.names)
    if elsewhere.fhir_base is None:
        ports = (port + 1 if port else 0, (port,))
        loaded = (*everything(patients), *around.resources)
        fhir = start_fhir_server(loaded, *ports, authorization, visitors.origins)
        up.callback(fhir.stop)
        servers = Servers("", fhir.base_url, identity, fhir.reset)
    else:
        to_load = patients if elsewhere.load else ()
        record = FhirClient(JsonHttp(elsewhere.ca_bundle), elsewhere.fhir_base.rstrip("/"), access)
        up.callback(record.close)
        servers = _at_another_record(record, to_load, elsewhere.user, identity)
    if elsewhere.cds_base is not None:
        return replace(servers, cds_base=elsewhere.cds_base, is_own_service=False)
    cds = start_cds(servers.fhir_base, servers.identity.client)
    up.callback(cds.stop)
    register_apps(authorization, cds.base_url)
    return replace(servers, cds_base=cds.base_url)


def _at_another_record(
    fhir: FhirClient, loaded: Iterable[DemoPatient], user: str | None, identity: Identity
) -> Servers:
    """Somebody else's FHIR server: who signs there, and whether it launches apps. Raises Unanswered."""
    for patient in loaded:
        fhir.transact([_put(resource) for resource in everything((patient,))])
    smart = smart_offer(fhir)
    client = replace(identity.client, sign_in_origins=smart.origins if smart else ())
    known, signing = replace(identity, client=client), user_on(fhir, user)
    return Servers("", fhir.base, known, None, fhir.access, smart, user=signing)


def _put(resource: dict[str, Any]) -> dict[str, Any]:
    url = f"{resource['resourceType']}/{resource['id']}"
    return {"resource": resource, "request": {"method": "PUT", "url": url}}


def authorization_for(
    known: KnownClient, patients: tuple[DemoPatient, ...], others: tuple[tuple[str, str], ...] = ()
) -> Authorization:
    """The record's authorization server: it redeems what the mini-EHR launches, and asks anybody else."""
    names = (*((patient.id, patient.name) for patient in patients), *others)
    return Authorization(known.launches, patients=names, users=(INVESTIGATOR,))


def register_apps(authorization: Authorization, cds_base: str) -> None:
    """The service's pages for people may come back to the service that is up at `cds_base`."""
    authorization.register(EXPLAIN_APP, f"{cds_base}/explain/callback")
    authorization.register(RESEARCH_APP, f"{cds_base}/research/callback")


def everything(patients: tuple[DemoPatient, ...]) -> tuple[dict[str, Any], ...]:
    """What the FHIR server holds: each chart, what they share once, and the attestation form as shipped."""
    charts = {(r["resourceType"], r["id"]): r for p in patients for r in p.resources}
    form = json.loads(FORM.read_text(encoding="utf-8"))
    return (*charts.values(), form)


def _make_rounds(console: Console, patients: tuple[DemoPatient, ...], servers: Servers, today: date) -> int:
    """Print every patient's cards; 1 when any call went unanswered, for then nothing is known of that one."""
    console.print(Text(f"Demo of the CDS service for NCT06802055: {NOTICE}.", style="bold"))
    rounds: list[tuple[DemoPatient, Counter[str]]] = []
    client = CdsClient(servers.cds_base, servers.fhir_base)
    try:
        services = client.discover()
        for patient in patients:
            rounds.append(
                (patient, print_patient(console, patient, consult_all(client, services, patient, today)))
            )
    except Unanswered as unanswered:
        console.print(Text(f"The round was broken off: {unanswered.reason}", style="bold white on red"))
        return 1
    finally:
        client.close()
    print_overview(console, rounds)
    return 1 if any(seen[FAILED] for _, seen in rounds) else 0


def _say_where(console: Console, page: RunningServer, servers: Servers) -> None:
    console.print(Text(f"Open this page: {page.base_url}/", style="bold green"))
    console.print(Text(f"CDS discovery:  {servers.cds_base}/cds-services"))
    if servers.reset:
        console.print(Text(f"Study team:     {servers.cds_base}/research/candidates"))
        console.print(Text(f"FHIR R4 base:   {servers.fhir_base}   ({NOTICE})"))
        return
    console.print(Text(f"FHIR R4 base:   {servers.fhir_base}"))
    unknown = "" if servers.user.on_file else "   (not on file there: orders are signed with a name alone)"
    console.print(Text(f"Signing as:     {servers.user.reference}{unknown}"))
    console.print(Text(f"Explain:        {_explained(servers)}"))


def _explained(servers: Servers) -> str:
    if servers.smart is None:
        return "not here: this FHIR server offers no SMART launch"
    if not servers.is_own_service:
        return "as the CDS service is registered there"
    come_back = f"{servers.cds_base}/explain/callback"
    return f"opens once {EXPLAIN_APP} is registered there as a public client that comes back to {come_back}"
