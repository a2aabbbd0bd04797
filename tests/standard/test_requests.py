"""The request: each required field named when it is missing, everything unknown tolerated."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.cds_hooks.errors import BadHookRequest, PatientMismatch
from cds_service.cds_hooks.request import Hook, check_token_patient, read_hook_request
from cds_service.cds_hooks.strict_json import _check_pieces, in_one_pass, open_envelope, open_member
from tests.standard.calls import CONTEXTS, INSTANCE, PATIENT, a_body, a_call, authorization, context_of

FHIR = "https://ehr.example/fhir"


def refused(body):
    with pytest.raises(BadHookRequest) as caught:
        read_hook_request(body)
    return caught.value


@pytest.mark.parametrize("hook", CONTEXTS)
def test_the_smallest_valid_context_of_each_hook_is_enough(hook):
    request = read_hook_request(a_body(hook))
    assert request.hook is Hook(hook)
    assert request.hook_instance == INSTANCE
    assert request.context.patient_id == PATIENT
    assert request.prefetch == {}
    assert request.fhir_server is None


@pytest.mark.parametrize("member", ["hook", "hookInstance", "context"])
@pytest.mark.parametrize("nothing", [..., None])
def test_each_required_member_is_named_when_it_is_missing(member, nothing):
    assert refused(a_body(**{member: nothing})).fields == (member,)


@pytest.mark.parametrize(
    ("hook", "field"),
    [(hook, field) for hook in CONTEXTS for field in ("userId", "patientId", *CONTEXTS[hook])],
)
def test_each_required_context_field_is_named_when_it_is_missing(hook, field):
    context = context_of(hook)
    del context[field]
    assert refused(a_body(hook, context=context)).fields == (f"context.{field}",)


def test_every_missing_field_is_named_at_once():
    assert refused(b"{}").fields == ("hook", "hookInstance", "context")
    assert refused(a_body("order-select", context={"userId": "Practitioner/1"})).fields == (
        "context.patientId",
        "context.selections",
        "context.draftOrders",
    )


@pytest.mark.parametrize("context", [{}, None, [], "x"])
def test_an_empty_or_odd_context_is_a_bad_request(context):
    assert refused(a_body(context=context))


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("hook", "order-dispatch"),
        ("hook", 7),
        ("hookInstance", "42"),
        ("hookInstance", 42),
        ("fhirServer", 7),
        ("prefetch", []),
        ("prefetch", "patient"),
        ("context", context_of("patient-view", userId="example")),
        ("context", context_of("patient-view", patientId="Patient/1")),
        ("context", context_of("patient-view", patientId="..")),
        ("context", context_of("patient-view", patientId="a" * 65)),
        ("context", context_of("patient-view", patientId="1?x=y")),
        ("context", context_of("patient-view", patientId=7)),
        ("context", context_of("patient-view", encounterId="a/b")),
    ],
)
def test_a_member_of_the_wrong_shape_is_named(member, value):
    assert refused(a_body(**{member: value})).fields[0].startswith(member)


@pytest.mark.parametrize("bundle", [{"resourceType": "Patient"}, {}, [], "x", 1])
def test_draft_orders_must_be_a_bundle(bundle):
    fault = refused(a_body("order-sign", context=context_of("order-sign", draftOrders=bundle)))
    assert fault.fields == ("context.draftOrders",)


def test_a_bundle_without_a_type_and_with_its_resource_type_last_is_accepted():
    bundle = {"entry": [], "resourceType": "Bundle"}
    request = read_hook_request(a_body("order-sign", context=context_of("order-sign", draftOrders=bundle)))
    assert json.loads(bytes(request.context.draft_orders)) == bundle


def test_unknown_members_and_extensions_of_any_kind_are_tolerated():
    call = a_call(
        extension={"org.example.x": {"y": []}},
        bar=[1, {"a": None}],
        context=context_of("patient-view", foo={"x": 1}, extension=[]),
        prefetch=None,
        fhirServer=None,
        fhirAuthorization=None,
    )
    assert read_hook_request(json.dumps(call, indent=1, ensure_ascii=False).encode()).prefetch == {}


def test_prefetch_values_stay_as_they_were_written():
    body = a_body().replace(b'"context"', b'"prefetch": { "patient" : {"id" : "p1"} , "x":null}, "context"')
    prefetch = read_hook_request(body).prefetch
    assert {key: bytes(raw) for key, raw in prefetch.items()} == {"patient": b'{"id" : "p1"}', "x": b"null"}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "is not JSON"),
        (b"[]", "must be a JSON object"),
        (b'"x"', "must be a JSON object"),
        (a_body()[:-5], "is not JSON"),
        (a_body() + b"x", "is not JSON"),
        (a_body().replace(b"{", b"{,", 1), "is not JSON"),
        (a_body(x=float("nan")), "is not JSON"),
        (a_body(prefetch={"patient": float("inf")}), "is not JSON"),
        (a_body().replace(b"p1", b"p\xff"), "is not UTF-8"),
        (a_body(prefetch={"x": "?"}).replace(b"?", b"\xff"), "is not UTF-8"),
        (a_body().replace(b"{", b'{"x":' + b"[" * 10_000 + b"]" * 10_000 + b",", 1), "is nested too deeply"),
        (a_body().replace(b"{", b'{"x":' + b"[" * 10_000, 1), "is nested too deeply"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_json_object_is_a_bad_request(body, problem):
    assert refused(body).problem.startswith(problem)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        (b'"hook":', b'"hook": "order-sign", "hook":', "hook"),
        (b'"patientId":', b'"patientId":"other","patientId" :', "context.patientId"),
        (b'"patientId":', b'"patient\\u0049d":"other","patientId" :', "context.patientId"),
        (b'"context":', b'"prefetch":{"patient":{},"patient":{"id":"p1"}},"context":', "prefetch.patient"),
        (b'"context":', b'"x":1,"x":1,"context":', "x"),
    ],
)
def test_a_key_that_is_written_twice_is_refused_and_named(old, new, field):
    fault = refused(a_body().replace(old, new))
    assert (fault.problem, fault.fields) == ("is written more than once", (field,))


@pytest.mark.parametrize("key", ["a b", "schl\u00fcssel", "\u952e", 'quo"te', "ta\tb"])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_an_odd_key_is_not_mistaken_for_one_written_twice(key, ascii_only):
    body = json.dumps(a_call(**{key: [key, {key: key}]}), ensure_ascii=ascii_only).encode()
    assert read_hook_request(body).hook is Hook.PATIENT_VIEW


@pytest.mark.parametrize("member", ["access_token", "token_type", "expires_in", "scope", "subject"])
@pytest.mark.parametrize("nothing", [..., None])
def test_each_required_member_of_the_authorization_is_named(member, nothing):
    fault = refused(a_body(fhirServer=FHIR, fhirAuthorization=authorization(**{member: nothing})))
    assert fault.fields == (f"fhirAuthorization.{member}",)


@pytest.mark.parametrize(
    "given",
    [
        "x",
        [],
        {},
        authorization(token_type="mac"),
        authorization(expires_in="soon"),
        authorization(expires_in=""),
        authorization(expires_in=None),
        authorization(expires_in=False),
        authorization(expires_in=1.5),
        authorization(scope=["patient/*.rs"]),
        authorization(access_token="two words"),
        authorization(access_token="line\r\nbreak"),
        authorization(subject={}),
    ],
)
def test_a_malformed_authorization_is_a_bad_request(given):
    assert refused(a_body(fhirServer=FHIR, fhirAuthorization=given)).fields[0].startswith("fhirAuthorization")


def test_an_authorization_without_a_server_is_a_bad_request():
    assert refused(a_body(fhirAuthorization=authorization())).fields == ("fhirServer",)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [(300, 300), ("300", 300), (300.0, 300), (-5, 0), ("0", 0), (86_401, 86_400), ("9" * 400, 86_400)],
)
def test_seconds_may_be_a_string_and_are_a_day_at_most(said, seconds):
    given = authorization(expires_in=said)
    asked = read_hook_request(a_body(fhirServer=FHIR, fhirAuthorization=given))
    assert asked.fhir_authorization.expires_in == seconds
    assert asked.fhir_authorization.is_spent is (seconds == 0)


@pytest.mark.parametrize("hook", [hook for hook in Hook if hook is not Hook.ENCOUNTER_START])
def test_an_empty_encounter_is_none_where_it_may_be_left_out(hook):
    asked = read_hook_request(a_body(hook, context=context_of(hook, encounterId="")))
    assert not asked.context.encounter_id


def test_a_visit_has_an_encounter():
    context = context_of("encounter-start", encounterId="")
    assert refused(a_body("encounter-start", context=context)).fields == ("context.encounterId",)


def test_a_byte_order_mark_is_passed_over():
    assert read_hook_request(b"\xef\xbb\xbf" + a_body()).hook is Hook.PATIENT_VIEW


@pytest.mark.parametrize("patient", [..., PATIENT, f"Patient/{PATIENT}"])
def test_a_token_for_this_patient_or_for_none_is_accepted(patient):
    request = read_hook_request(
        a_body(fhirServer=FHIR, fhirAuthorization=authorization(patient=patient, x={"y": 1}))
    )
    assert request.fhir_authorization.access_token == "opaque-token"


def test_a_token_for_another_patient_is_refused():
    asked = read_hook_request(a_body(fhirServer=FHIR, fhirAuthorization=authorization(patient="p2")))
    with pytest.raises(PatientMismatch) as caught:
        check_token_patient(asked)
    assert caught.value.where == "fhirAuthorization.patient"


def test_a_token_is_never_in_a_repr():
    request = read_hook_request(a_body(fhirServer=FHIR, fhirAuthorization=authorization()))
    assert "opaque-token" not in f"{request!r} {request.fhir_authorization!s}"


def test_a_key_twice_above_any_depth_is_a_bad_request():
    """The second look at a text, for repeated keys, gives up some levels before the first one does."""
    problems = set()
    for depth in range(100, 1_100):
        nested = b'{"a":' + b"[" * depth + b"]" * depth + b',"a":1}'
        with pytest.raises(BadHookRequest) as caught:
            open_envelope(nested)
        problems.add(caught.value.problem)
    assert problems == {"is written more than once", "is nested too deeply"}


blanks = st.sampled_from(["", " ", "\n\t "])
values = st.sampled_from(
    ['"patient-view"', "{}", "null", "[1, {}]", '{"a": {"b": 1}}', "5", '"\u00e9}"', "", "nul"]
)


@st.composite
def texts(draw, names=("hook", "context", "prefetch", "fhirServer", "\\u0068ook", "hook", "user")):
    """An object whose keys may come twice, escaped or unknown, and whose values may be no JSON."""
    members = []
    for name in draw(st.lists(st.sampled_from(names), max_size=4)):
        inside = draw(texts(("patient", "patient", "k 1", ""))) if name == "prefetch" else draw(values)
        members.append(f'{draw(blanks)}"{name}"{draw(blanks)}:{draw(blanks)}{inside}{draw(blanks)}')
    return f"{draw(blanks)}{{{','.join(members)}{draw(blanks)}}}{draw(blanks)}"


@given(texts())
def test_a_call_opened_in_one_pass_is_the_call_opened_member_by_member(text):
    body = text.encode()
    short = in_one_pass(body)
    if short is not None:
        members = open_member(body, "")
        prefetch = open_member(bytes(members.pop("prefetch")), "prefetch")
        assert [(k, bytes(v)) for k, v in short[0].items()] == [(k, bytes(v)) for k, v in members.items()]
        assert [(k, bytes(v)) for k, v in short[1].items()] == [(k, bytes(v)) for k, v in prefetch.items()]


@pytest.mark.parametrize(
    "text",
    [
        '{"hook": "a", "prefetch": {"p": 1}, "hook": "a"}',
        '{"hook": "a", "hook": "b", "prefetch": {"p": 1}}',
        '{"hook": "a", "prefetch": {"p": 1, "p": 1}}',
        '{"hook": "a", "prefetch": {"p": 1, "q": 3, "p": 2}}',
        '{"hook": "a", "prefetch": {"p": 1}, "prefetch": {"p": 1}}',
        '{"hook": "a", "prefetch": {"p": 1}, "\\u0068ook": "a"}',
    ],
)
def test_a_key_twice_is_never_opened_in_one_pass(text):
    assert in_one_pass(text.encode()) is None
    assert refused(text.encode().replace(b'"hook": "a"', b'"hook": "patient-view"'))


def test_the_usual_call_is_opened_in_one_pass():
    members, prefetch = in_one_pass(
        b' { "hook" : "a" ,\n "prefetch" : { "p" : 1 , "q" : [ ] } , "context" : {} } '
    )
    assert list(members) == ["hook", "context"]
    assert {key: bytes(raw) for key, raw in prefetch.items()} == {"p": b"1", "q": b"[ ]"}


@given(
    st.lists(st.sampled_from([b'"', b"a" * 4_095, "再".encode(), b"\xe5", b"\x86\x8d", b"\xff"]), max_size=9)
)
def test_a_text_is_utf8_where_each_of_its_pieces_is(parts):
    text = b"".join(parts)
    assert is_refused(_check_pieces, text) == is_refused(bytes.decode, text)


def is_refused(read, text):
    try:
        read(text)
    except UnicodeDecodeError:
        return True
    return False
