"""Coded harms, infection, pregnancy, vaccines and surgery."""

from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.clinical_events import AdverseEventSeen, Allergy, AllergyKind, ProcedureDone
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.diagnoses import Certainty, Course
from fhir_mappings.clinical_model.known_unknown import Known, Sex
from fhir_mappings.clinical_model.medications import MedicationSource, MedicationStatus
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte
from tests.builders import a_record, count, diagnosis, medication, result, when
from tests.rule_tables.enrolled import SIROLIMUS_ONLY, patient, reviewed, said
from tests.tables import cases, named

S, C = Drug.SIROLIMUS, Drug.CICLOSPORIN
ALONE = Arm.SIROLIMUS


def expected(findings: str) -> list[str]:
    return [] if findings == "none" else findings.split("; ")


def found(record: ClinicalRecord, arm: Arm | None = Arm.COMBINED, **more: Any) -> list[str]:
    return said(reviewed(record, arm, **more).alerts)


def doubted(record: ClinicalRecord, arm: Arm | None = Arm.COMBINED) -> set[Drug]:
    return {drug for drug, _ in reviewed(record, arm).doubtful}


def event(concept: Concept, ago: Any = 5, *suspects: str, severe: bool | None = None) -> AdverseEventSeen:
    return AdverseEventSeen(
        "AdverseEvent/a1", frozenset({concept}), frozenset(suspects), severe, when(ago), "x"
    )


@pytest.mark.parametrize(
    "case",
    cases("""
    concept             | findings in the combined arm
    harm.pneumonitis    | SAF-LUNG critical STOP_REVIEW sirolimus
    harm.tma_hus        | SAF-TMA critical HOLD sirolimus; SAF-TMA critical STOP_REVIEW ciclosporin
    harm.pres           | SAF-PRES critical HOLD sirolimus; SAF-PRES critical STOP_REVIEW ciclosporin
    harm.anaphylaxis    | SAF-ANAPH critical STOP_REVIEW sirolimus; SAF-ANAPH critical STOP_REVIEW ciclosporin
    mds                 | SAF-MARROW critical STOP_REVIEW sirolimus; SAF-MARROW critical STOP_REVIEW ciclosporin
    aml                 | SAF-MARROW critical STOP_REVIEW sirolimus; SAF-MARROW critical STOP_REVIEW ciclosporin
    thrombosis.definite | SAF-THROMB critical STOP_REVIEW sirolimus; SAF-THROMB critical STOP_REVIEW ciclosporin
    thrombosis.doubtful | SAF-THROMB-ASK warning HOLD sirolimus
    malignancy          | SAF-MALIG warning STOP_REVIEW sirolimus; SAF-MALIG warning STOP_REVIEW ciclosporin
    harm.angioedema     | SAF-ANGIO warning STOP_REVIEW sirolimus
    harm.severe_skin    | SAF-SKIN warning STOP_REVIEW sirolimus; SAF-SKIN warning STOP_REVIEW ciclosporin
    harm.stomatitis     | SAF-STOM warning TREAT sirolimus
    harm.hepatotoxicity | SAF-HEPTOX warning HOLD sirolimus
    harm.nephrotoxicity | SAF-NEPHTOX warning REDUCE ciclosporin
    harm.hypertension   | SAF-HTN warning TREAT ciclosporin
    """),
    ids=named,
)
def test_a_harm_coded_on_the_study(case: dict[str, str]) -> None:
    record = a_record(diagnosis(Concept(case["concept"]), ago=10))
    told = case["findings in the combined arm"].split("; ")
    assert found(record) == told
    assert found(record, ALONE) == [line for line in told if "ciclosporin" not in line]


