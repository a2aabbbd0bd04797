"""Anything at all, sent to any endpoint over HTTP: an answer or a clear refusal that was logged, never a fault.

The same examples on every run (`derandomize`, see tests/conftest.py). The judge of `Hospital.send` reads every
answer: JSON of the right shape, every refusal an OperationOutcome.
"""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hook_calls import HOOKS
from tests.standard.calls import CONTEXTS, INSTANCE
from tests.standard.over_http.hospital import DISCOVERY, SERVICE_OF, Hospital
from tests.standard.over_http.test_malformed import whole

Json = Any
REFUSALS = (400, 401, 404, 405, 412, 413, 415, 431)
UNHEARD = (414, 431)  # the server in front refuses these by itself, before the service hears of them
NOISE = ("Traceback", 'File "', "line ", "Error:", "SECRET")
fuzzed = settings(
    deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
FEEDBACK = {
    "feedback": [
        {
            "card": INSTANCE,
            "outcome": "overridden",
            "overrideReason": {
                "reason": {"code": "other", "system": "urn:aa-cds:CodeSystem/override-reason"},
                "userComment": "SECRET",
            },
            "outcomeTimestamp": "2026-03-02T01:00:00Z",
        },
        {
            "card": INSTANCE,
            "outcome": "accepted",
            "acceptedSuggestions": [{"id": INSTANCE}],
            "outcomeTimestamp": "2026-03-02T01:00:00.5+08:00",
        },
    ]
}

texts = st.text(max_size=12) | st.sampled_from(
    [
        "Patient/p2",
        "p1",
        "../..",
        "\u0000",
        "\ud83d\ude00",
        "1e400",
        "9999-12-31",
        "http://127.0.0.1:9/",
        "Bearer x",
    ]
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["resourceType", "entry", "resource", "value", "code", "reference", "id", "extension"]
            )
            | texts,
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


def places(value: Json, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


def mutated(call: Json, draw: Callable[..., Any]) -> Json:
    """One to three changes anywhere: replaced, taken out, or put in beside."""
    call = copy.deepcopy(call)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(sorted(places(call), key=str)))
        parent = call
        for name in path[:-1]:
            parent = parent[name]
        how = draw(st.sampled_from(["replace", "remove", "add"]))
        if how == "replace":
            parent[path[-1]] = draw(anything)
        elif how == "remove":
            del parent[path[-1]]
        elif isinstance(parent, dict):
            parent[draw(texts)] = draw(anything)
        else:
            parent.append(draw(anything))
        if not call:
            break
    return call


def fair(hospital: Hospital, log: Any, method: str, path: str, **more: Any) -> int:
    """Sent; the answer is an answer or a refusal that was logged, and tells nothing of the inside."""
    before = len(log())
    reply = hospital.send(method, path, allow_redirects=False, **more)
    assert reply.status_code in (200, 204, *REFUSALS), reply.text
    assert not [noise for noise in NOISE if noise in reply.text]
    said = log()[before:]
    assert "fault" not in [line["event"] for line in said]
    assert (
        reply.status_code < 300
        or reply.status_code in UNHEARD
        or reply.status_code in [line.get("status") for line in said]
    )
    return reply.status_code


def test_a_refusal_that_is_not_logged_would_be_noticed(hospital: Hospital) -> None:
    with pytest.raises(AssertionError):
        fair(hospital, list, "GET", "/nowhere")


JSON = {"Content-Type": "application/json"}


@fuzzed
@given(st.data(), st.sampled_from(list(CONTEXTS)))
def test_changes_anywhere_in_a_call(hospital: Hospital, log: Any, data: st.DataObject, hook: str) -> None:
    body = json.dumps(mutated(whole(hospital, hook), data.draw)).encode()
    fair(hospital, log, "POST", f"{DISCOVERY}/{SERVICE_OF[hook]}", data=body, headers=JSON)


@fuzzed
@given(st.data(), st.sampled_from(list(HOOKS)))
def test_changes_anywhere_in_feedback(
    hospital: Hospital, log: Any, data: st.DataObject, service: str
) -> None:
    body = json.dumps(mutated(FEEDBACK, data.draw)).encode()
    fair(hospital, log, "POST", f"{DISCOVERY}/{service}/feedback", data=body, headers=JSON)


@fuzzed
@given(anything, st.sampled_from(["", "/aa-trial-titration", "/aa-trial-titration/feedback"]))
def test_any_json_at_any_endpoint(hospital: Hospital, log: Any, body: Json, end: str) -> None:
    fair(hospital, log, "POST", f"{DISCOVERY}{end}", data=json.dumps(body).encode(), headers=JSON)


@fuzzed
@given(st.binary(max_size=60), st.sampled_from(["/aa-trial-order-sign", "/aa-trial-order-sign/feedback"]))
def test_any_bytes(hospital: Hospital, log: Any, body: bytes, end: str) -> None:
    assert fair(hospital, log, "POST", f"{DISCOVERY}{end}", data=body, headers=JSON) == 400


@fuzzed
@given(st.data(), st.binary(max_size=4))
def test_bytes_torn_out_or_put_in(hospital: Hospital, log: Any, data: st.DataObject, bytes_: bytes) -> None:
    body = json.dumps(whole(hospital, "order-sign")).encode()
    place = data.draw(st.integers(0, len(body) - 1))
    torn = body[:place] + bytes_ + body[place + data.draw(st.integers(0, 40)) :]
    fair(hospital, log, "POST", f"{DISCOVERY}/aa-trial-order-sign", data=torn, headers=JSON)


methods = st.sampled_from(
    ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "X"]
)
segments = st.lists(
    st.sampled_from(
        ["cds-services", "aa-trial-titration", "feedback", "..", ".", "", "%2e%2e", "%00", "a b", ";x"]
    )
    | st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_characters="?#/\\"), max_size=8),
    max_size=4,
).filter(lambda found: found[:1] != ["health"])


@fuzzed
@given(methods, segments)
def test_any_method_at_any_path(hospital: Hospital, log: Any, method: str, path: list[str]) -> None:
    fair(hospital, log, method, "/" + "/".join(path), data=b"{}", headers=JSON)


HEADERS = [
    "Accept",
    "Accept-Encoding",
    "Content-Type",
    "Content-Encoding",
    "Expect",
    "Host",
    "Origin",
    "Range",
    "Cookie",
    "If-None-Match",
    "If-Match",
    "X-Forwarded-Host",
    "X-HTTP-Method-Override",
    "Authorization",
    "X-Request-Id",
]
values = st.text(
    st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=30
) | st.sampled_from(
    [
        "*/*",
        "text/html",
        "gzip",
        "bytes=0-",
        "*",
        "Bearer",
        "Bearer a.b.c",
        "Basic eDp4",
        "application/json;charset=x",
    ]
)


@fuzzed
@given(
    st.dictionaries(st.sampled_from(HEADERS), values, max_size=4),
    st.sampled_from(["call", "feedback", "discovery"]),
)
def test_any_headers(hospital: Hospital, log: Any, headers: dict[str, str], where: str) -> None:
    path = {"discovery": DISCOVERY, "call": f"{DISCOVERY}/aa-trial-titration"}.get(
        where, f"{DISCOVERY}/aa-trial-titration/feedback"
    )
    body = {"call": json.dumps(whole(hospital, "patient-view")), "feedback": json.dumps(FEEDBACK)}.get(where)
    method = "GET" if where == "discovery" else "POST"
    fair(hospital, log, method, path, data=body and body.encode(), headers={**JSON, **headers})
