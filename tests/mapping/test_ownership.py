"""Whose is it: every way in which an entry may name its patient, for every kind of entry (DECISIONS 51)."""

from typing import Any

import pytest

from fhir_mappings.clinical_model.known_unknown import Gap
from fhir_mappings.readers.read_record import read_drafts
from tests.builders import NOW
from tests.mapping.charts import SETTINGS, Json, administration, dispense, order, resources, statement
from tests.mapping.entries import amount, chart, concept, condition, observation, patient

MRN, NATIONAL = "urn:oid:2.16.156.10011.1.1", "https://hospital.example/mrn"
PERSON = patient(identifier=[{"system": MRN, "value": "A17"}, {"system": NATIONAL, "value": " 4711 "}])
KINDS = {
    "Observation": observation("2823-3", valueQuantity=amount(6.8, "mmol/L")),
    "Condition": condition(concept("http://hl7.org/fhir/sid/icd-10", "A41.9")),
    "MedicationRequest": order(),
    "MedicationDispense": dispense(),
    "MedicationAdministration": administration(),
    "MedicationStatement": statement(),
}
CONTAINED = {"resourceType": "Patient", "id": "x", "identifier": [{"system": MRN, "value": "A17"}]}

SUBJECTS: list[tuple[str, Any, str]] = [
    ("the reference", {"reference": "Patient/p1"}, "theirs"),
    ("a version of it", {"reference": "Patient/p1/_history/3"}, "theirs"),
    ("its urn", {"reference": "urn:uuid:p1"}, "theirs"),
    ("another patient", {"reference": "Patient/p2"}, "WRONG_PATIENT"),
    ("no patient", {"reference": "Group/p1"}, "WRONG_PATIENT"),
    ("a urn of nobody", {"reference": "urn:uuid:nobody"}, "SUBJECT_UNRESOLVED"),
    ("a number of the patient", {"identifier": {"system": MRN, "value": "A17"}}, "theirs"),
    ("the other number, with blanks", {"identifier": {"system": NATIONAL + "/", "value": "4711"}}, "theirs"),
    ("another number of that system", {"identifier": {"system": MRN, "value": "A18"}}, "WRONG_PATIENT"),
    ("a number of another system", {"identifier": {"system": "urn:x", "value": "A17"}}, "SUBJECT_UNRESOLVED"),
    ("a number without a system", {"identifier": {"value": "A17"}}, "SUBJECT_UNRESOLVED"),
    ("a name", {"display": "Wang"}, "SUBJECT_UNRESOLVED"),
]


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize(("what", "subject", "said"), SUBJECTS, ids=[s[0] for s in SUBJECTS])
def test_an_entry_is_used_for_the_patient_whom_it_names(
    kind: str, what: str, subject: Any, said: str
) -> None:
    record = chart(PERSON, KINDS[kind] | {"subject": subject})
    used = bool(record.results or record.diagnoses or record.medications)
    assert used is (said == "theirs")
    assert [g.problem for g in record.gaps] == ([] if used else [said])
    lost = [one.kind for gap in record.gaps for one in gap.lost]
    assert lost == ([kind] if said == "SUBJECT_UNRESOLVED" else [])


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_an_entry_without_a_subject_is_lost_unless_it_may_lack_one(kind: str) -> None:
    entry = {name: value for name, value in KINDS[kind].items() if name != "subject"}
    record = chart(PERSON, entry)
    used = kind == "Observation"
    assert bool(record.results or record.diagnoses or record.medications) is used
    assert [g.problem for g in record.gaps] == ["SUBJECT_ASSUMED" if used else "SUBJECT_UNRESOLVED"]


@pytest.mark.parametrize(
    ("value", "said"), [("A17", None), ("A18", "WRONG_PATIENT"), (None, "SUBJECT_UNRESOLVED")]
)
@pytest.mark.parametrize("kind", ["Observation", "MedicationRequest"])
def test_a_contained_patient_is_known_by_its_number(kind: str, value: str | None, said: str | None) -> None:
    inside = CONTAINED | {"identifier": [{"system": MRN, "value": value}] if value else []}
    record = chart(PERSON, KINDS[kind] | {"subject": {"reference": "#x"}, "contained": [inside]})
    assert [g.problem for g in record.gaps] == ([said] if said else [])


