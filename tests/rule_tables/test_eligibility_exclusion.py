"""Exclusions 1, 2, 4, 6, 7, 9, 10 and 12 on both sides of every edge."""

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.diagnoses import Certainty, Course
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.clinical_model.medications import MedicationSource, MedicationStatus
from fhir_mappings.clinical_model.results import Analyte
from fhir_mappings.clinical_model.studies import StudyState
from tests.builders import attested as form
from tests.builders import diagnosis, dispense, given, medication, result, unreadable, when
from tests.rule_tables.eligibility_cases import (
    ABSENT,
    ATTESTATION,
    DATA,
    MIXED,
    PRESENT,
    UNKNOWN,
    allergy,
    asked,
    done,
    harm,
    reviewed,
    said,
    study,
)

NOT_CONFIRMED = {"certainty": Certainty.PROVISIONAL}
WORDS_ONLY = {"by_text_only": True}
OVER = {"course": Course.HISTORY}

# ---------------------------------------------------------------- E1, E2, E4: diagnoses and procedures


@pytest.mark.parametrize(
    ("number", "facts", "verdict"),
    [
        pytest.param("E1", [diagnosis(Concept.PANCYTOPENIA_OTHER_CAUSE)], PRESENT, id="other cause"),
        pytest.param("E1", [diagnosis(Concept.MDS)], PRESENT, id="MDS"),
        pytest.param("E1", [diagnosis(Concept.AML, **OVER)], PRESENT, id="AML, past"),
        pytest.param("E1", [diagnosis(Concept.MDS, **NOT_CONFIRMED)], UNKNOWN, id="perhaps MDS"),
        pytest.param("E1", [diagnosis(Concept.PANCYTOPENIA_UNSPECIFIED)], UNKNOWN, id="pancytopenia"),
        pytest.param("E1", [diagnosis(Concept.AA_ANTINEOPLASTIC)], UNKNOWN, id="AA by antineoplastic agent"),
        pytest.param("E1", [reviewed(Part.CONDITIONS)], UNKNOWN, id="an empty list proves nothing"),
        pytest.param("E2", [diagnosis(Concept.MDS)], PRESENT, id="MDS is clonal"),
        pytest.param(
            "E2", [diagnosis(Concept.CLONAL_MARROW_OTHER, **OVER)], PRESENT, id="other clonal, past"
        ),
        pytest.param("E2", [diagnosis(Concept.AML, **WORDS_ONLY)], UNKNOWN, id="AML in words"),
        pytest.param("E2", [diagnosis(Concept.PNH_DIAGNOSIS)], UNKNOWN, id="PNH is judged by its size"),
        pytest.param("E2", [reviewed(Part.CONDITIONS)], UNKNOWN, id="an empty list is no marrow"),
        pytest.param("E4", [done(Concept.HSCT, 9000)], PRESENT, id="transplanted once"),
        pytest.param("E4", [done(Concept.HSCT, None, text="BMT")], PRESENT, id="undated"),
        pytest.param("E4", [done(Concept.HSCT, planned=True)], UNKNOWN, id="planned"),
        pytest.param("E4", [done(Concept.HSCT, -1)], UNKNOWN, id="tomorrow"),
        pytest.param("E4", [done(Concept.HSCT_UNSPECIFIC)], UNKNOWN, id="some transplantation"),
        pytest.param("E4", [done(Concept.RED_CELL_TRANSFUSION)], UNKNOWN, id="a transfusion"),
        pytest.param("E4", [diagnosis(Concept.HSCT, **OVER)], PRESENT, id="status after HSCT"),
        pytest.param("E4", [diagnosis(Concept.HSCT_UNSPECIFIC)], UNKNOWN, id="Z94.8 of WHO"),
        pytest.param("E4", [diagnosis(Concept.HSCT, **NOT_CONFIRMED)], UNKNOWN, id="perhaps HSCT"),
    ],
)
def test_a_definite_entry_is_present_and_a_doubtful_one_asks(
    number: str, facts: list[Any], verdict: Any
) -> None:
    found = asked(number, *facts)
    assert found.verdict is verdict
    if verdict is UNKNOWN:
        assert found.question
        assert asked(number, *facts, form(1, **{number: False})).verdict is ABSENT


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        pytest.param(
            [reviewed(Part.CONDITIONS, 30), reviewed(Part.PROCEDURES, 30)], ABSENT, id="both, 30 days"
        ),
        pytest.param(
            [reviewed(Part.CONDITIONS, 31), reviewed(Part.PROCEDURES, 30)], UNKNOWN, id="one, 31 days"
        ),
        pytest.param([reviewed(Part.CONDITIONS)], UNKNOWN, id="only one reviewed"),
        pytest.param([reviewed(Part.CONDITIONS, None), reviewed(Part.PROCEDURES)], UNKNOWN, id="undated"),
        pytest.param(
            [reviewed(Part.CONDITIONS, "2026-02"), reviewed(Part.PROCEDURES)], ABSENT, id="February"
        ),
        pytest.param([reviewed(Part.CONDITIONS, "2026"), reviewed(Part.PROCEDURES)], UNKNOWN, id="in 2026"),
        pytest.param([reviewed(Part.CONDITIONS, -1), reviewed(Part.PROCEDURES)], UNKNOWN, id="tomorrow"),
    ],
)
def test_reviewed_and_nothing_known_holds_for_30_days(facts: list[Any], verdict: Any) -> None:
    found = asked("E4", *facts)
    assert (found.verdict, found.basis is DATA) == (verdict, verdict is ABSENT)


