"""A site's own codes, each standing for a code of our lists."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from fhir_mappings.vocabulary.codes import system_name


@dataclass(frozen=True, slots=True)
class LocalCode:
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


def local_map(site_maps: Iterable[LocalCode], faults: list[str]) -> LocalMap:
    """The site's codes for look-up; unknown target systems and contradictions go to `faults`."""
    found: LocalMap = {}
    for local in site_maps:
        key, target = (local.system, local.code), system_name(local.target_system)
        where = f"site map {local.system}|{local.code}"
        if target is None:
            faults.append(f"{where}: no list uses the code system {local.target_system}")
            continue
        meant = StandsFor(target, local.target_code, local.molar)
        if found.setdefault(key, meant) != meant:
            faults.append(f"{where}: stands for two different things")
    return found
