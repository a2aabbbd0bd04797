"""One code system, however its address is spelled; and what a site declares its own addresses to be."""

from typing import Any

import pytest

from fhir_mappings.clinical_model.code_systems import (
    NAMES,
    SYSTEMS,
    UCUM,
    declared_systems,
    is_ucum,
    one_address,
    system_name,
)
from fhir_mappings.clinical_model.codes import ICD9, ICD9_PROCEDURES, ICD10, ICD10CM, ICD11, LOINC, SNOMED
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.results import Analyte
from fhir_mappings.readers.read_record import read_record
from fhir_mappings.readers.reader_settings import ReaderSettings
from fhir_mappings.value_sets import FaultyCodeLists, LocalCode, load_code_lists
from tests.builders import NOW, OUR_TRIAL, ZONE
from tests.mapping.charts import Json, resources
from tests.mapping.entries import amount, chart, concept, condition, observation
from tests.mapping.test_procedure import procedure

OURS = "http://his.hospital.example/icd"
LISTS = load_code_lists()


def respellings(uri: str) -> tuple[str, ...]:
    """Every usual spelling of one address."""
    if uri.startswith("urn:oid:"):
        number = uri.removeprefix("urn:oid:")
        return (number, f"oid:{number}", f"URN:OID:{number}", f" {uri} ", f"{uri}|2024")
    host, _, path = uri.removeprefix("http://").partition("/")
    plain = f"{host}/{path}" if path else host
    bare = plain.removeprefix("www.")
    loud = f"HTTP://{host.upper()}/{path}" if path else f"HTTPS://{host.upper()}"
    webs = (f"https://{plain}", f"http://{bare}", f"https://www.{bare}", f"{uri}/", f"https://{plain}/", loud)
    return (*webs, f"{uri}|2.77", f"\t{uri} ")


@pytest.mark.parametrize("uri", [*SYSTEMS, UCUM])
def test_a_code_system_is_one_however_its_address_is_spelled(uri: str) -> None:
    for spelling in (uri, *respellings(uri)):
        assert one_address(spelling) == one_address(uri)
        assert system_name(spelling) == SYSTEMS.get(uri)
        assert is_ucum(spelling) is (uri == UCUM)


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("http://snomed.info/sct/900000000000207008", SNOMED),
        ("http://snomed.info/sct/900000000000207008/version/20240101", SNOMED),
        ("http://id.who.int/icd/release/11/2024-01/mms", ICD11),
        ("urn:oid:2.16.840.1.113883.6.90", ICD10CM),
        ("http://hl7.org/fhir/sid/icd-9-cm", ICD9),
        ("urn:oid:2.16.840.1.113883.6.103", ICD9),
        ("urn:oid:2.16.840.1.113883.6.104", ICD9_PROCEDURES),
        ("http://snomed.info/xsct", None),
        ("http://loinc.org.example/", None),
        ("http://loinc.org/vs", None),
        ("http://hl7.org/fhir/sid/ICD-10", None),
        ("urn:oid:2.16.840.1.113883.6.10", None),
        ("2.16", None),
        ("http://hospital.example/labs", None),
        ("LOINC", None),
        ("", None),
        ("/", None),
        (None, None),
        ("http://loinc.org" + " " * 200 + "x", None),
    ],
)
def test_what_is_another_address_is_another_system(uri: str | None, name: str | None) -> None:
    assert system_name(uri) == name


def test_ucum_is_known_by_its_oid_and_nothing_else_is() -> None:
    assert is_ucum("urn:oid:2.16.840.1.113883.6.8")
    assert not is_ucum("http://loinc.org")
    assert not is_ucum(None)


# ---------------------------------------------------------------- in a chart


@pytest.mark.parametrize("system", respellings("http://loinc.org"))
def test_a_result_is_read_under_any_spelling(system: str) -> None:
    sent = observation("14682-9", valueQuantity=amount(180, "umol/L"))
    sent["code"]["coding"][0]["system"] = system
    (found,) = chart(sent).results
    assert (found.analyte, found.number) == (Analyte.CREATININE, 180)


@pytest.mark.parametrize("system", respellings(UCUM))
def test_a_unit_is_read_by_its_code_under_any_spelling(system: str) -> None:
    quantity = {"value": 9, "unit": "thousand per microlitre", "code": "10*3/uL", "system": system}
    (found,) = chart(observation("777-3", valueQuantity=quantity)).results
    assert found.number == 9