def test_a_review_and_an_attestation_that_contradict_each_other_leave_it_open() -> None:
    empty = [reviewed(Part.CONDITIONS, 5), reviewed(Part.PROCEDURES, 5)]
    assert asked("E4", *empty, form(5, E4=True)).verdict is UNKNOWN
    assert asked("E4", *empty, form(6, E4=True)).verdict is ABSENT
    assert asked("E4", *empty, form(5, E4=False)).basis is MIXED


def test_many_entries_are_all_evidence_and_three_are_named() -> None:
    found = asked("E2", *(diagnosis(Concept.MDS, ago=ago) for ago in range(1, 6)))
    assert len(found.evidence) == 5
    assert "('more', 2)" in said(found)


def test_the_codes_of_a_diagnosis_are_named() -> None:
    assert "ICD-10 D46.9" in said(asked("E2", diagnosis(Concept.MDS, codes=("ICD-10 D46.9",))))


# ---------------------------------------------------------------- E6

BLAMED: dict[str, Any] = {"blamed": frozenset({"ciclosporin"})}
"""A diagnosis whose own words hold ciclosporin responsible."""


@pytest.mark.parametrize(
    ("facts", "silent", "denied"),
    [
        pytest.param([], UNKNOWN, ABSENT, id="nothing"),
        pytest.param([harm(severe=True)], UNKNOWN, UNKNOWN, id="severe"),
        pytest.param([harm(Concept.PRES)], UNKNOWN, UNKNOWN, id="PRES is severe by itself"),
        pytest.param([harm(severe=False)], UNKNOWN, ABSENT, id="mild"),
        pytest.param([harm()], UNKNOWN, ABSENT, id="severity not told"),
        pytest.param([harm(Concept.NEPHROTOXICITY, severe=None)], UNKNOWN, ABSENT, id="kidney, not told"),
        pytest.param([harm(Concept.NEPHROTOXICITY, severe=True)], UNKNOWN, UNKNOWN, id="kidney, severe"),
        pytest.param([harm(severe=True, by="tacrolimus")], UNKNOWN, ABSENT, id="another drug"),
        pytest.param([harm(severe=True, by="")], UNKNOWN, ABSENT, id="held against none"),
        pytest.param([harm(severe=True, ago=-1)], UNKNOWN, ABSENT, id="tomorrow"),
        pytest.param([allergy("ciclosporin", severe=True)], UNKNOWN, UNKNOWN, id="severe allergy"),
        pytest.param([allergy("ciclosporin", Concept.ANAPHYLAXIS)], UNKNOWN, UNKNOWN, id="anaphylaxis"),
        pytest.param(
            [allergy("ciclosporin", severe=True, active=False)], UNKNOWN, UNKNOWN, id="past allergy"
        ),
        pytest.param([allergy("ciclosporin")], UNKNOWN, ABSENT, id="mild allergy"),
        pytest.param([allergy("ciclosporin", severe=True, **NOT_CONFIRMED)], UNKNOWN, ABSENT, id="perhaps"),
        pytest.param([allergy("sirolimus", severe=True)], UNKNOWN, ABSENT, id="allergy to sirolimus"),
        pytest.param([diagnosis(Concept.TMA_HUS)], UNKNOWN, ABSENT, id="TMA of a cause not told"),
        pytest.param([diagnosis(Concept.TMA_HUS, **BLAMED)], UNKNOWN, ABSENT, id="TMA blamed in words"),
        pytest.param([diagnosis(Concept.NEPHROTOXICITY, **BLAMED)], UNKNOWN, ABSENT, id="blamed in words"),
    ],
)
def test_e6_is_a_judgement_that_none_clears_a_coded_severe_event(
    facts: list[Any], silent: Any, denied: Any
) -> None:
    assert asked("E6", *facts).verdict is silent
    assert asked("E6", *facts, form(1, E6=False)).verdict is denied
    assert asked("E6", *facts, form(1, E6=True)).verdict is PRESENT


