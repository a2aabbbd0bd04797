"""The value of one observation or component -> number, presence or words, and how far it may be used."""

from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from fhir_mappings.clinical_model.calendar import NotADate, read_when
from fhir_mappings.clinical_model.code_systems import UCUM, is_ucum
from fhir_mappings.clinical_model.quantity import (
    UNITS,
    UnitNotAllowed,
    is_viral_load_unit,
    to_canonical,
)
from fhir_mappings.clinical_model.results import Analyte, Comparator, Presence, Reading
from fhir_mappings.readers.amounts import exact, plain_amount
from fhir_mappings.readers.drug_identification import drug_words
from fhir_mappings.readers.fhir_types import CodeableConcept, Quantity
from fhir_mappings.readers.number_words import quantity_in_words, sign_of
from fhir_mappings.readers.observation_types import Measured, ReferenceRange
from fhir_mappings.readers.qualitative import QUALITATIVE, answer_of, flagged_as, presence_of
from fhir_mappings.readers.range_words import with_ends
from fhir_mappings.value_sets import AnalyteCode, CodeLists, Span
from fhir_mappings.value_sets.qualitative_answers import SEROLOGY

A = Analyte

_COMPARATORS = {sign.value: sign for sign in Comparator}
_LOADS = frozenset({A.HIV_RNA, A.HBV_DNA, A.HCV_RNA})
OF_THEIR_OWN = frozenset({A.DELIVERY_DUE, A.ECOG, A.KARNOFSKY})
"""A date, and scores: neither is a quantity in a unit."""

_USUAL_LENGTH = 80  # characters of a unit's code and its name

UNREADABLE = "VALUE_UNREADABLE"
IMPLAUSIBLE = "VALUE_IMPLAUSIBLE"
UNIT = "UNIT_UNUSABLE"
UNLISTED = "ANSWER_NOT_LISTED"


class Value(NamedTuple):
    """A value as far as it could be read. `problem` and `detail` make the gap that names what could not."""

    reading: Reading
    as_written: str = ""
    number: Decimal | None = None
    comparator: Comparator | None = None
    presence: Presence | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    problem: str | None = None
    detail: str = ""


def read_value(code: AnalyteCode, measured: Measured, codes: CodeLists, zone: ZoneInfo) -> Value:
    """Read one value of the analyte that `code` names."""
    absent = measured.data_absent_reason
    if absent is not None:
        if has_value(measured):
            return _unreadable(_written(measured), "a value, and a reason why there is none")
        return Value(Reading.NO_VALUE, drug_words(absent))
    if code.analyte in OF_THEIR_OWN:
        return _date(measured, zone) if code.analyte is A.DELIVERY_DUE else _score(code, measured, codes)
    quantity = measured.value_quantity
    if quantity is not None and quantity.value is not None:
        return _quantity(code, measured, quantity, codes)
    if (told := _told_in_words(code.analyte, measured)) is not None:
        return _quantity(code, measured, told, codes)
    return _in_words(code.analyte, measured, codes)


# ---------------------------------------------------------------- numbers


def _quantity(code: AnalyteCode, measured: Measured, quantity: Quantity, codes: CodeLists) -> Value:
    said = sign_of(quantity.comparator) if quantity.comparator else ""
    if said is None:
        return _unreadable(_amount(quantity), f"comparator {quantity.comparator}")
    presence = presence_of(code.analyte, measured, codes) if code.analyte in QUALITATIVE else None
    if code.analyte not in UNITS:  # an answer in words, given as a number: its flag or range may say which
        if code.analyte in SEROLOGY:
            presence = _of_serology(presence, measured, quantity, codes)
        return Value(Reading.USABLE, _amount(quantity), presence=presence)
    span = codes.plausible.get(code.analyte)
    return as_number(code, measured, quantity, span, _COMPARATORS.get(said), presence)


def as_number(
    code: AnalyteCode,
    measured: Measured,
    quantity: Quantity,
    span: Span | None,
    sign: Comparator | None = None,
    presence: Presence | None = None,
) -> Value:
    """The number of an analyte that has numbers, if it is within the `span` of what is possible."""
    written = _amount(quantity)
    try:
        number = canonical_number(code, quantity)
    except UnitNotAllowed as refused:
        if code.analyte in _LOADS and is_viral_load_unit(quantity.code or quantity.unit):
            return Value(Reading.USABLE, written, presence=presence or _detected(quantity, sign))
        return Value(Reading.UNIT_UNUSABLE, written, problem=UNIT, detail=str(refused))
    if span is not None and not span.holds(number):
        return Value(
            Reading.UNREADABLE, written, problem=IMPLAUSIBLE, detail=f"{code.analyte.value} {written}"
        )
    low, high = _range(code, measured, quantity, span)
    return Value(Reading.USABLE, written, number, sign, presence, low, high)


