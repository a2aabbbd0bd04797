"""QuestionnaireResponse -> what an investigator has attested, item by item (DECISIONS 1)."""

from collections.abc import Iterable, Iterator

from fhir_mappings.clinical_model.known_unknown import Gap
from fhir_mappings.clinical_model.studies import Attestation
from fhir_mappings.readers.fhir_types import FhirType, Reference, Resource
from fhir_mappings.readers.reading_context import ReadingContext
from fhir_mappings.readers.references import own_reference

_COUNTED = ("completed", "amended")
_AUTHORS = ("Practitioner", "PractitionerRole")
_LONGEST_NAME = 80
"""Characters of a name that are kept: it stands beside an answer, on one line."""


class AttestedAnswer(FhirType):
    """One answer; only the two types our form asks for are read."""

    value_boolean: bool | None = None
    value_integer: int | None = None
    item: tuple["AttestedItem", ...] = ()


class AttestedItem(FhirType):
    """One line of the form, or a group of lines."""

    link_id: str | None = None
    answer: tuple[AttestedAnswer, ...] = ()
    item: tuple["AttestedItem", ...] = ()


class Practitioner(Resource, tag="Practitioner"):
    """Somebody who may attest; nothing of the person is read."""


class PractitionerRole(Resource, tag="PractitionerRole"):
    """Somebody in a role who may attest."""


class QuestionnaireResponse(Resource, tag="QuestionnaireResponse"):
    """A filled-in form."""

    questionnaire: str | None = None
    status: str | None = None
    subject: Reference | None = None
    authored: str | None = None
    author: Reference | None = None
    source: Reference | None = None
    item: tuple[AttestedItem, ...] = ()


def read_attestation(response: QuestionnaireResponse, chart: ReadingContext) -> Iterator[Attestation | Gap]:
    """The answers to the trial's form; nothing for any other form, another trial's among them.

    An answer counts with a finished form, its date, and a practitioner as author; else it is only shown.
    """
    if not is_answer_to(chart.settings.form, response.questionnaire):
        return
    reference, asked = own_reference(response), chart.settings.attested
    answers: dict[str, bool | int | None] = {}
    for item in _all_items(response.item):
        line = item.link_id
        if line is None or line not in asked or not item.answer:
            continue
        answer = _answer(item, asked[line])
        if answer is None:
            yield Gap("ANSWER_UNREADABLE", reference, line)
        elif answers.setdefault(line, answer) != answer:
            answers[line] = None
            yield Gap("ANSWER_CONFLICTING", reference, line)
    authored = chart.when(response.authored)
    counted = (
        response.status in _COUNTED and authored is not None and _is_practitioner(response.author, chart)
    )
    given = tuple(sorted((line, answer) for line, answer in answers.items() if answer is not None))
    yield Attestation(reference, authored, counted, given, _named(response, chart))


def is_answer_to(form: str | None, questionnaire: str | None) -> bool:
    """Does a response name this form, in whatever version of it? A trial without a form has no answers."""
    return form is not None and (questionnaire or "").partition("|")[0] == form


def _all_items(items: Iterable[AttestedItem]) -> Iterator[AttestedItem]:
    for item in items:
        yield item
        yield from _all_items(item.item)
        for answer in item.answer:
            yield from _all_items(answer.item)


def _answer(item: AttestedItem, scores: range | None) -> bool | int | None:
    """A whole number among the scores, or yes or no where there are none; several answers are none."""
    if len(item.answer) != 1:
        return None
    answer = item.answer[0]
    if scores is not None:
        return answer.value_integer if answer.value_integer in scores else None
    return answer.value_boolean


def _named(response: QuestionnaireResponse, chart: ReadingContext) -> str:
    """The name that the form gives its author, or the practitioner who was its source; "" for none.

    A patient may be the source of what a practitioner writes, and has attested nothing.
    """
    for person in (response.author, response.source):
        if person and person.display and _is_practitioner(person, chart):
            return " ".join(person.display.split())[:_LONGEST_NAME]
    return ""


def _is_practitioner(person: Reference | None, chart: ReadingContext) -> bool:
    if person is None:
        return False
    name = chart.bag.name(person)
    kind = person.type if name is None or name.startswith("urn:") else name.split("/")[-2:][0]
    return kind in _AUTHORS
