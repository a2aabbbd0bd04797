"""An answer settles what was known when it was given: newer signs ask again (DECISIONS 70)."""

from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.trials.nct06802055.criteria.unknowns import clearing
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.diagnoses import Certainty, Course
from fhir_mappings.clinical_model.medications import MedicationStatus
from fhir_mappings.clinical_model.results import Analyte
from fhir_mappings.clinical_model.studies import StudyState
from tests.builders import attested, count, diagnosis, medication, result
from tests.rule_tables.eligibility_cases import MET, MIXED, NOT_MET, UNKNOWN, asked, harm, said, study


def drug(concept: Concept, start: int, **more: Any) -> Any:
    return medication("any", start=start, concepts=frozenset({concept}), **more)


NEGATIVE_TEST = result(Analyte.HCG_QUALITATIVE, "negative", 0)
VIRUS_FREE = tuple(
    result(a, "negative", 3)
    for a in (Analyte.HIV_SEROLOGY, Analyte.HBSAG, Analyte.ANTI_HBC, Analyte.ANTI_HCV)
)
# item -> how a sign of `ago` days ago looks that does not decide by itself
SIGNS: list[tuple[str, str, Any]] = [
    ("I5", "fever of 38.3", lambda ago: result(Analyte.TEMPERATURE, "38.3", ago)),
    (
        "I5",
        "fever of 38.0 in neutropenia",
        lambda ago: (result(Analyte.TEMPERATURE, "38.0", ago), *count(anc="0.4", ago=5)),
    ),
    ("I5", "a blood culture that grew something", lambda ago: result(Analyte.BLOOD_CULTURE, "positive", ago)),
    ("I5", "an infection in words", lambda ago: diagnosis(Concept.INFECTION, ago=ago, by_text_only=True)),
    (
        "I5",
        "an infection suspected",
        lambda ago: diagnosis(Concept.SEPSIS, ago=ago, certainty=Certainty.PROVISIONAL),
    ),
    ("I5", "a minor infection", lambda ago: diagnosis(Concept.INFECTION_MINOR_CHRONIC, ago=ago)),
    ("E7", "a blood culture that grew something", lambda ago: result(Analyte.BLOOD_CULTURE, "positive", ago)),
    ("E7", "sepsis", lambda ago: diagnosis(Concept.SEPSIS, ago=ago)),
    ("E7", "a bleed in words", lambda ago: diagnosis(Concept.SEVERE_BLEEDING, ago=ago, by_text_only=True)),
    ("I5", "an infection as an event", lambda ago: harm(Concept.INFECTION, by="", ago=ago)),
    ("E7", "a bleed as an event", lambda ago: harm(Concept.SEVERE_BLEEDING, by="", ago=ago)),
    ("E7", "sepsis as an event", lambda ago: harm(Concept.SEPSIS, by="", ago=ago)),
    ("E7", "a nosebleed", lambda ago: diagnosis(Concept.BLEEDING, ago=ago)),
    ("E10", "a thrombosis suspected", lambda ago: diagnosis(Concept.THROMBOSIS, ago=ago, by_text_only=True)),
    ("E10", "a superficial thrombosis", lambda ago: diagnosis(Concept.THROMBOSIS_DOUBTFUL, ago=ago)),
    ("E10", "use of an anticoagulant coded", lambda ago: diagnosis(Concept.ANTICOAGULANT_USE, ago=ago)),
    ("E10", "an event", lambda ago: harm(Concept.THROMBOSIS_DOUBTFUL, by="", ago=ago)),
    (
        "E10",
        "an event in words",
        lambda ago: replace(harm(Concept.THROMBOSIS, by="", ago=ago), by_text_only=True),
    ),
    ("E10", "an antibody", lambda ago: result(Analyte.ANTIPHOSPHOLIPID_ANTIBODY, "positive", ago)),
    ("E11", "a pregnancy suspected", lambda ago: diagnosis(Concept.PREGNANT, ago=ago, by_text_only=True)),
    ("E1", "a pancytopenia", lambda ago: diagnosis(Concept.PANCYTOPENIA_UNSPECIFIED, ago=ago)),
    ("E2", "MDS suspected", lambda ago: diagnosis(Concept.MDS, ago=ago, certainty=Certainty.PROVISIONAL)),
    ("E4", "a transplant in words", lambda ago: diagnosis(Concept.HSCT, ago=ago, by_text_only=True)),
    ("E5", "sirolimus ordered", lambda ago: medication("sirolimus", 2, start=ago)),
    ("E6", "an event on ciclosporin", lambda ago: harm(Concept.NEPHROTOXICITY, severe=False, ago=ago)),
    ("E8", "varices", lambda ago: (diagnosis(Concept.VARICES, ago=ago), *VIRUS_FREE)),
    ("E9", "a carcinoma in situ", lambda ago: diagnosis(Concept.CARCINOMA_IN_SITU, ago=ago)),
    ("E12", "a register", lambda ago: study(StudyState.ENROLLED, ago, interventional=False)),
]


