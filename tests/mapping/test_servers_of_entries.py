"""Which server a chart is of: by the call, by what its entries say of themselves, by its subjects."""

import json
from typing import Any

import pytest

from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.readers.bundle import decode
from fhir_mappings.readers.patient_match import home_of
from fhir_mappings.readers.read_record import read_record
from fhir_mappings.readers.reference_addresses import Home
from fhir_mappings.readers.references import servers_of
from tests.builders import NOW
from tests.mapping.charts import HERE, SETTINGS, Json, bundle, dispense, drug, line, order, problems, read
from tests.mapping.entries import amount, observation, patient

OWN = "https://ehr.example/fhir"
OTHER = "https://other.hospital/fhir"
AT_HOME = {"reference": f"{OWN}/Patient/p1"}
DAILY = {"frequency": 1, "period": 1, "periodUnit": "d"}
PERSON = patient()
LEVEL = observation("2823-3", valueQuantity=amount(6.8, "mmol/L"))
PRODUCT = {"resourceType": "Medication", "id": "med1", "code": drug("sirolimus 1 MG Oral Tablet")}
STUDY = {"resourceType": "ResearchStudy", "id": "s1", "identifier": [{"value": "NCT06802055"}]}


def decoded(*entries: tuple[Json, str | None], **search: Any) -> Any:
    """Entries with the server in their fullUrl, None for no fullUrl."""
    content = bundle()
    content["entry"] = [
        {"resource": r} | ({"fullUrl": f"{base}/{r['resourceType']}/{r['id']}"} if base else {}) | search
        for r, base in entries
    ]
    return decode(json.dumps(content).encode()).resources


def of_entries(*entries: tuple[Json, str | None], home: Home | None = None) -> ClinicalRecord:
    return read_record(decoded(*entries), "p1", NOW.instant, SETTINGS, home=home)


@pytest.mark.parametrize(
    ("bases", "servers"),
    [
        ((None, None), set()),
        ((OWN, OWN), {"ehr.example/fhir"}),
        ((None, OWN), {"ehr.example/fhir"}),
        ((OWN, OTHER), {"ehr.example/fhir"}),
        ((OTHER, OWN), {"other.hospital/fhir"}),
        (("http://ehr.example:80/fhir/", OWN), {"ehr.example/fhir"}),
        (("https://x@ehr.example/fhir", None), set()),
    ],
)
def test_an_answer_is_of_the_server_of_all_its_entries_else_of_its_patients(
    bases: tuple[str | None, str | None], servers: set[str]
) -> None:
    assert servers_of(decoded((PERSON, bases[0]), (LEVEL, bases[1]))) == servers


def test_of_several_servers_the_one_that_is_known_is_ours() -> None:
    both = decoded((PERSON, OTHER), (LEVEL, OWN))
    assert servers_of(both, HERE.servers) == HERE.servers
    assert servers_of(both, frozenset({"a/fhir"})) == {"other.hospital/fhir"}
    assert servers_of(decoded((PERSON, OTHER)), HERE.servers) == {"other.hospital/fhir"}


def test_results_of_two_servers_and_no_patient_tell_no_server() -> None:
    assert servers_of(decoded((LEVEL, OWN), (LEVEL, OTHER))) == set()


@pytest.mark.parametrize("pointed_at", [PRODUCT, STUDY])
def test_what_is_only_pointed_at_tells_no_server(pointed_at: Json) -> None:
    assert servers_of(decoded((pointed_at, OTHER))) == set()
    assert servers_of(decoded((LEVEL, OWN), (pointed_at, OTHER))) == {"ehr.example/fhir"}


@pytest.mark.parametrize(
    "url", ["https://ehr.example/fhir/Observation/other", "https://ehr.example/1", "x", ""]
)
def test_an_address_that_is_not_the_resources_own_tells_no_server(url: str) -> None:
    content = bundle(LEVEL)
    content["entry"][0]["fullUrl"] = url
    found = decode(json.dumps(content).encode()).resources
    assert servers_of(found) == set()
    assert len(read_record(found, "p1", NOW.instant, SETTINGS).results) == 1


