"""Gathering: the same chart from prefetch, from the server or from both; what is missing is never "none"."""

import itertools
import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cds_service.cds_hooks.errors import BadHookRequest, DataNotAvailable, PatientMismatch
from cds_service.cds_hooks.prefetch import check_template
from cds_service.chart.chart_queries import DECISIVE_PARTS, chart_queries
from cds_service.chart.context_bundle import read_context_bundle
from cds_service.chart.input_hash import input_hash, version_of_texts
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.clinical_model.studies import StudyState
from fhir_mappings.readers.read_record import canonical_bytes
from fhir_mappings.readers.reader_settings import StandIn
from tests.builders import TODAY, days_ago
from tests.fhir_client.charts import (
    CHART,
    MEDICATION,
    NOW,
    SUBJECT,
    TYPES,
    HeldChart,
    a_gatherer,
    a_request,
    prefetched,
)
from tests.fhir_client.stub import searchset
from tests.standard.calls import PATIENT, a_call, authorization, context_of

OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
WITH_MEDICATION = {
    **prefetched(Part),
    Part.MEDICATION_REQUESTS.value: searchset(CHART[Part.MEDICATION_REQUESTS], MEDICATION),
}
OTHERS = [part for part in Part if part not in DECISIVE_PARTS]


def gather(request, server=None, **more):
    return a_gatherer(server or HeldChart(), **more).gather(request, NOW)


def problems(record, problem):
    return [gap for gap in record.gaps if gap.problem == problem]


def test_a_chart_is_the_same_from_prefetch_only_from_the_server_only_and_mixed():
    server = HeldChart()
    prefetch_only = gather(a_request(prefetch=WITH_MEDICATION, with_server=False), server).record
    assert server.asked == []
    fetch_only = gather(a_request(), server).record
    assert len(server.asked) == len(Part) + 1
    mixed = gather(a_request(prefetch=prefetched(list(Part)[::2]))).record
    assert prefetch_only == fetch_only == mixed
    hashes = {input_hash(record, TODAY, (), "v1") for record in (prefetch_only, fetch_only, mixed)}
    assert len(hashes) == 1
    assert prefetch_only.studies
    assert prefetch_only.medications
    assert not prefetch_only.unavailable
    assert not prefetch_only.gaps


@settings(deadline=None, max_examples=40)
@given(st.sets(st.sampled_from(list(Part))))
def test_any_part_of_the_chart_may_be_prefetched_and_exactly_the_rest_is_fetched(parts):
    server = HeldChart()
    record = gather(a_request(prefetch=prefetched(parts)), server).record
    missing = [TYPES[part] for part in Part if part not in parts]
    assert server.asked_types() == sorted([*missing, "Medication"])
    assert canonical_bytes(record) == canonical_bytes(gather(a_request()).record)


@pytest.mark.parametrize("part", Part)
@pytest.mark.parametrize(
    ("value", "is_fetched"),
    [
        ("sent", False),
        ("null", False),
        ("absent", True),
        (OUTCOME, True),
        (searchset(OUTCOME), True),
        ("nonsense", True),
        ({"resourceType": "Bundle", "entry": "nonsense"}, True),
        (searchset(total=7), True),
    ],
    ids=["sent", "null", "absent", "outcome", "outcome in bundle", "text", "bad bundle", "short"],
)
def test_each_key_in_its_shapes_is_used_or_fetched(part, value, is_fetched):
    prefetch = dict(WITH_MEDICATION)
    if value == "null":
        prefetch[part.value] = None
    elif value == "absent":
        del prefetch[part.value]
    elif value != "sent":
        prefetch[part.value] = value
    server = HeldChart()
    gathered = gather(a_request(prefetch=prefetch), server)
    if value == "null" and part is Part.PATIENT:
        is_fetched = True  # the patient of the call exists: "none" is no answer
    assert (TYPES[part] in server.asked_types()) is is_fetched
    assert not gathered.record.unavailable


@pytest.mark.parametrize("part", OTHERS)
@pytest.mark.parametrize("value", ["absent", OUTCOME, searchset(OUTCOME)])
def test_without_a_server_a_part_that_is_missing_is_unavailable_and_named(part, value):
    prefetch = dict(WITH_MEDICATION)
    del prefetch[part.value]
    if value != "absent":
        prefetch[part.value] = value
    record = gather(a_request(prefetch=prefetch, with_server=False)).record
    assert record.unavailable == {part}
    (gap,) = problems(record, "PART_UNAVAILABLE")
    assert gap.detail == f"{part.value}: no-server"


