"""Gathering with absolute references: the same chart in all ways, and nothing of another server's by a bare id."""

import json

import pytest
from msgspec.structs import replace

from cds_service.cds_hooks.errors import DataNotAvailable, PatientMismatch
from cds_service.chart.input_hash import input_hash
from fhir_mappings.clinical_model.known_unknown import Part
from tests.builders import TODAY
from tests.fhir_client.charts import BASE, CHART, MEDICATION, NOW, HeldChart, a_gatherer, a_request
from tests.fhir_client.stub import searchset
from tests.fhir_client.test_gather import DRAFT, problems, sign
from tests.standard.calls import PATIENT

OTHER = "https://other.hospital/fhir"
SPELLINGS = [BASE, "http://EHR.example:80/fhir", f"{BASE}/"]
LISTS = [part for part in Part if part is not Part.PATIENT]


def at(base, resource):
    """The resource with each reference to one of this chart on that server."""
    text = json.dumps(resource)
    for kind in ("Patient", "Medication", "Practitioner"):
        text = text.replace(f'"reference": "{kind}/', f'"reference": "{base.rstrip("/")}/{kind}/')
    return json.loads(text)


def a_chart(base, *parts):
    return {part: at(base, resource) if part in parts else resource for part, resource in CHART.items()}


def addressed(base, *resources):
    """A searchset whose entries bear their addresses."""
    answer = searchset(*resources)
    for entry in answer["entry"]:
        resource = entry["resource"]
        entry["fullUrl"] = f"{base.rstrip('/')}/{resource['resourceType']}/{resource['id']}"
    return answer


def sent(chart, base=None):
    """The chart as prefetch, with the Medication beside the orders."""
    filled = {}
    for part, resource in chart.items():
        beside = (MEDICATION,) if part is Part.MEDICATION_REQUESTS else ()
        made = addressed(base, resource, *beside) if base else searchset(resource, *beside)
        filled[part.value] = resource if part is Part.PATIENT else made
    return filled


def gather(request, server=None):
    return a_gatherer(server or HeldChart()).gather(request, NOW)


def ways(chart):
    """The record by prefetch with a server named, by fetching, and half and half."""
    half = {part: body for n, (part, body) in enumerate(sent(chart).items()) if n % 2}
    yield gather(a_request(prefetch=sent(chart)), HeldChart(chart)).record
    yield gather(a_request(), HeldChart(chart)).record
    yield gather(a_request(prefetch=half), HeldChart(chart)).record


EXPECTED = gather(a_request()).record


@pytest.mark.parametrize("base", SPELLINGS)
def test_our_own_absolute_references_make_the_same_chart_in_all_ways(base):
    for record in ways(a_chart(base, *Part)):
        assert record == EXPECTED
        assert input_hash(record, TODAY, (), "v1") == input_hash(EXPECTED, TODAY, (), "v1")


@pytest.mark.parametrize("base", SPELLINGS)
def test_without_a_server_the_entries_themselves_tell_it(base):
    chart = a_chart(base, *Part)
    request = a_request(prefetch=sent(chart, BASE), with_server=False)
    assert replace(gather(request).record, gaps=()) == replace(EXPECTED, gaps=())


def test_without_a_server_and_addresses_the_subjects_tell_it():
    request = a_request(prefetch=sent(a_chart(BASE, *LISTS)), with_server=False)
    assert len(gather(request).record.results) == 1


def test_a_server_behind_a_proxy_may_call_itself_otherwise():
    inside = "http://fhir.internal:8080/fhir"
    request = a_request(prefetch=sent(a_chart(inside, *Part), inside))
    assert replace(gather(request).record, gaps=()) == replace(EXPECTED, gaps=())


@pytest.mark.parametrize("patient", [PATIENT, "someone"])
@pytest.mark.parametrize("part", LISTS)
def test_an_entry_of_a_patient_elsewhere_is_a_gap_in_all_ways(part, patient):
    chart = dict(CHART)
    chart[part] = json.loads(
        json.dumps(CHART[part]).replace(f'"Patient/{PATIENT}"', f'"{OTHER}/Patient/{patient}"')
    )
    records = list(ways(chart))
    for record in records:
        assert [gap.reference for gap in problems(record, "SUBJECT_UNRESOLVED")] == [
            f"{chart[part]['resourceType']}/{chart[part]['id']}"
        ]
        assert record == records[0]


def test_another_patient_of_our_own_server_in_prefetch_refuses_the_call():
    stray = CHART[Part.OBSERVATIONS] | {"subject": {"reference": f"{BASE}/Patient/someone"}}
    with pytest.raises(PatientMismatch):
        gather(a_request(prefetch={"observations": searchset(stray)}))


