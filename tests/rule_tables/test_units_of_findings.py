"""The unit in which each measured value of a finding is told, written a second time: a number without it misleads."""

from cds_service.trials.nct06802055.safety.result_text import UNIT
from fhir_mappings.clinical_model.results import Analyte

UNITS = {
    "g/L": {Analyte.HAEMOGLOBIN},
    "10*9/L": {Analyte.PLATELETS, Analyte.NEUTROPHILS},
    "mmol/L": {
        Analyte.POTASSIUM,
        Analyte.MAGNESIUM,
        Analyte.TRIGLYCERIDES,
        Analyte.CHOLESTEROL,
        Analyte.GLUCOSE,
    },
    "U/L": {Analyte.ALT, Analyte.AST},
    "umol/L": {Analyte.BILIRUBIN},
    "mg/g": {Analyte.URINE_PROTEIN_CREATININE},
    "ng/mL": {Analyte.SIROLIMUS, Analyte.CICLOSPORIN},
    "[IU]/L": {Analyte.HCG},
    "%": {Analyte.PNH_GRANULOCYTES, Analyte.PNH_MONOCYTES},
    "Cel": {Analyte.TEMPERATURE},
    "mm[Hg]": {Analyte.SYSTOLIC, Analyte.DIASTOLIC},
}


def test_every_measured_value_has_its_unit() -> None:
    told: dict[str, set[Analyte]] = {}
    for analyte, unit in UNIT.items():
        told.setdefault(unit, set()).add(analyte)
    assert told == UNITS
