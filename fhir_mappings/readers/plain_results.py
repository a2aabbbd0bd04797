"""The short way for what nearly every laboratory result is: final, one code, one moment, one number.

It says what the long way (`observation`, `value`) would say, or nothing: then that is gone. What one number
beside one range says is remembered, because the hooks of one visit bring the same chart several times.
"""

import msgspec

from fhir_mappings.clinical_model.quantity import UNITS
from fhir_mappings.clinical_model.results import Analyte, Result
from fhir_mappings.readers.fhir_types import Quantity
from fhir_mappings.readers.observation_types import Component, Observation, ReferenceRange
from fhir_mappings.readers.qualitative import QUALITATIVE
from fhir_mappings.readers.reading_context import ReadingContext
from fhir_mappings.readers.same_moment_results import Version
from fhir_mappings.readers.value import OF_THEIR_OWN, Value, as_number
from fhir_mappings.value_sets import CodeLists
from fhir_mappings.value_sets.said_words import remember_words

FINAL = 1
"""The standing of a final result among those of its moment."""

_PLAIN = frozenset(UNITS) - QUALITATIVE - OF_THEIR_OWN
ValueKey = tuple[CodeLists, str | None, str | None, type, Quantity, tuple[ReferenceRange, ...]]
"""Lists, code system, code, the type of the number, the quantity, the reference ranges."""
_values: dict[ValueKey, tuple[Analyte, Value]] = {}
_MOST, _LONGEST = 4096, 600  # values; bytes of one with its code and range


def plain_version(observation: Observation, chart: ReadingContext) -> Version | None:
    """The result of an observation of which nothing needs a second look; None where anything does."""
    quantity, written, concept = observation.value_quantity, observation.effective_date_time, observation.code
    if quantity is None or not written or concept is None or len(concept.coding) != 1:
        return None
    if observation.status != "final" or observation.modifier_extension or observation.implicit_rules:
        return None
    if observation.component or observation.data_absent_reason:
        return None
    only, moments = concept.coding[0], chart.moments
    when = moments.get(written) or chart.when(written)
    if when is None or when.last >= chart.day or when.first != when.last:
        return None  # what may lie ahead: its time may be the wall's, marked Z
    # 5 and 5.0 are equal, and not written alike: the type is part of what is remembered.
    codes, ranges = chart.settings.codes, observation.reference_range
    key = (codes, only.system, only.code, type(quantity.value), quantity, ranges)
    found = _values.get(key) or plain_value(key)
    if found is None:
        return None
    analyte, value = found
    told, meta = observation.issued, observation.meta
    issued = (moments.get(told) or chart.when(told)) if told else None
    updated = chart.when(meta.last_updated) if meta is not None and meta.last_updated else None
    result = Result(
        f"Observation/{observation.id}" if observation.id else "Observation",
        analyte,
        when,
        value.reading,
        value.number,
        None,
        None,
        value.as_written,
        issued.instant if issued is not None else None,
        value.low,
        value.high,
    )
    return Version(result, FINAL, updated.instant if updated is not None else None)


def plain_value(key: ValueKey) -> tuple[Analyte, Value] | None:
    """What was measured, and what `read_value` makes of a number with at most one range.

    None where that is for the long way to say.
    """
    codes, system, written, _, quantity, ranges = key
    code = codes.analyte_of(system, written) if written else None
    if code is None or code.level is not None or code.analyte not in _PLAIN:
        return None  # a drug level says more than its number
    if not quantity.value or quantity.comparator or not all(map(_is_usual, ranges)) or len(ranges) > 1:
        return None
    value = as_number(code, Component(reference_range=ranges), quantity, codes.plausible.get(code.analyte))
    if value.problem is not None:
        return None
    found = code.analyte, value
    is_short = len(msgspec.json.encode((system, written, quantity, ranges))) <= _LONGEST
    return remember_words(_values, key, found, _MOST) if is_short else found


def _is_usual(usual: ReferenceRange) -> bool:
    return usual.type is None and (usual.low is not None or usual.high is not None)
