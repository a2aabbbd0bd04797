"""Code systems and codes that cannot be mistyped: check digits, one spelling, one short name per system.

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
ICD9_PROCEDURES = "ICD-9-CM-3"
UCUM = "http://unitsofmeasure.org"
INTERPRETATION = "HL7 interpretation"

# One line a spelling: the HL7 URI first, then other URIs in use. The Chinese OIDs are those of the national
# clinical document templates (WS/T 500); their diagnosis codes are WHO ICD-10 with national extensions.
_SPELLINGS = f"""
{SNOMED} = http://snomed.info/sct
{SNOMED} = urn:oid:2.16.840.1.113883.6.96
{LOINC} = http://loinc.org
{LOINC} = urn:oid:2.16.840.1.113883.6.1
{RXNORM} = http://www.nlm.nih.gov/research/umls/rxnorm
{RXNORM} = urn:oid:2.16.840.1.113883.6.88
{ATC} = http://www.whocc.no/atc
{ATC} = urn:oid:2.16.840.1.113883.6.73
{CVX} = http://hl7.org/fhir/sid/cvx
{CVX} = urn:oid:2.16.840.1.113883.12.292
{ICD10} = http://hl7.org/fhir/sid/icd-10
{ICD10} = http://hl7.org/fhir/sid/icd-10-cn
{ICD10} = urn:oid:2.16.840.1.113883.6.3
{ICD10} = urn:oid:2.16.156.10011.2.3.3.11
{ICD10} = urn:oid:2.16.156.10011.2.3.3.11.3
{ICD10} = urn:oid:2.16.156.10011.2.3.3.11.5
{ICD10CM} = http://hl7.org/fhir/sid/icd-10-cm
{ICD10CM} = urn:oid:2.16.840.1.113883.6.90
{ICD10PCS} = http://www.cms.gov/Medicare/Coding/ICD10
{ICD10PCS} = http://hl7.org/fhir/sid/icd-10-pcs
{ICD10PCS} = urn:oid:2.16.840.1.113883.6.4
{ICD11} = http://id.who.int/icd/release/11/mms
{ICD9_PROCEDURES} = http://hl7.org/fhir/sid/icd-9-cm
{ICD9_PROCEDURES} = urn:oid:2.16.840.1.113883.6.104
{ICD9_PROCEDURES} = urn:oid:2.16.156.10011.2.3.3.12
{INTERPRETATION} = http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation
{INTERPRETATION} = http://hl7.org/fhir/v2/0078
{INTERPRETATION} = urn:oid:2.16.840.1.113883.5.83
"""
SYSTEMS: Mapping[str, str] = {
    uri.strip(): name.strip()
    for name, _, uri in (line.partition("=") for line in _SPELLINGS.strip().splitlines())
}
"""URI of a code system -> our short name of it."""


class NotACode(ValueError):
    """A code of our own lists is malformed. Attributes `system`, `code`, `reason`."""

    def __init__(self, system: str, code: str, reason: str) -> None:
        super().__init__(f"{system} {code!r}: {reason}")
        self.system = system
        self.code = code
        self.reason = reason


def system_name(uri: str | None) -> str | None:
    """Our short name of a code system in any common spelling of its URI; None for one we do not know.

    https for http, the host or a `urn:oid:` in another case, `www.` before the host, a slash at the end, or
    the bare OID (DECISIONS 53).
    """
    if not uri:
        return None
    return SYSTEMS.get(uri) or _SPELLED.get(_plain_uri(uri))


def _plain_uri(uri: str) -> str:
    plain = uri.strip().casefold().rstrip("/")
    plain = plain.removeprefix("https://").removeprefix("http://").removeprefix("www.")
    return plain.removeprefix("urn:oid:")


_SPELLED = {_plain_uri(uri): name for uri, name in SYSTEMS.items()}


def is_procedure_of_icd9(code: str) -> bool:
    """True for the shape of a procedure (41.03, 41); ICD-9 diagnoses (410.71, V42.81) share the URI."""
    return _ICD9_PROCEDURE.match(code.strip()) is not None


_ICD9_PROCEDURE = re.compile(r"\d{2}(?:\.\d|$)")


def one_spelling(system: str, code: str) -> str:
    """The spelling in which codes of `system` are compared.

    ICD: upper case, no dot, no dagger or asterisk; so "d61.3+" and "D613" are one code, and the national
    extension "D61.300x001" begins like the code it extends. CVX: two digits at least ("3" is "03").
    """
    code = code.strip()
    if system in (ICD10, ICD10CM, ICD9_PROCEDURES):
        return code.upper().replace(".", "").rstrip("+*†!")
    if system == CVX:
        return code.zfill(2)
    return code.upper() if system in (ATC, ICD10PCS, ICD11, LOINC) else code


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
    ICD11: re.compile(r"[0-9A-Z]{4}(\.[0-9A-Z]{1,2})?"),
    ICD9_PROCEDURES: re.compile(r"\d{2}(\.\d{1,2})?"),
}
