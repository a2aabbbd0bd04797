"""Inclusion 1, 2, 5, 7 and 8 on both sides of every edge."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from fhir_mappings.clinical_model.calendar import on_day
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.diagnoses import Certainty, Course
from fhir_mappings.clinical_model.known_unknown import Known, Part, Unknown, WhyUnknown
from fhir_mappings.clinical_model.medications import MedicationSource, MedicationStatus
from fhir_mappings.clinical_model.results import Analyte, Reading
from fhir_mappings.clinical_model.studies import ConsentState, StudyState
from tests.builders import attested as form
from tests.builders import diagnosis, dispense, given, medication, result, unreadable, when
from tests.rule_tables.eligibility_cases import (
    ATTESTATION,
    DATA,
    LIMITS,
    MET,
    MIXED,
    NOT_MET,
    UNKNOWN,
    asked,
    consent,
    said,
    study,
)
from tests.tables import Case, cases, named

# ---------------------------------------------------------------- I1


@pytest.mark.parametrize(
    "case",
    cases("""
    case                                | born       | on         | verdict
    18th birthday on T0                 | 2008-03-02 | 2026-03-02 | met
    18th birthday the day after         | 2008-03-03 | 2026-03-02 | not-met
    born 29 February, on 28 February    | 2008-02-29 | 2026-02-28 | not-met
    born 29 February, on 1 March        | 2008-02-29 | 2026-03-01 | met
    year only, both ends adult          | 2007       | 2026-03-02 | met
    year only, the ends disagree        | 2008       | 2026-03-02 | unknown
    year only, both ends minor          | 2009       | 2026-03-02 | not-met
    month only, the ends disagree       | 2008-03    | 2026-03-02 | unknown
    month only, both ends adult         | 2008-02    | 2026-03-02 | met
    born tomorrow                       | 2026-03-03 | 2026-03-02 | unknown
    120 years old                       | 1906-03-02 | 2026-03-02 | met
    121 years old                       | 1905-03-02 | 2026-03-02 | unknown
    """),
    ids=named,
)
def test_i1_is_the_age_in_completed_years(case: Case) -> None:
    birth = Known(when(case["born"]))
    found = asked("I1", birth_date=birth, t0=date.fromisoformat(case["on"]))
    assert found.verdict == case["verdict"]
    assert found.evidence[0].date == case["born"]


@pytest.mark.parametrize("why", WhyUnknown)
def test_i1_without_a_date_of_birth_is_asked(why: WhyUnknown) -> None:
    found = asked("I1", birth_date=Unknown(why))
    assert (found.verdict, found.missing[0]) == (UNKNOWN, "birth-date")
    assert found.question


def test_i1_is_open_while_the_patient_could_not_be_read() -> None:
    found = asked("I1", **unreadable(Part.PATIENT))
    assert (found.verdict, found.missing) == (UNKNOWN, ("birth-date", "DATA_UNAVAILABLE:patient"))


# ---------------------------------------------------------------- I2

ACQUIRED = diagnosis(Concept.AA_ACQUIRED)
GENERIC = diagnosis(Concept.AA_GENERIC)
CONGENITAL = diagnosis(Concept.AA_CONGENITAL)
PROVISIONAL = diagnosis(Concept.AA_ACQUIRED, certainty=Certainty.PROVISIONAL)
WORDS_ONLY = diagnosis(Concept.AA_GENERIC, by_text_only=True)
BY_CHEMOTHERAPY = diagnosis(Concept.AA_ANTINEOPLASTIC)


@pytest.mark.parametrize(
    ("facts", "silent", "yes", "no"),
    [
        pytest.param([ACQUIRED], UNKNOWN, MET, NOT_MET, id="acquired"),
        pytest.param([BY_CHEMOTHERAPY], UNKNOWN, MET, NOT_MET, id="by antineoplastic agent"),
        pytest.param([GENERIC], UNKNOWN, MET, NOT_MET, id="generic"),
        pytest.param([PROVISIONAL], UNKNOWN, MET, NOT_MET, id="provisional"),
        pytest.param([WORDS_ONLY], UNKNOWN, MET, NOT_MET, id="words only"),
        pytest.param([], UNKNOWN, MET, NOT_MET, id="nothing"),
        pytest.param([CONGENITAL], NOT_MET, UNKNOWN, NOT_MET, id="congenital alone"),
        pytest.param([CONGENITAL, GENERIC], NOT_MET, UNKNOWN, NOT_MET, id="congenital and generic"),
        pytest.param([CONGENITAL, ACQUIRED], UNKNOWN, MET, NOT_MET, id="both"),
        pytest.param(
            [replace(CONGENITAL, certainty=Certainty.PROVISIONAL)],
            UNKNOWN,
            MET,
            NOT_MET,
            id="perhaps congenital",
        ),
    ],
)
def test_i2_is_the_codes_and_the_judgement(facts: list[Any], silent: str, yes: str, no: str) -> None:
    assert asked("I2", *facts).verdict is silent
    assert asked("I2", *facts, form(1, I2=True)).verdict is yes
    assert asked("I2", *facts, form(1, I2=False)).verdict is no


def test_i2_names_what_it_rests_on() -> None:
    assert asked("I2", ACQUIRED, form(1, I2=True)).basis is MIXED
    assert asked("I2", form(1, I2=True)).basis is ATTESTATION
    assert asked("I2", ACQUIRED, form(1, I2=False)).basis is ATTESTATION
    assert asked("I2", CONGENITAL).basis is DATA
    assert asked("I2", CONGENITAL, form(1, I2=False)).basis is MIXED


def test_i2_a_site_may_trust_the_acquired_code_alone_but_not_a_generic_one() -> None:
    trusting = replace(LIMITS, require_marrow_attestation=False)
    assert asked("I2", ACQUIRED, limits=trusting).verdict is MET
    assert asked("I2", GENERIC, limits=trusting).verdict is UNKNOWN
    assert asked("I2", ACQUIRED, CONGENITAL, limits=trusting).verdict is UNKNOWN


@pytest.mark.parametrize("part", [Part.CONDITIONS, Part.ATTESTATIONS])
def test_i2_a_congenital_code_alone_is_not_alone_while_a_part_is_missing(part: Part) -> None:
    assert asked("I2", CONGENITAL, **unreadable(part)).verdict is UNKNOWN
    assert asked("I2", CONGENITAL, form(1, I2=False), **unreadable(part)).verdict is NOT_MET
    assert asked("I2", ACQUIRED, form(1, I2=True), **unreadable(part)).verdict is UNKNOWN


def test_i2_a_diagnosis_made_after_t0_was_not_there_at_t0() -> None:
    assert asked("I2", diagnosis(Concept.AA_CONGENITAL, ago=1), t0=date(2026, 2, 1)).verdict is UNKNOWN


# ---------------------------------------------------------------- I5


def infection(ago: int | None = 10, *more: Concept, **fields: Any) -> Any:
    return diagnosis(Concept.INFECTION, *more, ago=ago, **fields)


def antibiotic(start: int | None = 2, *more: Concept, **fields: Any) -> Any:
    event = medication("meropenem", start=start, **fields)
    return replace(event, concepts=frozenset({Concept.ANTI_INFECTIVE, *more}))


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        pytest.param([infection(90)], NOT_MET, id="recorded 90 days ago"),
        pytest.param([infection(91)], UNKNOWN, id="recorded 91 days ago, never closed"),
        pytest.param([infection(400, onset=when(90))], NOT_MET, id="began 90 days ago"),
        pytest.param([infection(10, onset=when(400))], NOT_MET, id="recorded lately"),
        pytest.param([infection(None)], UNKNOWN, id="undated"),
        pytest.param([infection(10, course=Course.HISTORY)], UNKNOWN, id="resolved"),
        pytest.param([infection(10, course=Course.UNSTATED)], NOT_MET, id="clinical status not told"),
        pytest.param([infection(10, abated=when(1))], UNKNOWN, id="ended yesterday"),
        pytest.param([infection(10, abated=on_day(date(2026, 3, 3)))], NOT_MET, id="ends tomorrow"),
        pytest.param([infection(certainty=Certainty.PROVISIONAL)], UNKNOWN, id="provisional"),
        pytest.param([infection(by_text_only=True)], UNKNOWN, id="words only"),
        pytest.param([infection(10, Concept.INFECTION_MINOR_CHRONIC)], UNKNOWN, id="nail infection"),
        pytest.param([infection(10, Concept.HBV_CHRONIC)], UNKNOWN, id="chronic hepatitis B"),
        pytest.param([diagnosis(Concept.SEPSIS, ago=10)], NOT_MET, id="sepsis"),
        pytest.param([diagnosis(Concept.FEBRILE_NEUTROPENIA, ago=10)], UNKNOWN, id="febrile neutropenia"),
        pytest.param([antibiotic()], NOT_MET, id="antibiotic now"),
        pytest.param([antibiotic(90)], NOT_MET, id="antibiotic ordered 90 days ago"),
        pytest.param([antibiotic(91)], UNKNOWN, id="antibiotic ordered 91 days ago, never closed"),
        pytest.param([antibiotic(20, end=when(0))], NOT_MET, id="antibiotic until today"),
        pytest.param([antibiotic(20, end=when(1))], UNKNOWN, id="antibiotic until yesterday"),
        pytest.param([antibiotic(systemic=False)], UNKNOWN, id="eye drops"),
        pytest.param([antibiotic(single_dose=True)], UNKNOWN, id="one dose"),
        pytest.param([antibiotic(status=MedicationStatus.CANCELLED)], UNKNOWN, id="cancelled order"),
        pytest.param([antibiotic(is_order_intent=False)], UNKNOWN, id="only proposed"),
        pytest.param([antibiotic(by_text_only=True)], UNKNOWN, id="antibiotic by its words"),
    ],
)
def test_i5_a_recent_infection_or_its_treatment_decides(facts: list[Any], verdict: str) -> None:
    assert asked("I5", *facts).verdict is verdict


@pytest.mark.parametrize(
    "doubtful",
    [
        infection(91),
        infection(10, Concept.INFECTION_MINOR_CHRONIC),
        antibiotic(2, Concept.ANTI_INFECTIVE_PROPHYLAXIS),
        antibiotic(91),
    ],
)
def test_i5_what_is_doubtful_is_shown_and_settled_by_the_attestation(doubtful: Any) -> None:
    found = asked("I5", doubtful)
    assert (found.verdict, [e.reference for e in found.evidence]) == (UNKNOWN, [doubtful.reference])
    assert asked("I5", doubtful, form(1, I5=True)).verdict is MET


@pytest.mark.parametrize("ended", [infection(10, course=Course.HISTORY), antibiotic(20, end=when(1))])
def test_i5_what_is_over_is_no_evidence(ended: Any) -> None:
    assert asked("I5", ended).evidence == ()


def test_i5_an_infection_newer_than_the_attestation_wins_and_an_older_one_contradicts_it() -> None:
    assert asked("I5", infection(3), form(4, I5=True)).verdict is NOT_MET
    assert asked("I5", infection(4), form(4, I5=True)).verdict is UNKNOWN
    assert asked("I5", infection(4), form(4, I5=False)).basis is MIXED


@pytest.mark.parametrize(
    ("facts", "count"),
    [
        pytest.param(
            [result(Analyte.TEMPERATURE, "38.0", 3), result(Analyte.NEUTROPHILS, "0.49")], 1, id="fever"
        ),
        pytest.param(
            [result(Analyte.TEMPERATURE, "37.9", 3), result(Analyte.NEUTROPHILS, "0.49")], 0, id="37.9"
        ),
        pytest.param(
            [result(Analyte.TEMPERATURE, "38.0", 4), result(Analyte.NEUTROPHILS, "0.49")], 0, id="day 4"
        ),
        pytest.param(
            [result(Analyte.TEMPERATURE, "38.0", 3), result(Analyte.NEUTROPHILS, "0.5")], 0, id="ANC 0.5"
        ),
        pytest.param([result(Analyte.BLOOD_CULTURE, "positive", 7)], 1, id="culture of day 7"),
        pytest.param([result(Analyte.BLOOD_CULTURE, "positive", 8)], 0, id="culture of day 8"),
        pytest.param([result(Analyte.BLOOD_CULTURE, "negative", 1)], 0, id="negative culture"),
        pytest.param(
            [result(Analyte.BLOOD_CULTURE, "positive", 7, presence=None, as_written="Staphylococcus aureus")],
            1,
            id="what grew is named",
        ),
    ],
)
def test_i5_fever_in_neutropenia_and_cultures_are_shown_but_do_not_decide(
    facts: list[Any], count: int
) -> None:
    found = asked("I5", *facts)
    assert (found.verdict, len(found.evidence)) == (UNKNOWN, count)


@pytest.mark.parametrize(
    ("event", "verdict"),
    [
        pytest.param(dispense("meropenem", 1, ago=6, days=7), NOT_MET, id="supply to today"),
        pytest.param(dispense("meropenem", 1, ago=7, days=7), UNKNOWN, id="supply to yesterday"),
        pytest.param(
            medication("meropenem", start=6, source=MedicationSource.DISPENSE, end=when(0)),
            NOT_MET,
            id="end told",
        ),
        pytest.param(
            medication("meropenem", start=6, source=MedicationSource.DISPENSE), UNKNOWN, id="no supply"
        ),
        pytest.param(dispense("meropenem", 1, ago=6, days=7), NOT_MET, id="again supply to today"),
        pytest.param(given("meropenem", 1, "2026-02-28T08:00:00+08:00"), NOT_MET, id="given 2 days ago"),
        pytest.param(given("meropenem", 1, "2026-02-27T08:00:00+08:00"), UNKNOWN, id="given 3 days ago"),
        pytest.param(
            medication("meropenem", start=None, source=MedicationSource.ADMINISTRATION),
            UNKNOWN,
            id="given, undated",
        ),
        pytest.param(
            medication("meropenem", start="2026-02", source=MedicationSource.ADMINISTRATION),
            UNKNOWN,
            id="in February",
        ),
        pytest.param(medication("meropenem", start=-1), UNKNOWN, id="from tomorrow"),
        pytest.param(medication("meropenem", start=None), UNKNOWN, id="order without date"),
        pytest.param(
            medication("meropenem", start=5, status=MedicationStatus.ON_HOLD), UNKNOWN, id="on hold"
        ),
        pytest.param(
            medication("meropenem", start=5, status=MedicationStatus.STOPPED), UNKNOWN, id="stopped"
        ),
        pytest.param(
            medication("meropenem", start=5, end=when("2026-03")), UNKNOWN, id="ends some time in March"
        ),
        pytest.param(
            medication("meropenem", start=5, source=MedicationSource.STATEMENT),
            NOT_MET,
            id="reported as taken",
        ),
    ],
)
def test_i5_treatment_is_read_from_every_kind_of_entry(event: Any, verdict: str) -> None:
    drug = replace(event, concepts=frozenset({Concept.ANTI_INFECTIVE}))
    assert asked("I5", drug).verdict is verdict


def levofloxacin(mg: Any = 500, **more: Any) -> Any:
    return medication("levofloxacin", mg, start=5, concepts=frozenset({Concept.ANTI_INFECTIVE}), **more)


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        pytest.param([levofloxacin()], NOT_MET, id="nothing said"),
        pytest.param([levofloxacin(as_written="预防感染 每日一次")], UNKNOWN, id="预防 in the instructions"),
        pytest.param([levofloxacin(reason="Antibacterial prophylaxis")], UNKNOWN, id="as the reason"),
        pytest.param([levofloxacin(reason="pneumonia")], NOT_MET, id="another reason"),
        pytest.param(
            [
                levofloxacin(reason="预防"),
                levofloxacin(source=MedicationSource.DISPENSE, supply_days=Decimal(9)),
            ],
            UNKNOWN,
            id="the order says so, its dispense does not",
        ),
        pytest.param(
            [
                levofloxacin(reason="预防"),
                medication("meropenem", start=5, concepts=frozenset({Concept.ANTI_INFECTIVE})),
            ],
            NOT_MET,
            id="another drug treats",
        ),
    ],
)
def test_i5_what_prevents_is_asked_about(facts: list[Any], verdict: str) -> None:
    assert asked("I5", *facts).verdict is verdict


@pytest.mark.parametrize(
    ("mg", "listed", "verdict"),
    [
        (500, "levofloxacin 500", UNKNOWN),
        (501, "levofloxacin 500", NOT_MET),
        (500, "moxifloxacin 500", NOT_MET),
        (None, "levofloxacin 500", NOT_MET),
    ],
)
def test_i5_a_site_lists_what_it_gives_to_prevent(mg: Any, listed: str, verdict: str) -> None:
    limits = replace(LIMITS, prevention_drugs=(listed,))
    assert asked("I5", levofloxacin(mg), limits=limits).verdict is verdict


# ---------------------------------------------------------------- I7

GIVEN, REFUSED, INACTIVE = ConsentState.GIVEN, ConsentState.REFUSED, ConsentState.INACTIVE


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        pytest.param([consent(GIVEN)], MET, id="given"),
        pytest.param([consent(REFUSED)], NOT_MET, id="refused"),
        pytest.param([consent(INACTIVE)], UNKNOWN, id="inactive"),
        pytest.param([consent(GIVEN, for_trial=False)], UNKNOWN, id="to something else"),
        pytest.param([consent(GIVEN, 9), consent(REFUSED, 3)], NOT_MET, id="refused since"),
        pytest.param([consent(REFUSED, 9), consent(GIVEN, 3)], MET, id="given since"),
        pytest.param([consent(GIVEN, 3), consent(REFUSED, 3)], UNKNOWN, id="both on one day"),
        pytest.param([consent(GIVEN, 3), consent(INACTIVE, 1)], UNKNOWN, id="inactive since"),
        pytest.param([consent(GIVEN, 3), consent(REFUSED, None)], UNKNOWN, id="refused, undated"),
        pytest.param([consent(GIVEN, None)], MET, id="given, undated"),
        pytest.param([consent(GIVEN, -1)], UNKNOWN, id="tomorrow"),
        pytest.param([study(StudyState.WITHDRAWN, 90, 30, ours=True)], NOT_MET, id="withdrawn"),
        pytest.param(
            [study(StudyState.WITHDRAWN, 90, 30, ours=True), consent(GIVEN, 40)], NOT_MET, id="before"
        ),
        pytest.param([study(StudyState.WITHDRAWN, 90, 30, ours=True), consent(GIVEN, 29)], MET, id="after"),
        pytest.param(
            [study(StudyState.WITHDRAWN, 90, None, ours=True), consent(GIVEN, 9)], NOT_MET, id="no end"
        ),
        pytest.param([study(StudyState.WITHDRAWN, 90, 30, ours=False)], UNKNOWN, id="another study"),
        pytest.param([study(StudyState.SCREENING, 9, ours=True)], UNKNOWN, id="screening is no consent"),
    ],
)
def test_i7_is_never_inferred(facts: list[Any], verdict: str) -> None:
    assert asked("I7", *facts).verdict is verdict


def test_i7_a_consent_and_an_attestation_that_contradict_each_other_leave_it_open() -> None:
    assert asked("I7", consent(GIVEN, 5), form(4, I7=False)).verdict is UNKNOWN
    assert asked("I7", consent(REFUSED, 3), form(4, I7=True)).verdict is NOT_MET
    assert asked("I7", consent(INACTIVE, 3), form(4, I7=True)).verdict is UNKNOWN
    assert asked("I7", consent(INACTIVE, 4), form(4, I7=True)).verdict is MET
    assert asked("I7", consent(INACTIVE, 5), form(4, I7=True)).verdict is MET


# ---------------------------------------------------------------- I8


@pytest.mark.parametrize(
    "case",
    cases("""
    case                   | score | ago | verdict
    0                      | 0     | 1   | met
    2                      | 2     | 1   | met
    3                      | 3     | 1   | not-met
    5                      | 5     | 1   | not-met
    14 days old            | 2     | 14  | met
    15 days old            | 2     | 15  | unknown
    no such score          | 6     | 1   | unknown
    negative               | -1    | 1   | unknown
    half a score           | 1.5   | 1   | unknown
    with a comparator      | <2    | 1   | unknown
    tomorrow               | 1     | -1  | unknown
    """),
    ids=named,
)
def test_i8_is_the_last_fresh_score(case: Case) -> None:
    assert asked("I8", result(Analyte.ECOG, case["score"], int(case["ago"]))).verdict == case["verdict"]


def test_i8_a_stale_score_is_shown_with_its_date() -> None:
    found = asked("I8", result(Analyte.ECOG, 1, 15))
    assert "eligibility.seen.stale" in said(found)
    assert "datetime.date(2026, 2, 15)" in said(found)


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        pytest.param([result(Analyte.ECOG, 3, 5), result(Analyte.ECOG, 1, 2)], MET, id="the later counts"),
        pytest.param(
            [result(Analyte.ECOG, 2, 2), result(Analyte.ECOG, 3, 2)], UNKNOWN, id="same day, across 2"
        ),
        pytest.param([result(Analyte.ECOG, 1, 2), result(Analyte.ECOG, 2, 2)], MET, id="same day, one side"),
        pytest.param(
            [
                result(Analyte.ECOG, 3, "2026-03-01T08:00+08:00"),
                result(Analyte.ECOG, 1, "2026-03-01T09:00+08:00"),
            ],
            MET,
            id="same day, told apart by the hour",
        ),
        pytest.param(
            [result(Analyte.ECOG, 1, "2026-02"), result(Analyte.ECOG, 3, 5)], UNKNOWN, id="month only"
        ),
        pytest.param([result(Analyte.ECOG, 1, 2, reading=Reading.PRELIMINARY)], UNKNOWN, id="preliminary"),
        pytest.param(
            [result(Analyte.ECOG, 1, 2), form(1, I8=3)], MET, id="an attestation does not undo a score"
        ),
        pytest.param([result(Analyte.ECOG, 3, 2), form(1, I8=1)], NOT_MET, id="nor the other way round"),
        pytest.param([result(Analyte.ECOG, 3, 15), form(1, I8=2)], MET, id="a stale score gives way"),
        pytest.param([form(1, I8=2)], MET, id="attested 2"),
        pytest.param([form(1, I8=3)], NOT_MET, id="attested 3"),
        pytest.param([form(1, I8=6)], UNKNOWN, id="attested 6"),
        pytest.param([form(1, I8=True)], UNKNOWN, id="attested yes"),
    ],
)
def test_i8_meets_other_scores_and_attestations(facts: list[Any], verdict: str) -> None:
    assert asked("I8", *facts).verdict is verdict


def test_i8_names_what_it_rests_on() -> None:
    assert asked("I8", result(Analyte.ECOG, 1, 2), form(1, I8=2)).basis is MIXED
    assert asked("I8", result(Analyte.ECOG, 1, 2), form(1, I8=3)).basis is DATA
    assert asked("I8", form(1, I8=2)).basis is ATTESTATION


def test_i8_a_karnofsky_score_is_shown_beside_the_question_and_never_converted() -> None:
    found = asked("I8", result(Analyte.KARNOFSKY, 90, 1))
    assert found.verdict is UNKNOWN
    assert found.question
    assert found.question.key == "criterion.I8.question_beside"
