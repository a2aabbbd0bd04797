"""The value of one observation or component -> number, presence or words, and how far it may be used."""

from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from fhir_mappings.readers.amounts import exact, plain
from fhir_mappings.readers.amounts_said import amounts_said, range_said
from fhir_mappings.readers.fhir_types import CodeableConcept, Quantity
from fhir_mappings.readers.numbers_in_words import sign_of
from fhir_mappings.readers.observation_types import Measured
from fhir_mappings.readers.product import words
from fhir_mappings.readers.qualitative import QUALITATIVE, answer_of, presence_of
from fhir_mappings.readers.written_value import amount_as_it_stands, as_written, has_value
from fhir_mappings.value_sets import AnalyteCode, CodeLists, Span
from fhir_mappings.vocabulary.calendar import NotADate, read_when
from fhir_mappings.vocabulary.code_systems import is_ucum
from fhir_mappings.vocabulary.quantity import UNITS, UnitNotAllowed, is_viral_load_unit, to_canonical
from fhir_mappings.vocabulary.results import Analyte, Comparator, Presence, Reading

A = Analyte

_COMPARATORS = {sign.value: sign for sign in Comparator}
_LOADS = frozenset({A.HIV_RNA, A.HBV_DNA, A.HCV_RNA})
_SCORES = frozenset({A.ECOG, A.KARNOFSKY})

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


def read_values(code: AnalyteCode, measured: Measured, codes: CodeLists, zone: ZoneInfo) -> tuple[Value, ...]:
    """The value of the analyte that `code` names; of a range its two ends, of which no rule may pick one."""
    has_range = code.analyte in UNITS and code.analyte not in _SCORES
    ends = range_said(measured) if has_range else None
    if ends is None:
        return (_read_value(code, measured, codes, zone),)
    low, high = (_amount_of(code, measured, end, codes) for end in ends)
    bad = next((one for one in (low, high) if one.problem), None)
    if bad is not None:
        return (bad._replace(as_written=as_written(measured)),)
    if low.number is None or high.number is None or low.number > high.number:
        return (_unreadable(as_written(measured), "no range"),)
    return low, high


def _read_value(code: AnalyteCode, measured: Measured, codes: CodeLists, zone: ZoneInfo) -> Value:
    absent = measured.data_absent_reason
    if absent is not None:
        if has_value(measured):
            return _unreadable(as_written(measured), "a value, and a reason why there is none")
        return Value(Reading.NO_VALUE, words(absent))
    if code.analyte is A.DELIVERY_DUE:
        return _date(measured, zone)
    if code.analyte in _SCORES:
        return _score(code, measured, codes)
    if measured.value_quantity is not None and measured.value_quantity.value is not None:
        return _quantity(code, measured, measured.value_quantity, codes)
    return _in_words(code, measured, codes)


# ---------------------------------------------------------------- numbers


def _quantity(code: AnalyteCode, measured: Measured, quantity: Quantity, codes: CodeLists) -> Value:
    written = amount_as_it_stands(quantity)
    said = sign_of(quantity.comparator or "")
    if said is None:
        return _unreadable(written, f"comparator {quantity.comparator}")
    quantity = msgspec.structs.replace(quantity, comparator=said or None)
    sign = _COMPARATORS.get(said)
    presence = presence_of(code.analyte, measured, codes) if code.analyte in QUALITATIVE else None
    if code.analyte not in UNITS:  # an answer in words, given as a number: its flag may say which
        return Value(Reading.USABLE, written, presence=presence)
    try:
        number = canonical_number(code, quantity)
    except UnitNotAllowed as refused:
        if code.analyte in _LOADS and is_viral_load_unit(quantity.code or quantity.unit):
            return Value(Reading.USABLE, written, presence=presence or _detected(quantity))
        return Value(Reading.UNIT_UNUSABLE, written, problem=UNIT, detail=str(refused))
    span = codes.plausible.get(code.analyte)
    if span is not None and not span.holds(number):
        return Value(
            Reading.UNREADABLE, written, problem=IMPLAUSIBLE, detail=f"{code.analyte.value} {written}"
        )
    low, high = _range(code, measured, quantity, span)
    return Value(Reading.USABLE, written, number, sign, presence, low, high)


def canonical_number(code: AnalyteCode, quantity: Quantity) -> Decimal:
    """The number in the canonical unit of the analyte. Raises UnitNotAllowed.

    A UCUM code must be one we know. Where code and unit are both known, they must mean the same amount.
    """
    coded = quantity.code if is_ucum(quantity.system) else None
    unit, other = (coded, quantity.unit) if coded else (quantity.unit or quantity.code, quantity.code)
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
    return plain(number)