@pytest.mark.parametrize(
    "case",
    cases("""
    case                             | ago     | course   | certainty   | text | finding
    on the day of the first dose     | 60      | active   | confirmed   | no   | SAF-LUNG critical STOP_REVIEW sirolimus
    the day before the first dose    | 61      | active   | confirmed   | no   | SAF-LUNG info REVIEW sirolimus
    years ago, course not stated     | 2019    | unstated | confirmed   | no   | none
    90 days ago, course not stated   | 90      | unstated | confirmed   | no   | SAF-LUNG info REVIEW sirolimus
    91 days ago, course not stated   | 91      | unstated | confirmed   | no   | none
    lately, course not stated        | 10      | unstated | confirmed   | no   | SAF-LUNG critical STOP_REVIEW sirolimus
    undated and active               | -       | active   | confirmed   | no   | SAF-LUNG critical STOP_REVIEW sirolimus
    undated, course not stated       | -       | unstated | confirmed   | no   | SAF-LUNG warning HOLD sirolimus
    a year that holds the first dose | 2026    | active   | confirmed   | no   | SAF-LUNG critical STOP_REVIEW sirolimus
    resolved                         | 10      | history  | confirmed   | no   | none
    suspected                        | 10      | active   | provisional | no   | SAF-LUNG warning HOLD sirolimus
    in words only                    | 10      | active   | confirmed   | yes  | SAF-LUNG warning HOLD sirolimus
    dated tomorrow                   | 2026-03-03 | active | confirmed  | no   | none
    """),
    ids=named,
)
def test_a_harm_is_new_suspected_known_before_or_over(case: dict[str, str]) -> None:
    text = case["ago"]
    ago = None if text == "-" else int(text) if text.isdecimal() and len(text) < 4 else text
    entry = diagnosis(
        Concept.PNEUMONITIS,
        ago=ago,  # type: ignore[arg-type]
        course=Course(case["course"]),
        certainty=Certainty(case["certainty"]),
        by_text_only=case["text"] == "yes",
    )
    assert found(a_record(entry), ALONE) == expected(case["finding"])


@pytest.mark.parametrize(
    ("concept", "told"),
    [
        (Concept.PNEUMONITIS, ["SAF-LUNG warning HOLD sirolimus"]),
        (Concept.TMA_HUS, ["SAF-TMA warning HOLD sirolimus", "SAF-TMA warning HOLD ciclosporin"]),
        (Concept.SEPSIS, ["SAF-SEPSIS warning HOLD sirolimus", "SAF-SEPSIS warning REVIEW ciclosporin"]),
    ],
)
def test_an_adverse_event_in_words_is_a_suspected_harm(concept: Concept, told: list[str]) -> None:
    in_words = replace(event(concept), by_text_only=True)
    assert found(a_record(in_words)) == told
    assert found(a_record(event(concept))) != told
    assert doubted(a_record(in_words))


def test_a_suspected_harm_keeps_its_drug_from_rising() -> None:
    entry = diagnosis(Concept.PNEUMONITIS, ago=10, certainty=Certainty.PROVISIONAL)
    assert doubted(a_record(entry), ALONE) == {S}


def test_a_harm_that_has_ended_is_over() -> None:
    assert found(a_record(diagnosis(Concept.PNEUMONITIS, ago=30, abated=when(0))), ALONE) == []
    assert found(a_record(diagnosis(Concept.PNEUMONITIS, ago=30, abated=when("2026-04-01"))), ALONE)


def test_the_onset_and_not_the_day_of_writing_makes_a_harm_new() -> None:
    entry = diagnosis(Concept.THROMBOSIS, ago=5, onset=when(400))
    assert found(a_record(entry), ALONE) == ["SAF-THROMB info REVIEW sirolimus"]


def test_the_loudest_entry_of_a_harm_speaks_once() -> None:
    entries = [diagnosis(Concept.PNEUMONITIS, ago=ago) for ago in (300, 10)]
    assert found(a_record(*entries), ALONE) == ["SAF-LUNG critical STOP_REVIEW sirolimus"]


def test_leukaemia_is_not_told_twice_and_basal_cell_carcinoma_not_at_all() -> None:
    both = diagnosis(Concept.AML, Concept.MALIGNANCY, ago=10)
    assert found(a_record(both), ALONE) == ["SAF-MARROW critical STOP_REVIEW sirolimus"]
    skin = diagnosis(Concept.MALIGNANCY, Concept.BASAL_CELL_CARCINOMA, ago=10)
    assert found(a_record(skin), ALONE) == []


