"""Which code system an address means: one short name, however its URI is spelled.

`https` for `http`, capitals in the host, `www.`, a slash or a version at the end, an OID with or without
`urn:oid:` are spellings of one address. A site may declare further addresses; nothing is guessed.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from fhir_mappings.clinical_model.codes import (
    ATC,
    CVX,
    ICD9,
    ICD9_PROCEDURES,
    ICD10,
    ICD10CM,
    ICD10PCS,
    ICD11,
    INTERPRETATION,
    LOINC,
    RXNORM,
    SNOMED,
)

UCUM = "http://unitsofmeasure.org"

# One line a spelling: the HL7 URI first, then other URIs in use. The Chinese OIDs are those of the national
# clinical document templates (WS/T 500); their diagnosis codes are WHO ICD-10 with national extensions.
# HL7's URI of ICD-9-CM is in use for its diagnoses (volumes 1 and 2) and for its procedures (volume 3) alike.
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
{ICD9} = http://hl7.org/fhir/sid/icd-9-cm
{ICD9} = http://hl7.org/fhir/sid/icd-9-cm/diagnosis
{ICD9} = urn:oid:2.16.840.1.113883.6.103
{ICD9_PROCEDURES} = http://hl7.org/fhir/sid/icd-9-cm/procedure
{ICD9_PROCEDURES} = urn:oid:2.16.840.1.113883.6.104
{ICD9_PROCEDURES} = urn:oid:2.16.156.10011.2.3.3.12
{INTERPRETATION} = http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation
{INTERPRETATION} = http://hl7.org/fhir/v2/0078
{INTERPRETATION} = urn:oid:2.16.840.1.113883.5.83
"""
_LONGEST = 200  # characters; what is longer names no code system, and is not remembered
_OID = re.compile(r"(?:urn:)?(?:oid:)?([0-2](?:\.\d+){4,})", re.IGNORECASE)
_WEB = re.compile(r"https?://(?:www\.)?([^/]+)(.*)", re.IGNORECASE | re.DOTALL)
_SNOMED_EDITION = re.compile(r"(http://snomed\.info/sct)/\d+(?:/version/\d+)?")
_ICD11_RELEASE = re.compile(r"(http://id\.who\.int/icd/release/11)/\d{4}-\d{2}(/mms)")


def one_address(uri: str) -> str:
    """The spelling in which the addresses of code systems are compared."""
    return _one_address(uri) if len(uri) <= _LONGEST else uri


@lru_cache(maxsize=4_096)
def _one_address(uri: str) -> str:
    plain = uri.strip().partition("|")[0].rstrip("/")
    if oid := _OID.fullmatch(plain):
        return f"urn:oid:{oid[1]}"
    if web := _WEB.fullmatch(plain):
        plain = f"http://{web[1].lower()}{web[2]}"
    plain = _SNOMED_EDITION.sub(r"\1", plain)
    return _ICD11_RELEASE.sub(r"\1\2", plain)


SYSTEMS: Mapping[str, str] = {
    uri.strip(): name.strip()
    for name, _, uri in (line.partition("=") for line in _SPELLINGS.strip().splitlines())
}
"""URI of a code system -> our short name of it."""
_BY_ADDRESS = {one_address(uri): name for uri, name in SYSTEMS.items()}
NAMES = frozenset(SYSTEMS.values())
"""The short names, which a site may give to further addresses."""
_UCUM = frozenset({one_address(UCUM), "urn:oid:2.16.840.1.113883.6.8"})


def system_name(uri: str | None, declared: Mapping[str, str] | None = None) -> str | None:
    """Our short name of a code system; None for one we do not know.

    `declared`: a site's further addresses, from `declared_systems`.
    """
    if not uri:
        return None
    address = one_address(uri)
    return _BY_ADDRESS.get(address) or (declared or {}).get(address)


def is_ucum(uri: str | None) -> bool:
    """True for the address of UCUM, the code system of units."""
    return uri == UCUM or (uri is not None and one_address(uri) in _UCUM)


def declared_systems(declared: Iterable[tuple[str, str]], faults: list[str]) -> dict[str, str]:
    """A site's addresses with the short name of what each means; what cannot be so goes to `faults`."""
    found: dict[str, str] = {}
    for uri, name in declared:
        address, where = one_address(uri), f"code_systems: {uri}"
        known = system_name(uri) or ("UCUM" if is_ucum(uri) else None)
        if name not in NAMES:
            faults.append(f"{where}: {name!r} is none of {', '.join(sorted(NAMES))}")
        elif not address:
            faults.append(f"{where}: an address is missing")
        elif known not in (name, None):
            faults.append(f"{where}: is the address of {known}, not of {name}")
        elif found.setdefault(address, name) != name:
            faults.append(f"{where}: declared to be {found[address]} and {name}")
    return found
