"""A site's own codes, each standing for a code of our lists."""

from collections.abc import Iterable
from dataclasses import dataclass

from fhir_mappings.vocabulary.codes import system_name


@dataclass(frozen=True, slots=True)
class LocalCode:
    """A site's own code and the listed code it stands for; systems are URIs as the site writes them."""

    system: str
    code: str
    target_system: str
    target_code: str


LocalMap = dict[tuple[str | None, str | None], tuple[str, str]]
"""(URI, code) -> our short name of the target's system, and the target."""


def local_map(site_maps: Iterable[LocalCode], faults: list[str]) -> LocalMap:
    """The site's codes for look-up; unknown target systems and contradictions go to `faults`."""
    found: LocalMap = {}
    for local in site_maps:
        key, target = (local.system, local.code), system_name(local.target_system)
        where = f"site map {local.system}|{local.code}"
        if target is None:
            faults.append(f"{where}: no list uses the code system {local.target_system}")
        elif found.setdefault(key, (target, local.target_code)) != (target, local.target_code):
            faults.append(f"{where}: stands for two different codes")
    return found