def test_a_resource_cannot_say_itself_where_it_lies() -> None:
    content = bundle(LEVEL | {"fullUrl": f"{OTHER}/Observation/{LEVEL['id']}"})
    assert servers_of(decode(json.dumps(content).encode()).resources) == set()


@pytest.mark.parametrize("written", ["Patient/p1", f"{OWN}/Patient/p1", f"{OTHER}/Patient/p1"])
def test_a_relative_reference_of_an_entry_elsewhere_means_the_patient_there(written: str) -> None:
    record = of_entries((PERSON, OWN), (LEVEL | {"subject": {"reference": written}}, OTHER))
    is_own = written.startswith(OWN)
    assert len(record.results) == is_own
    assert problems(record) == ([] if is_own else ["SUBJECT_UNRESOLVED"])


def test_namesakes_of_two_servers_are_never_one() -> None:
    """Both are results of the patient; the one elsewhere could not be told from its namesake here."""
    here, there = (
        LEVEL,
        LEVEL | {"valueQuantity": amount(3.9, "mmol/L"), "subject": AT_HOME},
    )
    for entries in (
        ((PERSON, OWN), (here, OWN), (there, OTHER)),
        ((there, OTHER), (PERSON, OWN), (here, OWN)),
    ):
        record = of_entries(*entries)
        assert [str(r.number) for r in record.results] == ["6.8"]
        assert problems(record) == ["SUBJECT_UNRESOLVED"]


def test_a_product_whose_entry_bears_that_address_is_found() -> None:
    reference = {"reference": f"{OTHER}/Medication/med1"}
    ordered = order(medicationCodeableConcept=None, medicationReference=reference)
    record = of_entries((ordered, OWN), (PRODUCT, OTHER))
    assert [m.ingredients for m in record.medications] == [{"sirolimus"}]
    assert record.gaps == ()


def test_a_patient_of_another_server_is_not_the_patient() -> None:
    namesake = PERSON | {"birthDate": "2020-01-01", "gender": "male"}
    record = of_entries((PERSON, OWN), (namesake, OTHER), home=HERE)
    assert record.birth_date == of_entries((PERSON, OWN)).birth_date
    assert problems(record) == ["SUBJECT_UNRESOLVED"]


# ---------------------------------------------------------------- where nothing else tells the server


def test_subjects_that_all_lie_on_one_server_tell_it() -> None:
    absolute = [order(subject=AT_HOME), LEVEL | {"subject": AT_HOME}]
    record = read(PERSON, *absolute)
    assert (len(record.medications), len(record.results), record.gaps) == (1, 1, ())


@pytest.mark.parametrize("beside", ["Patient/p1", f"{OTHER}/Patient/p1"])
def test_one_absolute_subject_among_others_tells_nothing(beside: str) -> None:
    record = read(PERSON, order(subject={"reference": beside}), LEVEL | {"subject": AT_HOME})
    assert record.results == ()
    assert "SUBJECT_UNRESOLVED" in problems(record)
    assert len(record.medications) == (beside == "Patient/p1")


def test_what_is_known_of_the_server_outweighs_what_the_entries_say() -> None:
    found = decoded((PERSON, OTHER), (LEVEL, OTHER))
    assert home_of(found) == Home(frozenset({"other.hospital/fhir"}))
    assert home_of(found, HERE.servers) == HERE


def test_a_line_of_a_dispense_elsewhere_is_not_taken_from_a_namesake_here() -> None:
    ordered = order("sirolimus 1 MG Oral Tablet", line(3, repeat=DAILY), key="m1")
    given = dispense(authorizingPrescription=[{"reference": f"{OTHER}/MedicationRequest/m1"}])
    record = read(ordered, given, home=HERE)
    (seen,) = (m for m in record.medications if m.reference == "MedicationDispense/d1")
    assert "Known" not in repr(seen.dose)