def test_a_diagnosis_of_a_patient_elsewhere_is_no_silence():
    chart = {part: r for part, r in CHART.items() if part is not Part.RESEARCH_SUBJECTS}
    chart[Part.CONDITIONS] = at(OTHER, CHART[Part.CONDITIONS])
    sent_chart = sent(chart) | {"researchSubjects": searchset()}
    assert gather(a_request(prefetch=sent_chart)).is_concerned


@pytest.mark.parametrize("is_bundle", [True, False])
def test_a_patient_of_another_server_is_not_the_patient(is_bundle):
    """An answer that holds ours and a namesake of another server is of ours; the namesake is nobody."""
    namesake = CHART[Part.PATIENT] | {"birthDate": "2020-01-01"}
    answer = addressed(OTHER, namesake)
    answer["entry"] += addressed(OTHER, CHART[Part.CONDITIONS])["entry"]
    answer["entry"] += addressed(BASE, CHART[Part.PATIENT])["entry"] if is_bundle else []
    answer["entry"] += addressed(BASE, CHART[Part.CONDITIONS] | {"id": "c2"})["entry"]
    chart = dict(CHART)
    server = HeldChart(chart)
    record = gather(a_request(prefetch={"patient": answer}), server).record
    assert record.birth_date == EXPECTED.birth_date


def test_a_product_of_another_server_is_not_asked_for():
    chart = dict(CHART)
    chart[Part.MEDICATION_REQUESTS] = at(OTHER, CHART[Part.MEDICATION_REQUESTS]) | {
        "subject": CHART[Part.MEDICATION_REQUESTS]["subject"]
    }
    server = HeldChart(chart)
    record = gather(a_request(), server).record
    assert not any("Medication/" in path for path in server.asked)
    assert len(problems(record, "MEDICATION_UNRESOLVED")) == 1


@pytest.mark.parametrize("server", [True, False])
def test_a_draft_for_a_patient_elsewhere_is_the_calls_and_that_is_said(server):
    draft = DRAFT | {"subject": {"reference": f"{OTHER}/Patient/{PATIENT}"}}
    request = sign(draft, prefetch=sent(CHART, BASE), with_server=server)
    if not server:
        request = replace(request, context=sign(DRAFT, draft | {"id": "d2"}).context)
    gathered = gather(request)
    assert len(gathered.drafts) == 1 + (not server)
    assert len(problems(gathered.record, "SUBJECT_ASSUMED")) == 1


@pytest.mark.parametrize("base", SPELLINGS)
def test_a_draft_for_another_patient_of_our_own_server_is_refused(base):
    draft = DRAFT | {"subject": {"reference": f"{base.rstrip('/')}/Patient/someone"}}
    with pytest.raises(PatientMismatch):
        gather(sign(draft))


def test_a_draft_for_a_patient_elsewhere_with_another_id_cannot_be_compared():
    draft = DRAFT | {"subject": {"reference": f"{OTHER}/Patient/someone"}}
    assert len(gather(sign(draft)).drafts) == 1


def test_a_new_problem_of_a_patient_elsewhere_is_looked_into():
    problem = CHART[Part.CONDITIONS] | {"subject": {"reference": f"{OTHER}/Patient/{PATIENT}"}}
    request = a_request(
        "problem-list-item-create",
        context={"userId": "Practitioner/1", "patientId": PATIENT, "conditions": searchset(problem)},
    )
    assert a_gatherer(HeldChart()).new_problem_may_concern(request, NOW)


def test_a_call_looked_at_again_knows_its_server_and_asks_nobody():
    server = HeldChart()
    request = a_request(prefetch=sent(a_chart(BASE, *Part)))
    assert gather(replace(request, is_replayed=True), server).record == gather(request, server).record
    with pytest.raises(DataNotAvailable):
        gather(replace(a_request(), is_replayed=True), server)
    assert server.asked == []


@pytest.mark.parametrize("key", ["draft", "prefetch"])
def test_where_no_server_is_known_another_id_is_another_patient_on_whichever_it_lies(key):
    stray = {"subject": {"reference": f"{OTHER}/Patient/someone"}}
    results = searchset(CHART[Part.OBSERVATIONS], CHART[Part.OBSERVATIONS] | {"id": "o2"} | stray)
    drafts = (DRAFT, DRAFT | {"id": "d2"} | stray) if key == "draft" else (DRAFT,)
    prefetch = sent(CHART) | ({"observations": results} if key == "prefetch" else {})
    with pytest.raises(PatientMismatch):
        gather(sign(*drafts, prefetch=prefetch, with_server=False))