@pytest.mark.parametrize(
    ("found", "told", "cause_not_told"),
    [
        (diagnosis(Concept.NEPHROTOXICITY, **BLAMED), True, False),
        (diagnosis(Concept.NEPHROTOXICITY, ago=-1, **BLAMED), False, False),
        (diagnosis(Concept.NEPHROTOXICITY), False, False),
        (diagnosis(Concept.TMA_HUS, **BLAMED), True, False),
        (diagnosis(Concept.TMA_HUS), True, True),
    ],
)
def test_e6_shows_a_diagnosis_that_blames_ciclosporin_once_and_asks_no_more_for_its_cause(
    found: Any, told: bool, cause_not_told: bool
) -> None:
    words = said(asked("E6", found))
    assert ("criterion.E6.nothing" not in words) is told
    assert ("criterion.E6.cause_not_told" in words) is cause_not_told


@pytest.mark.parametrize(
    ("fact", "older_answer", "shown"),
    [
        pytest.param(
            replace(harm(Concept.PRES, ago=1), by_text_only=True), UNKNOWN, True, id="PRES in words"
        ),
        pytest.param(harm(Concept.TMA_HUS, by="", ago=1), UNKNOWN, True, id="TMA, no suspect"),
        pytest.param(harm(Concept.NEPHROTOXICITY, by="", ago=1), UNKNOWN, True, id="kidney, no suspect"),
        pytest.param(harm(Concept.STOMATITIS, by="", ago=1), ABSENT, False, id="another harm, no suspect"),
        pytest.param(harm(Concept.TMA_HUS, by="tacrolimus", ago=1), ABSENT, False, id="TMA of another drug"),
    ],
)
def test_e6_asks_about_a_harm_in_words_and_one_without_a_suspect(
    fact: Any, older_answer: Any, shown: bool
) -> None:
    assert asked("E6", fact, form(5, E6=False)).verdict is older_answer
    assert asked("E6", fact, form(1, E6=False)).verdict is ABSENT
    assert ("criterion.E6.nothing" not in said(asked("E6", fact))) is shown


def test_e6_names_what_it_rests_on() -> None:
    assert asked("E6", harm(severe=True), form(1, E6=True)).basis is MIXED
    assert asked("E6", harm(severe=True), form(500, E6=True)).verdict is UNKNOWN
    assert asked("E6", harm(severe=True, ago=1), form(5, E6=False)).basis is MIXED
    assert "criterion.E6.reuse_not_judged" in said(asked("E6", harm(severe=True)))


# ---------------------------------------------------------------- E7


def bleed(ago: Any = 10, **more: Any) -> Any:
    return diagnosis(Concept.SEVERE_BLEEDING, ago=ago, **more)