def _of_serology(
    stated: Presence | None, measured: Measured, quantity: Quantity, codes: CodeLists
) -> Presence | None:
    """What the laboratory's flag and normal limit make of a number; None where they contradict each other."""
    flagged = {flagged_as(flag, codes) or stated for flag in measured.interpretation}
    usual = _usual_ranges(measured)
    ranged = _beside(usual[0], quantity) if len(usual) == 1 else None
    said = flagged | ({ranged} if ranged else set())
    return said.pop() if len(said) == 1 else None


def _beside(usual: ReferenceRange, quantity: Quantity) -> Presence | None:
    """Above the upper end of a range that starts at nothing, or within; None where it cannot be told."""
    high = usual.high
    if high is None or high.value is None or high.comparator or (usual.low and usual.low.value):
        return None
    if not _same_unit(high, quantity):
        return None
    number, limit = exact(quantity.value or 0), exact(high.value)
    if number < limit or (number == limit and quantity.comparator == "<"):
        return None if quantity.comparator in (">", ">=") else Presence.NEGATIVE
    if number > limit or (number == limit and quantity.comparator == ">"):
        return None if quantity.comparator in ("<", "<=") else Presence.POSITIVE
    return None


def _same_unit(limit: Quantity, quantity: Quantity) -> bool:
    return {limit.code, limit.unit} - {None} <= {quantity.code, quantity.unit}


def canonical_number(code: AnalyteCode, quantity: Quantity) -> Decimal:
    """The number in the canonical unit of the analyte. Raises UnitNotAllowed.

    A UCUM code must be one we know. Where code and unit are both known, they must mean the same amount.
    """
    system = quantity.system
    unit, other = quantity.unit or quantity.code, quantity.code
    if other and (system == UCUM or is_ucum(system)):
        unit, other = other, quantity.unit
    is_usual = len(unit or "") + len(other or "") <= _USUAL_LENGTH
    convert = _remembered if is_usual else _in_canonical_unit
    return convert(code.analyte, code.molar, quantity.value or 0, unit, other)


def _in_canonical_unit(
    analyte: Analyte, molar: bool | None, written: int | float, unit: str | None, other: str | None
) -> Decimal:
    value = exact(written)
    number = to_canonical(analyte, value, unit, molar)
    if other and other != unit and _differs(analyte, value, other, number):
        raise UnitNotAllowed(analyte, f"{unit} / {other}", ("one unit only",))
    return plain_amount(number)


# Limits of normal ranges, and the results within them, come again and again.
_remembered = lru_cache(maxsize=16_384)(_in_canonical_unit)


def _differs(analyte: Analyte, value: Decimal, unit: str | None, number: Decimal) -> bool:
    """True when the other spelling is a unit that we know, and means another amount."""
    try:
        return to_canonical(analyte, value, unit) != number
    except UnitNotAllowed:
        return False


def _detected(quantity: Quantity, sign: Comparator | None) -> Presence | None:
    """Virus counted in a unit without a factor: more than none is some; below a limit may be none."""
    if sign in (Comparator.LESS, Comparator.AT_MOST):
        return None
    return Presence.POSITIVE if exact(quantity.value or 0) > 0 else Presence.NEGATIVE


def _range(
    code: AnalyteCode, measured: Measured, value: Quantity, span: Span | None
) -> tuple[Decimal | None, Decimal | None]:
    """The usual range, when the laboratory gives exactly one; its unit may be left to the value's.

    A limit that no result can reach, or that every one passes, is none: it would hide or invent a finding.
    """
    if not measured.reference_range:
        return _NO_RANGE
    usual = _usual_ranges(measured)
    if len(usual) != 1:
        return _NO_RANGE
    low, high = _end(code, usual[0].low, value), _end(code, usual[0].high, value)
    if high is not None and span is not None and not span.may_limit(high):
        return _NO_RANGE
    return (low, high) if low is None or high is None or low <= high else _NO_RANGE


_NO_RANGE = (None, None)


def _usual_ranges(measured: Measured) -> list[ReferenceRange]:
    """Those for healthy people, also where they stand in words."""
    return [with_ends(r) for r in measured.reference_range if r.type is None or _is_usual(r.type)]


def _is_usual(kind: CodeableConcept) -> bool:
    return any(c.code == "normal" for c in kind.coding)


def _end(code: AnalyteCode, end: Quantity | None, value: Quantity) -> Decimal | None:
    if end is None or end.value is None or end.comparator:
        return None
    if not (end.unit or end.code):
        end = Quantity(value=end.value, unit=value.unit, code=value.code, system=value.system)
    try:
        return canonical_number(code, end)
    except UnitNotAllowed:
        return None


