"""The attestation form that is shipped: valid FHIR R4, in two languages, with the items the rules read."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fhir.resources.R4B.questionnaire import Questionnaire

from cds_service.rules.thresholds import FOLDER
from fhir_mappings.readers.reader_settings import ATTESTED_LINES, FORM
from fhir_mappings.writers.validation import problems

FORM_TEXT = (FOLDER / "questionnaire.json").read_text(encoding="utf-8")
SHIPPED: dict[str, Any] = json.loads(FORM_TEXT)
TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"


def _items(items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for item in items:
        yield item
        yield from _items(item.get("item", []))


ITEMS = list(_items(SHIPPED["item"]))
ASKED = [item for item in ITEMS if item["type"] != "group"]


def test_the_form_is_a_questionnaire_of_fhir_r4() -> None:
    assert Questionnaire.model_validate_json(FORM_TEXT).url == FORM
    assert problems(SHIPPED) == []


def test_the_form_asks_exactly_the_items_that_are_read_back_in_their_order() -> None:
    assert tuple(item["linkId"] for item in ASKED) == tuple(ATTESTED_LINES)


@pytest.mark.parametrize("item", ASKED, ids=lambda item: item["linkId"])
def test_each_item_takes_the_type_of_answer_that_is_read(item: dict[str, Any]) -> None:
    assert item["type"] == ("integer" if item["linkId"] == "I8" else "boolean")


def test_the_score_is_bounded_to_the_scale() -> None:
    score = next(item for item in ASKED if item["linkId"] == "I8")
    bounds = {e["url"].rpartition("/")[2]: e["valueInteger"] for e in score["extension"]}
    assert bounds == {"minValue": 0, "maxValue": 5}


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item["linkId"])
def test_each_item_is_there_in_chinese(item: dict[str, Any]) -> None:
    [translation] = item["_text"]["extension"]
    parts = {e["url"]: e for e in translation["extension"]}
    assert translation["url"] == TRANSLATION
    assert parts["lang"]["valueCode"] == "zh-CN"
    assert any("\u4e00" <= letter <= "\u9fff" for letter in parts["content"]["valueString"])


def test_no_link_id_is_used_twice() -> None:
    ids = [item["linkId"] for item in ITEMS]
    assert len(ids) == len(set(ids))