@pytest.mark.parametrize("part", OTHERS)
def test_a_null_is_nothing_found_and_not_unavailable(part):
    record = gather(a_request(prefetch={**WITH_MEDICATION, part.value: None}, with_server=False)).record
    assert not record.unavailable


NOT_ENROLLED = {**WITH_MEDICATION, "researchSubjects": None}


@pytest.mark.parametrize("part", DECISIVE_PARTS)
@pytest.mark.parametrize("value", ["absent", OUTCOME])
def test_without_a_decisive_part_there_is_no_answer(part, value):
    prefetch = dict(NOT_ENROLLED)
    del prefetch[part.value]
    if value != "absent":
        prefetch[part.value] = value
    with pytest.raises(DataNotAvailable) as caught:
        gather(a_request(prefetch=prefetch, with_server=False))
    assert caught.value.keys == (part.value,)


@pytest.mark.parametrize("value", [None, searchset(), {**CHART[Part.PATIENT], "birthDate": [5]}])
def test_a_prefetched_patient_who_is_not_there_is_no_answer(value):
    with pytest.raises(DataNotAvailable) as caught:
        gather(a_request(prefetch={**WITH_MEDICATION, "patient": value}, with_server=False))
    assert caught.value.keys == ("patient",)


@pytest.mark.parametrize("part", DECISIVE_PARTS)
def test_a_decisive_part_that_the_server_refuses_is_no_answer(part):
    nobody = {"prefetch": {"researchSubjects": None}} if part is Part.CONDITIONS else {}
    with pytest.raises(DataNotAvailable) as caught:
        gather(a_request(**nobody), HeldChart(failing=[TYPES[part]]))
    assert caught.value.keys == (part.value,)


def test_an_enrolled_patient_is_advised_without_the_problem_list():
    gathered = gather(a_request(), HeldChart(failing=["Condition"]))
    assert gathered.is_concerned
    assert gathered.record.unavailable == {Part.CONDITIONS}


@pytest.mark.parametrize("part", sorted(set(Part) - {Part.PATIENT, Part.MEDICATION_REQUESTS}))
@pytest.mark.parametrize("short", [{"total": 7}, {"next_link": "https://ehr.example/fhir?page=2"}])
def test_what_came_of_a_part_is_kept_and_the_part_is_incomplete(part, short):
    prefetch = {**WITH_MEDICATION, part.value: searchset(CHART[part], **short)}
    whole = gather(a_request(prefetch=WITH_MEDICATION, with_server=False)).record
    in_part = gather(a_request(prefetch=prefetch, with_server=False)).record
    assert in_part.unavailable == {part}
    assert replace(in_part, unavailable=frozenset(), gaps=()) == replace(whole, gaps=())


@pytest.mark.parametrize("part", OTHERS)
def test_another_part_that_the_server_refuses_is_unavailable(part):
    record = gather(a_request(), HeldChart(failing=[TYPES[part]])).record
    assert record.unavailable == {part}
    assert problems(record, "PART_UNAVAILABLE")[0].detail == f"{part.value}: forbidden"


def test_a_part_outside_the_token_s_scopes_is_not_attempted():
    scope = " ".join(f"patient/{TYPES[part]}.rs" for part in Part if part is not Part.OBSERVATIONS)
    server = HeldChart()
    token = authorization(scope=f"{scope} patient/Medication.rs")
    record = gather(a_request(fhirAuthorization=token), server).record
    assert record.unavailable == {Part.OBSERVATIONS}
    assert "Observation" not in server.asked_types()


def test_a_spent_token_fetches_nothing():
    server = HeldChart()
    with pytest.raises(DataNotAvailable):
        gather(a_request(fhirAuthorization=authorization(expires_in=0)), server)
    assert server.asked == []


def test_a_server_that_the_site_does_not_name_is_not_asked():
    server = HeldChart()
    with pytest.raises(DataNotAvailable):
        gather(a_request(fhirServer="https://evil.example/fhir"), server)
    assert server.asked == []


# ---------------------------------------------------------------- patients whom the trial cannot concern

NOBODY = {Part.PATIENT: CHART[Part.PATIENT]}
OTHER_STUDY = {
    **NOBODY,
    Part.RESEARCH_SUBJECTS: {
        **CHART[Part.RESEARCH_SUBJECTS],
        "study": {"identifier": {"value": "NCT00000001"}},
    },
}


