"""The patient: birth date with its precision, sex, death."""

from datetime import UTC, datetime

import pytest

from fhir_mappings.clinical_model.known_unknown import Fact, Known, Sex, Unknown, WhyUnknown
from tests.mapping.charts import Json, problems
from tests.mapping.entries import chart, concept, patient

SPCU = "http://hl7.org/fhir/StructureDefinition/patient-sexParameterForClinicalUse"
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"


@pytest.mark.parametrize("text", ["1982-05-17", "1982-05", "1982"])
def test_a_birth_date_keeps_its_precision(text: str) -> None:
    born = chart(patient(birthDate=text)).birth_date
    assert isinstance(born, Known)
    assert born.value.text == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, WhyUnknown.MISSING),
        ("", WhyUnknown.MISSING),
        ("17.05.1982", WhyUnknown.UNREADABLE),
        ("1982-13-01", WhyUnknown.UNREADABLE),
        ("2027-01-01", WhyUnknown.UNREADABLE),
    ],
)
def test_a_birth_date_that_is_none_is_unknown(text: str | None, why: WhyUnknown) -> None:
    record = chart(patient(birthDate=text))
    assert isinstance(record.birth_date, Unknown)
    assert record.birth_date.why is why
    assert problems(record) == (["BIRTH_DATE_UNREADABLE"] if why is WhyUnknown.UNREADABLE else [])


def _said(sex: Fact[Sex]) -> str:
    return sex.value.value if isinstance(sex, Known) else sex.why.value


def spcu(code: str) -> Json:
    return {
        "url": SPCU,
        "extension": [
            {"url": "value", "valueCodeableConcept": concept("http://x", code)},
            {"url": "comment", "valueString": "x"},
        ],
    }


@pytest.mark.parametrize(
    ("gender", "extensions", "said"),
    [
        ("female", [], "female"),
        ("male", [], "male"),
        ("other", [], "other"),
        ("unknown", [], "missing"),
        (None, [], "missing"),
        ("F!", [], "unreadable"),
        ("male", [spcu("male")], "male"),
        ("male", [spcu("female")], "conflicting"),
        ("male", [spcu("female-typical")], "conflicting"),
        ("female", [spcu("specified")], "conflicting"),
        (None, [spcu("female")], "female"),
        ("female", [spcu("unknown")], "female"),
        ("male", [{"url": US_CORE + "us-core-birthsex", "valueCode": "F"}], "conflicting"),
        ("female", [{"url": US_CORE + "us-core-birthsex", "valueCode": "F"}], "female"),
        ("female", [{"url": US_CORE + "us-core-birthsex", "valueCode": "UNK"}], "female"),
        ("male", [{"url": US_CORE + "us-core-sex", "valueCode": "248152002"}], "conflicting"),
        (
            "male",
            [{"url": US_CORE + "us-core-individual-sex", "valueCoding": {"code": "female"}}],
            "conflicting",
        ),
        ("male", [{"url": US_CORE + "us-core-genderIdentity", "valueCode": "female"}], "male"),
    ],
)
def test_sex_is_what_every_statement_agrees_on(gender: str | None, extensions: list[Json], said: str) -> None:
    record = chart(patient(gender=gender, extension=extensions))
    assert _said(record.sex) == said
    assert problems(record) == (["SEX_CONFLICTING"] if said == "conflicting" else [])


@pytest.mark.parametrize(
    ("parts", "dead"),
    [
        ({}, False),
        ({"deceasedBoolean": False}, False),
        ({"deceasedBoolean": True}, True),
        ({"deceasedDateTime": "2026-01-01"}, True),
        ({"deceasedDateTime": "spring"}, True),
        ({"deceasedDateTime": "2026-09-01"}, False),
    ],
)
def test_a_death_by_the_chart_s_moment_counts(parts: Json, dead: bool) -> None:
    assert chart(patient(**parts)).deceased is dead


def test_a_death_after_the_day_that_is_asked_about_is_none_yet() -> None:
    died = patient(deceasedDateTime="2026-01-01")
    assert not chart(died, as_of=datetime(2025, 12, 1, tzinfo=UTC)).deceased


def test_a_patient_with_an_unknown_modifier_says_nothing() -> None:
    record = chart(patient(birthDate="1982-05-17", gender="female", modifierExtension=[{"url": "urn:x"}]))
    assert _said(record.sex) != "female"
    assert isinstance(record.birth_date, Unknown)
