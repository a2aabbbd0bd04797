"""Whose line of an export it is, and what it points at: every way to write a reference, torn lines, types nobody reads."""

import json

import pytest

from cds_service.screening.output_names import patient_named, pointed_at, read_line
from fhir_mappings.readers.fhir_types import Reference

CONDITION = {"resourceType": "Condition", "id": "c1"}


def line(resource):
    return read_line(json.dumps(resource).encode())


@pytest.mark.parametrize(
    ("written", "patients"),
    [
        ("Patient/p1", ["p1"]),
        ("https://ehr.example/fhir/Patient/p1", ["p1"]),
        ("Patient/p1/_history/3", ["p1"]),
        ("https://ehr.example/fhir/Patient/p1/_history/3", ["p1"]),
        ("urn:uuid:0b1c", ["0b1c"]),
        ("Group/g1", []),
        ("MyPatient/p1", []),
        ("Patient/", []),
        ("Patient", []),
        ("p1", []),
        ("#p1", []),
        ("", []),
        (None, []),
    ],
)
def test_a_reference_names_its_patient_on_whatever_server(written, patients):
    assert [*patient_named(Reference(reference=written))] == patients
    subject = {"reference": written} if written is not None else {"display": "x"}
    assert sorted(line({**CONDITION, "subject": subject}).patients) == patients


def test_nobody_is_named_by_nothing():
    assert [*patient_named(None)] == []
    assert line(CONDITION).patients == frozenset()


def test_a_patient_is_its_own_and_carries_its_numbers():
    found = line({"resourceType": "Patient", "id": "p1", "identifier": [{"value": " 7 "}, {"value": ""}, {}]})
    assert (found.kind, found.patients, found.numbers) == ("Patient", {"p1"}, {"7"})
    assert line({"resourceType": "Patient", "identifier": [{"value": "7"}]}).patients == frozenset()


@pytest.mark.parametrize(
    ("subject", "contained", "numbers"),
    [
        ({"identifier": {"value": "7 "}}, [], {"7"}),
        ({"identifier": {"value": ""}}, [], set()),
        ({"identifier": {}}, [], set()),
        (
            {"reference": "#me"},
            [{"resourceType": "Patient", "id": "me", "identifier": [{"value": "8"}]}],
            {"8"},
        ),
        (
            {"reference": "#me", "identifier": {"value": "7"}},
            [{"resourceType": "Patient", "id": "me", "identifier": [{"value": "8"}]}],
            {"7", "8"},
        ),
        (
            {"reference": "#me"},
            [{"resourceType": "Patient", "id": "other", "identifier": [{"value": "8"}]}],
            set(),
        ),
        (
            {"reference": "Patient/me"},
            [{"resourceType": "Patient", "id": "me", "identifier": [{"value": "8"}]}],
            set(),
        ),
    ],
)
def test_or_is_named_by_number_beside_the_reference_or_in_what_is_contained(subject, contained, numbers):
    order = {"resourceType": "MedicationRequest", "id": "m1"}
    assert line({**order, "subject": subject, "contained": contained}).numbers == numbers


def test_a_group_names_each_member():
    members = [{"entity": {"reference": f"Patient/p{n}"}} for n in range(3)]
    found = line({"resourceType": "Group", "id": "g", "type": "person", "actual": True, "member": members})
    assert found.patients == {"p0", "p1", "p2"}


@pytest.mark.parametrize("kind", ["Encounter", "Appointment", "Claim"])
def test_of_types_that_nobody_reads_an_encounter_alone_says_whose_it_is(kind):
    found = line({"resourceType": kind, "id": "e", "subject": {"reference": "Patient/p1"}})
    assert (found.resources, found.failed, found.problem) == ((), False, None)
    assert found.patients == ({"p1"} if kind == "Encounter" else frozenset())
    assert found.kind == kind


# ---------------------------------------------------------------- lines that cannot be read


@pytest.mark.parametrize(
    ("text", "kind", "patients"),
    [
        ('{"resourceType":"Condition","id":"c","subject":{"reference":"Patient/p1"},', "Condition", {"p1"}),
        (
            '{"resourceType":"Condition","subject":{"reference":"https://e/fhir/Patient/p1"',
            "Condition",
            {"p1"},
        ),
        ('{"resourceType":"Condition","subject":{"reference":"Patient\\/p1"},', "Condition", {"p1"}),
        ('{"resourceType":"Condition","subject":{"reference":"Patient\\u002Fp1"},', "Condition", {"p1"}),
        ('{"resourceType":"Condition","subject":{"reference":"Patient\\u002fp1"},', "Condition", {"p1"}),
        ('{"resourceType":"Condition","subject":{"reference":"urn:uuid:ab-1"},', "Condition", {"ab-1"}),
        ('{"resourceType":"Condition","subject":{"reference":"Patient/p1/_history/2"},', "Condition", {"p1"}),
        ('{"resourceType":"Condition","subject":{"reference":"MyPatient/p1"},', "Condition", set()),
        ('{"resourceType":"Condition","subject":{"reference":"Patient/p', "Condition", set()),
        ('{"resourceType":"Condition","a":"Patient/p1","b":"Patient/p2",', "Condition", {"p1", "p2"}),
        ('{"resourceType":"Patient","id":"p1","name":[', "Patient", {"p1"}),
        ("not even JSON", "", set()),
    ],
)
def test_a_torn_line_belongs_to_everybody_who_can_still_be_read_in_it(text, kind, patients):
    found = read_line(text.encode())
    assert (found.kind, found.patients) == (kind, patients)
    assert found.problem
    assert len(found.resources) == 1


def test_a_line_of_which_a_part_cannot_be_read_says_so_and_whose_it_is():
    found = line({**CONDITION, "subject": {"reference": "Patient/p1"}, "code": 5})
    assert (found.kind, found.patients) == ("Condition", {"p1"})
    assert found.problem


@pytest.mark.parametrize(("severity", "failed"), [("error", True), ("information", True), (None, True)])
def test_an_outcome_among_the_lines_is_no_data(severity, failed):
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": "x"}]}
    assert line(outcome).failed is failed
    assert line(outcome).patients == frozenset()


# ---------------------------------------------------------------- what else is pointed at


@pytest.mark.parametrize(
    ("reference", "names"),
    [
        ("Medication/m1", {"Medication/m1"}),
        ("https://ehr.example/fhir/Medication/m1", {"Medication/m1"}),
        ("Medication/m1/_history/2", {"Medication/m1"}),
        ("ResearchStudy/s1", {"ResearchStudy/s1"}),
        ("Patient/p1", set()),
        ("MyMedication/m1", set()),
        ("Medication/m1/other", set()),
        ("#m1", set()),
        (5, set()),
    ],
)
def test_a_product_or_study_is_found_wherever_a_line_points_at_it(reference, names):
    for value in ({"a": {"reference": reference}}, {"a": [{"b": [{"reference": reference}]}]}):
        assert pointed_at(json.dumps(value).encode()) == names


def test_a_torn_line_points_at_nothing():
    assert pointed_at(b'{"a":{"reference":"Medication/m1"}') == frozenset()