@pytest.mark.parametrize(
    "case",
    cases("""
    case                      | ago  | suspect     | finding
    blamed on sirolimus       | 5    | sirolimus   | SAF-LUNG critical STOP_REVIEW sirolimus
    blamed on another drug    | 5    | bleomycin   | none
    blamed on nothing         | 5    | -           | SAF-LUNG critical STOP_REVIEW sirolimus
    30 days ago               | 30   | -           | SAF-LUNG critical STOP_REVIEW sirolimus
    31 days ago               | 31   | -           | SAF-LUNG info REVIEW sirolimus
    before the study          | 61   | -           | none
    tomorrow                  | 2026-03-03 | -     | none
    undated                   | -    | -           | SAF-LUNG warning HOLD sirolimus
    """),
    ids=named,
)
def test_an_adverse_event_counts_by_its_day_and_its_suspect(case: dict[str, str]) -> None:
    text = case["ago"]
    ago = None if text == "-" else int(text) if len(text) < 4 else text
    suspects = () if case["suspect"] == "-" else (case["suspect"],)
    record = a_record(event(Concept.PNEUMONITIS, ago, *suspects))
    assert found(record, ALONE) == expected(case["finding"])


def test_severe_stomatitis_asks_for_a_hold() -> None:
    record = a_record(event(Concept.STOMATITIS, severe=True))
    assert found(record, ALONE) == ["SAF-STOM warning HOLD sirolimus"]


# ---------------------------------------------------------------- allergy


def allergy(drug: str = "sirolimus", **more: Any) -> Allergy:
    fields: dict[str, Any] = {
        "kind": AllergyKind.ALLERGY,
        "active": True,
        "certainty": Certainty.CONFIRMED,
        "severe": False,
        "manifestations": frozenset(),
        "recorded": when(5),
    }
    return Allergy("AllergyIntolerance/a1", frozenset({drug}), **(fields | more))


ANAPHYLAXIS = frozenset({Concept.ANAPHYLAXIS})


def test_anaphylaxis_on_a_study_drug_is_critical_whenever_it_was() -> None:
    told = found(a_record(allergy(manifestations=ANAPHYLAXIS, recorded=when(900))))
    assert told == ["SAF-ANAPH critical STOP_REVIEW sirolimus"]


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (allergy(), ["SAF-HYPER warning STOP_REVIEW sirolimus"]),
        (allergy(recorded=None), ["SAF-HYPER warning STOP_REVIEW sirolimus"]),
        (allergy(recorded=when(60)), ["SAF-HYPER warning STOP_REVIEW sirolimus"]),
        (allergy(recorded=when(61)), []),
        (allergy(active=False), []),
        (allergy("ciclosporin", kind=AllergyKind.INTOLERANCE), []),
        (allergy("penicillin", manifestations=ANAPHYLAXIS), []),
        (
            allergy(manifestations=ANAPHYLAXIS, certainty=Certainty.PROVISIONAL),
            ["SAF-HYPER warning STOP_REVIEW sirolimus"],
        ),
        (
            allergy(manifestations=ANAPHYLAXIS, by_text_only=True),
            ["SAF-ANAPH critical STOP_REVIEW sirolimus"],
        ),
        (allergy(told=ANAPHYLAXIS), ["SAF-HYPER warning STOP_REVIEW sirolimus"]),
        (allergy(told=ANAPHYLAXIS, recorded=when(900)), ["SAF-ANAPH warning HOLD sirolimus"]),
        (allergy(told=ANAPHYLAXIS, recorded=when(900), active=False), []),
        (allergy(told=frozenset({Concept.STOMATITIS}), recorded=when(900)), []),
        (
            allergy(manifestations=ANAPHYLAXIS, recorded=when(900), certainty=Certainty.PROVISIONAL),
            ["SAF-ANAPH warning HOLD sirolimus"],
        ),
        (
            allergy("ciclosporin", kind=AllergyKind.INTOLERANCE, told=ANAPHYLAXIS),
            ["SAF-ANAPH warning HOLD ciclosporin"],
        ),
    ],
)
def test_any_other_allergy_counts_once_recorded_on_the_study(entry: Allergy, told: list[str]) -> None:
    assert found(a_record(entry)) == told


def test_without_day_one_every_allergy_counts_as_of_the_study() -> None:
    told = found(a_record(allergy(recorded=when(400))), participation=patient(days=None))
    assert told == ["SAF-HYPER warning STOP_REVIEW sirolimus"]


# ---------------------------------------------------------------- infection


def test_sepsis_holds_sirolimus_and_asks_about_ciclosporin() -> None:
    record = a_record(diagnosis(Concept.SEPSIS, Concept.INFECTION, ago=2))
    assert found(record) == [
        "SAF-SEPSIS critical HOLD sirolimus",
        "SAF-SEPSIS warning REVIEW ciclosporin",
    ]
    assert doubted(record) == {C}
    assert found(record, ALONE) == ["SAF-SEPSIS critical HOLD sirolimus"]