@pytest.mark.parametrize(
    ("item", "sign"), [(i, s) for i, _, s in SIGNS], ids=[f"{i} {w}" for i, w, _ in SIGNS]
)
def test_a_sign_of_the_day_after_the_answer_leaves_the_criterion_open(item, sign):
    clear = clearing(item)
    facts = sign(2)
    others = (NEGATIVE_TEST,) if item == "E11" else ()
    facts = (facts, *others)
    for ago, verdict in ((2, clear), (1, clear), (3, UNKNOWN)):
        found = asked(item, *facts, attested(ago, **{item: item.startswith("I")}))
        assert found.verdict is verdict, ago
    assert found.question
    assert found.missing
    assert found.basis is MIXED
    assert "attestation.older_than_signs" in said(found)


@pytest.mark.parametrize(
    ("item", "lasting"),
    [
        ("I5", drug(Concept.ANTI_INFECTIVE_PROPHYLAXIS, 2)),
        ("E10", drug(Concept.HEPARIN, 2, ingredients=frozenset({"heparin"}))),
        ("E10", drug(Concept.ANTICOAGULANT, 400)),
    ],
    ids=["prevention of infection", "a line flush", "an old open order"],
)
def test_what_comes_again_and_again_is_covered_by_an_older_answer(item, lasting):
    assert asked(item, lasting, attested(4, **{item: item == "I5"})).verdict is clearing(item)


@pytest.mark.parametrize(
    ("degrees", "neutrophils", "ago", "verdict"),
    [
        ("38.3", None, 2, UNKNOWN),
        ("38.29", None, 2, MET),
        ("38.3", "0.6", 2, UNKNOWN),
        ("38.0", "0.49", 2, UNKNOWN),
        ("37.9", "0.49", 2, MET),
        ("38.0", "0.5", 2, MET),
        ("39.5", None, 3, UNKNOWN),
        ("39.5", None, 4, MET),
    ],
)
def test_how_high_a_fever_asks_again(degrees, neutrophils, ago, verdict):
    counts = count(anc=neutrophils, ago=5) if neutrophils else ()
    found = asked("I5", result(Analyte.TEMPERATURE, degrees, ago), counts, attested(5, I5=True))
    assert found.verdict is verdict


@pytest.mark.parametrize(
    ("item", "concept", "days"), [("I5", Concept.INFECTION, 90), ("E7", Concept.SEVERE_BLEEDING, 90)]
)
def test_an_event_has_no_course_and_asks_for_as_long_as_a_diagnosis(
    item: str, concept: Concept, days: int
) -> None:
    assert "nothing" not in said(asked(item, harm(concept, by="", ago=days)))
    assert "nothing" in said(asked(item, harm(concept, by="", ago=days + 1)))


def test_what_is_definite_and_newer_decides_as_before():
    assert asked("I5", diagnosis(Concept.INFECTION, ago=1), attested(3, I5=True)).verdict is NOT_MET
    assert asked("E10", diagnosis(Concept.THROMBOSIS, ago=1), attested(3, E10=False)).verdict is MET
    ended = drug(Concept.ANTI_INFECTIVE, 20, status=MedicationStatus.STOPPED)
    assert asked("I5", ended, attested(5, I5=True)).verdict is MET


def test_an_old_entry_written_down_after_the_answer_is_news():
    late = diagnosis(Concept.INFECTION, ago=1, onset=None, course=Course.UNSTATED, by_text_only=True)
    assert asked("I5", late, attested(3, I5=True)).verdict is UNKNOWN
    undated = diagnosis(Concept.INFECTION, recorded=None, by_text_only=True)
    assert asked("I5", undated, attested(3, I5=True)).verdict is MET


@pytest.mark.parametrize(
    ("item", "concept"), [("I5", Concept.ANTI_INFECTIVE), ("E10", Concept.ANTICOAGULANT)]
)
@pytest.mark.parametrize("answered", [1, 2, 3])
def test_a_drug_by_name_alone_is_talked_away_by_no_answer(item: str, concept: Concept, answered: int) -> None:
    """In use on the day: the name counts as the drug, whatever was answered before or after (DECISIONS 76)."""
    told = drug(concept, 2, by_text_only=True)
    found = asked(item, told, attested(answered, **{item: item.startswith("I")}))
    assert found.verdict is UNKNOWN
    assert found.against
