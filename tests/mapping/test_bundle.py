"""Bytes in, typed resources out: one bad entry costs that entry, and nothing is lost in silence."""

import json
from typing import Any

import msgspec
import pytest

from cds_service.fhir_client.answer_totals import is_short
from fhir_mappings.clinical_model.known_unknown import Gap
from fhir_mappings.readers.bundle import Decoded, NotFhir, decode, decode_ndjson
from fhir_mappings.readers.fhir_types import Resource, Unread
from fhir_mappings.readers.references import own_reference
from tests.mapping.charts import Json, bundle, order


def decoded(content: Any) -> Decoded:
    return decode(json.dumps(content).encode())


def read(found: Decoded) -> list[Resource]:
    """What was decoded."""
    return [r for r in found.resources if not isinstance(r, Unread)]


def unread(found: Decoded) -> list[Unread]:
    """What stands there and was not."""
    return [r for r in found.resources if isinstance(r, Unread)]


ORDER = order()
STUDY = {"resourceType": "ResearchStudy", "id": "s1"}
BAD = {"resourceType": "MedicationRequest", "id": "bad", "dosageInstruction": "2 mg"}
ERROR = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "timeout"}]}
WARNING = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "not-supported"}]}


def outcome(*severities: str | None, **parts: Any) -> Json:
    """A line of each severity, None for a line without."""
    lines = [({"severity": one} if one else {}) | {"code": "x"} | parts for one in severities]
    return {"resourceType": "OperationOutcome", "issue": lines}


FINE = {"resourceType": "OperationOutcome", "issue": [{"severity": "information", "code": "informational"}]}


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"   ",
        b"nul",
        b'{"resourceType": "Patient"',
        b'{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"MedicationRequest","status":"act',
        b'{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"MedicationRequest","status":1}',
        b"<Bundle xmlns='http://hl7.org/fhir'/>",
        b"\xff\xfe\x00",
        b'{"resourceType": "Patient", "id": "\xc4\xd0"}',
        b"[]",
        b"[1",
        b"3",
        b'"Patient"',
        b"{}",
        b'{"resourceType": 5}',
        b'{"resourceType": "Bundle", "link": 4}',
        b'{"a":' * 100_000,
        b'{"resourceType":"Bundle","entry":[{"resource":' * 10_000,
    ],
)
def test_what_is_no_resource_is_refused_with_a_reason(broken: bytes) -> None:
    with pytest.raises(NotFhir) as refusal:
        decode(broken)
    assert refusal.value.reason


def test_the_reason_repeats_nothing_of_the_content() -> None:
    with pytest.raises(NotFhir) as refusal:
        decode(b'{"resourceType": "Bundle", "link": "SECRET-NAME"}')
    assert "SECRET" not in str(refusal.value)


def test_null_is_an_answer_that_found_nothing() -> None:
    assert decode(b"null") == Decoded(sources=(b"null",))


def test_a_byte_order_mark_is_not_part_of_the_text() -> None:
    assert len(decode(b"\xef\xbb\xbf" + json.dumps(ORDER).encode()).resources) == 1


def test_raw_json_inside_a_request_is_read_as_it_stands() -> None:
    assert len(decode(msgspec.Raw(json.dumps(ORDER).encode())).resources) == 1


def test_the_type_of_a_resource_may_come_last() -> None:
    last = {"id": "m1", "status": "active", "resourceType": "MedicationRequest"}
    assert decoded(bundle(last)).resources[0].id == "m1"


@pytest.mark.parametrize("kind", ["searchset", "collection", "document", "transaction", "batch", None, 0])
def test_a_bundle_of_any_type_or_none_is_read(kind: Any) -> None:
    content = bundle(ORDER, STUDY)
    content = {k: v for k, v in content.items() if k != "type"} | ({"type": kind} if kind else {})
    assert [r.id for r in decoded(content).resources] == ["m1", "s1"]


def test_a_bundle_within_a_bundle_is_unwrapped() -> None:
    inner = {"resourceType": "Bundle", "type": "batch-response", "entry": [{"resource": bundle(ORDER)}]}
    assert [r.id for r in decoded(inner).resources] == ["m1"]


# ---------------------------------------------------------------- one bad entry


@pytest.mark.parametrize(
    ("bad", "reference", "path"),
    [
        (BAD, "MedicationRequest/bad", "$.dosageInstruction"),
        (BAD | {"id": ["7"]}, "MedicationRequest", "`$.id`"),
        (ORDER | {"status": ["active"]}, "MedicationRequest/m1", "$.status"),
        (ORDER | {"subject": "Patient/p1"}, "MedicationRequest/m1", "$.subject"),
    ],
)
def test_a_bad_entry_costs_itself_and_says_where(bad: Json, reference: str, path: str) -> None:
    found = decoded(bundle(STUDY, bad, order(key="good")))
    assert [r.id for r in read(found)] == ["s1", "good"]
    (bad_one,) = unread(found)
    assert (bad_one.problem, own_reference(bad_one)) == ("ENTRY_UNREADABLE", reference)
    assert bad_one.detail.startswith("entry[1]: ")
    assert path in bad_one.detail
    assert not found.failed