@pytest.mark.parametrize(
    ("facts", "verdict", "shown"),
    [
        pytest.param([], UNKNOWN, 0, id="nothing"),
        pytest.param([bleed(90)], PRESENT, 1, id="90 days ago"),
        pytest.param([bleed(91)], UNKNOWN, 1, id="91 days ago, never closed"),
        pytest.param([bleed(**OVER)], UNKNOWN, 0, id="resolved"),
        pytest.param([bleed(abated=when(1))], UNKNOWN, 0, id="ended"),
        pytest.param([bleed(course=Course.UNSTATED)], PRESENT, 1, id="status not told"),
        pytest.param([bleed(**NOT_CONFIRMED)], UNKNOWN, 1, id="provisional"),
        pytest.param([diagnosis(Concept.SEPSIS, ago=3)], UNKNOWN, 1, id="sepsis: controlled or not?"),
        pytest.param([diagnosis(Concept.SEPSIS, ago=3, **OVER)], UNKNOWN, 0, id="past sepsis"),
        pytest.param([result(Analyte.BLOOD_CULTURE, "positive", 7)], UNKNOWN, 1, id="culture of day 7"),
        pytest.param([result(Analyte.BLOOD_CULTURE, "positive", 8)], UNKNOWN, 0, id="culture of day 8"),
        pytest.param(
            [result(Analyte.BLOOD_CULTURE, "positive", 7, presence=None, as_written="Staphylococcus aureus")],
            UNKNOWN,
            1,
            id="what grew is named",
        ),
    ],
)
def test_e7_only_a_severe_bleed_now_decides(facts: list[Any], verdict: Any, shown: int) -> None:
    found = asked("E7", *facts)
    assert (found.verdict, len(found.evidence)) == (verdict, shown)


# ---------------------------------------------------------------- E9


def cancer(ago: Any = None, onset: Any = None, abated: Any = None, course: Course = Course.HISTORY) -> Any:
    return diagnosis(Concept.MALIGNANCY, ago=ago, onset=when(onset), abated=when(abated), course=course)


FIVE_YEARS = "2021-03-02"
A_DAY_MORE = "2021-03-01"


@pytest.mark.parametrize(
    ("fact", "verdict", "shown"),
    [
        pytest.param(cancer(abated=FIVE_YEARS), PRESENT, 1, id="ended five years ago to the day"),
        pytest.param(cancer(abated=A_DAY_MORE), UNKNOWN, 0, id="ended a day earlier: no evidence"),
        pytest.param(cancer(onset=FIVE_YEARS), PRESENT, 1, id="began five years ago to the day"),
        pytest.param(cancer(onset=A_DAY_MORE), UNKNOWN, 0, id="began a day earlier, in remission"),
        pytest.param(cancer(FIVE_YEARS), UNKNOWN, 1, id="in remission, recorded five years ago to the day"),
        pytest.param(cancer(10, onset="2011"), UNKNOWN, 1, id="in remission since 2011, recorded this month"),
        pytest.param(cancer(10, onset="2011", course=Course.UNSTATED), PRESENT, 1, id="the same, not closed"),
        pytest.param(cancer(onset=None, course=Course.ACTIVE), PRESENT, 1, id="active, undated"),
        pytest.param(cancer(A_DAY_MORE), UNKNOWN, 0, id="recorded a day earlier, in remission"),
        pytest.param(cancer(1, onset="2001", abated="2002"), UNKNOWN, 1, id="old, recorded yesterday"),
        pytest.param(cancer(onset="2001", abated="2021"), UNKNOWN, 1, id="ended some time in 2021"),
        pytest.param(cancer(onset="2001", abated="2022"), PRESENT, 1, id="ended some time in 2022"),
        pytest.param(cancer(onset="2001", abated="2020"), UNKNOWN, 0, id="ended some time in 2020"),
        pytest.param(cancer(), UNKNOWN, 1, id="undated"),
        pytest.param(cancer("1999", course=Course.ACTIVE), PRESENT, 1, id="active since 1999"),
        pytest.param(cancer("1999", abated="2001", course=Course.ACTIVE), UNKNOWN, 0, id="active, yet ended"),
        pytest.param(cancer("1999", course=Course.UNSTATED), UNKNOWN, 1, id="old, status not told"),
        pytest.param(cancer(10, course=Course.UNSTATED), PRESENT, 1, id="new, status not told"),
        pytest.param(replace(cancer(10), **NOT_CONFIRMED), UNKNOWN, 1, id="new, provisional"),
        pytest.param(
            replace(cancer("1999", course=Course.ACTIVE), **WORDS_ONLY), UNKNOWN, 1, id="active, words only"
        ),
        pytest.param(diagnosis(Concept.MALIGNANCY, Concept.BASAL_CELL_CARCINOMA), UNKNOWN, 1, id="BCC"),
        pytest.param(diagnosis(Concept.SKIN_CANCER_UNSPECIFIED), UNKNOWN, 1, id="C44 of WHO"),
        pytest.param(diagnosis(Concept.CARCINOMA_IN_SITU), UNKNOWN, 1, id="in situ"),
        pytest.param(diagnosis(Concept.MALIGNANCY_HISTORY), UNKNOWN, 1, id="Z85"),
        pytest.param(reviewed(Part.CONDITIONS), ABSENT, 1, id="reviewed, none"),
    ],
)
def test_e9_looks_back_five_years_the_day_included(fact: Any, verdict: Any, shown: int) -> None:
    found = asked("E9", fact)
    assert (found.verdict, len(found.evidence)) == (verdict, shown)
    if verdict is UNKNOWN:
        assert asked("E9", fact, form(1, E9=False)).verdict is ABSENT


