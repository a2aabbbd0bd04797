"""A site maps what has no code system: words without a code, codes without a system, spellings of units."""

import json
from decimal import Decimal
from typing import Any

import pytest

from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import Known
from fhir_mappings.clinical_model.medications import Dose
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte, Presence
from fhir_mappings.readers.read_concept_map import read_concept_map
from fhir_mappings.readers.read_record import read_record
from fhir_mappings.readers.reader_settings import ReaderSettings
from fhir_mappings.value_sets import (
    OWN_UNITS,
    OWN_WORDS,
    WITHOUT_SYSTEM,
    FaultyCodeLists,
    LocalCode,
    load_code_lists,
)
from tests.builders import NOW, OUR_TRIAL, ZONE
from tests.mapping.charts import PATIENT, RXNORM, UCUM, Json, decode, line, order

LOINC, ICD10, SNOMED = "http://loinc.org", "http://hl7.org/fhir/sid/icd-10", "http://snomed.info/sct"
LAB = "http://hospital.example/lab"


def read(*resources: Json, maps: list[LocalCode]) -> ClinicalRecord:
    body = {"resourceType": "Bundle", "entry": [{"resource": r} for r in resources]}
    settings = ReaderSettings(zone=ZONE, codes=load_code_lists(maps), trial=OUR_TRIAL)
    return read_record(decode(json.dumps(body).encode()).resources, "p1", NOW.instant, settings)


def result(code: Json, **value: Any) -> Json:
    base = {"resourceType": "Observation", "id": "o", "status": "final", "subject": PATIENT, "code": code}
    return base | {"effectiveDateTime": "2026-02-28T08:00:00+08:00"} | value


def amount(value: Any, **unit: str) -> Json:
    return {"valueQuantity": {"value": value, **unit}}


# ---------------------------------------------------------------- words and codes

CREATININE = LocalCode(OWN_WORDS, "肌酐（急诊）", LOINC, "14682-9")


def test_a_result_known_by_its_words_alone_is_read_where_the_site_maps_them() -> None:
    sent = result({"text": " 肌酐（急诊） "}, **amount(180, unit="umol/L"))
    (found,) = read(sent, maps=[CREATININE]).of(Analyte.CREATININE)
    assert found.number == 180
    assert read(sent, maps=[]).results == ()


@pytest.mark.parametrize(
    "code", [{"system": LAB, "code": "U7"}, {"system": LOINC, "code": "2161-8"}, {"code": "7"}]
)
def test_words_beside_a_code_stand_for_nothing(code: Json) -> None:
    """肌酐 beside another code may be that of the urine."""
    sent = result({"coding": [code], "text": "肌酐（急诊）"}, **amount(180, unit="umol/L"))
    assert read(sent, maps=[CREATININE]).results == ()


def test_a_code_without_a_system_is_read_where_the_site_maps_it() -> None:
    sent = result({"coding": [{"code": "CREA"}]}, **amount(180, unit="umol/L"))
    assert read(sent, maps=[LocalCode(WITHOUT_SYSTEM, "CREA", LOINC, "14682-9")]).results
    assert read(sent, maps=[LocalCode(LAB, "CREA", LOINC, "14682-9")]).results == ()


def test_a_drug_known_by_its_words_alone_counts_as_its_code_where_the_site_maps_it() -> None:
    sent = order("雷帕鸣 糖衣片", line(2, "片", code="qd"))
    (own,) = read(sent, maps=[LocalCode(OWN_WORDS, "雷帕鸣 糖衣片", RXNORM, "349208")]).medications
    assert (own.ingredients, own.by_text_only) == (frozenset({"sirolimus"}), False)
    assert own.dose == Known(Dose(Decimal(2), Decimal(24)), own.dose.evidence)


def test_the_name_of_a_drug_beside_a_code_is_but_a_name() -> None:
    named = {"coding": [{"system": LAB, "code": "Y9"}], "text": "雷帕鸣 糖衣片"}
    sent = order(medicationCodeableConcept=named)
    (own,) = read(sent, maps=[LocalCode(OWN_WORDS, "雷帕鸣 糖衣片", RXNORM, "349208")]).medications
    assert own.by_text_only