def test_suspected_sepsis_warns_unless_another_entry_is_firm() -> None:
    suspected = diagnosis(Concept.FEBRILE_NEUTROPENIA, ago=1, certainty=Certainty.PROVISIONAL)
    assert found(a_record(suspected), ALONE) == ["SAF-SEPSIS warning HOLD sirolimus"]
    record = a_record(suspected, diagnosis(Concept.SEPSIS, ago=4))
    assert found(record, ALONE) == ["SAF-SEPSIS critical HOLD sirolimus"]


@pytest.mark.parametrize(("ago", "told"), [(90, True), (91, False), (None, True)])
def test_an_infection_never_closed_ends_after_three_months(ago: int | None, told: bool) -> None:
    record = a_record(diagnosis(Concept.INFECTION, ago=ago))  # type: ignore[arg-type]
    finding = ["SAF-INF warning INFORM_STUDY_TEAM -"] if told else []
    assert found(record, ALONE) == finding


@pytest.mark.parametrize(
    "case",
    cases("""
    case                  | temperature | ago | neutrophils | count | told
    fever and neutropenia | 38.0        | 3   | 0.49        | 28    | yes
    no fever              | 37.99       | 1   | 0.3         | 1     | no
    fever four days ago   | 39.5        | 4   | 0.3         | 1     | no
    neutrophils 0.5       | 39.5        | 1   | 0.5         | 1     | no
    no count of late      | 39.5        | 1   | 0.3         | 29    | no
    """),
    ids=named,
)
def test_fever_with_few_neutrophils(case: dict[str, str]) -> None:
    fever = result(Analyte.TEMPERATURE, case["temperature"], int(case["ago"]))
    record = a_record(fever, count(anc=case["neutrophils"], ago=int(case["count"])))
    assert ("SAF-FN critical HOLD sirolimus" in found(record, ALONE)) is (case["told"] == "yes")


def test_fever_without_any_count_is_no_neutropenia() -> None:
    assert found(a_record(result(Analyte.TEMPERATURE, 39)), ALONE) == []


def test_a_blood_culture_counts_for_a_week() -> None:
    assert found(a_record(result(Analyte.BLOOD_CULTURE, "positive", 7)), ALONE)
    assert not found(a_record(result(Analyte.BLOOD_CULTURE, "positive", 8)), ALONE)


def test_platelets_below_ten_with_a_bleeding_ask_for_a_hold() -> None:
    low, bleeding = count(plt=8), diagnosis(Concept.SEVERE_BLEEDING, ago=1)
    assert found(a_record(low, bleeding), ALONE) == ["SAF-PLT warning HOLD sirolimus"]
    old = diagnosis(Concept.SEVERE_BLEEDING, ago=300)
    assert found(a_record(low, old), ALONE) == ["SAF-PLT warning REPEAT_TEST sirolimus"]


# ---------------------------------------------------------------- pregnancy

PREGNANT = ["SAF-PREG critical STOP_REVIEW sirolimus", "SAF-PREG critical HOLD ciclosporin"]


@pytest.mark.parametrize(
    "case",
    cases("""
    case                     | analyte          | value    | ago | pregnant
    qualitative positive     | hcg_qualitative  | positive | 3   | yes
    qualitative negative     | hcg_qualitative  | negative | 3   | no
    status positive          | pregnancy_status | positive | 3   | yes
    hCG 25                   | hcg              | 25       | 3   | yes
    hCG just under 25        | hcg              | 24.9     | 3   | open
    hCG 5                    | hcg              | 5        | 3   | open
    hCG just under 5         | hcg              | 4.9      | 3   | no
    hCG in words             | hcg              | positive | 3   | yes
    forty weeks ago          | hcg_qualitative  | positive | 280 | yes
    longer ago               | hcg_qualitative  | positive | 281 | no
    """),
    ids=named,
)
def test_a_positive_pregnancy_test_stops_sirolimus_and_holds_ciclosporin(case: dict[str, str]) -> None:
    record = a_record(result(Analyte(case["analyte"]), case["value"], int(case["ago"])))
    finding = {"yes": PREGNANT, "no": [], "open": ["SAF-PREG warning REPEAT_TEST -"]}[case["pregnant"]]
    assert found(record) == finding
    assert doubted(record) == ({S, C} if case["pregnant"] == "open" else set())


