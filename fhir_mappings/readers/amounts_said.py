"""The amounts that a result states in another element than its quantity: in words, or as a range."""

import msgspec

from fhir_mappings.readers.fhir_types import Quantity, Range
from fhir_mappings.readers.numbers_in_words import number_in
from fhir_mappings.readers.observation_types import Measured
from fhir_mappings.readers.product import words
from fhir_mappings.vocabulary.results import Comparator

Alike = tuple[Quantity, ...]
"""Amounts that are all equal, of which the first in a known unit counts; () for none."""


def amounts_said(measured: Measured) -> Alike:
    """The one amount that the words of a result say, or a Range that is open at one end."""
    said = number_in(_said(measured))
    if said is not None:
        return () if said.high else said.low
    span = measured.value_range
    if span is None or (span.low is not None and span.high is not None):
        return ()
    bounds = zip(_ends(span), (Comparator.AT_LEAST, Comparator.AT_MOST), strict=True)
    return tuple(msgspec.structs.replace(end, comparator=sign.value) for end, sign in bounds if end)


def range_said(measured: Measured) -> tuple[Alike, Alike] | None:
    """Both ends of a range, in words or as a Range; None for a value of any other kind."""
    quantity = measured.value_quantity
    if measured.data_absent_reason is not None or (quantity is not None and quantity.value is not None):
        return None
    low, high = _ends(measured.value_range)
    if low is not None and high is not None:
        return ((_in_unit_of(low, high),), (_in_unit_of(high, low),))
    said = number_in(_said(measured))
    return (said.low, said.high) if said is not None and said.high else None


def _said(measured: Measured) -> str:
    return measured.value_string or words(measured.value_codeable_concept)


def _ends(span: Range | None) -> tuple[Quantity | None, ...]:
    """The ends of a Range that are numbers; R4 lets them have no comparator."""
    ends = (span.low, span.high) if span is not None else (None, None)
    return tuple(end if end and end.value is not None and not end.comparator else None for end in ends)


def _in_unit_of(end: Quantity, other: Quantity) -> Quantity:
    """The end of a range; the unit may stand at the other end alone."""
    if end.unit or end.code:
        return end
    return msgspec.structs.replace(end, unit=other.unit, code=other.code, system=other.system)
