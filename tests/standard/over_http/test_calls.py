"""The call over HTTP, hook by hook: the least and the most that may be sent, and each thing that must be there."""

from typing import Any

import pytest

from fhir_mappings.clinical_model.known_unknown import Part
from tests.fhir_client.charts import CHART, MEDICATION, SUBJECT, TYPES
from tests.fhir_client.stub import searchset
from tests.hook_calls import HOOKS
from tests.standard.calls import CONTEXTS, INSTANCE, a_body, a_call, context_of
from tests.standard.over_http.hospital import NOBODY, SERVICE_OF, WHOLE, Hospital, refusal, unavailable

Json = Any
DRAFT = {
    "resourceType": "MedicationRequest",
    "id": "draft",
    "status": "draft",
    "intent": "order",
    "subject": SUBJECT,
    "medicationCodeableConcept": {"text": "sirolimus 1 mg tablet"},
    "dosageInstruction": [
        {
            "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
            "doseAndRate": [
                {"doseQuantity": {"value": 2, "code": "mg", "system": "http://unitsofmeasure.org"}}
            ],
        }
    ],
}
ORDERS = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": DRAFT}]}
PROBLEMS = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": CHART[Part.CONDITIONS]}]}
FULL: dict[str, Json] = {
    "patient-view": {"encounterId": "e1"},
    "order-select": {"encounterId": "e1", "selections": ["MedicationRequest/draft"], "draftOrders": ORDERS},
    "order-sign": {"encounterId": "e1", "draftOrders": ORDERS},
    "encounter-start": {"encounterId": "e1"},
    "problem-list-item-create": {"encounterId": "e1", "conditions": PROBLEMS},
}
NEVER_OFFERED = {
    "CH-166": "order-dispatch",
    "CH-168": "encounter-discharge",
    "CH-169": "appointment-book",
    "CH-171": "medication-refill",
    "CH-172": "allergyintolerance-create",
    "CH-173": "medication-verify",
    "CH-174": "medication-prescribe",
}
each_hook = pytest.mark.parametrize("hook", CONTEXTS)
each_service = pytest.mark.parametrize("service", HOOKS)
each_field = pytest.mark.parametrize(
    ("hook", "field"), [(h, f) for h in CONTEXTS for f in ("userId", "patientId", *CONTEXTS[h])]
)


@pytest.mark.ch("CH-163", "CH-164", "CH-165", "CH-167", "CH-170", "CH-023", "CH-030")
@each_service
def test_the_smallest_context_is_enough(hospital: Hospital, service: str) -> None:
    assert hospital.call(service, prefetch=WHOLE).status_code == 200


@pytest.mark.ch("CH-163", "CH-164", "CH-165", "CH-167", "CH-170")
@each_service
def test_the_whole_context_is_taken(hospital: Hospital, service: str) -> None:
    hook = HOOKS[service]
    reply = hospital.call(
        service, context=context_of(hook, **FULL[hook]), prefetch=WHOLE, **hospital.access()
    )
    assert reply.status_code == 200


@pytest.mark.ch("CH-163", "CH-164", "CH-165", "CH-167", "CH-170", "CH-028", "CH-072")
@each_field
@pytest.mark.parametrize("nothing", ["removed", "null"])
def test_each_required_field_of_the_context_is_named_when_it_is_not_there(
    hospital: Hospital, hook: str, field: str, nothing: str
) -> None:
    context = context_of(hook)
    del context[field]
    if nothing == "null":
        context[field] = None
    reply = hospital.call(SERVICE_OF[hook], context=context, prefetch=WHOLE)
    assert f"context.{field}" in refusal(reply, 400)


@pytest.mark.ch("CH-163", "CH-164", "CH-165", "CH-167", "CH-170")
@each_hook
@pytest.mark.parametrize("user", ["Practitioner/1", "PractitionerRole/1", "Patient/p1", "RelatedPerson/r"])
def test_any_kind_of_user_may_ask(hospital: Hospital, hook: str, user: str) -> None:
    context = context_of(hook, userId=user)
    assert hospital.call(SERVICE_OF[hook], context=context, prefetch=NOBODY).status_code == 200


