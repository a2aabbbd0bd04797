"""Malformed requests over HTTP, each breaking one named rule: refused with the status and the words for it.

The cases are data: `tests/standard/corpora/malformed_requests.json`. Each is made from a whole, valid call of
its hook, which must itself be answered: else a refusal would prove nothing.
"""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.answer_validator import schema
from tests.standard.calls import CONTEXTS, a_call, context_of
from tests.standard.over_http.hospital import DISCOVERY, SERVICE_OF, WHOLE, Hospital
from tests.standard.over_http.test_calls import FULL

Json = Any
CASES = json.loads((Path(__file__).parents[1] / "corpora/malformed_requests.json").read_text("utf-8"))
SERVICE_OF_VIEW = "aa-trial-titration"


def whole(hospital: Hospital, hook: str) -> Json:
    """Everything that a call may hold."""
    access = hospital.access(patient="p1")
    return copy.deepcopy(a_call(hook, context=context_of(hook, **FULL[hook]), prefetch=WHOLE, **access))


def body_of(case: Json, hospital: Hospital) -> bytes:
    """The malformed body of a case."""
    if "text" in case:
        return str(case["text"]).encode()
    if "bytes" in case:
        return bytes.fromhex(case["bytes"])
    call = whole(hospital, case["hook"])
    if case.get("alone"):
        del call["fhirServer"], call["fhirAuthorization"]
    if "set" in case:
        path, value = case["set"]
        _parent(call, path)[path[-1]] = value
    if "remove" in case:
        del _parent(call, case["remove"])[case["remove"][-1]]
    return _mangled(json.dumps(call), case).encode() + b" " * case.get("padding", 0)


def _parent(call: Json, path: list[str]) -> Json:
    for name in path[:-1]:
        call = call[name]
    return call


def _mangled(text: str, case: Json) -> str:
    if "twice" in case:
        name = f'"{case["twice"]}":'
        again = f'"{case.get("escaped", case["twice"])}": null, '
        assert text.count(name) == 1 or case["twice"] == "patient"
        place = text.index(name, text.index("fhirAuthorization") if case["twice"] == "patient" else 0)
        return text[:place] + again + text[place:]
    if "nest" in case:
        deep = {"[": ("[" * 5000, "]" * 5000), "{": ('{"a":' * 5000 + "1", "}" * 5000)}[case["nest"]]
        return f'{{"x": {"".join(deep)}, {text[1:]}'
    return text


@pytest.mark.ch("CH-071", "CH-072", "CH-021")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_each_malformed_request_is_refused_in_its_own_way(hospital: Hospital, log: Any, case: Json) -> None:
    service = SERVICE_OF_VIEW if case["hook"] == "patient-view" else SERVICE_OF[case["hook"]]
    path = case.get("path", f"{DISCOVERY}/{service}")
    headers = {"Content-Type": case.get("content_type", "application/json")}
    reply = hospital.send(case.get("method", "POST"), path, data=body_of(case, hospital), headers=headers)
    assert reply.status_code == case["status"], reply.text
    assert case["says"] in reply.json()["issue"][0]["diagnostics"]
    refusals = [line["status"] for line in log() if line["event"] in ("hook_refused", "http_refused")]
    assert refusals == [case["status"]]


@pytest.mark.ch("CH-068")
@pytest.mark.parametrize("hook", CONTEXTS)
def test_what_they_are_made_from_is_answered(hospital: Hospital, hook: str) -> None:
    service = SERVICE_OF_VIEW if hook == "patient-view" else SERVICE_OF[hook]
    assert hospital.post(whole(hospital, hook), service).status_code == 200


def test_each_case_breaks_a_rule_of_its_own() -> None:
    assert len(CASES) > 200
    assert len({case["name"] for case in CASES}) == len({case["rule"] for case in CASES}) == len(CASES)


def test_the_schema_of_a_request_says_the_same_as_the_service(hospital: Hospital) -> None:
    """Save what is a matter of meaning: which hooks are offered, whose data they are, which release."""
    validator = schema("request")
    for hook in CONTEXTS:
        validator.validate(whole(hospital, hook))
    changed = [
        case for case in CASES if {"set", "remove"} & case.keys() and not case["name"].endswith("-newline")
    ]
    taken = {case["name"] for case in changed if validator.is_valid(json.loads(body_of(case, hospital)))}
    assert taken == {case["name"] for case in changed if case.get("beyond_schema")}
