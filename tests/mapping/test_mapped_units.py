"""A laboratory's own code may stand for the LOINC of a mass and yet be reported in moles: it is converted.

The table is made of every listed LOINC and every reviewed unit of its analyte; the molar masses are those of
the unit table, so both spellings of one amount must come out alike.
"""

import json
from decimal import Decimal
from typing import Any

import pytest

from fhir_mappings.clinical_model.quantity import UNITS, to_canonical
from fhir_mappings.clinical_model.results import Reading
from fhir_mappings.readers.bundle import decode
from fhir_mappings.readers.observation_types import Observation
from fhir_mappings.readers.read_concept_map import PROPERTY, read_concept_map
from fhir_mappings.readers.value import read_value
from fhir_mappings.value_sets import AnalyteCode, FaultyCodeLists, LocalCode, load_code_lists
from tests.builders import ZONE
from tests.mapping.test_concept_map import LAB, LOINC, concept_map

PLAIN = load_code_lists()
MASS_OR_MOLES = [
    code
    for code in PLAIN.analytes.values()
    if {True, False} <= {unit.molar for unit in UNITS.get(code.analyte, {}).values()}
]
MAPPED = load_code_lists([LocalCode(LAB, f"own {one.code}", LOINC, one.code) for one in MASS_OR_MOLES])
CASES = [
    pytest.param(code, unit.name, unit.molar, id=f"{code.code} {code.analyte} in {unit.name}")
    for code in MASS_OR_MOLES
    for unit in dict.fromkeys(UNITS[code.analyte].values())
]


def observation(value: Any, unit: str) -> Observation:
    body = {
        "resourceType": "Observation",
        "id": "o",
        "status": "final",
        "valueQuantity": {"value": value, "unit": unit},
    }
    (read,) = decode(json.dumps(body).encode()).resources
    assert isinstance(read, Observation)
    return read


def own_code(of: AnalyteCode) -> AnalyteCode:
    found = MAPPED.analyte([(LAB, f"own {of.code}", None)])
    assert found is not None
    return found


@pytest.mark.parametrize(("code", "unit", "molar"), CASES)
def test_a_mapped_code_is_read_in_mass_and_in_moles(code: AnalyteCode, unit: str, molar: bool | None) -> None:
    read = read_value(own_code(code), observation(12, unit), MAPPED, ZONE)
    if code.always_molar and molar is False:
        assert (read.reading, read.problem) == (Reading.UNIT_UNUSABLE, "UNIT_UNUSABLE")
    elif read.reading is Reading.USABLE:
        assert read.number == to_canonical(code.analyte, Decimal(12), unit)
    else:  # 12 mmol/L of creatinine: converted, and no living person's
        assert read.problem == "VALUE_IMPLAUSIBLE"


@pytest.mark.parametrize(("code", "unit", "molar"), CASES)
def test_a_loinc_sent_as_such_is_refused_in_the_other_kind_of_unit(
    code: AnalyteCode, unit: str, molar: bool | None
) -> None:
    read = read_value(code, observation(12, unit), PLAIN, ZONE)
    disagrees = code.molar is not None and molar not in (code.molar, None)
    assert (read.problem == "UNIT_UNUSABLE") is disagrees


def test_the_table_holds_what_hospitals_report_in_both_kinds() -> None:
    measured = {code.analyte for code in MASS_OR_MOLES}
    assert {a.value for a in measured} >= {
        "creatinine", "bilirubin", "glucose", "cholesterol", "triglycerides", "urea_nitrogen", "magnesium",
        "haemoglobin", "sirolimus", "ciclosporin",
    }  # fmt: skip


def test_creatinine_in_umol_under_a_code_mapped_to_a_mass() -> None:
    code = own_code(PLAIN.analytes["2160-0"])
    assert read_value(code, observation(180, "umol/L"), MAPPED, ZONE).number == 180
    assert read_value(code, observation(2, "mg/dL"), MAPPED, ZONE).number == Decimal("176.8")


@pytest.mark.parametrize("sent", [("umol/L", None), ("mg/dL", "UNIT_UNUSABLE")])
def test_the_site_may_say_which_kind_its_laboratory_reports(sent: tuple[str, str | None]) -> None:
    unit, problem = sent
    product = [{"property": PROPERTY, "system": LOINC, "value": "SCnc"}]
    (local,) = read_concept_map(
        concept_map({"code": "2160-0", "equivalence": "equivalent", "product": product})
    )
    assert local.molar is True
    lists = load_code_lists([local])
    code = lists.analyte([(LAB, "XLMS", None)])
    assert code is not None
    assert read_value(code, observation(2 if problem else 180, unit), lists, ZONE).problem == problem


def test_a_code_sent_beside_its_loinc_has_the_property_of_the_loinc() -> None:
    both = MAPPED.analyte([(LAB, "own 2160-0", None), (LOINC, "2160-0", None)])
    assert both is not None
    assert both.molar is False


@pytest.mark.parametrize(
    "target",
    [
        {"product": [{"property": PROPERTY, "value": "NCnc"}]},
        {"product": [{"property": PROPERTY}]},
        {"product": [{"property": PROPERTY, "value": "MCnc"}, {"property": PROPERTY, "value": "SCnc"}]},
        {"dependsOn": [{"property": "http://hospital.example/sample", "value": "urine"}]},
    ],
)
def test_a_mapping_on_a_condition_or_of_an_unknown_kind_is_refused(target: dict[str, Any]) -> None:
    with pytest.raises(FaultyCodeLists, match="XLMS"):
        read_concept_map(concept_map({"code": "2160-0", "equivalence": "equal"} | target))


def test_another_product_of_a_mapping_is_not_ours_to_judge() -> None:
    other = [{"property": "http://hospital.example/price", "value": "4"}]
    (local,) = read_concept_map(concept_map({"code": "2160-0", "equivalence": "equal", "product": other}))
    assert local == LocalCode(LAB, "XLMS", LOINC, "2160-0")