def test_for_a_patient_whom_the_trial_cannot_concern_only_the_decisive_parts_are_fetched():
    server = HeldChart(NOBODY)
    gathered = gather(a_request(), server)
    assert not gathered.is_concerned
    assert server.asked_types() == sorted(TYPES[part] for part in DECISIVE_PARTS)


def test_what_cannot_matter_may_fail():
    server = HeldChart(NOBODY, failing=["Observation", "Consent"])
    assert not gather(a_request(), server).is_concerned


def test_another_study_does_not_concern_us():
    assert not gather(a_request(), HeldChart(OTHER_STUDY)).is_concerned


def test_a_study_that_cannot_be_identified_may_be_ours():
    subject = {**CHART[Part.RESEARCH_SUBJECTS], "study": {"reference": "ResearchStudy/gone"}}
    gathered = gather(a_request(), HeldChart({**NOBODY, Part.RESEARCH_SUBJECTS: subject}))
    assert gathered.is_concerned
    assert problems(gathered.record, "REFERENCE_NOT_FETCHED")[0].reference == "ResearchStudy/gone"


def test_a_study_is_identified_by_fetching_it():
    subject = {**CHART[Part.RESEARCH_SUBJECTS], "study": {"reference": "ResearchStudy/7"}}
    server = HeldChart({**NOBODY, Part.RESEARCH_SUBJECTS: subject})
    server.answers["ResearchStudy/7"] = {
        "resourceType": "ResearchStudy",
        "id": "7",
        "identifier": [{"value": "NCT06802055"}],
    }
    record = gather(a_request(), server).record
    assert [study.this_trial for study in record.studies] == [True]


def test_a_problem_list_that_cannot_be_read_whole_leaves_the_patient_in_doubt():
    broken = searchset({"resourceType": "Condition", "id": ["7"], "subject": SUBJECT})
    prefetch = {**{part.value: None for part in Part}, "patient": CHART[Part.PATIENT], "conditions": broken}
    assert gather(a_request(prefetch=prefetch)).is_concerned


def test_a_problem_with_a_modifier_we_do_not_know_leaves_the_patient_in_doubt():
    modified = {**CHART[Part.CONDITIONS], "modifierExtension": [{"url": "urn:unknown", "valueBoolean": True}]}
    prefetch = {
        **{part.value: None for part in Part},
        "patient": CHART[Part.PATIENT],
        "conditions": searchset(modified),
    }
    gathered = gather(a_request(prefetch=prefetch))
    assert gathered.is_concerned
    assert gathered.record.gaps


# ---------------------------------------------------------------- a server's word


def test_what_was_not_asked_for_is_dropped_and_named():
    stranger = CHART[Part.OBSERVATIONS]
    prefetch = {
        **WITH_MEDICATION,
        "conditions": searchset(CHART[Part.CONDITIONS], stranger),
        "observations": None,
    }
    record = gather(a_request(prefetch=prefetch)).record
    assert record.results == ()
    assert problems(record, "UNEXPECTED_RESOURCE")[0].reference == "Observation/o1"


def test_a_prefetched_patient_who_is_another_is_refused():
    other = {**CHART[Part.PATIENT], "id": "p2"}
    with pytest.raises(PatientMismatch):
        gather(a_request(prefetch={**WITH_MEDICATION, "patient": other}))


def test_a_fetched_patient_who_is_another_is_no_patient():
    server = HeldChart({**CHART, Part.PATIENT: {**CHART[Part.PATIENT], "id": "p2"}})
    with pytest.raises(DataNotAvailable) as caught:
        gather(a_request(), server)
    assert caught.value.keys == ("patient",)


@pytest.mark.parametrize("within", [True, False])
def test_a_first_page_is_completed_or_the_part_is_unavailable(within):
    link = "https://ehr.example/fhir?page=2" if within else "https://evil.example/fhir?page=2"
    server = HeldChart()
    second = {**CHART[Part.MEDICATION_DISPENSES], "id": "d2", "whenHandedOver": "2026-02-15"}
    server.answers["https://ehr.example/fhir?page=2"] = searchset(second)
    page = searchset(CHART[Part.MEDICATION_DISPENSES], next_link=link)
    record = gather(a_request(prefetch={**WITH_MEDICATION, "medicationDispenses": page}), server).record
    found = {m.reference for m in record.medications if m.reference.startswith("MedicationDispense")}
    if within:
        assert found == {"MedicationDispense/d1", "MedicationDispense/d2"}
        assert not record.unavailable
    else:
        assert record.unavailable == {Part.MEDICATION_DISPENSES}
        assert found == {"MedicationDispense/d1"}