def test_a_drug_named_by_its_reference_alone_is_mapped_too() -> None:
    sent = order(medicationCodeableConcept=None, medicationReference={"display": "XLMS 1"})
    assert read(sent, maps=[]).medications == ()
    (own,) = read(sent, maps=[LocalCode(OWN_WORDS, "xlms 1", RXNORM, "349208")]).medications
    assert own.by_text_only is False


def test_a_diagnosis_in_words_is_mapped_too() -> None:
    sent = {
        "resourceType": "Condition", "id": "c", "subject": PATIENT, "code": {"text": "骨髓造血功能停滞"},
        "clinicalStatus": {"coding": [{"code": "active"}]}, "recordedDate": "2026-01-01",
    }  # fmt: skip
    assert read(sent, maps=[]).diagnoses == ()
    (found,) = read(sent, maps=[LocalCode(OWN_WORDS, "骨髓造血功能停滞", ICD10, "D61.3")]).diagnoses
    assert Concept.AA_ACQUIRED in found.concepts


@pytest.mark.parametrize(
    "value",
    [
        {"valueString": "阴 性 反 应"},
        {"valueCodeableConcept": {"text": "阴 性 反 应"}},
        {"valueCodeableConcept": {"coding": [{"system": LAB, "code": "N7", "display": "x"}]}},
    ],
)
def test_an_answer_of_the_sites_own_is_mapped_too(value: Json) -> None:
    sent = result({"coding": [{"system": LOINC, "code": "5195-3"}]}, **value)
    maps = [
        LocalCode(OWN_WORDS, "阴 性 反 应", SNOMED, "260385009"),
        LocalCode(LAB, "N7", SNOMED, "260385009"),
    ]
    (found,) = read(sent, maps=maps).of(Analyte.HBSAG)
    assert found.presence is Presence.NEGATIVE
    (found,) = read(sent, maps=[]).of(Analyte.HBSAG)
    assert found.presence is None


def test_a_narrative_is_no_name() -> None:
    long = "肌酐" * 41
    sent = result({"text": long}, **amount(180, unit="umol/L"))
    assert read(sent, maps=[LocalCode(OWN_WORDS, long, LOINC, "14682-9")]).results == ()


# ---------------------------------------------------------------- units

UMOL = LocalCode(OWN_UNITS, "微摩/升", UCUM, "umol/L")
CODED = {"coding": [{"system": LOINC, "code": "14682-9"}]}


@pytest.mark.parametrize(
    "unit",
    [
        {"unit": "微摩/升"},
        {"unit": " 微摩/升"},
        {"code": "微摩/升"},
        {"unit": "微摩/升", "system": LAB, "code": "U12"},
    ],
)
def test_a_sites_own_unit_is_read_and_shown_as_it_stands(unit: Json) -> None:
    (found,) = read(result(CODED, **amount(180, **unit)), maps=[UMOL]).results
    assert found.number == 180
    assert "微摩/升" in found.as_written
    (found,) = read(result(CODED, **amount(180, **unit)), maps=[]).results
    assert found.number is None


@pytest.mark.parametrize(
    ("source", "system"), [(LAB, LAB), (UCUM, UCUM)], ids=["its own system", "a wrong UCUM code"]
)
def test_a_unit_by_its_code_is_mapped(source: str, system: str) -> None:
    sent = result(CODED, **amount(180, unit="?", system=system, code="U12"))
    (found,) = read(sent, maps=[LocalCode(source, "U12", UCUM, "umol/L")]).results
    assert found.number == 180


def test_a_unit_that_says_something_else_beside_a_mapped_code_is_still_refused() -> None:
    sent = result(CODED, **amount(2, unit="mg/dL", system=LAB, code="U12"))
    (found,) = read(sent, maps=[LocalCode(LAB, "U12", UCUM, "umol/L")]).results
    assert found.number is None


def test_the_range_and_the_components_speak_the_same_unit() -> None:
    usual = [{"high": {"value": 110, "unit": "微摩/升"}}]
    panel = [{"code": CODED, **amount(180, unit="微摩/升"), "referenceRange": usual}]
    (found,) = read(result({"text": "panel"}, component=panel), maps=[UMOL]).results
    assert (found.number, found.high) == (180, 110)