# ---------------------------------------------------------------- scores, dates, words


def _score(code: AnalyteCode, measured: Measured, codes: CodeLists) -> Value:
    """A whole number in the range of the score: an integer, a quantity, or an answer code (DECISIONS 45)."""
    number: Decimal | None = None
    quantity = measured.value_quantity
    if measured.value_integer is not None:
        number = Decimal(measured.value_integer)
    elif quantity is not None and quantity.value is not None and not quantity.comparator:
        try:
            number = canonical_number(code, quantity)
        except UnitNotAllowed as refused:
            return Value(Reading.UNIT_UNUSABLE, _written(measured), problem=UNIT, detail=str(refused))
    elif measured.value_codeable_concept is not None:
        answer = answer_of(code.analyte, measured.value_codeable_concept, codes)
        number = None if answer is None or answer.grade is None else Decimal(answer.grade)
    elif not has_value(measured):
        return Value(Reading.NO_VALUE)
    span = codes.plausible.get(code.analyte)
    if number is None or number != number.to_integral_value() or (span and not span.holds(number)):
        return _unreadable(_written(measured), f"no {code.analyte.value} grade")
    return Value(Reading.USABLE, _written(measured), number)


def _date(measured: Measured, zone: ZoneInfo) -> Value:
    text = measured.value_date_time or measured.value_string
    if not text:
        return _unreadable(_written(measured), "no date") if has_value(measured) else Value(Reading.NO_VALUE)
    try:
        read_when(text, zone)
    except NotADate:
        return _unreadable(text, "no date")
    return Value(Reading.USABLE, text)


def _told_in_words(analyte: Analyte, measured: Measured) -> Quantity | None:
    """The number that the words of a result are, where its analyte has numbers (DECISIONS 52)."""
    concept = measured.value_codeable_concept
    text = measured.value_string or (concept.text if concept is not None and not concept.coding else None)
    return quantity_in_words(text) if analyte in UNITS else None


def _in_words(analyte: Analyte, measured: Measured, codes: CodeLists) -> Value:
    if analyte not in QUALITATIVE:
        if has_value(measured):
            return _unreadable(_written(measured), f"{analyte.value} is no number with a unit")
        return Value(Reading.NO_VALUE)
    presence = presence_of(analyte, measured, codes)
    if presence is None and not has_value(measured):
        return Value(Reading.NO_VALUE)
    if presence is None and analyte is not A.URINE_PROTEIN_DIPSTICK:  # pluses, which its rule counts
        return Value(Reading.USABLE, _written(measured), problem=UNLISTED, detail=_written(measured))
    return Value(Reading.USABLE, _written(measured), presence=presence)


def _unreadable(written: str, detail: str) -> Value:
    return Value(Reading.UNREADABLE, written, problem=UNREADABLE, detail=detail)


# ---------------------------------------------------------------- as written


def has_value(measured: Measured) -> bool:
    """True when there is any value[x], readable or not."""
    return next(_values(measured), None) is not None


def _written(measured: Measured) -> str:
    """The value in the record's own words; the words of the interpretation where there is no value."""
    said = next(_values(measured), None)
    return said if said is not None else "; ".join(filter(None, map(drug_words, measured.interpretation)))


def _values(measured: Measured) -> Iterator[str]:
    if measured.value_quantity is not None and measured.value_quantity.value is not None:
        yield _amount(measured.value_quantity)
    if measured.value_codeable_concept is not None:
        yield drug_words(measured.value_codeable_concept) or _bare_codes(measured.value_codeable_concept)
    if measured.value_string:
        yield measured.value_string
    if measured.value_boolean is not None:
        yield "true" if measured.value_boolean else "false"
    if measured.value_integer is not None:
        yield str(measured.value_integer)
    if measured.value_date_time:
        yield measured.value_date_time
    if measured.value_range is not None:
        ends = (measured.value_range.low, measured.value_range.high)
        yield " - ".join(_amount(end) for end in ends if end is not None)
    if measured.value_ratio is not None:
        ends = (measured.value_ratio.numerator, measured.value_ratio.denominator)
        yield " : ".join(_amount(end) for end in ends if end is not None)


def _bare_codes(concept: CodeableConcept) -> str:
    return ", ".join(c.code for c in concept.coding if c.code)


def _amount(quantity: Quantity) -> str:
    number = "" if quantity.value is None else repr(quantity.value)
    if "e" in number:
        number = format(Decimal(number), "f")
    unit = quantity.unit or quantity.code
    return f"{quantity.comparator or ''}{number} {unit or ''}".strip()