@pytest.mark.parametrize("entry", [3, "x", {"resource": 3}, {"resource": {}}, {"resource": [], "fullUrl": 1}])
def test_an_entry_that_is_no_entry_costs_itself(entry: Any) -> None:
    content = bundle(ORDER)
    content["entry"].append(entry)
    found = decoded(content)
    assert [r.id for r in read(found)] == ["m1"]
    assert [(one.problem, one.kind) for one in unread(found)] == [("ENTRY_UNREADABLE", "")]


def test_a_bad_entry_of_an_inner_bundle_costs_only_itself() -> None:
    found = decoded(bundle(bundle(BAD, ORDER), STUDY))
    assert [r.id for r in read(found)] == ["m1", "s1"]
    assert unread(found)[0].detail.startswith("entry[0]: entry[0]: ")


def test_a_single_bad_resource_is_a_gap() -> None:
    found = decoded(BAD)
    assert read(found) == []
    assert own_reference(unread(found)[0]) == "MedicationRequest/bad"


def test_the_rest_of_a_mended_bundle_is_as_good_as_a_whole_one() -> None:
    content = bundle(ORDER, BAD, total=3, link=[{"relation": "next", "url": "https://ehr.example/p2"}])
    content["entry"][0]["fullUrl"] = "urn:uuid:11111111-2222-3333-4444-555555555555"
    content["entry"].append({"response": {"status": "404"}})
    found = decoded(content)
    assert (found.next_link, found.total, found.failed) == ("https://ehr.example/p2", 3, True)
    assert found.resources[0].full_url == "urn:uuid:11111111-2222-3333-4444-555555555555"


def test_numbers_out_of_range_cost_their_entry() -> None:
    text = json.dumps(bundle(STUDY, order("sirolimus", {"doseAndRate": [{"doseQuantity": {"value": 0.5}}]})))
    found = decode(text.replace("0.5", "1e999").encode())
    assert [r.id for r in read(found)] == ["s1"]
    assert unread(found)[0].problem == "ENTRY_UNREADABLE"


# ---------------------------------------------------------------- what is not read


def test_types_nobody_asks_for_are_counted_and_are_no_error() -> None:
    others = [{"resourceType": name, "id": "x"} for name in ("Encounter", "Organization", "Claim")]
    unknown = {"resourceType": "GenomicStudy", "id": "r5"}
    found = decoded(bundle(*others, unknown, ORDER))
    assert (found.ignored, found.matches, found.gaps) == (4, 5, ())
    assert [r.id for r in found.resources] == ["m1"]


def test_a_single_resource_of_an_unknown_type_is_ignored() -> None:
    assert decoded({"resourceType": "GenomicStudy"}).ignored == 1


# ---------------------------------------------------------------- pages, errors, holes


def test_a_page_says_where_the_next_one_is() -> None:
    links = [{"relation": "self", "url": "a"}, {"relation": "next", "url": "b"}]
    assert decoded(bundle(ORDER, link=links)).next_link == "b"
    assert decoded(bundle(ORDER, link=links[:1])).next_link is None


def test_included_resources_are_not_counted_as_matches() -> None:
    content = bundle(ORDER, total=1)
    content["entry"].append({"resource": STUDY, "search": {"mode": "include"}})
    found = decoded(content)
    assert (found.total, found.matches, len(found.resources)) == (1, 1, 2)


@pytest.mark.parametrize("mode", [None, "outcome", "include", "match"])
@pytest.mark.parametrize("total", [1, 2])
def test_a_warning_among_the_entries_is_no_entry(mode: str | None, total: int) -> None:
    content = bundle(ORDER, total=total)
    content["entry"].append({"resource": WARNING, "search": {"mode": mode}})
    found = decoded(content)
    assert (found.matches, len(found.resources), found.failed) == (1, 1, False)
    assert is_short(found) is (total == 2)