def test_e9_on_29_february_looks_back_to_28_february() -> None:
    leap = date(2028, 2, 29)
    assert asked("E9", cancer(abated="2023-02-28"), t0=leap).verdict is PRESENT
    assert asked("E9", cancer(abated="2023-02-27"), t0=leap).verdict is UNKNOWN


def test_e9_an_antineoplastic_drug_is_shown_only_beside_a_malignancy() -> None:
    drug = replace(medication("cyclophosphamide", start=90), concepts=frozenset({Concept.ANTINEOPLASTIC}))
    assert len(asked("E9", drug, cancer(A_DAY_MORE)).evidence) == 1
    assert asked("E9", drug).evidence == ()
    cancelled = replace(drug, status=MedicationStatus.CANCELLED)
    assert asked("E9", cancelled, cancer(A_DAY_MORE)).evidence == ()


# ---------------------------------------------------------------- E10


def anticoagulant(event: Any, *more: Concept) -> Any:
    return replace(event, concepts=frozenset({Concept.ANTICOAGULANT, *more}))


WARFARIN = "warfarin"
ORDER = MedicationSource.ORDER


@pytest.mark.parametrize(
    ("facts", "verdict", "shown"),
    [
        pytest.param([diagnosis(Concept.THROMBOSIS, ago="1990", **OVER)], PRESENT, 1, id="DVT in 1990"),
        pytest.param([diagnosis(Concept.THROMBOSIS, ago=None)], PRESENT, 1, id="undated"),
        pytest.param([diagnosis(Concept.THROMBOSIS, **NOT_CONFIRMED)], UNKNOWN, 1, id="perhaps"),
        pytest.param([diagnosis(Concept.THROMBOSIS_DOUBTFUL)], UNKNOWN, 1, id="TIA, superficial phlebitis"),
        pytest.param([harm(Concept.THROMBOSIS, by="")], PRESENT, 1, id="as an adverse event"),
        pytest.param([harm(Concept.THROMBOSIS_DOUBTFUL, by="")], UNKNOWN, 1, id="doubtful adverse event"),
        pytest.param([harm(Concept.THROMBOSIS, ago=-1)], UNKNOWN, 0, id="tomorrow"),
        pytest.param([result(Analyte.ANTIPHOSPHOLIPID_ANTIBODY, "positive", 900)], UNKNOWN, 1, id="lone aPL"),
        pytest.param([result(Analyte.ANTIPHOSPHOLIPID_ANTIBODY, "negative", 9)], UNKNOWN, 0, id="no aPL"),
        pytest.param([anticoagulant(medication(WARFARIN, start=365))], PRESENT, 1, id="ordered 365 days ago"),
        pytest.param([anticoagulant(medication(WARFARIN, start=366))], UNKNOWN, 1, id="ordered 366 days ago"),
        pytest.param(
            [
                anticoagulant(medication(WARFARIN, start=900)),
                anticoagulant(dispense(WARFARIN, 3, ago=365, days=1)),
            ],
            PRESENT,
            1,
            id="an old order, supplied since",
        ),
        pytest.param(
            [
                anticoagulant(medication(WARFARIN, start=900)),
                anticoagulant(dispense(WARFARIN, 3, ago=366, days=1)),
            ],
            UNKNOWN,
            1,
            id="an old order, supplied too long ago",
        ),
        pytest.param(
            [
                anticoagulant(medication(WARFARIN, start=900)),
                anticoagulant(dispense("heparin", 3, ago=99, days=1)),
            ],
            UNKNOWN,
            1,
            id="an old order, another drug supplied",
        ),
        pytest.param(
            [
                anticoagulant(medication(WARFARIN, start=900)),
                anticoagulant(
                    medication(
                        WARFARIN, start=9, source=MedicationSource.DISPENSE, status=MedicationStatus.CANCELLED
                    )
                ),
            ],
            UNKNOWN,
            1,
            id="an old order, a dispense cancelled",
        ),
        pytest.param(
            [anticoagulant(medication(WARFARIN, start=900, end=when(-9)))],
            UNKNOWN,
            1,
            id="old, still running",
        ),
        pytest.param([anticoagulant(medication(WARFARIN, end=when(0)))], PRESENT, 1, id="until today"),
        pytest.param([anticoagulant(medication(WARFARIN, end=when(1)))], UNKNOWN, 0, id="until yesterday"),
        pytest.param(
            [anticoagulant(medication(WARFARIN, status=MedicationStatus.STOPPED))], UNKNOWN, 0, id="stopped"
        ),
        pytest.param(
            [anticoagulant(medication(WARFARIN, status=MedicationStatus.ON_HOLD))], UNKNOWN, 1, id="on hold"
        ),
        pytest.param([anticoagulant(medication(WARFARIN, single_dose=True))], UNKNOWN, 1, id="one dose"),
        pytest.param([anticoagulant(medication(WARFARIN, systemic=False))], UNKNOWN, 0, id="ointment"),
        pytest.param([anticoagulant(medication(WARFARIN, by_text_only=True))], UNKNOWN, 1, id="words only"),
        pytest.param(
            [anticoagulant(medication("heparin"), Concept.HEPARIN)], UNKNOWN, 1, id="heparin: flush?"
        ),
        pytest.param(
            [anticoagulant(medication("heparin", end=when(1)), Concept.HEPARIN)],
            UNKNOWN,
            0,
            id="heparin, ended",
        ),
        pytest.param([anticoagulant(medication("enoxaparin"), Concept.HEPARIN)], PRESENT, 1, id="enoxaparin"),
        pytest.param(
            [anticoagulant(medication("enoxaparin", as_written="40 mg daily, Prophylaxis"), Concept.HEPARIN)],
            UNKNOWN,
            1,
            id="enoxaparin to prevent",
        ),
        pytest.param(
            [anticoagulant(medication("enoxaparin", as_written="预防血栓"), Concept.HEPARIN)],
            UNKNOWN,
            1,
            id="enoxaparin to prevent, in Chinese",
        ),
        pytest.param(
            [replace(anticoagulant(medication("x"), Concept.HEPARIN), ingredients=frozenset())],
            UNKNOWN,
            1,
            id="some heparin",
        ),
        pytest.param(
            [anticoagulant(given(WARFARIN, 3, "2026-03-01T08:00+08:00"))], PRESENT, 1, id="given yesterday"
        ),
        pytest.param(
            [replace(medication("aspirin"), concepts=frozenset({Concept.ANTIPLATELET}))],
            UNKNOWN,
            0,
            id="aspirin",
        ),
        pytest.param(
            [reviewed(Part.CONDITIONS), reviewed(Part.MEDICATION_STATEMENTS)], ABSENT, 2, id="reviewed"
        ),
        pytest.param([reviewed(Part.CONDITIONS)], UNKNOWN, 0, id="only the problems reviewed"),
    ],
)
def test_e10_an_event_ever_or_a_drug_now(facts: list[Any], verdict: Any, shown: int) -> None:
    found = asked("E10", *facts)
    assert (found.verdict, len(found.evidence)) == (verdict, shown)


