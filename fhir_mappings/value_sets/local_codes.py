"""A site's own codes, words and units, each standing for a code of our lists.

What has no code system of its own is named in a ConceptMap by one of the URNs below: the words of an entry
that carries no code at all, a code sent without its system, the spelling of a unit.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from fhir_mappings.clinical_model.code_systems import is_ucum, one_address, system_name

OWN_WORDS = "urn:aa-cds:CodeSystem/words"
WITHOUT_SYSTEM = "urn:aa-cds:CodeSystem/without-system"
OWN_UNITS = "urn:aa-cds:CodeSystem/units"
LONGEST_WORDS = 80
"""Characters of a text that may stand for a code; a longer one is a narrative, and nobody maps it."""


class LocalCode(msgspec.Struct, frozen=True):
    """A site's own code and the listed code it stands for; systems are URIs as the site writes them.

    `molar`: what the site says of the unit kind of its results, amount of substance or mass; None where it
    says nothing. The target's own property is not the local code's.
    """

    system: str
    code: str
    target_system: str
    target_code: str
    molar: bool | None = None


class StandsFor(NamedTuple):
    """What a local code stands for: our short name of a code system, a code of it, and the unit kind."""

    system: str
    code: str
    molar: bool | None = None


LocalMap = dict[tuple[str | None, str | None], StandsFor]
"""(URI, code) -> what it stands for."""


UnitMap = dict[tuple[str, str], str]
"""(URI, spelling in its own case) of a site's own unit -> the UCUM code that is read instead."""


def folded(words: str) -> str:
    """Words as they are compared: lower case, single spaces, no full stop at the end."""
    return " ".join(words.casefold().split()).rstrip(".。")


def spelled(unit: str) -> str:
    """A unit as it is compared: single spaces, its case as it stands (M is a million, m a thousandth)."""
    return " ".join(unit.split())


def unit_map(site_maps: Iterable[LocalCode], faults: list[str]) -> UnitMap:
    """The site's units for look-up; contradictions go to `faults`."""
    found: UnitMap = {}
    for local in site_maps:
        key = (OWN_UNITS if is_ucum(local.system) else one_address(local.system), spelled(local.code))
        if is_ucum(local.target_system) and found.setdefault(key, local.target_code) != local.target_code:
            faults.append(f"site map {local.system}|{local.code}: stands for two different units")
    return found


def key_of(local: LocalCode) -> tuple[str, str]:
    """How a site's code is looked up; words in one spelling."""
    return one_address(local.system), folded(local.code) if local.system == OWN_WORDS else local.code


def local_map(
    site_maps: Iterable[LocalCode], faults: list[str], systems: Mapping[str, str] | None = None
) -> LocalMap:
    """The site's codes for look-up; unknown target systems and contradictions go to `faults`."""
    found: LocalMap = {}
    for local in site_maps:
        if is_ucum(local.target_system):
            continue
        key, target = key_of(local), system_name(local.target_system, systems)
        where = f"site map {local.system}|{local.code}"
        if target is None:
            faults.append(f"{where}: no list uses the code system {local.target_system}")
            continue
        meant = StandsFor(target, local.target_code, local.molar)
        if found.setdefault(key, meant) != meant:
            faults.append(f"{where}: stands for two different things")
    return found
