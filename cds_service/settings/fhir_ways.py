"""`[ehr]` of the site file: in which ways its FHIR servers are not as FHIR servers usually are.

[ehr]
not_kept = ["AdverseEvent"]                        # types that its record does not have: never asked for
other_names = ["http://fhir.internal:8080/r4"]     # bases that it writes into its links instead of its own
strict_searches = true                             # the default: to refuse what it does not understand
statement_hours = 24                               # the default: how long its CapabilityStatement is believed

[ehr.searches]                                     # parameters that it demands, a query for each line
Observation = ["category=laboratory", "category=vital-signs"]
"""

import re
from collections.abc import Collection, Iterator
from typing import Annotated

import msgspec

from cds_service.cds_hooks.prefetch import REFUSED_PARAMETERS
from cds_service.fhir_client.server_settings import AS_USUAL, ServerWays
from cds_service.settings.addresses import read_bases

_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_\-]*=[A-Za-z0-9_.,:/|\-]+")
_OURS = frozenset({"patient", "subject", "member", "individual", "_count"})
"""Whose resources, and how many of them a page holds, is ours to say."""
_LONGEST_HOURS = 24 * 31
_ALWAYS_KEPT = ("Patient", "Condition")


class EhrEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The table as it is written."""

    searches: dict[str, tuple[str, ...]] = {}
    not_kept: tuple[str, ...] = ()
    other_names: tuple[str, ...] = ()
    strict_searches: bool = True
    statement_hours: Annotated[float, msgspec.Meta(gt=0, le=_LONGEST_HOURS)] = AS_USUAL.statement_hours


def read_ways(entry: EhrEntry, asked_for: Collection[str], faults: list[str]) -> ServerWays:
    """The ways of the site's servers; what is wrong with them is added to `faults`.

    `asked_for` are the resource types that are searched for a patient at this site.
    """
    faults += [f"ehr.{fault}" for fault in (*_unknown(entry, asked_for), *_unkeepable(entry))]
    for kind, searches in entry.searches.items():
        faults += [f"ehr.searches.{kind}: {fault}" for fault in _faults_of(searches)]
    return ServerWays(
        searches=entry.searches,
        not_kept=frozenset(entry.not_kept),
        other_names=read_bases(entry.other_names, "ehr.other_names", faults),
        strict_searches=entry.strict_searches,
        statement_hours=float(entry.statement_hours),
    )


def remarks_on(ways: ServerWays) -> list[str]:
    """What whoever signs the installation off should know of the advice that it leads to."""
    kept = sorted(ways.not_kept)
    remarks = [f"ehr.not_kept: {kind} is not asked for: charts count as having none of it" for kind in kept]
    for kind, searches in sorted(ways.searches.items()):
        told = " or ".join(searches)
        remarks.append(f"ehr.searches: of {kind} only what has {told} is asked for; all else is not seen")
    if not ways.strict_searches:
        remarks.append(
            "ehr.strict_searches: a server that does not know a parameter may answer another question"
        )
    return remarks


def _unknown(entry: EhrEntry, asked_for: Collection[str]) -> Iterator[str]:
    for name, kinds in (("searches", entry.searches), ("not_kept", entry.not_kept)):
        for kind in kinds:
            if kind not in asked_for:
                yield f"{name}: {kind} is not asked for; what is: {', '.join(sorted(asked_for))}"


def _unkeepable(entry: EhrEntry) -> Iterator[str]:
    for kind in entry.not_kept:
        if kind in _ALWAYS_KEPT:
            yield f"not_kept: without {kind} nobody can say whether a patient is concerned"
        if kind in entry.searches:
            yield f"not_kept: {kind} stands in searches, too"


def _faults_of(searches: tuple[str, ...]) -> Iterator[str]:
    if not searches:
        yield "must name parameters, or be left out"
    if len(set(searches)) < len(searches):
        yield "names the same twice"
    for search in searches:
        for parameter in search.split("&"):
            name = parameter.partition("=")[0]
            if not _PARAMETER.fullmatch(parameter):
                yield f"{parameter!r} is no search parameter, e.g. category=laboratory"
            elif name in _OURS | REFUSED_PARAMETERS:
                yield f"{name} cannot be given here"
