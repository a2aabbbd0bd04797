"""How a fact is shown under a criterion, of each kind: its words, where it stands, its day; each unit as a clinician writes it."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.cards.translations import read_wording
from cds_service.rules.criterion_evidence import (
    Sighting,
    doubted,
    evidence_of,
    facts,
    newest_day,
    of_adverse_event,
    of_allergy,
    of_consent,
    of_diagnosis,
    of_medication,
    of_procedure,
    of_result,
    of_study,
    shown_day,
)
from fhir_mappings.clinical_model.clinical_events import AdverseEventSeen, Allergy, AllergyKind, ProcedureDone
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.diagnoses import Certainty, Course
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.medications import MedicationSource
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.quantity import CANONICAL_UNIT
from fhir_mappings.clinical_model.results import Analyte, Presence
from fhir_mappings.clinical_model.studies import ConsentSeen, ConsentState, StudyEntry, StudyState
from tests.builders import diagnosis, medication, result, when

WORDS = read_wording()["en"]
WRITTEN = {
    "[IU]/L": "IU/L",
    "[iU]/L": "IU/L",
    "[IU]/mL": "IU/mL",
    "[iU]/mL": "IU/mL",
    "{copies}/mL": "copies/mL",
    "Cel": "°C",
}


@pytest.mark.parametrize("unit", sorted({*WRITTEN, *CANONICAL_UNIT.values()}))
def test_each_unit_is_shown_as_it_is_written(unit: str) -> None:
    shown = WORDS.plain(of_result(result(Analyte.CREATININE, "38.5"), say("analyte.creatinine"), unit).words)
    assert f"38.5 {WRITTEN.get(unit, unit)} " in f"{shown} "


CIRRHOSIS = diagnosis(Concept.CIRRHOSIS, text="cirrhosis", ago="2024-05-03")
ALLERGY = Allergy(
    "AllergyIntolerance/a1",
    frozenset({"sirolimus", "everolimus"}),
    AllergyKind.ALLERGY,
    True,
    Certainty.CONFIRMED,
    False,
    frozenset(),
    when("2024-05"),
)
EVENT = AdverseEventSeen("AdverseEvent/e1", frozenset(), frozenset(), None, when("2024-05-03"), "rash")
STUDY = StudyEntry("ResearchSubject/r1", False, True, StudyState.ENROLLED, None, None, when("2024-05"), None)
BIOPSY = ProcedureDone("Procedure/p1", frozenset(), when("2024-05-03"), "biopsy")


def _consent(state: ConsentState) -> Sighting:
    return of_consent(ConsentSeen("Consent/c1", state, True, when("2024-05-03")))


def _drug(source: MedicationSource) -> Sighting:
    return of_medication(medication("voriconazole", start="2024-05-03", source=source))


def _hbv(value: Any, **more: Any) -> Sighting:
    return of_result(
        result(Analyte.HBV_DNA, value, "2024-05-03", **more), say("eligibility.test.hbv_dna"), "[IU]/mL"
    )


@pytest.mark.parametrize(
    ("seen", "words", "value"),
    [
        (lambda: of_diagnosis(CIRRHOSIS), "cirrhosis on 2024-05-03", "cirrhosis"),
        (lambda: of_diagnosis(replace(CIRRHOSIS, onset=when("2023"))), "cirrhosis on 2023", "cirrhosis"),
        (
            lambda: of_diagnosis(replace(CIRRHOSIS, codes=("ICD-10 K74.6",))),
            "cirrhosis (ICD-10 K74.6) on 2024-05-03",
            "cirrhosis",
        ),
        (
            lambda: of_diagnosis(replace(CIRRHOSIS, codes=("cirrhosis",))),
            "cirrhosis on 2024-05-03",
            "cirrhosis",
        ),
        (
            lambda: of_diagnosis(replace(CIRRHOSIS, codes=("a 1", "b 2"))),
            "cirrhosis (a 1, b 2) on 2024-05-03",
            "cirrhosis",
        ),
        (
            lambda: of_diagnosis(replace(CIRRHOSIS, by_text_only=True)),
            "cirrhosis on 2024-05-03, text without a code",
            "cirrhosis",
        ),
        (
            lambda: of_diagnosis(replace(CIRRHOSIS, certainty=Certainty.PROVISIONAL, by_text_only=True)),
            "cirrhosis on 2024-05-03, not confirmed",
            "cirrhosis",
        ),
        (lambda: of_diagnosis(replace(CIRRHOSIS, recorded=None)), "cirrhosis without a date", "cirrhosis"),
        (lambda: _hbv(150), "HBV DNA 150 IU/mL on 2024-05-03", Decimal(150)),
        (lambda: _hbv("<20"), "HBV DNA <20 IU/mL on 2024-05-03", "<20"),
        (lambda: _hbv("positive"), "HBV DNA positive on 2024-05-03", "positive"),
        (lambda: _hbv("negative"), "HBV DNA negative on 2024-05-03", "negative"),
        (lambda: _hbv("positive", as_written="1:80"), "HBV DNA positive (1:80) on 2024-05-03", "positive"),
        (lambda: _hbv(7, presence=Presence.POSITIVE), "HBV DNA 7 IU/mL on 2024-05-03", Decimal(7)),
        (lambda: _hbv(None, as_written="see report"), "HBV DNA see report on 2024-05-03", "see report"),
        (
            lambda: of_result(result(Analyte.HBV_DNA, 7, "2024-05-03"), say("eligibility.test.hbv_dna")),
            "HBV DNA 7 on 2024-05-03",
            Decimal(7),
        ),
        (lambda: _drug(MedicationSource.ORDER), "voriconazole (ordered) on 2024-05-03", "voriconazole"),
        (lambda: _drug(MedicationSource.DISPENSE), "voriconazole (dispensed) on 2024-05-03", "voriconazole"),
        (
            lambda: _drug(MedicationSource.ADMINISTRATION),
            "voriconazole (given) on 2024-05-03",
            "voriconazole",
        ),
        (
            lambda: _drug(MedicationSource.STATEMENT),
            "voriconazole (reported as taken) on 2024-05-03",
            "voriconazole",
        ),
        (
            lambda: of_procedure(BIOPSY, say("eligibility.seen.sterilisation")),
            "biopsy on 2024-05-03",
            "biopsy",
        ),
        (
            lambda: of_procedure(replace(BIOPSY, text=""), say("eligibility.seen.pregnancy_ended")),
            "delivery or abortion on 2024-05-03",
            None,
        ),
        (
            lambda: of_allergy(ALLERGY),
            "allergy or intolerance to everolimus, sirolimus on 2024-05",
            "everolimus, sirolimus",
        ),
        (
            lambda: of_allergy(replace(ALLERGY, text="mTOR")),
            "allergy or intolerance to mTOR on 2024-05",
            "mTOR",
        ),
        (lambda: of_adverse_event(EVENT), "rash on 2024-05-03", "rash"),
        (
            lambda: of_adverse_event(replace(EVENT, suspects=frozenset({"b", "a"}))),
            "rash (attributed to a, b) on 2024-05-03",
            "rash",
        ),
        (
            lambda: of_study(STUDY),
            "in a study (ResearchSubject/r1, status enrolled), since 2024-05, no end on record",
            "enrolled",
        ),
        (
            lambda: of_study(replace(STUDY, title="ALPHA", fhir_status="on-study")),
            "in a study (ALPHA, status on-study), since 2024-05, no end on record",
            "on-study",
        ),
        (
            lambda: of_study(replace(STUDY, end=when("2024-07-01"))),
            "in a study (ResearchSubject/r1, status enrolled), until 2024-07-01",
            "enrolled",
        ),
        (
            lambda: of_study(replace(STUDY, start=None)),
            "in a study (ResearchSubject/r1, status enrolled) without a date",
            "enrolled",
        ),
        (lambda: _consent(ConsentState.GIVEN), "consent given on 2024-05-03", "given"),
        (lambda: _consent(ConsentState.REFUSED), "consent refused on 2024-05-03", "refused"),
        (lambda: _consent(ConsentState.INACTIVE), "consent no longer active on 2024-05-03", "inactive"),
    ],
)
def test_a_fact_of_each_kind_is_shown_in_its_own_words(
    seen: Callable[[], Sighting], words: str, value: Any
) -> None:
    sighting = seen()
    assert WORDS.plain(sighting.words) == words
    assert sighting.evidence.value == value


@pytest.mark.parametrize(
    ("seen", "reference", "day", "text"),
    [
        (
            lambda: of_diagnosis(replace(CIRRHOSIS, onset=when("2023"))),
            CIRRHOSIS.reference,
            date(2024, 5, 3),
            "2023",
        ),
        (lambda: of_diagnosis(replace(CIRRHOSIS, recorded=None)), CIRRHOSIS.reference, None, None),
        (lambda: of_allergy(ALLERGY), "AllergyIntolerance/a1", date(2024, 5, 1), "2024-05"),
        (lambda: of_adverse_event(EVENT), "AdverseEvent/e1", date(2024, 5, 3), "2024-05-03"),
        (lambda: of_adverse_event(replace(EVENT, when=None)), "AdverseEvent/e1", None, None),
        (
            lambda: of_procedure(BIOPSY, say("eligibility.seen.sterilisation")),
            "Procedure/p1",
            date(2024, 5, 3),
            "2024-05-03",
        ),
        (lambda: of_study(STUDY), "ResearchSubject/r1", date(2024, 5, 1), "2024-05"),
        (
            lambda: of_study(replace(STUDY, end=when("2024-07-01"))),
            "ResearchSubject/r1",
            date(2024, 7, 1),
            "2024-07-01",
        ),
        (lambda: _consent(ConsentState.GIVEN), "Consent/c1", date(2024, 5, 3), "2024-05-03"),
        (
            lambda: of_result(
                replace(result(Analyte.ALT, 7), reference="Observation/o", when=None), say("analyte.alt")
            ),
            "Observation/o",
            None,
            None,
        ),
        (
            lambda: of_result(
                replace(result(Analyte.ALT, 7), reference="Observation/o", when=when("2024")),
                say("analyte.alt"),
            ),
            "Observation/o",
            date(2024, 1, 1),
            "2024",
        ),
    ],
)
def test_a_fact_says_where_it_stands_and_of_a_partial_date_the_first_day(
    seen: Callable[[], Sighting], reference: str, day: date | None, text: str | None
) -> None:
    sighting = seen()
    assert (sighting.evidence.reference, sighting.day, sighting.evidence.date) == (reference, day, text)


@pytest.mark.parametrize(("value", "unit"), [(7, "U/L"), ("<7", "U/L"), ("positive", None), (None, None)])
def test_a_unit_stands_beside_a_number_alone(value: Any, unit: str | None) -> None:
    assert of_result(result(Analyte.ALT, value), say("analyte.alt"), "U/L").evidence.unit == unit


@pytest.mark.parametrize(
    ("onset", "abated", "course", "happened"),
    [
        ("2023-01-01", None, Course.ACTIVE, date(2024, 5, 3)),
        ("2024-06-01", None, Course.ACTIVE, date(2024, 6, 1)),
        ("2023-01-01", None, Course.HISTORY, date(2023, 1, 1)),
        ("2023-01-01", "2023-02", Course.HISTORY, date(2023, 2, 1)),
        (None, None, Course.HISTORY, None),
        (None, None, Course.UNSTATED, date(2024, 5, 3)),
    ],
)
def test_what_is_over_happened_on_its_own_days_not_when_it_was_written_down(
    onset: str | None, abated: str | None, course: Course, happened: date | None
) -> None:
    seen = of_diagnosis(replace(CIRRHOSIS, onset=when(onset), abated=when(abated), course=course))
    assert newest_day([seen, of_diagnosis(replace(CIRRHOSIS, recorded=None))]) == happened


def _of(days: list[int | None]) -> list[Sighting]:
    return [
        Sighting(
            say("eligibility.seen.text", text=f"f{day}"), Evidence(f"r{day}"), day and date(2024, 5, day)
        )
        for day in days
    ]


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ([1], "f1"),
        ([1, 3, 2], "f3, f2, f1"),
        ([1, None, 2], "f2, f1, fNone"),
        ([4, 1, 3, 2], "f4, f3, f2 and 1 more"),
        ([4, 1, 3, 2, 5], "f5, f4, f3 and 2 more"),
    ],
)
def test_the_newest_three_facts_are_named_and_all_are_evidence(days: list[int | None], words: str) -> None:
    assert WORDS.plain(facts(_of(days))) == words
    assert [evidence.reference for evidence in evidence_of(_of(days))] == [f"r{day}" for day in days]


def test_a_doubted_fact_has_other_words_and_the_same_evidence() -> None:
    (seen,) = _of([1])
    assert doubted(seen, say("x")) == replace(seen, words=say("x"))


def test_a_partial_date_is_shown_as_it_was_written() -> None:
    shown = [
        shown_day(day) for day in (when("2024-05"), when("2024"), when("2024-05-03T08:00:00+08:00")) if day
    ]
    assert shown == ["2024-05", "2024", date(2024, 5, 3)]