# Limits of normal ranges, and the results within them, come again and again.
_remembered = lru_cache(maxsize=16_384)(_in_canonical_unit)


def _differs(analyte: Analyte, value: Decimal, unit: str | None, number: Decimal) -> bool:
    """True when the other spelling is a unit that we know, and means another amount."""
    try:
        return to_canonical(analyte, value, unit) != number
    except UnitNotAllowed:
        return False


def _detected(quantity: Quantity) -> Presence | None:
    """Virus counted in a unit without a factor: more than none is some; below a limit may be none."""
    if quantity.comparator in ("<", "<="):
        return None
    return Presence.POSITIVE if exact(quantity.value or 0) > 0 else Presence.NEGATIVE


def _range(
    code: AnalyteCode, measured: Measured, value: Quantity, span: Span | None
) -> tuple[Decimal | None, Decimal | None]:
    """The usual range, when the laboratory gives exactly one; its unit may be left to the value's.

    A limit that no result can reach, or that every one passes, is none: it would hide or invent a finding.
    """
    usual = [r for r in measured.reference_range if r.type is None or _is_usual(r.type)]
    if len(usual) != 1:
        return None, None
    low, high = _end(code, usual[0].low, value), _end(code, usual[0].high, value)
    if high is not None and span is not None and not span.may_limit(high):
        return None, None
    return (low, high) if low is None or high is None or low <= high else (None, None)


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


def _amount_of(
    code: AnalyteCode, measured: Measured, amounts: tuple[Quantity, ...], codes: CodeLists
) -> Value:
    """The first of the amounts, all equal, whose unit is known; else why it is not."""
    read = [_quantity(code, measured, amount, codes) for amount in amounts]
    return next((value for value in read if value.reading is not Reading.UNIT_UNUSABLE), read[0])


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
            return Value(Reading.UNIT_UNUSABLE, as_written(measured), problem=UNIT, detail=str(refused))
    elif measured.value_codeable_concept is not None:
        answer = answer_of(code.analyte, measured.value_codeable_concept, codes)
        number = None if answer is None or answer.grade is None else Decimal(answer.grade)
    elif amounts := amounts_said(measured):
        number = _score_in(code, amounts[0])
    elif not has_value(measured):
        return Value(Reading.NO_VALUE)
    span = codes.plausible.get(code.analyte)
    if number is None or number != number.to_integral_value() or (span and not span.holds(number)):
        return _unreadable(as_written(measured), f"no {code.analyte.value} grade")
    return Value(Reading.USABLE, as_written(measured), number)


def _score_in(code: AnalyteCode, amount: Quantity) -> Decimal | None:
    try:
        return None if amount.comparator else canonical_number(code, amount)
    except UnitNotAllowed:
        return None


def _date(measured: Measured, zone: ZoneInfo) -> Value:
    text = measured.value_date_time or measured.value_string
    if not text:
        return (
            _unreadable(as_written(measured), "no date") if has_value(measured) else Value(Reading.NO_VALUE)
        )
    try:
        read_when(text, zone)
    except NotADate:
        return _unreadable(text, "no date")
    return Value(Reading.USABLE, text)


def _in_words(code: AnalyteCode, measured: Measured, codes: CodeLists) -> Value:
    analyte = code.analyte
    presence = presence_of(analyte, measured, codes) if analyte in QUALITATIVE else None
    amounts = amounts_said(measured) if presence is None and analyte in UNITS else ()
    if amounts:
        return _amount_of(code, measured, amounts, codes)._replace(as_written=as_written(measured))
    if analyte not in QUALITATIVE:
        if has_value(measured):
            return _unreadable(as_written(measured), f"{analyte.value} is no number with a unit")
        return Value(Reading.NO_VALUE)
    if presence is None and not has_value(measured):
        return Value(Reading.NO_VALUE)
    if presence is None and analyte is not A.URINE_PROTEIN_DIPSTICK:  # pluses, which its rule counts
        return Value(Reading.USABLE, as_written(measured), problem=UNLISTED, detail=as_written(measured))
    return Value(Reading.USABLE, as_written(measured), presence=presence)


def _unreadable(written: str, detail: str) -> Value:
    return Value(Reading.UNREADABLE, written, problem=UNREADABLE, detail=detail)
