"""One server that hangs, or a thousand silent peers, stop nobody: over real HTTP and a real gunicorn."""

import json
import statistics
import time

import pytest

from fhir_mappings.clinical_model.known_unknown import Part
from tests.faults.peer_faults import PEER_FAULTS, URL, WORKERS
from tests.fhir_client.charts import CHART, MEDICATION, TYPES
from tests.fhir_client.stub import running, says, searchset, sleeps
from tests.live.peers import Peers, hanging_server
from tests.live.service import serving
from tests.standard.calls import PATIENT, a_body, authorization
from tests.web.test_client_trust import WHOLE

HELD = 5.0
"""Seconds for which a hanging call and a silent client last, where anybody waits for them."""
USUAL = 2.0
"""A usual answer takes some milliseconds, on a busy machine perhaps a second."""
TIMES = 8


@pytest.fixture(scope="module")
def base():
    with hanging_server() as hanging:
        yield hanging


@pytest.fixture(scope="module")
def service(base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("peers")
    (folder / "site.toml").write_text(f'[[fhir_servers]]\nbase = "{base}"\n')
    settings = {"FETCH_SECONDS": f"{HELD:g}", "REQUEST_SECONDS": f"{HELD:g}", "WORKERS": str(WORKERS)}
    with serving(folder, SITE_FILE="site.toml", ADDRESS_CALLS_PER_SECOND="0", **settings) as running_service:
        yield running_service


@pytest.mark.parametrize("fault", PEER_FAULTS, ids=lambda fault: fault.name)
def test_everybody_else_is_answered_as_usual(service, base, fault):
    whole = a_body(prefetch=WHOLE)
    asked = [(URL, whole), ("/cds-services", None), ("/health/live", None), ("/health/ready", None)]
    before = len(service.events(fault.event))
    with Peers(service.port, fault.count, lambda: fault.first(base), HELD * 2):
        for path, body in asked:
            seconds = []
            for _ in range(TIMES):
                started = time.monotonic()
                assert service.ask(path, body)[0] == 200
                seconds.append(time.monotonic() - started)
            assert statistics.median(seconds) < USUAL
        until = time.monotonic() + HELD + 20
        while len(service.events(fault.event)) == before:
            assert time.monotonic() < until
            time.sleep(0.1)


def test_a_server_that_hung_is_left_alone_for_a_while_and_then_asked_again(tmp_path):
    with running() as ehr:
        (tmp_path / "site.toml").write_text(f'[[fhir_servers]]\nbase = "{ehr.base}"\n')
        body = a_body(fhirServer=ehr.base, fhirAuthorization=authorization(scope="user/*.rs"))
        ehr.answers = Silent()
        with serving(tmp_path, SITE_FILE="site.toml", FETCH_SECONDS="1.5") as service:
            for _ in range(3):
                assert service.ask(URL, body)[0] == 412
            asked = len(ehr.asked)
            status, _, answer = service.ask(URL, body)
            assert status == 412
            assert "patient" in json.loads(answer)["issue"][0]["diagnostics"]
            assert len(ehr.asked) == asked  # it was not asked at all
            assert set(service.events("fetch_failed")[-1]["failures"].values()) == {"server-rests"}
            (rests,) = service.events("fhir_server_rests")
            assert rests["base"] == ehr.base
            ehr.answers = healthy()
            until = time.monotonic() + rests["seconds"] + 20
            while service.ask(URL, body)[0] != 200:
                assert time.monotonic() < until
                time.sleep(0.2)
            assert service.ask(URL, body)[0] == 200


class Silent(dict):
    """Whatever is asked, the answer comes too late."""

    def get(self, path, default=None):
        return sleeps(4.0, says({}))


def healthy():
    answers = {
        f"/fhir/{TYPES[part]}": says(searchset(resource))
        for part, resource in CHART.items()
        if part is not Part.PATIENT
    }
    answers[f"/fhir/Patient/{PATIENT}"] = says(CHART[Part.PATIENT])
    answers["/fhir/Medication/sirolimus"] = says(MEDICATION)
    return answers
