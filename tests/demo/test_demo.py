"""The demo as a person runs it: both servers up, every patient visited, errors said aloud, a clean end."""

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import requests
from flask import Response
from rich.console import Console

from cds_service.demo.demo_patients import DemoPatient, demo_patients
from cds_service.demo.elsewhere import NOWHERE, Elsewhere
from cds_service.demo.fhir_server import start_fhir_server
from cds_service.demo.known_client import KnownClient
from cds_service.demo.loopback import RunningServer, serve_on_loopback
from cds_service.demo.start_demo import run_demo
from fhir_mappings.readers.reader_settings import FORM
from tests.demo.cds_double import CdsDouble, card

NOW = datetime(2026, 3, 2, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
TODAY = NOW.date()
PATIENTS = demo_patients(TODAY)


class Stage:
    """A run of the demo against a CDS service of our own."""

    def __init__(self, double: CdsDouble, patients: tuple[DemoPatient, ...] = PATIENTS[:2]) -> None:
        self.double = double
        self.patients = patients
        self.printed = io.StringIO()
        self.fhir_base = ""
        self.cds: RunningServer | None = None
        self.opened: list[str] = []
        self.elsewhere = NOWHERE
        self.known: KnownClient | None = None
        self.page_said = ""
        self.ended_beside = False

    def start_cds(self, fhir_base: str, known: KnownClient) -> RunningServer:
        self.fhir_base, self.known = fhir_base, known
        self.cds = serve_on_loopback(lambda _: self.double.app().wsgi_app, 0)
        return self.cds

    def run(self, *, once: bool = True) -> int:
        out = Console(file=self.printed, width=120)
        return run_demo(
            0,
            once,
            lambda: NOW,
            self.start_cds,
            elsewhere=self.elsewhere,
            patients=self.patients,
            beside=self.beside(),
            open_page=self.opened.append,
            out=out,
            listen=lambda: self.waited,
        )

    @contextmanager
    def beside(self) -> Iterator[None]:
        """What runs beside the demo: it begins when the page is there and ends before a server does."""
        assert self.opened == []
        assert self.text.startswith("Open this page")
        yield
        if self.cds:
            assert requests.get(f"{self.cds.base_url}/cds-services", timeout=5).status_code == 200
        self.ended_beside = True

    def waited(self) -> None:
        """While the demo waits, both servers answer; the attestation form is there to be filled in."""
        assert self.cds
        found = requests.get(f"{self.fhir_base}/Questionnaire", params={"url": FORM}, timeout=5).json()
        assert [e["resource"]["url"] for e in found["entry"]] == [FORM]
        assert requests.get(f"{self.fhir_base}/Patient?_count=1", timeout=5).json()["total"] == len(
            self.patients
        )
        assert requests.get(f"{self.cds.base_url}/cds-services", timeout=5).status_code == 200
        (page,) = self.opened
        self.page_said = "Mini-EHR" if "Mini-EHR" in requests.get(page, timeout=5).text else ""

    @property
    def text(self) -> str:
        return self.printed.getvalue()


@pytest.fixture(scope="module")
def quiet() -> Stage:
    """One run in which no service has anything to say."""
    stage = Stage(CdsDouble(), PATIENTS)
    assert stage.run() == 0
    return stage


def test_every_patient_is_presented_with_the_story_in_both_languages(quiet: Stage) -> None:
    flat = quiet.text.replace("\n", "")
    for patient in PATIENTS:
        assert patient.name in quiet.text
        assert patient.story.split(":")[0].split(";")[0][:60] in flat
        assert patient.story_zh[:10] in flat


def test_it_says_that_the_data_are_synthetic(quiet: Stage) -> None:
    assert quiet.text.count("synthetic") > len(PATIENTS)


def test_each_hook_is_fired_where_it_makes_sense(quiet: Stage) -> None:
    fired = {(asked["hook"], asked["context"]["patientId"]) for asked in quiet.double.asked}
    assert {who for hook, who in fired if hook == "patient-view"} == {p.id for p in PATIENTS}
    enrolled = {p.id for p in PATIENTS if p.expects.participation == "enrolled"}
    assert {who for hook, who in fired if hook == "encounter-start"} == enrolled
    with_drafts = {p.id for p in PATIENTS if p.drafts}
    for hook in ("order-select", "order-sign"):
        assert {who for h, who in fired if h == hook} == with_drafts
    assert ("problem-list-item-create", "demo-03") in fired
    assert ("problem-list-item-create", "demo-01") not in fired


def test_the_contexts_hold_what_the_standard_requires(quiet: Stage) -> None:
    for asked in quiet.double.asked:
        context = asked["context"]
        assert context["userId"].startswith("Practitioner/")
        match asked["hook"]:
            case "encounter-start":
                assert context["encounterId"] == f"{context['patientId']}-visit"
            case "problem-list-item-create":
                assert {e["resource"]["resourceType"] for e in context["conditions"]["entry"]} == {
                    "Condition"
                }
            case "order-select" | "order-sign":
                (entry,) = context["draftOrders"]["entry"]
                assert entry["resource"]["status"] == "draft"
                chosen = [f"MedicationRequest/{entry['resource']['id']}"]
                assert context.get("selections", chosen) == chosen


def test_once_ends_with_both_servers_down(quiet: Stage) -> None:
    assert quiet.cds
    for address in (quiet.fhir_base, quiet.cds.base_url):
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{address}/metadata", timeout=5)
    assert quiet.opened == []
    assert not quiet.ended_beside
    assert "Ctrl-C" not in quiet.text


def test_cards_are_printed_with_all_that_a_clinician_acts_on() -> None:
    double = CdsDouble()
    double.answers["s-patient-view"] = {
        "cards": [
            card(
                "critical",
                "Hold [bold]sirolimus[/bold]",
                detail="| test | value |\n|---|---|\n| trough | **23.4** ng/mL |",
                suggestions=[
                    {
                        "label": "Hold",
                        "isRecommended": True,
                        "actions": [{"type": "update", "resource": {"resourceType": "MedicationRequest"}}],
                    }
                ],
                links=[{"label": "why", "url": "https://example.org/why"}],
            )
        ]
    }
    stage = Stage(double)
    assert stage.run() == 0
    for words in ("CRITICAL", "Hold [bold]sirolimus[/bold]", "23.4", "[ Hold ] (recommended)", "label"):
        assert words in stage.text
    assert "update MedicationRequest" in stage.text
    assert "https://example.org/why" in stage.text
    assert "**" not in stage.text


def test_a_card_that_was_shown_in_full_is_only_named_again() -> None:
    double = CdsDouble()
    orders = {"type": "create", "resource": {"resourceType": "ServiceRequest"}}
    suggestion = {"label": "Order tests", "actions": [orders, orders, {"type": "delete"}]}
    same = {"cards": [card("warning", "Due now", suggestions=[suggestion])]}
    double.answers |= {"s-order-select": same, "s-order-sign": same}
    stage = Stage(double, PATIENTS[:1])
    stage.run()
    assert stage.text.count("[ Order tests ] (create ServiceRequest x 2, delete)") == 1
    assert stage.text.count("again WARNING: Due now") == 1


def test_a_failed_call_is_said_aloud_and_never_looks_like_silence() -> None:
    double = CdsDouble()
    double.answers["s-patient-view"] = Response('{"issue":[{"diagnostics":"the chart is locked"}]}', 412)
    stage = Stage(double)
    assert stage.run() == 1
    assert stage.text.count("NO ANSWER - HTTP 412: the chart is locked") == len(stage.patients)
    assert "s-patient-view (the chart is opened): no card" not in stage.text


def test_without_discovery_the_round_is_broken_off_and_the_run_fails() -> None:
    stage = Stage(CdsDouble())
    stage.start_cds = lambda *_: serve_on_loopback(lambda _: Response("gone", 500), 0)  # type: ignore[method-assign]
    assert stage.run() == 1
    assert "broken off: HTTP 500: gone" in stage.text


def test_without_once_it_stays_up_and_says_where_until_told_to_stop() -> None:
    stage = Stage(CdsDouble())
    assert stage.run(once=False) == 0
    assert stage.ended_beside
    assert stage.cds
    discovery = f"{stage.cds.base_url}/cds-services"
    (page,) = stage.opened
    assert stage.page_said == "Mini-EHR"
    for address in (page, discovery, stage.fhir_base):
        assert address in stage.text
        with pytest.raises(requests.ConnectionError):
            requests.get(address, timeout=5)
    assert stage.text.startswith(f"Open this page: {page}")


def test_it_listens_for_the_end_before_it_says_how_it_ends() -> None:
    stage, said = Stage(CdsDouble()), []
    out = Console(file=stage.printed, width=120)

    def listen() -> Callable[[], object]:
        said.append("Ctrl-C" in stage.text)
        return lambda: said.append("Ctrl-C" in stage.text)

    run_demo(0, False, lambda: NOW, stage.start_cds, patients=PATIENTS[:1], out=out, listen=listen)
    assert said == [False, True]


def test_the_fhir_server_stops_when_the_service_cannot_start() -> None:
    seen: list[str] = []

    def fails(fhir_base: str, _: KnownClient) -> RunningServer:
        seen.append(fhir_base)
        raise OSError("taken")

    with pytest.raises(OSError, match="taken"):
        run_demo(0, True, lambda: NOW, fails, patients=PATIENTS[:1], out=Console(file=io.StringIO()))
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{seen[0]}/metadata", timeout=5)


def test_the_service_is_told_whom_to_trust_by_a_name_for_each_language() -> None:
    stage = Stage(CdsDouble())
    stage.run(once=False)
    assert stage.known
    (page,) = stage.opened
    assert stage.known.issuers == {page.rstrip("/"): "en", f"{page}zh": "zh"}
    assert [set(key) & {"d"} for key in stage.known.key_set["keys"]] == [set()]


def test_it_can_be_pointed_at_servers_elsewhere_and_starts_none_of_its_own() -> None:
    stage = Stage(CdsDouble())
    other_fhir = start_fhir_server(({"resourceType": "Patient", "id": "x", "name": [{"text": "Elsewhere"}]},))
    other_cds = serve_on_loopback(lambda _: stage.double.app().wsgi_app, 0)
    stage.elsewhere = Elsewhere(other_fhir.base_url, f"{other_cds.base_url}/cds-services")

    def looked_at() -> None:
        (page,) = stage.opened
        text = requests.get(page, timeout=5).text
        assert "Elsewhere" in text
        assert "Read-only" in text

    stage.waited = looked_at  # type: ignore[method-assign]
    try:
        assert stage.run(once=False) == 0
    finally:
        other_fhir.stop()
        other_cds.stop()
    assert stage.known is None
    assert stage.double.asked == []


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
@pytest.mark.parametrize("kill", ["threading.Timer(0.3, os.kill, ({})).start()", "os.kill({})"])
def test_a_signal_ends_the_waiting_and_not_the_program(name: str, kill: str) -> None:
    """While it waits, and between the word that it can be ended and the waiting."""
    when = kill.format(f"os.getpid(), signal.{name}")
    program = (
        "import os, signal, threading\n"
        "from cds_service.demo.start_demo import listen_for_the_end\n"
        "wait = listen_for_the_end()\n"
        f"{when}\n"
        "wait()\n"
        "print('ended as told')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout) == (0, "ended as told\n")