def test_a_first_page_without_a_server_is_not_the_whole():
    page = searchset(CHART[Part.MEDICATION_DISPENSES], next_link="https://ehr.example/fhir?page=2")
    record = gather(
        a_request(prefetch={**WITH_MEDICATION, "medicationDispenses": page}, with_server=False)
    ).record
    assert record.unavailable == {Part.MEDICATION_DISPENSES}


@pytest.mark.parametrize(("cap", "fetched"), [(3, 3), (2, 2), (0, 0)])
def test_no_more_references_are_followed_than_allowed_and_the_others_are_named(cap, fetched):
    orders = [
        {
            **CHART[Part.MEDICATION_REQUESTS],
            "id": f"m{n}",
            "medicationReference": {"reference": f"Medication/{n}"},
        }
        for n in range(3)
    ]
    server = HeldChart()
    for n in range(3):
        server.answers[f"Medication/{n}"] = {**MEDICATION, "id": str(n)}
    prefetch = {**WITH_MEDICATION, "medicationRequests": searchset(*orders)}
    record = gather(a_request(prefetch=prefetch), server, references=cap).record
    assert len(server.asked) == fetched
    assert len(problems(record, "REFERENCE_NOT_FETCHED")) == 3 - fetched


def test_a_reference_answered_with_another_resource_is_not_resolved():
    server = HeldChart()
    server.answers["Medication/sirolimus"] = {**MEDICATION, "id": "other"}
    record = gather(a_request(prefetch=prefetched(Part)), server).record
    assert "MedicationRequest/m1" not in {m.reference for m in record.medications}


# ---------------------------------------------------------------- what the hook brings along


def drafts(*resources):
    return {"resourceType": "Bundle", "entry": [{"resource": resource} for resource in resources]}


DRAFT = {
    "resourceType": "MedicationRequest",
    "id": "draft",
    "status": "draft",
    "intent": "order",
    "subject": SUBJECT,
    "medicationCodeableConcept": {"text": "sirolimus"},
    "extension": [{"url": "urn:kept", "valueString": "verbatim"}],
}


def sign(*resources, **more):
    context = context_of("order-sign", draftOrders=drafts(*resources))
    return a_request("order-sign", context=context, **more)


def test_draft_orders_are_read_and_kept_verbatim():
    gathered = gather(sign(DRAFT))
    assert [draft.reference for draft in gathered.drafts] == ["MedicationRequest/draft"]
    assert gathered.context.by_reference == {"MedicationRequest/draft": DRAFT}


def test_a_draft_without_an_id_or_a_medication_is_no_crash():
    bare = {"resourceType": "MedicationRequest", "status": "draft", "category": {"text": "not an array"}}
    assert gather(sign(bare, {"resourceType": "ServiceRequest"})).context.by_reference == {}


@pytest.mark.parametrize("entries", [{}, "", 0, False, {"resource": DRAFT}, "x", 1])
def test_drafts_whose_entries_are_no_list_are_refused_even_where_they_are_empty(entries):
    raw = msgspec.Raw(msgspec.json.encode({"resourceType": "Bundle", "type": "collection", "entry": entries}))
    with pytest.raises(BadHookRequest, match="no list"):
        read_context_bundle(raw, PATIENT, "context.draftOrders")


@pytest.mark.parametrize("entries", [None, []])
def test_no_drafts_is_no_fault(entries):
    raw = msgspec.Raw(msgspec.json.encode({"resourceType": "Bundle", "type": "collection", "entry": entries}))
    assert read_context_bundle(raw, PATIENT, "context.draftOrders").verbatim == ()


@pytest.mark.parametrize("member", ["subject", "patient"])
@pytest.mark.parametrize(
    "reference", ["Patient/p2", "https://ehr.example/fhir/Patient/p2", "Patient/p2/_history/1"]
)
def test_a_draft_order_for_another_patient_is_refused(member, reference):
    other = {"resourceType": "MedicationRequest", "id": "x", member: {"reference": reference}}
    with pytest.raises(PatientMismatch) as caught:
        gather(sign(DRAFT, other))
    assert caught.value.where == "context.draftOrders"


@pytest.mark.parametrize(
    "subject", [{"reference": f"{'https://ehr.example/fhir/'}Patient/{PATIENT}"}, {"display": "x"}, None, "x"]
)
def test_a_draft_order_that_may_be_this_patient_s_is_accepted(subject):
    assert gather(sign({**DRAFT, "subject": subject}))


