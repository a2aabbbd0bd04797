"""The attestation form on the page: its lines in the person's language, and what was answered."""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from cds_service.signin.signin_errors import SignInRefused, WhyRefused

Json = dict[str, Any]
_TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"
_LANGUAGES = {"zh": "zh-CN"}
_ECOG = range(6)
_YES_NO = {"yes": True, "no": False}


class FormLine(msgspec.Struct, frozen=True):
    """One question. `choices` are (value, words); `now` is the criterion's present answer in words."""

    name: str
    text: str
    is_score: bool
    now: str
    tone: str

    @property
    def is_open(self) -> bool:
        """Nothing has settled it yet: it is asked first."""
        return self.tone in ("unknown", "")


class FormGroup(msgspec.Struct, frozen=True):
    """Questions that are answered in the same sense."""

    name: str
    text: str
    lines: tuple[FormLine, ...]


@lru_cache(maxsize=8)
def questionnaire(file: Path) -> Json:
    """A trial's form as shipped."""
    form: Json = json.loads(file.read_text(encoding="utf-8"))
    return form


def groups(file: Path, language: str, states: Mapping[str, tuple[str, str]]) -> tuple[FormGroup, ...]:
    """The form in a language; `states` is (tone, words) by criterion."""
    return tuple(_group(group, language, states) for group in questionnaire(file)["item"])


def description(file: Path, language: str) -> str:
    """What the form says of itself."""
    return _said(questionnaire(file), "description", language)


def _group(group: Json, language: str, states: Mapping[str, tuple[str, str]]) -> FormGroup:
    lines = []
    for item in group["item"]:
        tone, now = states.get(item["linkId"].partition(".")[0], ("", ""))
        is_score = item["type"] == "integer"
        lines.append(FormLine(item["linkId"], _said(item, "text", language), is_score, now, tone))
    return FormGroup(group["linkId"], _said(group, "text", language), tuple(lines))


def _said(element: Json, name: str, language: str) -> str:
    """The element's text; in the language, where it is translated."""
    wanted = _LANGUAGES.get(language)
    for extension in element.get(f"_{name}", {}).get("extension", ()):
        parts = {part["url"]: part for part in extension.get("extension", ())}
        if extension["url"] == _TRANSLATION and parts["lang"].get("valueCode") == wanted:
            return str(parts["content"]["valueString"])
    return str(element[name])


def answers(file: Path, given: Mapping[str, str]) -> dict[str, bool | int]:
    """What was answered, by line; what was left open is not there. Raises SignInRefused for anything odd."""
    return dict(_answers(file, given))


def _answers(file: Path, given: Mapping[str, str]) -> Iterator[tuple[str, bool | int]]:
    for item in (item for group in questionnaire(file)["item"] for item in group["item"]):
        text = given.get(item["linkId"], "")
        if not text:
            continue
        if item["type"] == "integer" and text in {str(score) for score in _ECOG}:
            yield item["linkId"], int(text)
        elif item["type"] == "boolean" and text in _YES_NO:
            yield item["linkId"], _YES_NO[text]
        else:
            raise SignInRefused(WhyRefused.FORM)
