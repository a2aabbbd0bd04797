"""A blood pressure written as one, "165/95 mmHg" -> two components, as a panel of two numbers has them."""

import re
import unicodedata
from collections.abc import Sequence

from fhir_mappings.readers.fhir_types import CodeableConcept, Coding, Quantity
from fhir_mappings.readers.observation_types import Component, Observation

_LOINC = "http://loinc.org"
# LOINC: blood pressure panel with all children optional, older panel, systolic and diastolic; SNOMED CT
_PANELS = frozenset({"85354-9", "55284-4", "35094-2", "75367002"})
_SYSTOLIC, _DIASTOLIC = "8480-6", "8462-4"
_PAIR = re.compile(
    r"(?P<systolic>\d{2,3}(?:\.\d)?)\s*/\s*(?P<diastolic>\d{2,3}(?:\.\d)?)\s*(?P<unit>mm\s?\[?hg\]?|毫米汞柱|kpa)",
    re.IGNORECASE,
)


def pressures_in_words(observation: Observation) -> Sequence[Component]:
    """The components of a blood pressure panel that has none and says its value in words.

    Words of another form stand in both, so that what could not be read is named for both.
    """
    words = observation.value_string
    if observation.component or not words or not _is_panel(observation.code):
        return ()
    found = _PAIR.fullmatch(unicodedata.normalize("NFKC", words).strip())
    if found is None:
        return (_component(_SYSTOLIC, words), _component(_DIASTOLIC, words))
    unit = found["unit"].replace(" ", "")
    return (
        _component(_SYSTOLIC, None, Quantity(value=float(found["systolic"]), unit=unit)),
        _component(_DIASTOLIC, None, Quantity(value=float(found["diastolic"]), unit=unit)),
    )


def _is_panel(code: CodeableConcept | None) -> bool:
    return code is not None and any(coding.code in _PANELS for coding in code.coding)


def _component(code: str, words: str | None, quantity: Quantity | None = None) -> Component:
    coded = CodeableConcept(coding=(Coding(system=_LOINC, code=code),))
    return Component(code=coded, value_string=words, value_quantity=quantity)
