"""The demo as a person starts it: one process, both servers, every patient's cards, and the loopback door."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from cds_service.demo.demo_patients.population import is_population
from tests.answer_validator import check
from tests.explain.rig import Browser

COMMAND = [sys.executable, "-m", "cds_service", "demo", "--port", "0", "--no-browser"]
FORM = "urn:aa-cds:Questionnaire/eligibility-attestation"


class Demo:
    """A demo that is up; `said` is what it printed until then."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.said = ""
        assert process.stdout is not None
        for line in process.stdout:
            self.said += line
            if "Ctrl-C" in line:
                break
        self.cds = re.findall(r"CDS discovery: +(http://\S+)/cds-services", self.said)[-1]
        self.fhir = re.findall(r"FHIR R4 base: +(http://\S+)", self.said)[-1]
        self.page = re.findall(r"Open this page: +(http://\S+)/\n", self.said)[-1]


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CDS_")}
    with subprocess.Popen(
        COMMAND, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8", env=environ
    ) as process:
        try:
            yield Demo(process)
        finally:
            if process.poll() is None:
                process.kill()


def test_every_patient_is_presented_and_nothing_went_unanswered(demo: Demo) -> None:
    everybody = requests.get(f"{demo.fhir}/Patient?_count=100", timeout=5).json()["entry"]
    patients = [entry for entry in everybody if not is_population(entry["resource"])]
    assert len(patients) >= 14
    for entry in patients:
        (name, *_) = entry["resource"]["name"]
        assert name["text"].split()[0] in demo.said
    assert "synthetic data" in demo.said
    for word in ("CRITICAL", "WARNING", "INFO"):
        assert word in demo.said.upper()
    table = demo.said.partition("unanswered")[2]
    overview = [line for line in table.splitlines() if line.startswith("│")]
    assert len(overview) == len(patients)
    assert {line.split("│")[-2].strip() for line in overview} == {"-"}  # the column "unanswered"


def test_both_servers_are_up_and_serve_the_attestation_form(demo: Demo) -> None:
    services = requests.get(f"{demo.cds}/cds-services", timeout=5).json()["services"]
    assert len(services) == 6
    (form,) = requests.get(f"{demo.fhir}/Questionnaire", params={"url": FORM}, timeout=5).json()["entry"]
    assert form["resource"]["url"] == FORM


@pytest.mark.parametrize("path", ["cds-services", "metadata", "capabilities"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "evil.example"}, 421),
        ({"Host": "evil.example:{port}"}, 421),
        ({"Origin": "https://evil.example"}, 403),
    ],
)
def test_only_this_computer_and_its_own_pages_are_answered(
    demo: Demo, path: str, headers: dict[str, str], status: int
) -> None:
    base = {"cds-services": demo.cds, "metadata": demo.fhir, "capabilities": demo.page}[path]
    port = base.split(":")[2].partition("/")[0]
    sent = {name: value.format(port=port) for name, value in headers.items()}
    reply = requests.get(f"{base}/{path}", headers=sent, timeout=5)
    assert reply.status_code == status
    if base == demo.cds and status == 200:
        assert check("GET", "/cds-services", 200, reply.headers["Content-Type"], reply.content) == []
    assert "Access-Control-Allow-Origin" not in reply.headers


def test_the_department_is_counted_and_stands_on_no_list(demo: Demo) -> None:
    browser = Browser()
    browser.open(f"{demo.cds}/research/login")
    browser.post(browser.page.url, data={"account": "study-nurse"}, timeout=5)
    page = _until_screened(browser, f"{demo.cds}/research/")
    assert re.search(r"\b\d{4} people were screened\..*\b\d{3} are candidates", page)
    assert "department-" not in browser.open(f"{demo.cds}/research/candidates").text
    assert requests.get(f"{demo.fhir}/Patient?_count=1", timeout=5).json()["total"] < 100


def _until_screened(browser: Browser, address: str) -> str:
    for _ in range(120):
        page = str(browser.open(address).text)
        if "is being screened" not in page:
            return page
        time.sleep(0.5)
    raise AssertionError("not screened within a minute")


def test_told_to_stop_it_ends_with_0(demo: Demo) -> None:
    demo.process.terminate()
    assert demo.process.wait(timeout=10) == 0


def test_ctrl_c_ends_the_screening_beside_it_too_and_nothing_is_left(tmp_path: Path) -> None:
    """As a terminal does it: to every process of the group at once, while the department is screened."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CDS_")}
    with subprocess.Popen(
        COMMAND,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=environ | {"TMPDIR": str(tmp_path)},
        start_new_session=True,
    ) as process:
        Demo(process)
        beside = _screening_of(process.pid)
        assert all(os.getpgid(int(one)) != process.pid for one in beside)  # a terminal does not reach it
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Traceback" not in said
    assert "KeyboardInterrupt" not in said
    assert beside
    assert not any(Path(f"/proc/{one}").exists() for one in beside)
    assert list(tmp_path.iterdir()) == []


def _screening_of(demo: int) -> list[str]:
    """The processes beside it, by id."""
    children = Path(f"/proc/{demo}/task/{demo}/children").read_text().split()
    return [one for one in children if b"demo_funnel" in Path(f"/proc/{one}/cmdline").read_bytes()]
