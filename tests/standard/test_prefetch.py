"""Prefetch: four shapes of an answer, and templates that every client can be expected to run."""

import msgspec
import pytest

from cds_service.cds_hooks.prefetch import BadTemplate, Prefetched, check_template, entry_of, fill
from cds_service.cds_hooks.request import read_hook_request
from tests.standard.calls import a_body, context_of


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        (b'{"resourceType":"Patient"}', Prefetched.SENT),
        (b'{"resourceType":"Bundle","entry":[]}', Prefetched.SENT),
        (b'{"entry":[], "resourceType":"Bundle"}', Prefetched.SENT),
        (b"null", Prefetched.NOTHING),
        (b'{"resourceType":"OperationOutcome","issue":[]}', Prefetched.FAILED),
        (b'{"issue":[],"resourceType":"OperationOutcome"}', Prefetched.FAILED),
        (b"{}", Prefetched.FAILED),
        (b"[]", Prefetched.FAILED),
        (b'"gone"', Prefetched.FAILED),
        (b'{"resourceType":7}', Prefetched.FAILED),
    ],
)
def test_a_key_is_answered_in_one_of_four_shapes(text, shape):
    entry = entry_of({"patient": msgspec.Raw(text)}, "patient")
    assert entry.shape is shape
    assert (entry.raw is not None) is (shape is Prefetched.SENT)


def test_a_key_that_was_not_sent_is_absent():
    assert entry_of({}, "patient").shape is Prefetched.ABSENT


@pytest.mark.parametrize(
    "template",
    [
        "Patient/{{context.patientId}}",
        "Condition?patient={{context.patientId}}&_count=1000",
        "Observation?patient={{context.patientId}}&code:in=x&date=ge2026-01-01&_sort=-date",
        "AdverseEvent?subject=Patient/{{context.patientId}}",
        "Encounter/{{context.encounterId}}",
    ],
)
def test_a_template_of_the_restricted_subset_is_accepted(template):
    check_template("key", template)


@pytest.mark.parametrize(
    "template",
    [
        "Patient/1",
        "Patient",
        "Patient/",
        "https://ehr.example/Patient/{{context.patientId}}",
        "/Patient/{{context.patientId}}",
        "Patient/{{context.patient}}",
        "Patient/{{userPractitionerId}}",
        "Patient/{{ context.patientId }}",
        "MedicationRequest?patient={{context.patientId}}&_include=MedicationRequest:medication",
        "Patient?_revinclude=Provenance:target",
        "Observation?patient.name=x",
        "Observation?code:not=x",
        "Observation?patient=",
        "Observation?patient={{context.patientId}}#x",
        "Observation?",
    ],
)
def test_a_template_that_clients_need_not_understand_is_refused(template):
    with pytest.raises(BadTemplate) as caught:
        check_template("key", template)
    assert caught.value.key == "key"


def test_a_template_is_filled_from_the_context():
    context = read_hook_request(
        a_body("encounter-start", context=context_of("encounter-start", patientId="a.b-1"))
    ).context
    assert (
        fill("AdverseEvent?subject=Patient/{{context.patientId}}", context)
        == "AdverseEvent?subject=Patient/a.b-1"
    )
    assert fill("Encounter/{{context.encounterId}}", context) == "Encounter/e1"
    assert fill("PractitionerRole?x={{context.userId}}", context) == "PractitionerRole?x=Practitioner/example"
