"""An investigator's answers -> the QuestionnaireResponse that `readers.attestation` reads back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fhir_mappings.writers.validation import problems

Json = dict[str, Any]


class NotAResponse(ValueError):
    """What was built is not valid FHIR R4; `problems` lists why. Nothing may be sent."""

    def __init__(self, found: list[str]) -> None:
        super().__init__("; ".join(found))
        self.problems = found


def attestation_response(
    form: Json,
    answers: Mapping[str, bool | int],
    patient: str,
    author: str,
    authored: datetime,
    author_name: str = "",
) -> Json:
    """The completed form: only what was answered, in the form's own groups.

    `form` is the Questionnaire, `patient` and `author` are relative references, `author_name` is what people
    call the author (left out where it is not known), `authored` is aware and
    written to the millisecond: of two forms of one second the later must win.
    Raises NotAResponse, also when nothing was answered.
    """
    response: Json = {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": f"{form['url']}|{form['version']}",
        "status": "completed",
        "subject": {"reference": patient},
        "authored": authored.isoformat(timespec="milliseconds"),
        "author": {"reference": author} | ({"display": author_name} if author_name else {}),
        "item": [_group(group, answers) for group in form["item"] if _answered(group, answers)],
    }
    if found := problems(response):
        raise NotAResponse(found)
    return response


def _answered(group: Json, answers: Mapping[str, bool | int]) -> list[Json]:
    return [item for item in group["item"] if item["linkId"] in answers]


def _group(group: Json, answers: Mapping[str, bool | int]) -> Json:
    items = [
        {"linkId": item["linkId"], "text": item["text"], "answer": [_answer(answers[item["linkId"]])]}
        for item in _answered(group, answers)
    ]
    return {"linkId": group["linkId"], "item": items}


def _answer(value: bool | int) -> Json:
    return {"valueBoolean": value} if isinstance(value, bool) else {"valueInteger": value}
