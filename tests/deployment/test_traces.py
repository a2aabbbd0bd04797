"""Traces: the four steps of a call below it, nothing of a patient in them, and nothing wrapped where they are off."""

import json

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from cds_service import wiring
from cds_service.services.handler import Steps
from cds_service.settings.environment import BadSettings, read_settings
from cds_service.web import traces
from tests.installation import an_installation
from tests.scenarios.visits import PATIENTS, calls

URL = "http://127.0.0.1:4318/v1/traces"


@pytest.fixture
def spans(monkeypatch):
    """Where spans go instead of to an address; and the whole service that makes them."""
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(traces, "tracer_to", lambda *_: provider.get_tracer("test"))
    return kept


@pytest.fixture
def http(spans):
    return wiring.build_app(an_installation(traces_url=URL)).test_client()


def post(http, patient):
    for _, service, body in calls(PATIENTS[patient]):
        assert http.post(f"/cds-services/{service}", json=body).status_code == 200


def test_each_step_is_a_span_below_the_calls(http, spans):
    post(http, "demo-01")
    made = spans.get_finished_spans()
    (first, *_) = [span for span in made if span.name == "call"]
    below = [s.name for s in made if s.parent and s.parent.span_id == first.context.span_id]
    assert below == ["gather", "assess", "cards", "store"]
    assert dict(first.attributes) == {"cds.service": "aa-trial-eligibility"}


def test_nothing_of_a_patient_is_in_them(http, spans):
    for patient in PATIENTS:
        post(http, patient)
    made = spans.get_finished_spans()
    assert len(made) > 5 * len(PATIENTS)
    assert {name for span in made for name in span.attributes} == {"cds.service"}
    assert {span.name for span in made} == {"call", "gather", "assess", "cards", "store"}
    assert not any(span.events or span.links or span.status.description for span in made)


def test_of_an_error_its_kind_is_told_and_no_word_of_it(http, spans):
    _, service, body = next(calls(PATIENTS["demo-01"]))
    del body["prefetch"]
    assert http.post(f"/cds-services/{service}", json=body).status_code == 412
    (gather, call) = spans.get_finished_spans()
    assert (gather.name, call.name) == ("gather", "call")
    assert gather.attributes["error.type"] == call.attributes["error.type"] == "DataNotAvailable"
    assert "demo-01" not in json.dumps([json.loads(span.to_json()) for span in (gather, call)])
    assert not gather.events


def test_where_they_are_off_nothing_is_wrapped():
    settings = an_installation()
    installation = wiring.build_installation(settings)
    assert wiring.with_traces(settings, installation) is installation
    assert installation.steps == Steps()


def test_an_address_that_is_none_is_a_fault():
    with pytest.raises(BadSettings) as caught:
        read_settings({"CDS_ENVIRONMENT": "development", "CDS_TRACES_URL": "4318"})
    assert "CDS_TRACES_URL" in str(caught.value)


def test_without_the_extra_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setattr("cds_service.settings.environment.not_installed", lambda extra: [f"needs {extra}"])
    with pytest.raises(BadSettings) as caught:
        read_settings({"CDS_ENVIRONMENT": "development", "CDS_TRACES_URL": URL})
    assert caught.value.faults == ("CDS_TRACES_URL needs tracing",)