@pytest.mark.parametrize("unit", ["U/l x", "u/L X"])
def test_the_case_of_a_unit_means_what_it_says(unit: str) -> None:
    sent = result(CODED, **amount(180, unit=unit))
    (found,) = read(sent, maps=[LocalCode(OWN_UNITS, "U/l x", UCUM, "umol/L")]).results
    assert (found.number is not None) is (unit == "U/l x")


def test_doses_and_strengths_speak_the_sites_units() -> None:
    tablet = {
        "resourceType": "Medication", "id": "m",
        "code": {"coding": [{"system": RXNORM, "code": "35302"}]},
        "ingredient": [{
            "itemCodeableConcept": {"coding": [{"system": RXNORM, "code": "35302"}]},
            "strength": {"numerator": {"value": 1, "unit": "毫克量"}, "denominator": {"value": 1, "unit": "枚"}},
        }],
    }  # fmt: skip
    sent = order(
        "x",
        line(2, "枚", code="qd"),
        medicationCodeableConcept=None,
        medicationReference={"reference": "#m"},
        contained=[tablet],
    )
    maps = [LocalCode(OWN_UNITS, "枚", UCUM, "{tablet}"), LocalCode(OWN_UNITS, "毫克量", UCUM, "mg")]
    (own,) = read(sent, maps=maps).medications
    assert own.dose == Known(Dose(Decimal(2), Decimal(24)), own.dose.evidence)
    (own,) = read(sent, maps=[]).medications
    assert not isinstance(own.dose, Known)


# ---------------------------------------------------------------- what is refused


def unit_file(own: str, listed: str) -> bytes:
    target = {"code": listed, "equivalence": "equivalent"}
    group = {"source": OWN_UNITS, "target": UCUM, "element": [{"code": own, "target": [target]}]}
    return json.dumps({"resourceType": "ConceptMap", "status": "active", "group": [group]}).encode()


def test_a_unit_of_a_file_is_read() -> None:
    assert read_concept_map(unit_file("微摩/升", "umol/L")) == (UMOL,)


@pytest.mark.parametrize(
    ("own", "listed", "said"),
    [
        ("微摩/升", "furlong", "furlong is in no table"),
        ("mg/dL", "umol/L", "mg/dL is read already"),
        ("片", "mg", "片 is read already"),
    ],
)
def test_a_unit_that_would_change_a_meaning_is_refused(own: str, listed: str, said: str) -> None:
    with pytest.raises(FaultyCodeLists, match=said):
        read_concept_map(unit_file(own, listed))


def test_a_unit_or_words_that_stand_for_two_things_are_refused() -> None:
    two = [UMOL, LocalCode(OWN_UNITS, "微摩/升", UCUM, "mg/dL")]
    with pytest.raises(FaultyCodeLists, match="two different units"):
        load_code_lists(two)
    with pytest.raises(FaultyCodeLists, match="two different things"):
        load_code_lists([CREATININE, LocalCode(OWN_WORDS, " 肌酐（急诊）", LOINC, "2160-0")])
    with pytest.raises(FaultyCodeLists, match="no list holds LOINC 2951-2"):
        load_code_lists([LocalCode(OWN_WORDS, "钠", LOINC, "2951-2")])


def test_an_element_that_is_unmatched_and_names_a_code_is_refused() -> None:
    def file(target: Json) -> bytes:
        good = {"code": "A", "target": [{"code": "718-7", "equivalence": "equal"}]}
        group = {"source": LAB, "target": LOINC, "element": [good, {"code": "B", "target": [target]}]}
        return json.dumps({"resourceType": "ConceptMap", "status": "active", "group": [group]}).encode()

    assert len(read_concept_map(file({"equivalence": "unmatched", "comment": "to be filled in"}))) == 1
    assert len(read_concept_map(file({"equivalence": "disjoint", "code": "777-3"}))) == 1
    with pytest.raises(FaultyCodeLists, match="unmatched"):
        read_concept_map(file({"equivalence": "unmatched", "code": "777-3"}))