# ---------------------------------------------------------------- E12

ON, OFF, WITHDRAWN = StudyState.ENROLLED, StudyState.COMPLETED, StudyState.WITHDRAWN


@pytest.mark.parametrize(
    ("fact", "verdict", "shown"),
    [
        pytest.param(study(ON), PRESENT, 1, id="on another trial"),
        pytest.param(study(ON, end="2025-12-02"), PRESENT, 1, id="on study, ended three months ago"),
        pytest.param(study(ON, end="2025-12-01"), UNKNOWN, 1, id="on study, ended before"),
        pytest.param(study(OFF, end="2025-12-02"), PRESENT, 1, id="off study three months to the day"),
        pytest.param(study(OFF, end="2025-12-01"), UNKNOWN, 0, id="off study a day more"),
        pytest.param(study(WITHDRAWN, end="2025-12-02"), PRESENT, 1, id="withdrawn three months ago"),
        pytest.param(study(OFF, end="2025-12"), UNKNOWN, 1, id="off study some time in December"),
        pytest.param(study(OFF, end=-9), PRESENT, 1, id="off study next week"),
        pytest.param(study(OFF), UNKNOWN, 1, id="off study without end date"),
        pytest.param(study(ON, start=-1), UNKNOWN, 0, id="from tomorrow"),
        pytest.param(study(ON, interventional=False), UNKNOWN, 1, id="a registry"),
        pytest.param(study(ON, interventional=None), PRESENT, 1, id="a study of a type not told"),
        pytest.param(study(ON, ours=None), UNKNOWN, 1, id="which study could not be found out"),
        pytest.param(study(ON, ours=True), UNKNOWN, 0, id="this trial"),
        pytest.param(study(StudyState.SCREENING), UNKNOWN, 1, id="being screened"),
        pytest.param(study(StudyState.NONE), UNKNOWN, 0, id="never registered"),
        pytest.param(study(StudyState.UNKNOWN), UNKNOWN, 1, id="state not told"),
        pytest.param(reviewed(Part.RESEARCH_SUBJECTS), ABSENT, 1, id="reviewed, none"),
    ],
)
def test_e12_looks_back_three_calendar_months_the_day_included(fact: Any, verdict: Any, shown: int) -> None:
    found = asked("E12", fact)
    assert (found.verdict, len(found.evidence)) == (verdict, shown)


