"""The short way for what nearly every laboratory result is: final, one code, one moment, one number.

It says what the long way (`observation`, `value`) would say, or nothing: then that is gone. What one number
beside one range says is remembered, because the hooks of one visit bring the same chart several times.
"""

from fhir_mappings.clinical_model.quantity import UNITS
from fhir_mappings.clinical_model.results import Analyte, Result
from fhir_mappings.readers.fhir_types import Quantity
from fhir_mappings.readers.observation_types import Component, Observation, ReferenceRange
from fhir_mappings.readers.qualitative import QUALITATIVE
from fhir_mappings.readers.reading_context import ReadingContext
from fhir_mappings.readers.same_moment_results import Version
from fhir_mappings.readers.value import OF_THEIR_OWN, Value, as_number
from fhir_mappings.value_sets import AnalyteCode, CodeLists, Span
from fhir_mappings.value_sets.said_words import remember_words

FINAL = 1
"""The standing of a final result among those of its moment."""

_PLAIN = frozenset(UNITS) - QUALITATIVE - OF_THEIR_OWN
_Key = tuple[Analyte, bool | None, Span | None, type, Quantity, Quantity | None, Quantity | None]
_values: dict[_Key, Value] = {}
_MOST, _LONGEST = 4096, 200  # values; characters of the units of one


def plain_version(observation: Observation, chart: ReadingContext) -> Version | None:
    """The result of an observation of which nothing needs a second look; None where anything does."""
    quantity, written, concept = observation.value_quantity, observation.effective_date_time, observation.code
    if quantity is None or not written or concept is None or len(concept.coding) != 1:
        return None
    if observation.status != "final" or observation.component or observation.data_absent_reason:
        return None
    if observation.modifier_extension or observation.implicit_rules:
        return None
    only, codes, moments = concept.coding[0], chart.settings.codes, chart.moments
    code = codes.analyte_of(only.system, only.code) if only.code else None
    if code is None or code.level is not None or code.analyte not in _PLAIN:
        return None  # a drug level says more than its number
    when = moments.get(written) or chart.when(written)
    if when is None or when.last >= chart.day or when.first != when.last:
        return None  # what may lie ahead: its time may be the wall's, marked Z
    value = plain_value(code, quantity, observation.reference_range, codes)
    if value is None or value.problem is not None:
        return None
    told, meta = observation.issued, observation.meta
    issued = (moments.get(told) or chart.when(told)) if told else None
    updated = chart.when(meta.last_updated) if meta is not None and meta.last_updated else None
    result = Result(
        f"Observation/{observation.id}" if observation.id else "Observation",
        code.analyte,
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


def plain_value(
    code: AnalyteCode, quantity: Quantity, ranges: tuple[ReferenceRange, ...], codes: CodeLists
) -> Value | None:
    """What `read_value` makes of a number with at most one range; None where that is for it to say."""
    low = high = None
    if ranges:
        usual = ranges[0]
        low, high = usual.low, usual.high
        if len(ranges) > 1 or usual.type is not None or (low is None and high is None):
            return None
    if not quantity.value or quantity.comparator:
        return None
    # 5 and 5.0 are equal, and not written alike: the type is part of what is remembered.
    span = codes.plausible.get(code.analyte)
    key = (code.analyte, code.molar, span, type(quantity.value), quantity, low, high)
    found = _values.get(key)
    return _read(key, code) if found is None else found


def _read(key: _Key, code: AnalyteCode) -> Value:
    _, _, span, _, quantity, low, high = key
    ranges = () if low is None and high is None else (ReferenceRange(low=low, high=high),)
    found = as_number(code, Component(reference_range=ranges), quantity, span)
    told = (quantity, low, high)
    units = (text for one in told if one for text in (one.unit, one.code, one.system, one.comparator) if text)
    return remember_words(_values, key, found, _MOST) if sum(map(len, units)) <= _LONGEST else found