@pytest.mark.ch("CH-024", "CH-025", "CH-028", "CH-072")
@each_hook
@pytest.mark.parametrize("member", ["hook", "hookInstance", "context"])
@pytest.mark.parametrize("value", [..., None, 7, [], "", " ", "x", {}])
def test_each_required_member_is_named_when_it_is_not_there_or_wrong(
    hospital: Hospital, hook: str, member: str, value: Json
) -> None:
    body = a_call(hook, prefetch=WHOLE) | {member: value}
    body = {name: value for name, value in body.items() if value is not ...}
    assert member in refusal(hospital.post(body, SERVICE_OF[hook]), 400)


@pytest.mark.ch("CH-024")
@each_service
@each_hook
def test_a_service_answers_its_own_hook_only(hospital: Hospital, service: str, hook: str) -> None:
    reply = hospital.post(a_call(hook, prefetch=WHOLE), service)
    if hook == HOOKS[service]:
        assert reply.status_code == 200
    else:
        assert "hook" in refusal(reply, 400)


@pytest.mark.ch("CH-166", "CH-168", "CH-169", "CH-171", "CH-172", "CH-173", "CH-174", "CH-024", "CH-159")
@pytest.mark.parametrize("hook", [*NEVER_OFFERED.values(), "order-review", "org.example.x", "PATIENT-VIEW"])
def test_a_hook_that_is_not_offered_is_refused(hospital: Hospital, hook: str) -> None:
    assert "hook" in refusal(hospital.post(a_call(hook)), 400)


@pytest.mark.ch("CH-025")
@pytest.mark.parametrize(
    "instance", [INSTANCE, INSTANCE.upper(), f"urn:uuid:{INSTANCE}", "00000000-0000-0000-0000-000000000000"]
)
def test_a_uuid_is_one_however_it_is_written(hospital: Hospital, instance: str) -> None:
    assert hospital.call(hookInstance=instance, prefetch=NOBODY).status_code == 200


@pytest.mark.ch("CH-025")
@pytest.mark.parametrize("instance", ["1", "urn:uuid:", "d1577c69dfbe44adba6d3e05e953b2ea", f"{INSTANCE}0"])
def test_what_is_no_uuid_is_refused(hospital: Hospital, instance: str) -> None:
    assert "hookInstance" in refusal(hospital.call(hookInstance=instance, prefetch=NOBODY), 400)


@pytest.mark.ch("CH-029", "CH-043", "CH-070")
@each_service
@pytest.mark.parametrize("prefetch", [..., None, {}])
def test_without_prefetch_and_without_a_server_it_is_412(
    hospital: Hospital, service: str, prefetch: Json
) -> None:
    context = context_of(HOOKS[service], **FULL[HOOKS[service]])
    said = refusal(hospital.call(service, context=context, prefetch=prefetch), 412)
    assert "researchSubjects" in said


@pytest.mark.ch("CH-029", "CH-032")
@each_service
def test_without_prefetch_everything_is_fetched(hospital: Hospital, service: str) -> None:
    context = context_of(HOOKS[service], **FULL[HOOKS[service]])
    by_prefetch = hospital.cards(service, context=context, prefetch=WHOLE)
    assert hospital.cards(service, context=context, **hospital.access()) == by_prefetch


# ---------------------------------------------------------------- tolerance


@pytest.mark.ch("CH-156", "CH-158", "CH-162")
@each_hook
@pytest.mark.parametrize("extension", [{"org.example.x": {"y": 1}}, {}, None, [], "text", 7])
def test_unknown_members_and_extensions_anywhere_are_tolerated(
    hospital: Hospital, hook: str, extension: Json
) -> None:
    plain = hospital.cards(SERVICE_OF[hook], prefetch=WHOLE, **hospital.access())
    access = hospital.access(extension=extension, foo=1, need_patient_banner=True)
    told = hospital.cards(
        SERVICE_OF[hook],
        prefetch={**WHOLE, "extension": extension, "foo": {"resourceType": "Bundle"}},
        context=context_of(hook, extension=extension, foo={"a": [1]}),
        extension=extension,
        bar=[1, None],
        **access,
    )
    assert told == plain


@pytest.mark.ch("CH-161")
@pytest.mark.parametrize("kind", [None, "collection", "transaction", "searchset", "batch"])
def test_a_bundle_in_the_context_may_be_of_any_type_or_none(hospital: Hospital, kind: str | None) -> None:
    service, bundle = "aa-trial-order-sign", {**ORDERS, "type": kind}
    if kind is None:
        del bundle["type"]
    told = [
        hospital.cards(service, context=context_of("order-sign", draftOrders=b), prefetch=WHOLE)
        for b in (bundle, ORDERS)
    ]
    assert told[0]
    assert [c["summary"] for c in told[0]] == [c["summary"] for c in told[1]]


