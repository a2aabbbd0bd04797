"""How a measured value is compared, shown and referred to."""

from decimal import Decimal

from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.messages import Argument, say
from fhir_mappings.clinical_model.results import Analyte, Comparator, Result

UNIT = {
    Analyte.HAEMOGLOBIN: "g/L",
    Analyte.PLATELETS: "10*9/L",
    Analyte.NEUTROPHILS: "10*9/L",
    Analyte.POTASSIUM: "mmol/L",
    Analyte.MAGNESIUM: "mmol/L",
    Analyte.TRIGLYCERIDES: "mmol/L",
    Analyte.CHOLESTEROL: "mmol/L",
    Analyte.GLUCOSE: "mmol/L",
    Analyte.ALT: "U/L",
    Analyte.AST: "U/L",
    Analyte.BILIRUBIN: "umol/L",
    Analyte.URINE_PROTEIN_CREATININE: "mg/g",
    Analyte.SIROLIMUS: "ng/mL",
    Analyte.CICLOSPORIN: "ng/mL",
    Analyte.HCG: "[IU]/L",
    Analyte.PNH_GRANULOCYTES: "%",
    Analyte.PNH_MONOCYTES: "%",
    Analyte.TEMPERATURE: "Cel",
    Analyte.SYSTOLIC: "mm[Hg]",
    Analyte.DIASTOLIC: "mm[Hg]",
}
"""UCUM units of the analytes that safety rules quote."""


def shown_result(result: Result) -> Argument:
    """The value as a number, with its comparator in words; the result's own words where it has no number."""
    if result.number is None:
        return result.as_written
    if result.comparator is None:
        return result.number
    if result.comparator is Comparator.LESS:
        return say("safety.value.less", value=result.number)
    if result.comparator is Comparator.AT_MOST:
        return say("safety.value.atMost", value=result.number)
    if result.comparator is Comparator.MORE:
        return say("safety.value.more", value=result.number)
    return say("safety.value.atLeast", value=result.number)


def result_evidence(result: Result) -> Evidence:
    """Where the value was seen; with a comparator the value is text."""
    sign = result.comparator
    value = f"{sign}{result.number}" if sign else result.number
    if result.number is None:
        value = result.as_written or None
    return Evidence(
        result.reference, result.when.text if result.when else None, value, UNIT.get(result.analyte)
    )


def at_least_times(result: Result, limit: Decimal | int) -> bool | None:
    """Is the value >= limit? None when the comparator leaves it open, or there is no number."""
    below = result.below(limit)
    return None if below is None else not below


def band_of(value: Decimal, edges: tuple[Decimal, ...]) -> int:
    """How many of the rising edges the value lies above."""
    return sum(value > edge for edge in edges)
