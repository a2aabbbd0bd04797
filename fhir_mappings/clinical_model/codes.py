"""Codes that cannot be mistyped: check digits, one spelling, one short name for each code system.

A code without a system is never used: "I10" alone may be anything.
"""

import re
from collections.abc import Callable, Mapping

SNOMED = "SNOMED CT"
LOINC = "LOINC"
RXNORM = "RxNorm"
ATC = "ATC"
CVX = "CVX"
ICD10 = "ICD-10"
ICD10CM = "ICD-10-CM"
ICD10PCS = "ICD-10-PCS"
ICD11 = "ICD-11"
ICD9 = "ICD-9-CM"
ICD9_PROCEDURES = "ICD-9-CM-3"
INTERPRETATION = "HL7 interpretation"


class NotACode(ValueError):
    """A code of our own lists is malformed. Attributes `system`, `code`, `reason`."""

    def __init__(self, system: str, code: str, reason: str) -> None:
        super().__init__(f"{system} {code!r}: {reason}")
        self.system = system
        self.code = code
        self.reason = reason


def one_spelling(system: str, code: str) -> str:
    """The spelling in which codes of `system` are compared; empty for what can be no code of it.

    ICD: upper case, no dot, no dagger or asterisk; so "d61.3+" and "D613" are one code, and the national
    extension "D61.300x001" begins like the code it extends. The dot has its place: "410.71" is no procedure
    of the family 41.0. CVX: two digits at least ("3" is "03").
    """
    code = code.strip()
    if system in _BEFORE_THE_DOT:
        before, dot, _ = code.partition(".")
        if dot and len(before) != _BEFORE_THE_DOT[system]:
            return ""
        plain = code.upper().replace(".", "").rstrip("+*†!")
        return "" if system == ICD9_PROCEDURES and len(plain) == _OF_A_DIAGNOSIS else plain
    if system == CVX:
        return code.zfill(2)
    return code.upper() if system in (ATC, ICD10PCS, ICD11, LOINC) else code


def is_procedure_shape(code: str) -> bool:
    """True for a code of ICD-9-CM that can only be a procedure: two digits before its dot, as in "41.03"."""
    return bool(_PROCEDURE.fullmatch(code.strip()))


_BEFORE_THE_DOT = {ICD10: 3, ICD10CM: 3, ICD9_PROCEDURES: 2}
_OF_A_DIAGNOSIS = 5  # digits without a dot: procedures have at most four, and six with a national extension
_PROCEDURE = re.compile(r"\d{2}(?:\.\w+)?", re.ASCII)


# ---------------------------------------------------------------- check digits


def check_code(system: str, code: str) -> None:
    """Refuse a code that cannot exist in its system: wrong shape or wrong check digit. Raises NotACode."""
    shape = _SHAPES.get(system)
    if shape and not shape.fullmatch(code):
        raise NotACode(system, code, "wrong shape")
    check = _CHECKS.get(system)
    if check:
        check(code)


def _check_loinc(code: str) -> None:
    body, _, digit = code.partition("-")
    expected = luhn_digit(body)
    if digit != expected:
        raise NotACode(LOINC, code, f"wrong check digit, expected {expected}. Is it mistyped?")


def _check_snomed(code: str) -> None:
    if not verhoeff_holds(code):
        raise NotACode(SNOMED, code, "wrong check digit. Is it mistyped?")


def luhn_digit(body: str) -> str:
    """The mod 10 check digit of LOINC (LOINC Users' Guide), which is Luhn's.

    In the answer codes (LA6576-8) a letter counts as its character code less 48, as published ones show.
    """
    values = [ord(character) - ord("0") for character in body]
    doubled = sum(2 * value - value // 5 * 9 for value in values[::-2])
    return str(-(doubled + sum(values[-2::-2])) % 10)


# Verhoeff's dihedral check (SNOMED CT Release File Specification, 6.5)
_TURN = (
    "0123456789",
    "1234067895",
    "2340178956",
    "3401289567",
    "4012395678",
    "5987604321",
    "6598710432",
    "7659821043",
    "8765932104",
    "9876543210",
)
_SHIFT = (
    "0123456789",
    "1576283094",
    "5803796142",
    "8916043527",
    "9453126870",
    "4286573901",
    "2793806415",
    "7046913258",
)


def verhoeff_holds(digits: str) -> bool:
    """True when the last digit of a SNOMED CT identifier fits the others."""
    state = 0
    for place, digit in enumerate(reversed(digits)):
        state = int(_TURN[state][int(_SHIFT[place % 8][int(digit)])])
    return state == 0


_CHECKS: Mapping[str, Callable[[str], None]] = {LOINC: _check_loinc, SNOMED: _check_snomed}
_SHAPES = {
    LOINC: re.compile(r"(?:L[AP])?\d{1,7}-\d"),
    SNOMED: re.compile(r"[1-9]\d{5,17}"),
    RXNORM: re.compile(r"[1-9]\d{0,7}"),
    ATC: re.compile(r"[A-Z](\d\d([A-Z]([A-Z](\d\d)?)?)?)?"),
    CVX: re.compile(r"\d{2,3}"),
    ICD10: re.compile(r"[A-Z](\d[0-9A-Z](\.[0-9A-Z]{1,4})?)?"),
    ICD10CM: re.compile(r"[A-Z](\d[0-9A-Z](\.[0-9A-Z]{1,4})?)?"),
    ICD10PCS: re.compile(r"[0-9A-HJ-NP-Z]{1,7}"),
    ICD11: re.compile(r"[0-9A-Z]{4}(\.[0-9A-Z]{1,2})?|X[A-Z][0-9A-Z]{4}"),
    ICD9_PROCEDURES: re.compile(r"\d{2}(\.\d{1,2})?"),
}