@pytest.mark.ch("CH-160")
@pytest.mark.parametrize(
    "order",
    [
        {"resourceType": "MedicationOrder", "id": "d", "patient": SUBJECT},
        {"resourceType": "ProcedureRequest", "id": "d", "subject": SUBJECT},
        {"resourceType": "DiagnosticOrder", "id": "d", "subject": SUBJECT},
        {**DRAFT, "medication": {"concept": {"text": "sirolimus"}}},
    ],
)
@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_an_order_of_another_fhir_release_is_refused_and_never_passed_over(
    hospital: Hospital, hook: str, order: Json
) -> None:
    bundle = {"resourceType": "Bundle", "entry": [{"resource": DRAFT}, {"resource": order}]}
    reply = hospital.call(SERVICE_OF[hook], context=context_of(hook, draftOrders=bundle), prefetch=WHOLE)
    assert "not FHIR R4: context.draftOrders" in refusal(reply, 400)


CONCEPT = {"concept": {"text": "ketoconazole"}}


@pytest.mark.ch("CH-160", "CH-041")
@pytest.mark.parametrize(
    ("key", "order"),
    [
        ("medicationRequests", {"resourceType": "MedicationOrder", "id": "m", "patient": SUBJECT}),
        (
            "medicationRequests",
            {"resourceType": "MedicationRequest", "id": "m", "subject": SUBJECT, "medication": CONCEPT},
        ),
        (
            "medicationStatements",
            {"resourceType": "MedicationStatement", "id": "m", "subject": SUBJECT, "medication": CONCEPT},
        ),
        (
            "medicationDispenses",
            {
                "resourceType": "MedicationDispense",
                "subject": SUBJECT,
                "medication": {"reference": {"reference": "Medication/1"}},
            },
        ),
    ],
)
def test_medications_of_another_fhir_release_count_as_not_sent(
    hospital: Hospital, key: str, order: Json
) -> None:
    """Wherever they come from: R4 would read them as no drug at all."""
    bundle = searchset(order)
    assert key in unavailable(hospital.cards(prefetch={**WHOLE, key: bundle}))
    hospital.fhir.gives(TYPES[Part(key)], bundle)
    assert key in unavailable(hospital.cards(**hospital.access()))


@pytest.mark.ch("CH-160")
def test_a_word_alone_makes_no_other_release(hospital: Hospital) -> None:
    note = {"note": [{"text": 'was a MedicationOrder, "medication"'}], "extension": [{"url": "medication"}]}
    order = {**CHART[Part.MEDICATION_REQUESTS], **note}
    told = hospital.cards(prefetch={**WHOLE, "medicationRequests": searchset(order, MEDICATION)})
    assert unavailable(told) == []


# ---------------------------------------------------------------- the body itself


@pytest.mark.ch("CH-001", "CH-071", "CH-072")
@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("application/fhir+json", 200),
        ("application/json+fhir", 200),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/xml", 415),
        ("application/fhir+xml", 415),
        ("multipart/form-data; boundary=x", 415),
    ],
)
def test_only_json_is_read_by_any_of_its_names(hospital: Hospital, kind: str, status: int) -> None:
    reply = hospital.post(a_body(prefetch=NOBODY), headers={"Content-Type": kind})
    assert reply.status_code == status


@pytest.mark.ch("CH-003", "CH-001")
@pytest.mark.parametrize(
    "body",
    [
        b"// note\n" + a_body(),
        a_body()[:-1] + b",}",
        a_body().replace(b'{"hook"', b'{/* x */"hook"', 1),
        a_body().replace(b'"', b"'"),
        b"\xff\xfe" + a_body(),
    ],
)
def test_json_with_comments_or_trailing_commas_is_refused(hospital: Hospital, body: bytes) -> None:
    assert "is not" in refusal(hospital.post(body), 400)


@pytest.mark.ch("CH-036")
def test_prefetch_that_nobody_asked_for_is_not_read(hospital: Hospital) -> None:
    plain = hospital.cards(prefetch=WHOLE)
    other = {"resourceType": "Patient", "id": "p2", "name": [{"text": "SECRET"}]}
    told = hospital.call(prefetch={**WHOLE, "otherService": other, "more": "not even FHIR"})
    assert told.json()["cards"] == plain
    assert "SECRET" not in told.text
