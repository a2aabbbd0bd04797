"""The attestation form on the page: its lines in the person's language, and what was answered."""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from cds_service.signin.signin_errors import SignInRefused, WhyRefused
from fhir_mappings.clinical_model.studies import Attestation

Json = dict[str, Any]
_TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"
_LANGUAGES = {"zh": "zh-CN"}
_YES_NO = {"yes": True, "no": False}


TRIAL_FIELD = "trial"
"""The field of the page's form that names the trial which asks; no line is called so."""


class FormLine(msgspec.Struct, frozen=True):
    """One question; `now` is the criterion's present answer in words. `scores`: none for yes or no.

    `last` is what was answered the last time, "yes", "no" or a score, `last_day` when, `last_by` who did, as
    the form names them; "" for never, or nobody named.
    """

    name: str
    text: str
    scores: tuple[int, ...]
    now: str
    tone: str
    last: str = ""
    last_day: str = ""
    last_by: str = ""

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


LastAnswers = Mapping[str, tuple[str, str, str]]
"""What was answered the last time, on which day and by whom, by line."""


Attested = Mapping[str, range | None]
"""What may be answered to each line: None for yes or no, else the scores there are (`Trial.attested`)."""


def groups(
    file: Path,
    attested: Attested,
    language: str,
    states: Mapping[str, tuple[str, str]],
    last: LastAnswers | None = None,
) -> tuple[FormGroup, ...]:
    """The form in a language; `states` is (tone, words) by criterion."""
    asked = questionnaire(file)["item"]
    return tuple(_group(group, attested, language, states, last or {}) for group in asked)


def last_answers(attestations: Iterable[Attestation]) -> LastAnswers:
    """The newest answer to each line, of what counts as an attestation."""
    found: dict[str, tuple[str, str, str]] = {}
    counted = [one for one in attestations if one.counted and one.authored]
    for one in sorted(counted, key=lambda one: one.authored.last if one.authored else date.min):
        day = one.authored.last.isoformat() if one.authored else ""
        found |= {line: (_written(value), day, one.by) for line, value in one.answers}
    return found


def _written(value: bool | int) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _group(
    group: Json,
    attested: Attested,
    language: str,
    states: Mapping[str, tuple[str, str]],
    last: LastAnswers,
) -> FormGroup:
    lines = []
    for item in group["item"]:
        tone, now = states.get(item["linkId"].partition(".")[0], ("", ""))
        scores = tuple(attested[item["linkId"]] or ())
        before = last.get(item["linkId"], ("", "", ""))
        lines.append(FormLine(item["linkId"], _said(item, "text", language), scores, now, tone, *before))
    return FormGroup(group["linkId"], _said(group, "text", language), tuple(lines))


def _said(element: Json, name: str, language: str) -> str:
    """The element's text; in the language, where it is translated."""
    wanted = _LANGUAGES.get(language)
    for extension in element.get(f"_{name}", {}).get("extension", ()):
        parts = {part["url"]: part for part in extension.get("extension", ())}
        if extension["url"] == _TRANSLATION and parts["lang"].get("valueCode") == wanted:
            return str(parts["content"]["valueString"])
    return str(element[name])


def answers(attested: Attested, given: Mapping[str, str]) -> dict[str, bool | int]:
    """What was answered, by line; what was left open is not there. Raises SignInRefused for anything odd."""
    return {line: _answer(scores, given[line]) for line, scores in attested.items() if given.get(line)}


def _answer(scores: range | None, text: str) -> bool | int:
    allowed = _YES_NO if scores is None else {str(score): score for score in scores}
    if text not in allowed:
        raise SignInRefused(WhyRefused.FORM)
    return allowed[text]
