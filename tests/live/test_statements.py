"""A FHIR server without some types, over HTTP: once its statement has come, no card complains of them."""

import json
import time

from fhir_mappings.clinical_model.known_unknown import Part
from tests.fhir_client.charts import CHART, MEDICATION, TYPES
from tests.fhir_client.stub import running, searchset
from tests.live.service import PATIENCE, serving
from tests.standard.calls import PATIENT, a_body, authorization

URL = "/cds-services/aa-trial-titration"
LACKING = (Part.ADVERSE_EVENTS, Part.CONSENTS)


def give_chart(ehr):
    ehr.gives(f"Patient/{PATIENT}", CHART[Part.PATIENT])
    ehr.gives("Medication/sirolimus", MEDICATION)
    for part, resource in CHART.items():
        if part not in (Part.PATIENT, *LACKING):
            ehr.gives(TYPES[part], searchset(resource))


def kinds_told(service, ehr):
    body = a_body(fhirServer=ehr.base, fhirAuthorization=authorization(scope="user/*.rs"))
    status, _, answer = service.ask(URL, body)
    assert status == 200
    return [card["extension"]["org.aa-cds.decision"]["kind"] for card in json.loads(answer)["cards"]]


def test_what_a_server_does_not_have_is_told_until_its_statement_came(tmp_path):
    offered = [{"type": kind} for part, kind in TYPES.items() if part not in LACKING]
    with running() as ehr:
        give_chart(ehr)
        ehr.gives("metadata", {"resourceType": "CapabilityStatement", "rest": [{"resource": offered}]})
        (tmp_path / "site.toml").write_text(f'[[fhir_servers]]\nbase = "{ehr.base}"\n')
        with serving(tmp_path, SITE_FILE="site.toml", WORKERS="1") as service:
            until = time.monotonic() + PATIENCE
            while "data-quality" in (told := kinds_told(service, ehr)) and time.monotonic() < until:
                time.sleep(0.05)
        assert told == ["titration"]
        (headers,) = ehr.stated
        assert "Authorization" not in headers


def test_without_a_statement_it_is_told_each_time(tmp_path):
    with running() as ehr:
        give_chart(ehr)
        (tmp_path / "site.toml").write_text(f'[[fhir_servers]]\nbase = "{ehr.base}"\n')
        with serving(tmp_path, SITE_FILE="site.toml", WORKERS="1") as service:
            assert all("data-quality" in kinds_told(service, ehr) for _ in range(3))