@pytest.mark.parametrize(("what", "subject", "said"), SUBJECTS, ids=[s[0] for s in SUBJECTS])
def test_a_draft_of_the_call_is_the_patients_unless_it_clearly_names_another(
    what: str, subject: Any, said: str
) -> None:
    drafts, gaps = _drafts(order(subject=subject))
    assert bool(drafts) is (said != "WRONG_PATIENT")
    assert [g.problem for g in gaps] == ([] if drafts else ["WRONG_PATIENT"])


def _drafts(draft: Json) -> tuple[Any, tuple[Gap, ...]]:
    return read_drafts(resources(PERSON, draft), "p1", NOW.instant, SETTINGS)


# ---------------------------------------------------------------- whom a result is about

RELATIVE = {"resourceType": "RelatedPerson", "id": "x"}
FOCI: list[tuple[str, list[Any], str]] = [
    ("the patient", [{"reference": "Patient/p1"}], "theirs"),
    ("the patient's number", [{"identifier": {"system": MRN, "value": "A17"}}], "theirs"),
    ("a disease of the patient", [{"reference": "Condition/c1"}], "theirs"),
    ("an order that nobody brought", [{"type": "MedicationRequest", "display": "sirolimus"}], "theirs"),
    ("a specimen inside", [{"reference": "#s"}], "theirs"),
    ("nothing", [{}], "theirs"),
    ("a donor", [{"reference": "RelatedPerson/donor"}], "WRONG_PATIENT"),
    ("a relative inside", [{"reference": "#x"}], "WRONG_PATIENT"),
    ("a relative by type", [{"type": "RelatedPerson", "display": "mother"}], "WRONG_PATIENT"),
    ("another patient", [{"reference": "Patient/p2"}], "WRONG_PATIENT"),
    ("another number", [{"identifier": {"system": MRN, "value": "A18"}}], "WRONG_PATIENT"),
    ("a nurse after a needle", [{"reference": "Practitioner/n"}], "WRONG_PATIENT"),
    (
        "patient and donor",
        [{"reference": "Patient/p1"}, {"reference": "RelatedPerson/d"}],
        "SUBJECT_UNRESOLVED",
    ),
    ("a word", [{"display": "供者"}], "SUBJECT_UNRESOLVED"),
    ("a device", [{"reference": "Device/1"}], "SUBJECT_UNRESOLVED"),
    ("nothing inside", [{"reference": "#nobody"}], "SUBJECT_UNRESOLVED"),
    ("an urn of nobody", [{"reference": "urn:uuid:nobody"}], "SUBJECT_UNRESOLVED"),
    ("a namesake elsewhere", [{"reference": "https://other.example/Patient/p1"}], "SUBJECT_UNRESOLVED"),
]


@pytest.mark.parametrize(("what", "focus", "said"), FOCI, ids=[f[0] for f in FOCI])
def test_a_result_is_used_for_whom_it_is_about(what: str, focus: list[Any], said: str) -> None:
    inside = [{"id": 5}, RELATIVE, {"resourceType": "Specimen", "id": "s"}]
    record = chart(PERSON, KINDS["Observation"] | {"focus": focus, "contained": inside})
    assert bool(record.results) is (said == "theirs")
    assert [g.problem for g in record.gaps] == ([] if said == "theirs" else [said])
    assert bool([one for gap in record.gaps for one in gap.lost]) is (said == "SUBJECT_UNRESOLVED")


def test_a_result_of_another_patient_is_not_made_the_patients_by_its_focus() -> None:
    other = KINDS["Observation"] | {
        "subject": {"reference": "Patient/p2"},
        "focus": [{"reference": "Patient/p1"}],
    }
    assert [g.problem for g in chart(PERSON, other).gaps] == ["WRONG_PATIENT"]
