"""The caller's access token and the patient's name leave by no other way than to the caller's own FHIR server."""

import io
import logging

import pytest

from cds_service.web.log_redaction import configure_logging
from fhir_mappings.clinical_model.known_unknown import Part
from tests.fhir_client.charts import CHART, TYPES
from tests.fhir_client.stub import drips
from tests.standard.calls import PATIENT, authorization
from tests.web.test_whole_service import SERVICES, ask, over_http, stub

__all__ = ["over_http", "stub"]

TOKEN = "SECRET-TOKEN"
NAME = "SECRET-NAME"


@pytest.fixture
def logs(caplog, capfd):
    """Everything that is written anywhere, at the most talkative."""
    stream = io.StringIO()
    configure_logging(stream, logging.DEBUG)
    caplog.set_level(logging.DEBUG)
    return lambda: stream.getvalue() + caplog.text + "".join(capfd.readouterr())


@pytest.mark.parametrize(
    "trouble", ["none", "refused", "decisive part refused", "not JSON", "dripping", "torn body"]
)
def test_no_token_and_no_name_is_logged_or_told(over_http, stub, logs, trouble):
    stub.gives(f"Patient/{PATIENT}", {**CHART[Part.PATIENT], "name": [{"text": NAME}]})
    if trouble == "refused":
        stub.gives(TYPES[Part.OBSERVATIONS], {"resourceType": "OperationOutcome"}, status=403)
    if trouble == "decisive part refused":
        stub.gives(TYPES[Part.RESEARCH_SUBJECTS], {"resourceType": "OperationOutcome"}, status=500)
    if trouble in ("not JSON", "dripping"):
        sent = f'{{"{NAME}": {TOKEN}'.encode() + b" " * 5000
        stub.answers["/fhir/Observation"] = drips(sent, 0.01 if trouble == "dripping" else 0)
    told = ask(
        over_http,
        fhirServer=stub.base,
        fhirAuthorization=authorization(scope="user/*.rs", access_token=TOKEN),
        **({"context": {"patientId": NAME}} if trouble == "torn body" else {}),
    )
    assert told.status_code == {"decisive part refused": 412, "torn body": 400}.get(trouble, 200)
    everywhere = told.get_data(as_text=True) + str(told.headers) + logs()
    assert "hook_" in everywhere
    assert TOKEN not in everywhere
    assert NAME not in everywhere
    if trouble != "torn body":
        assert {headers["Authorization"] for _, headers in stub.asked} == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize("service", [s for s in SERVICES if s != "aa-trial-diagnosis"])
@pytest.mark.parametrize("part", [Part.PATIENT, Part.RESEARCH_SUBJECTS])
def test_every_service_answers_412_where_the_server_keeps_a_decisive_part(over_http, stub, service, part):
    path = f"Patient/{PATIENT}" if part is Part.PATIENT else TYPES[part]
    stub.gives(path, {"resourceType": "OperationOutcome"}, status=401)
    reply = ask(over_http, service, fhirServer=stub.base, fhirAuthorization=authorization(scope="user/*.rs"))
    assert reply.status_code == 412
    assert part.value in reply.get_json()["issue"][0]["diagnostics"]