@pytest.mark.parametrize(
    ("content", "failed", "gaps"),
    [
        (ERROR, True, ["error: timeout"]),
        (WARNING, True, ["warning: not-supported"]),
        (FINE, True, []),
        (bundle(ORDER, ERROR), True, ["error: timeout"]),
        (bundle(ORDER, WARNING), False, []),
        (bundle(ORDER, FINE), False, []),
        (bundle(ORDER, outcome("success")), False, []),
        (bundle(ORDER, outcome("warning", "information")), False, []),
        (bundle(ORDER, outcome("error")), True, ["error: x"]),
        (bundle(ORDER, outcome("fatal")), True, ["fatal: x"]),
        (bundle(ORDER, outcome("warning", "error", "information")), True, ["error: x"]),
        (bundle(ORDER, outcome(None)), True, ["unstated: x"]),
        (bundle(ORDER, outcome("grave")), True, ["grave: x"]),
        (bundle(ORDER, outcome()), True, []),
        (bundle(ORDER, outcome("error", details={"text": "Too\n many"})), True, ["error: x: Too many"]),
        (bundle(ORDER, outcome("error", diagnostics="y" * 999)), True, [f"error: x: {'y' * 120}"]),
        (bundle(ORDER, outcome("error", details={"text": "a"}, diagnostics="b")), True, ["error: x: a"]),
        (bundle(ORDER, outcome("error", diagnostics=" ")), True, ["error: x"]),
    ],
)
def test_an_outcome_instead_of_data_is_a_failure_and_beside_data_only_when_it_is_an_error(
    content: Json, failed: bool, gaps: list[str]
) -> None:
    found = decoded(content)
    assert found.failed is failed
    assert found.gaps == tuple(Gap("SERVER_OUTCOME", detail=detail) for detail in gaps)


@pytest.mark.parametrize(
    ("entry", "failed", "gaps"),
    [
        ({"response": {"status": "404 Not Found"}}, True, ["SERVER_OUTCOME"]),
        ({"response": {"status": "204"}}, False, []),
        ({"request": {"method": "DELETE", "url": "Condition/1"}}, False, []),
        ({"fullUrl": "https://ehr.example/Condition/1"}, False, ["ENTRY_WITHOUT_RESOURCE"]),
    ],
)
def test_an_entry_without_a_resource_is_told_apart(entry: Json, failed: bool, gaps: list[str]) -> None:
    content = bundle(ORDER)
    content["entry"].append(entry)
    found = decoded(content)
    assert (found.failed, [gap.problem for gap in found.gaps]) == (failed, gaps)


def test_of_a_history_only_the_present_counts() -> None:
    entries = [
        {"request": {"method": "DELETE", "url": "ResearchStudy/s1"}},
        {"resource": order(status="stopped"), "request": {"method": "PUT", "url": "MedicationRequest/m1"}},
        {"resource": order(), "request": {"method": "PUT", "url": "MedicationRequest/m1"}},
        {"resource": STUDY, "request": {"method": "PUT", "url": "ResearchStudy/s1"}},
    ]
    found = decoded({"resourceType": "Bundle", "type": "history", "entry": entries})
    assert [getattr(r, "status", None) for r in found.resources] == ["stopped"]


def test_a_resource_without_id_is_named_by_its_urn() -> None:
    content = bundle({k: v for k, v in ORDER.items() if k != "id"})
    content["entry"][0]["fullUrl"] = "urn:uuid:abc-1"
    assert decoded(content).resources[0].id == "abc-1"


# ---------------------------------------------------------------- NDJSON


def test_a_bad_line_is_named_and_costs_no_other() -> None:
    lines = [json.dumps(ORDER), "", '{"resourceType": "Pat', json.dumps(BAD), json.dumps(STUDY)]
    found = decode_ndjson("\r\n".join(lines).encode())
    assert [r.id for r in read(found)] == ["m1", "s1"]
    assert [(one.problem, one.kind, one.detail.partition(":")[0]) for one in unread(found)] == [
        ("ENTRY_UNREADABLE", "MedicationRequest", "line 4"),
        ("LINE_UNREADABLE", "", "line 3"),
    ]


def test_a_torn_last_line_is_named() -> None:
    found = decode_ndjson((json.dumps(ORDER) + "\n" + json.dumps(STUDY)[:-4]).encode())
    assert len(read(found)) == 1
    assert [(one.kind, one.id) for one in unread(found)] == [("ResearchStudy", None)]
    assert unread(found)[0].detail.startswith("line 2: ")


def test_an_outcome_among_the_lines_is_a_failure() -> None:
    assert decode_ndjson(f"{json.dumps(ORDER)}\n{json.dumps(ERROR)}\n".encode()).failed


def test_a_file_without_one_good_line_is_refused() -> None:
    with pytest.raises(NotFhir, match="line 1"):
        decode_ndjson(b"name,born\nLi,1980\n")


def test_fifty_megabytes_are_read_or_refused_but_never_crash() -> None:
    entry = json.dumps({"resource": order("sirolimus", text="x" * 4000)})
    content = b'{"resourceType":"Bundle","entry":[' + b",".join([entry.encode()] * 12_000) + b"]}"
    assert len(content) > 50_000_000
    assert len(decode(content).resources) == 12_000
    with pytest.raises(NotFhir):
        decode(content[:-100])
