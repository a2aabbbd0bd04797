"""Reviewed code lists, one CSV file each, and the one door to them: `load_code_lists`."""

from fhir_mappings.value_sets.analytes import AnalyteCode
from fhir_mappings.value_sets.code_lists import CodeLists, Recognised
from fhir_mappings.value_sets.listed import FaultyCodeLists, ListedCode
from fhir_mappings.value_sets.loading import load_code_lists
from fhir_mappings.value_sets.local_codes import (
    OWN_UNITS,
    OWN_WORDS,
    WITHOUT_SYSTEM,
    LocalCode,
)
from fhir_mappings.value_sets.plausible import Span
from fhir_mappings.value_sets.products import Product

__all__ = [
    "OWN_UNITS",
    "OWN_WORDS",
    "WITHOUT_SYSTEM",
    "AnalyteCode",
    "CodeLists",
    "FaultyCodeLists",
    "ListedCode",
    "LocalCode",
    "Product",
    "Recognised",
    "Span",
    "load_code_lists",
]