def test_a_draft_order_for_another_patient_is_refused_even_where_the_trial_cannot_concern_the_patient():
    with pytest.raises(PatientMismatch):
        gather(sign({**DRAFT, "subject": {"reference": "Patient/p2"}}), HeldChart(NOBODY))


@pytest.mark.parametrize("entry", ["x", [1], [{"resource": 1}], [None]])
def test_a_bundle_of_nonsense_is_refused_or_named(entry):
    bundle = {"resourceType": "Bundle", "entry": entry}
    request = a_request("order-sign", context=context_of("order-sign", draftOrders=bundle))
    try:
        gathered = gather(request)
    except BadHookRequest:
        return
    assert gathered.drafts == ()
    assert gathered.record.gaps


# ---------------------------------------------------------------- queries and hashes


def test_every_query_is_one_that_clients_can_be_expected_to_run():
    assert {part.value for part in chart_queries()} == {part.value for part in Part}
    for part, template in chart_queries().items():
        check_template(part.value, template)


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        ("Group", "Group?member=Patient/{{context.patientId}}&_count=1000"),
        ("Flag", "Flag?patient={{context.patientId}}&_count=1000"),
        ("CarePlan", "CarePlan?patient={{context.patientId}}&_count=1000"),
    ],
)
def test_a_site_without_research_subjects_asks_for_what_stands_in_for_them(kind, query):
    stand_ins = (StandIn(kind, f"{kind}/x"),)
    assert chart_queries(stand_ins)[Part.RESEARCH_SUBJECTS] == query
    check_template("researchSubjects", query)


def test_participation_is_read_from_a_group_where_the_site_says_so():
    group = {"resourceType": "Group", "id": "aa", "member": [{"entity": SUBJECT}]}
    prefetch = {**WITH_MEDICATION, "researchSubjects": searchset(group)}
    gathered = gather(a_request(prefetch=prefetch), stand_ins=(StandIn("Group", "Group/aa"),))
    assert [study.state for study in gathered.record.studies] == [StudyState.ENROLLED]


def test_the_hash_changes_with_each_thing_the_advice_is_based_on():
    record = gather(a_request()).record
    other = gather(a_request(prefetch={**WITH_MEDICATION, "medicationStatements": None})).record
    inputs = [
        (record, TODAY, (), "v1"),
        (other, TODAY, (), "v1"),
        (record, days_ago(1), (), "v1"),
        (record, TODAY, (DRAFT,), "v1"),
        (record, TODAY, (), "v2"),
    ]
    hashes = [input_hash(*given) for given in inputs]
    assert len(set(hashes)) == len(inputs)
    assert all(hash_.startswith("sha256:") and len(hash_) == 71 for hash_ in hashes)


def test_the_hash_does_not_depend_on_the_order_of_drafts_or_their_members():
    record = gather(a_request()).record
    turned = json.loads(json.dumps(dict(reversed(DRAFT.items()))))
    second = {**DRAFT, "id": "second"}
    hashes = {input_hash(record, TODAY, order, "v1") for order in itertools.permutations([DRAFT, second])}
    assert hashes | {input_hash(record, TODAY, [second, turned], "v1")} == hashes
    assert len(hashes) == 1


def test_the_version_of_the_texts_changes_with_a_text_and_with_a_site_value(tmp_path):
    folder, criterion = tmp_path / "reviewed", tmp_path / "criteria" / "e03_pnh_clone"
    folder.mkdir()
    criterion.mkdir(parents=True)
    (folder / "a.toml").write_text("x = 1")
    (criterion / "words.en.toml").write_text("x = 1")
    first = version_of_texts(folder, {})
    assert version_of_texts(folder, {}) == first
    assert version_of_texts(folder, {"a.x": 2}) != first
    (folder / "a.toml").write_text("x = 2")
    second = version_of_texts(folder, {})
    (criterion / "words.en.toml").write_text("x = 2")
    assert len({first, second, version_of_texts(folder, {})}) == 3


def test_the_token_of_the_call_is_used_and_no_other():
    server = HeldChart()
    gather(a_request(), server)
    assert server.tokens == {"opaque-token"}
    open_call = json.loads(json.dumps(a_call(fhirServer="https://ehr.example/fhir")))
    assert "fhirAuthorization" not in open_call
    open_server = HeldChart()
    gather(a_request(with_server=False, fhirServer="https://ehr.example/fhir"), open_server)
    assert open_server.tokens == {None}