def test_e12_three_months_before_31_may_is_28_february() -> None:
    t0 = date(2026, 5, 31)
    assert asked("E12", study(OFF, start="2025", end="2026-02-28"), t0=t0).verdict is PRESENT
    assert asked("E12", study(OFF, start="2025", end="2026-02-27"), t0=t0).verdict is UNKNOWN


def test_a_study_without_any_day_is_asked_about_and_said_to_have_none() -> None:
    found = asked("E12", study(ON, start=None))
    assert found.verdict is not ABSENT
    assert "eligibility.seen.undated" in str(found.seen)


# ---------------------------------------------------------------- contradictions and missing parts


@pytest.mark.parametrize(
    ("number", "fact"),
    [
        ("E1", diagnosis(Concept.PANCYTOPENIA_OTHER_CAUSE, ago=5)),
        ("E2", diagnosis(Concept.MDS, ago=5)),
        ("E4", done(Concept.HSCT, 5)),
        ("E7", bleed(5)),
        ("E9", cancer(onset=5)),
        ("E10", diagnosis(Concept.THROMBOSIS, ago=5)),
        ("E12", study(ON, start=5)),
    ],
)
def test_definite_data_newer_than_the_attestation_win_and_older_ones_contradict_it(
    number: str, fact: Any
) -> None:
    no = {number: False}
    assert asked(number, fact, form(6, **no)).verdict is PRESENT
    contradiction = asked(number, fact, form(5, **no))
    assert (contradiction.verdict, contradiction.basis) == (UNKNOWN, MIXED)
    assert asked(number, fact, form(5, **{number: True})).basis is MIXED
    assert asked(number, form(5, **no)).basis is ATTESTATION