@pytest.mark.parametrize("system", ["http://hl7.org/fhir/sid/icd-9-cm", "urn:oid:2.16.840.1.113883.6.103"])
@pytest.mark.parametrize("code", ["410.71", "41071", "410.3", "4103", "990.4", "9904", "99.1", "410"])
def test_a_diagnosis_of_icd_9_is_no_procedure(system: str, code: str) -> None:
    assert chart(condition(concept(system, code))).diagnoses == ()


MIXED = "http://hl7.org/fhir/sid/icd-9-cm"
PROCEDURES = "urn:oid:2.16.840.1.113883.6.104"


@pytest.mark.parametrize(
    ("system", "code", "found"),
    [
        (MIXED, "41.03", Concept.HSCT),
        (MIXED, "4103", Concept.HSCT),
        (PROCEDURES, "41.0300x001", Concept.HSCT),
        ("2.16.156.10011.2.3.3.12", "99.0401", Concept.RED_CELL_TRANSFUSION),
        (MIXED, "99.05", Concept.PLATELET_TRANSFUSION),
        (MIXED, "410.3", None),
        (PROCEDURES, "410.71", None),
        (PROCEDURES, "41071", None),
    ],
)
def test_a_procedure_of_icd_9_is_one(system: str, code: str, found: Concept | None) -> None:
    told = {c for p in chart(procedure(concept(system, code))).procedures for c in p.concepts}
    assert told == ({found} if found else set())


# ---------------------------------------------------------------- a site's own addresses


def read(*many: Json, systems: dict[str, str]) -> Any:
    settings = ReaderSettings(zone=ZONE, codes=load_code_lists(systems=systems.items()), trial=OUR_TRIAL)
    return read_record(resources(*many), "p1", NOW.instant, settings)


@pytest.mark.parametrize(
    "spelling", [OURS, f"{OURS}/", OURS.replace("http:", "https:"), OURS.replace("his", "HIS")]
)
def test_a_sites_address_stands_for_what_it_declares(spelling: str) -> None:
    sent = condition(concept(spelling, "D61.300x001"))
    (found,) = read(sent, systems={OURS: ICD10}).diagnoses
    assert (found.concepts, found.codes) == ({Concept.AA_ACQUIRED}, ("ICD-10 D61.300x001",))
    assert read(sent, systems={}).diagnoses == ()


def test_a_sites_address_of_atc_tells_a_cream_from_a_tablet() -> None:
    order = {
        "resourceType": "MedicationRequest",
        "id": "m1",
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/p1"},
        "medicationCodeableConcept": concept("urn:his:atc", "S01XA18", "ciclosporin"),
    }
    (event,) = read(order, systems={"urn:his:atc": "ATC"}).medications
    assert event.systemic is False


def test_a_sites_map_may_point_at_its_own_address_and_is_found_under_any_spelling() -> None:
    local = LocalCode("http://lab.example/x", "ZB", OURS, "D61.3")
    lists = load_code_lists([local], systems=[(OURS, ICD10)])
    seen = lists.recognise([("https://lab.example/x/", "ZB", None)], None)
    assert seen is not None
    assert seen.codes == ("ICD-10 D61.3 (ZB)",)


@pytest.mark.parametrize(
    ("declared", "fault"),
    [
        ((OURS, "ICD 10"), "none of ATC, CVX"),
        ((OURS, "UCUM"), "none of ATC"),
        (("http://loinc.org/", ICD10), "is the address of LOINC, not of ICD-10"),
        ((UCUM, LOINC), "is the address of UCUM"),
        ((" ", ICD10), "an address is missing"),
    ],
)
def test_what_cannot_be_is_a_fault(declared: tuple[str, str], fault: str) -> None:
    with pytest.raises(FaultyCodeLists, match=fault):
        load_code_lists(systems=[declared])


def test_two_meanings_of_one_address_are_a_fault_and_a_repeated_truth_is_none() -> None:
    faults: list[str] = []
    assert declared_systems([(OURS, ICD10), (f"{OURS}/", ICD10), ("http://loinc.org", LOINC)], faults)
    assert faults == []
    declared_systems([(OURS, ICD10), (f"{OURS}/", ICD10CM)], faults)
    assert len(faults) == 1


def test_every_system_of_the_lists_may_be_declared() -> None:
    assert {code.system for code in LISTS.listed} - {"text", ""} <= NAMES
