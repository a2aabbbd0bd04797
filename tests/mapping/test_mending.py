"""JSON that is not quite FHIR: what is read all the same, element by element, and what stays unread."""

import json
from typing import Any

import pytest

from fhir_mappings.readers.bundle import decode, decode_ndjson
from fhir_mappings.readers.fhir_types import Unread
from fhir_mappings.readers.observation_types import Observation
from tests.mapping.charts import Json, bundle
from tests.mapping.entries import observation, patient

PERSON = patient()
POTASSIUM = observation("2823-3", valueQuantity={"value": 6.8, "unit": "mmol/L"})

TOLERATED: list[tuple[str, Json]] = [
    ("a null that is absent", {"interpretation": None}),
    ("a null in a list", {"interpretation": [None]}),
    ("a null inside an element", {"code": {"coding": [None, POTASSIUM["code"]["coding"][0]]}}),
    ("a number as a string", {"valueQuantity": {"value": "6.8", "unit": "mmol/L"}}),
    ("a number as a string with blanks", {"valueQuantity": {"value": " 6.8 ", "unit": "mmol/L"}}),
    ("a number as a string with an exponent", {"valueQuantity": {"value": "68e-1", "unit": "mmol/L"}}),
    (
        "one object where a list belongs",
        {"code": {"coding": {"system": "http://loinc.org", "code": "2823-3"}}},
    ),
    ("a whole number for an id", {"id": 17}),
    ("null for a whole element", {"referenceRange": None, "component": None, "contained": None}),
]

LEFT_UNREAD: list[tuple[str, Json]] = [
    ("a number in words", {"valueQuantity": {"value": "six", "unit": "mmol/L"}}),
    ("a number that begins with an idle zero", {"valueQuantity": {"value": "01.5", "unit": "mmol/L"}}),
    ("a number with a comma", {"valueQuantity": {"value": "6,8", "unit": "mmol/L"}}),
    ("a number with its unit", {"valueQuantity": {"value": "6.8 mmol/L"}}),
    ("a number too long to be one", {"valueQuantity": {"value": "6" * 16, "unit": "mmol/L"}}),
    ("no number at all", {"valueQuantity": {"value": "NaN", "unit": "mmol/L"}}),
    ("truth where a number belongs", {"valueQuantity": {"value": True, "unit": "mmol/L"}}),
    ("a list where one belongs", {"status": ["final"]}),
    ("a word where an object belongs", {"valueQuantity": "6.8 mmol/L"}),
    ("an object where a word belongs", {"effectiveDateTime": {"value": "2026-02-27"}}),
]


@pytest.mark.parametrize(("what", "odd"), TOLERATED, ids=[t[0] for t in TOLERATED])
@pytest.mark.parametrize("alone", [True, False])
def test_what_is_beyond_doubt_is_read(what: str, odd: Json, alone: bool) -> None:
    resource = POTASSIUM | odd
    content = resource if alone else bundle(PERSON, resource, observation("718-7", "o2"))
    found = decode(json.dumps(content).encode())
    (read,) = [r for r in found.resources if isinstance(r, Observation) and r.id != "o2"]
    assert read.value_quantity is not None
    assert read.value_quantity.value == 6.8
    assert read.code is not None
    assert read.code.coding[0].code == "2823-3"
    assert [g.problem for g in found.gaps] == ["ENTRY_MENDED"]
    assert found.matches == len(found.resources)


@pytest.mark.parametrize(("what", "odd"), LEFT_UNREAD, ids=[t[0] for t in LEFT_UNREAD])
def test_what_leaves_a_doubt_stays_unread_and_tells_what_it_is(what: str, odd: Json) -> None:
    found = decode(json.dumps(bundle(PERSON, POTASSIUM | odd)).encode())
    (entry,) = [r for r in found.resources if isinstance(r, Unread)]
    assert (entry.kind, entry.id, entry.problem) == ("Observation", "o1", "ENTRY_UNREADABLE")
    assert [c.code for concept in entry.concepts for c in concept.coding] == ["2823-3"]
    assert found.gaps == ()


def test_a_bundle_whose_only_entry_is_no_list_is_read() -> None:
    content = bundle(POTASSIUM)
    content["entry"] = content["entry"][0]
    found = decode(json.dumps(content | {"link": None}).encode())
    assert [type(r) for r in found.resources] == [Observation]


@pytest.mark.parametrize(
    ("torn", "kind", "name"),
    [
        (
            '{"resourceType":"Observation","id":"o9","status":"final","valueQuantity":{"va',
            "Observation",
            "o9",
        ),
        ('{"id":"o9","resourceType":"Observation","status"', "Observation", "o9"),
        ('lue":25.4,"unit":"ng/mL"}}', "", None),
        ('{"resourceType":"Observation","valueQuantity":{"value":01.5}}', "Observation", None),
    ],
)
def test_half_a_line_tells_its_type_or_not_even_that(torn: str, kind: str, name: Any) -> None:
    found = decode_ndjson(f"{json.dumps(PERSON)}\n{torn}\n".encode())
    (entry,) = [r for r in found.resources if isinstance(r, Unread)]
    assert (entry.kind, entry.id, entry.problem) == (kind, name, "LINE_UNREADABLE")
    assert entry.detail.startswith("line 2: ")
