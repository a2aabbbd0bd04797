"""A value in the record's own words, whatever its type: for showing, never for judging."""

from collections.abc import Iterator
from decimal import Decimal

from fhir_mappings.readers.fhir_types import CodeableConcept, Quantity, Range
from fhir_mappings.readers.observation_types import Measured
from fhir_mappings.readers.product import words


def has_value(measured: Measured) -> bool:
    """True when there is any value[x], readable or not."""
    return next(_values(measured), None) is not None


def as_written(measured: Measured) -> str:
    """The value in the record's own words; the words of the interpretation where there is no value."""
    said = next(_values(measured), None)
    return said if said is not None else "; ".join(filter(None, map(words, measured.interpretation)))


def _values(measured: Measured) -> Iterator[str]:
    if measured.value_quantity is not None and measured.value_quantity.value is not None:
        yield amount_as_it_stands(measured.value_quantity)
    if measured.value_codeable_concept is not None:
        yield words(measured.value_codeable_concept) or _bare_codes(measured.value_codeable_concept)
    if measured.value_string:
        yield measured.value_string
    if measured.value_boolean is not None:
        yield "true" if measured.value_boolean else "false"
    if measured.value_integer is not None:
        yield str(measured.value_integer)
    if measured.value_date_time:
        yield measured.value_date_time
    if measured.value_range is not None:
        yield _range_as_it_stands(measured.value_range)
    if measured.value_ratio is not None:
        ends = (measured.value_ratio.numerator, measured.value_ratio.denominator)
        yield " : ".join(amount_as_it_stands(end) for end in ends if end is not None)


def _range_as_it_stands(span: Range) -> str:
    low, high = (amount_as_it_stands(end) if end is not None else "" for end in (span.low, span.high))
    return f"{low} - {high}" if low and high else f">={low}" if low else f"<={high}"


def _bare_codes(concept: CodeableConcept) -> str:
    return ", ".join(c.code for c in concept.coding if c.code)


def amount_as_it_stands(quantity: Quantity) -> str:
    number = "" if quantity.value is None else repr(quantity.value)
    if "e" in number:
        number = format(Decimal(number), "f")
    return f"{quantity.comparator or ''}{number} {quantity.unit or quantity.code or ''}".strip()
