"""Reviewed code lists, one CSV file each, and the one door to them: `load_code_lists`."""

from fhir_mappings.value_sets.analytes import AnalyteCode
from fhir_mappings.value_sets.code_lists import CodeLists, Recognised
from fhir_mappings.value_sets.listed import FaultyCodeLists, ListedCode
from fhir_mappings.value_sets.load_lists import load_code_lists
from fhir_mappings.value_sets.local_codes import (
    OWN_UNITS,
    OWN_WORDS,
    WITHOUT_SYSTEM,
    LocalCode,
)
from fhir_mappings.value_sets.plausible import Span
from fhir_mappings.value_sets.products import ListedProduct

__all__ = [
    "OWN_UNITS",
    "OWN_WORDS",
    "WITHOUT_SYSTEM",
    "AnalyteCode",
    "CodeLists",
    "FaultyCodeLists",
    "ListedCode",
    "ListedProduct",
    "LocalCode",
    "Recognised",
    "Span",
    "load_code_lists",
]
