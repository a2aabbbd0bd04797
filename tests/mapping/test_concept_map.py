"""A site's ConceptMap: what is accepted, and every fault named."""

import json
from typing import Any

import pytest

from fhir_mappings.readers.read_concept_map import read_concept_map
from fhir_mappings.value_sets import FaultyCodeLists, LocalCode, load_code_lists

LAB, LOINC = "http://hospital.example/lab", "http://loinc.org"


def concept_map(*targets: dict[str, Any], **group: Any) -> bytes:
    elements = [{"code": "XLMS", "target": list(targets)}]
    body = {"source": LAB, "target": LOINC, "element": elements} | group
    return json.dumps({"resourceType": "ConceptMap", "status": "active", "group": [body]}).encode()


@pytest.mark.parametrize("equivalence", ["equal", "equivalent", "wider", "subsumes"])
def test_a_code_that_means_the_same_or_less_stands_for_ours(equivalence: str) -> None:
    (local,) = read_concept_map(concept_map({"code": "72676-0", "equivalence": equivalence}))
    assert local == LocalCode(LAB, "XLMS", LOINC, "72676-0")
    level = load_code_lists([local]).analyte([(LAB, "XLMS", None)])
    assert level is not None
    assert level.code == "72676-0"


@pytest.mark.parametrize("equivalence", ["narrower", "specializes", "inexact", "relatedto", None])
def test_anything_looser_is_refused(equivalence: str | None) -> None:
    with pytest.raises(FaultyCodeLists, match="XLMS"):
        read_concept_map(concept_map({"code": "72676-0", "equivalence": equivalence}))


@pytest.mark.parametrize("equivalence", ["unmatched", "disjoint"])
def test_a_code_said_to_have_no_counterpart_is_no_fault(equivalence: str) -> None:
    good = {"code": "72676-0", "equivalence": "equal"}
    assert len(read_concept_map(concept_map({"equivalence": equivalence}, good))) == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b'{"resourceType": "ValueSet"}',
        b'{"resourceType": "ConceptMap"}',
        b'{"resourceType": "ConceptMap", "status": "retired"}',
        concept_map({"equivalence": "equal"}),
        concept_map({"code": "72676-0", "equivalence": "equal"}, source=None),
        concept_map({"code": "72676-0", "equivalence": "equal"}, target=None),
    ],
)
def test_a_map_that_cannot_be_used_is_refused(raw: bytes) -> None:
    with pytest.raises(FaultyCodeLists):
        read_concept_map(raw)


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(FaultyCodeLists) as refused:
        read_concept_map(concept_map({"code": "1", "equivalence": "inexact"}, {"equivalence": "equal"}))
    assert len(refused.value.faults) == 2
