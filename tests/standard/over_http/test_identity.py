"""One patient, everywhere: whatever in a call names another is refused, and says where, but never whom."""

from typing import Any

import pytest

from fhir_mappings.clinical_model.known_unknown import Part
from tests.fhir_client.charts import CHART
from tests.fhir_client.stub import searchset
from tests.hook_calls import HOOKS
from tests.standard.calls import CONTEXTS, context_of
from tests.standard.over_http.hospital import CANDIDATE, SERVICE_OF, WHOLE, Hospital, kinds, refusal
from tests.standard.over_http.test_calls import DRAFT, FULL

Json = Any
OTHER = "somebody-else"
each_hook = pytest.mark.parametrize("hook", CONTEXTS)
REFERENCES = [f"Patient/{OTHER}", f"https://ehr.example/fhir/Patient/{OTHER}", f"Patient/{OTHER}/_history/2"]
OWN = ["Patient/p1", "https://ehr.example/fhir/Patient/p1", "Patient/p1/_history/2"]


def of(resource: Json, reference: str) -> Json:
    """The same resource about the one that is referred to."""
    member = next(m for m in ("subject", "patient", "individual") if m in resource)
    return {**resource, member: {"reference": reference}}


def refused(hospital: Hospital, where: str, hook: str, **members: Any) -> None:
    """400, with the place and without the name of the other patient."""
    context = {"context": context_of(hook, **FULL[hook])} | members
    reply = hospital.call(SERVICE_OF[hook], **context)
    assert refusal(reply, 400) == f"{where} is about another patient than context.patientId"
    assert reply.json()["issue"][0]["code"] == "conflict"
    assert OTHER not in reply.text


@pytest.mark.ch("CH-065", "CH-155")
@each_hook
@pytest.mark.parametrize("patient", [OTHER, f"Patient/{OTHER}"])
def test_a_token_for_another_patient(hospital: Hospital, hook: str, patient: str) -> None:
    refused(hospital, "fhirAuthorization.patient", hook, **hospital.access(patient=patient), prefetch=WHOLE)
    assert not [path for path in hospital.fhir.paths() if path.startswith("/fhir")]


@pytest.mark.ch("CH-065")
@each_hook
@pytest.mark.parametrize("patient", [..., "p1", "Patient/p1"])
def test_a_token_for_this_patient_or_none(hospital: Hospital, hook: str, patient: Json) -> None:
    access = hospital.access(patient=patient)
    assert hospital.call(SERVICE_OF[hook], prefetch=WHOLE, **access).status_code == 200


@pytest.mark.ch("CH-155", "CH-035")
@each_hook
def test_a_prefetched_patient_who_is_another(hospital: Hospital, hook: str) -> None:
    other = {**CHART[Part.PATIENT], "id": OTHER}
    refused(hospital, "prefetch.patient", hook, prefetch={**WHOLE, "patient": other}, **hospital.access())


@pytest.mark.ch("CH-155", "CH-035")
@each_hook
@pytest.mark.parametrize("part", [part for part in Part if part is not Part.PATIENT])
def test_a_prefetched_entry_about_another(hospital: Hospital, hook: str, part: Part) -> None:
    own = CHART[part]
    whole = CANDIDATE if hook == "problem-list-item-create" else WHOLE  # whom the service concerns
    mixed = {**whole, part.value: searchset(own, {**of(own, REFERENCES[0]), "id": "other"})}
    refused(hospital, f"prefetch.{part.value}", hook, prefetch=mixed)


@pytest.mark.ch("CH-155")
@pytest.mark.parametrize("reference", REFERENCES)
def test_another_patient_is_one_however_the_reference_is_written(hospital: Hospital, reference: str) -> None:
    mixed = {**WHOLE, "observations": searchset(of(CHART[Part.OBSERVATIONS], reference))}
    refused(hospital, "prefetch.observations", "patient-view", prefetch=mixed)


@pytest.mark.ch("CH-155")
@pytest.mark.parametrize("reference", OWN)
def test_the_patient_is_the_same_however_the_reference_is_written(hospital: Hospital, reference: str) -> None:
    same = {**WHOLE, "observations": searchset(of(CHART[Part.OBSERVATIONS], reference))}
    assert kinds(hospital.cards(prefetch=same)) == kinds(hospital.cards(prefetch=WHOLE))


@pytest.mark.ch("CH-164", "CH-165", "CH-155")
@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
@pytest.mark.parametrize("reference", REFERENCES)
def test_a_draft_order_about_another(hospital: Hospital, hook: str, reference: str) -> None:
    drafts = searchset(DRAFT, {**of(DRAFT, reference), "id": "second"})
    context = context_of(hook, draftOrders=drafts)
    refused(hospital, "context.draftOrders", hook, context=context, prefetch=WHOLE)


@pytest.mark.ch("CH-170", "CH-155")
def test_a_new_problem_about_another(hospital: Hospital) -> None:
    hook = "problem-list-item-create"
    context = context_of(hook, conditions=searchset(of(CHART[Part.CONDITIONS], REFERENCES[0])))
    refused(hospital, "context.conditions", hook, context=context, prefetch=WHOLE)


@pytest.mark.ch("CH-155")
@pytest.mark.parametrize("service", HOOKS)
def test_the_context_s_patient_must_be_the_chart_s(hospital: Hospital, service: str) -> None:
    hook = HOOKS[service]
    context = {**context_of(hook), "patientId": "p2"}
    if hook == "problem-list-item-create":
        problem = of(CHART[Part.CONDITIONS], "Patient/p2")
        context["conditions"] = searchset(problem)
    said = refusal(hospital.call(service, context=context, prefetch=WHOLE), 400)
    assert said.endswith("is about another patient than context.patientId")


@pytest.mark.ch("CH-035", "CH-131")
def test_what_a_server_adds_of_another_patient_is_dropped_and_not_held_against_the_client(
    hospital: Hospital,
) -> None:
    own = CHART[Part.OBSERVATIONS]
    plain = hospital.cards(**hospital.access())
    hospital.fhir.gives("Observation", searchset(own, {**of(own, REFERENCES[0]), "id": "other"}))
    cards = hospital.cards(**hospital.access())
    assert [c["summary"] for c in cards] == [c["summary"] for c in plain]
    assert OTHER not in str(cards)