def test_a_later_negative_test_ends_a_pregnancy_and_an_earlier_one_does_not() -> None:
    coded = diagnosis(Concept.PREGNANT, ago=20)
    assert found(a_record(coded)) == PREGNANT
    assert found(a_record(coded, result(Analyte.HCG, 1, 10))) == []
    assert found(a_record(coded, result(Analyte.HCG, 1, 20))) == []
    assert found(a_record(coded, result(Analyte.HCG, 1, 21))) == PREGNANT
    tests = (result(Analyte.HCG_QUALITATIVE, "positive", 9), result(Analyte.HCG_QUALITATIVE, "negative", 2))
    assert found(a_record(*tests)) == []


def test_a_pregnancy_on_the_problem_list_from_years_ago_is_over() -> None:
    assert found(a_record(diagnosis(Concept.PREGNANT, ago=500))) == []


def test_a_positive_test_goes_before_a_negative_one_of_the_same_day() -> None:
    tests = (result(Analyte.HCG, 300, 2), result(Analyte.HCG_QUALITATIVE, "negative", 2))
    assert found(a_record(*tests)) == PREGNANT


def test_a_positive_test_of_a_man_is_a_contradiction_and_no_pregnancy() -> None:
    record = a_record(result(Analyte.HCG, 40), sex=Known(Sex.MALE))
    assert found(record) == ["SAF-PREG warning REVIEW -"]
    assert doubted(record) == {S, C}


# ---------------------------------------------------------------- vaccines, surgery

VACCINE = {"concepts": frozenset({Concept.LIVE_VACCINE})}


def test_a_live_vaccine_ordered_is_critical_and_one_given_warns() -> None:
    order = medication("varicella vaccine", start=2, **VACCINE)
    assert found(a_record(order), ALONE) == ["VAX-1 critical AVOID -"]
    shot = medication("varicella vaccine", None, 24, 2, MedicationSource.ADMINISTRATION, **VACCINE)
    assert found(a_record(shot), ALONE) == ["VAX-1 warning AVOID -"]


def test_a_vaccine_that_may_be_live_warns_when_ordered_and_informs_when_given() -> None:
    perhaps: dict[str, Any] = {"concepts": frozenset({Concept.LIVE_VACCINE_POSSIBLE})}
    order = medication("zoster vaccine", start=2, **perhaps)
    assert found(a_record(order), ALONE) == ["VAX-1 warning REVIEW -"]
    shot = medication("zoster vaccine", None, 24, 2, MedicationSource.ADMINISTRATION, **perhaps)
    assert found(a_record(shot), ALONE) == ["VAX-1 info REVIEW -"]


@pytest.mark.parametrize(
    "change",
    [
        {"status": MedicationStatus.CANCELLED},
        {"start": None},
        {"start": when(29)},
        {"start": when("2026-03-04")},
        {"source": MedicationSource.STATEMENT},
        {"source": MedicationSource.ADMINISTRATION, "status": MedicationStatus.NOT_TAKEN},
        {"concepts": frozenset({Concept.INTERACTING})},
    ],
)
def test_no_finding_where_no_live_vaccine_is_ordered_now(change: dict[str, Any]) -> None:
    order = replace(medication("varicella vaccine", start=2, **VACCINE), **change)
    assert found(a_record(order), ALONE) == []


@pytest.mark.parametrize(
    ("day", "planned", "told"),
    [("2026-03-02", True, True), ("2026-03-16", True, True), ("2026-03-17", True, False),
     ("2026-03-01", True, False), ("2026-03-05", False, False), (None, True, False)],
)  # fmt: skip
def test_surgery_within_two_weeks_asks_for_a_hold(day: str | None, planned: bool, told: bool) -> None:
    operation = ProcedureDone(
        "ServiceRequest/s1", frozenset({Concept.PLANNED_SURGERY}), when(day), "hernia repair", planned=planned
    )
    assert bool(found(a_record(operation), doses=SIROLIMUS_ONLY, participation=patient(ALONE))) is told


def test_a_delivery_on_the_study_asks_for_a_test() -> None:
    ended = diagnosis(Concept.PREGNANCY_ENDED, ago=10)
    assert found(a_record(ended)) == ["SAF-PREG warning REPEAT_TEST -"]
    assert found(a_record(ended, result(Analyte.HCG_QUALITATIVE, "negative", 2))) == []
    assert found(a_record(diagnosis(Concept.PREGNANCY_ENDED, ago=61))) == []
