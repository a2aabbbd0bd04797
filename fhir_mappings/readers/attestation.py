"""QuestionnaireResponse -> what an investigator has attested, item by item (DECISIONS 1)."""

from fhir_mappings.readers.fhir_types import FhirType, Reference, Resource


class Answer(FhirType):
    """One answer; only the two types our form asks for are read."""

    value_boolean: bool | None = None
    value_integer: int | None = None
    item: tuple["Item", ...] = ()


class Item(FhirType):
    """One line of the form, or a group of lines."""

    link_id: str | None = None
    answer: tuple[Answer, ...] = ()
    item: tuple["Item", ...] = ()


class QuestionnaireResponse(Resource, tag="QuestionnaireResponse"):
    """A filled-in form."""

    questionnaire: str | None = None
    status: str | None = None
    subject: Reference | None = None
    authored: str | None = None
    author: Reference | None = None
    item: tuple[Item, ...] = ()