@pytest.mark.parametrize(
    ("number", "part"),
    [
        ("E1", Part.CONDITIONS),
        ("E2", Part.CONDITIONS),
        ("E4", Part.CONDITIONS),
        ("E4", Part.PROCEDURES),
        ("E5", Part.MEDICATION_REQUESTS),
        ("E5", Part.MEDICATION_DISPENSES),
        ("E5", Part.MEDICATION_ADMINISTRATIONS),
        ("E5", Part.MEDICATION_STATEMENTS),
        ("E5", Part.ALLERGIES),
        ("E6", Part.ADVERSE_EVENTS),
        ("E6", Part.ALLERGIES),
        ("E7", Part.CONDITIONS),
        ("E9", Part.CONDITIONS),
        ("E10", Part.CONDITIONS),
        ("E10", Part.MEDICATION_REQUESTS),
        ("E12", Part.RESEARCH_SUBJECTS),
        ("E12", Part.ATTESTATIONS),
    ],
)
def test_a_part_that_failed_never_yields_absent_and_is_named(number: str, part: Part) -> None:
    denied = form(1, **{number: False})
    assert asked(number, denied).verdict is ABSENT
    found = asked(number, denied, **unreadable(part))
    assert (found.verdict, found.missing) == (UNKNOWN, (f"DATA_UNAVAILABLE:{part.value}",))
    assert found.question


def test_a_part_that_failed_does_not_hide_what_was_found() -> None:
    assert asked("E4", done(Concept.HSCT), **unreadable(Part.CONDITIONS)).verdict is PRESENT


@pytest.mark.parametrize(
    ("own", "verdict"),
    [
        pytest.param({}, UNKNOWN, id="only its record is dated"),
        pytest.param({"onset": when("2001")}, UNKNOWN, id="of 2001"),
        pytest.param({"abated": when(20)}, UNKNOWN, id="over before the answer"),
        pytest.param({"abated": when(2)}, PRESENT, id="over after the answer"),
        pytest.param({"course": Course.ACTIVE}, PRESENT, id="active"),
        pytest.param({"course": Course.UNSTATED}, PRESENT, id="status not told"),
    ],
)
def test_a_past_disease_written_down_after_the_answer_is_no_newer_than_the_answer(own, verdict) -> None:
    clot = diagnosis(Concept.THROMBOSIS, ago=1, **({"course": Course.HISTORY} | own))
    assert asked("E10", clot).verdict is PRESENT
    assert asked("E10", clot, form(5, E10=False)).verdict is verdict


@pytest.mark.parametrize(
    ("fact", "shown"),
    [
        pytest.param(diagnosis(Concept.BLEEDING, ago=90), 1, id="90 days ago"),
        pytest.param(diagnosis(Concept.BLEEDING, ago=91), 0, id="91 days ago"),
        pytest.param(diagnosis(Concept.BLEEDING, ago=None), 1, id="undated"),
        pytest.param(diagnosis(Concept.BLEEDING, ago=5, course=Course.HISTORY), 0, id="over"),
        pytest.param(
            diagnosis(Concept.BLEEDING, Concept.SEVERE_BLEEDING, ago=400), 1, id="severe, told once"
        ),
    ],
)
def test_e7_a_bleed_of_which_no_code_tells_how_severe_it_is_asks(fact: Any, shown: int) -> None:
    found = asked("E7", fact)
    assert (found.verdict, len(found.evidence)) == (UNKNOWN, shown)
