"""What counts as complete or partial response, read from `reviewed/response_profiles.toml`.

The trial record speaks of partial response without defining it; each published definition is one profile,
kept as data with its source and whether its numbers were verified. Haemoglobin g/L; platelets and
neutrophils 10*9/L.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from cds_service.rules.thresholds import (
    FOLDER,
    ProtocolTextFault,
    read_limits,
    read_topic,
)
from cds_service.trials.nct06802055.patient_state.blood.counts import CountLimits
from fhir_mappings.clinical_model.messages import Phrase, say

TOPIC = "response_profiles"

PROFILE_NAMES = {
    "camitta_bsh": say("profile.camitta_bsh"),
    "camitta_bsh_variant": say("profile.camitta_bsh_variant"),
    "china_2022": say("profile.china_2022"),
    "jcaasg": say("profile.jcaasg"),
    "nih_saa": say("profile.nih_saa"),
}
"""Every profile has its name in the wording files, in both languages."""


class ProfileLimits(msgspec.Struct, frozen=True):
    """`[limit.*]` of `response_profiles.toml`: the profile in use, normal haemoglobin, windows."""

    profile: str
    normal_haemoglobin_men: Decimal
    normal_haemoglobin_women: Decimal
    baseline_days: int
    confirmation_days: int


class Verification(StrEnum):
    """Were the numbers of a profile seen in the source it names?"""

    VERIFIED = "verified"
    PARTLY = "partly-verified"
    UNVERIFIED = "unverified"


class Floor(msgspec.Struct, frozen=True):
    """What a line has to reach: above `limit`, or `limit` itself where `inclusive`; None: normal."""

    limit: Decimal | None
    inclusive: bool


class Floors(msgspec.Struct, frozen=True):
    """What each line has to reach; None where the profile asks nothing of it."""

    haemoglobin: Floor | None = None
    platelets: Floor | None = None
    neutrophils: Floor | None = None


class PartialTerms(msgspec.Struct, frozen=True):
    """Partial response as a state: all of these hold."""

    transfusion_independent: bool
    not_severe: bool
    floors: Floors


class Rise(msgspec.Struct, frozen=True):
    """A rise by more than `rise` of a line that was below `initially_below`."""

    rise: Decimal
    initially_below: Decimal


class Improvement(msgspec.Struct, frozen=True):
    """Partial response as a change from baseline: any of these holds, or dependence on transfusion ended.

    A line that was not normal has multiplied by `times_baseline` or become normal, or it made its `Rise`.
    """

    times_baseline: Decimal
    haemoglobin: Rise
    platelets: Rise
    neutrophils: Rise


class Terms(msgspec.Struct, frozen=True):
    """Complete and partial response at one severity."""

    complete: Floors
    partial: PartialTerms | Improvement


class ResponseProfile(msgspec.Struct, frozen=True):
    """One published definition of response. `name` is the stable name that every answer carries."""

    name: str
    source: str
    verification: Verification
    relapse_needs_both: bool
    severe: Terms
    non_severe: Terms


class ResponseStandard(msgspec.Struct, frozen=True):
    """How response is judged: the profile in use, and the limits of counts and severity."""

    profile: ResponseProfile
    limits: ProfileLimits
    counts: CountLimits


def read_response_standard(
    overrides: Mapping[str, Any] | None = None, folder: Path = FOLDER
) -> ResponseStandard:
    """The profile in use with its limits; a site chooses by `response_profiles.profile`.

    Raises ProtocolTextFault.
    """
    limits = read_limits(ProfileLimits, TOPIC, overrides, folder)
    profiles = read_profiles(folder)
    if limits.profile not in profiles:
        raise ProtocolTextFault([f"{TOPIC}.profile: {limits.profile!r} is none of {sorted(profiles)}"])
    return ResponseStandard(
        profiles[limits.profile], limits, read_limits(CountLimits, "counts", overrides, folder)
    )


def read_profiles(folder: Path = FOLDER) -> dict[str, ResponseProfile]:
    """All profiles by name. Raises ProtocolTextFault naming profile and entry."""
    tables = read_topic(TOPIC, folder).get("profile", {})
    if nameless := sorted(tables.keys() - PROFILE_NAMES.keys()):
        raise ProtocolTextFault([f"{TOPIC}: profiles without a name in the wording files: {nameless}"])
    if lost := sorted(PROFILE_NAMES.keys() - tables.keys()):
        raise ProtocolTextFault([f"{TOPIC}: profile {name} is missing" for name in lost])
    return {name: _profile(name, table) for name, table in tables.items()}


def _profile(name: str, table: Mapping[str, Any]) -> ResponseProfile:
    try:
        _refuse_unknown(
            table, {"source", "verification", "relapse_needs_both", "severe", "non_severe", "any"}
        )
        return ResponseProfile(
            name,
            table["source"],
            Verification(table["verification"]),
            table["relapse_needs_both"],
            _terms(table["any"] if "any" in table else table["severe"]),
            _terms(table["any"] if "any" in table else table["non_severe"]),
        )
    except KeyError as error:
        raise ProtocolTextFault([f"{TOPIC}: profile {name} lacks {error}"]) from error
    except (ValueError, InvalidOperation) as error:
        raise ProtocolTextFault([f"{TOPIC}: profile {name}: {error}"]) from error


_LINES = ("haemoglobin", "platelets", "neutrophils")
_STATES = ("transfusion_independent", "not_severe")


def _terms(table: Mapping[str, Any]) -> Terms:
    _refuse_unknown(table, {"complete", "partial", "improvement"})
    _refuse_unknown(table["complete"], set(_LINES))
    if lacking := [line for line in _LINES if line not in table["complete"]]:
        raise ValueError(f"complete response asks nothing of {' and '.join(lacking)}")
    complete = _floors(table["complete"])
    if "improvement" in table:
        return Terms(complete, _improvement(table["improvement"]))
    partial = table["partial"]
    _refuse_unknown(partial, {*_LINES, *_STATES})
    independent, not_severe = (partial.get(state, False) for state in _STATES)
    return Terms(complete, PartialTerms(independent, not_severe, _floors(partial)))


def _improvement(table: Mapping[str, Any]) -> Improvement:
    _refuse_unknown(table, {*_LINES, "times_baseline"})
    rises = [Rise(Decimal(table[n]["rise"]), Decimal(table[n]["initially_below"])) for n in _LINES]
    return Improvement(Decimal(table["times_baseline"]), *rises)


def _refuse_unknown(table: Mapping[str, Any], known: set[str]) -> None:
    """A mistyped entry would silently ask less of a patient."""
    if unknown := sorted(table.keys() - known):
        raise ValueError(f"unknown entries {unknown}")


def _floors(table: Mapping[str, Any]) -> Floors:
    return Floors(*(_floor(table.get(line)) for line in _LINES))


def _floor(text: str | None) -> Floor | None:
    if text is None:
        return None
    if text == "normal":
        return Floor(None, inclusive=True)
    sign, _, number = text.partition(" ")
    if sign not in (">", ">="):
        raise ValueError(f"a floor is written '> 150', '>= 100' or 'normal', not {text!r}")
    return Floor(Decimal(number), inclusive=sign == ">=")


def profile_said(profile: ResponseProfile) -> Phrase:
    """The profile's name in words, with the standing of its numbers where they were not verified."""
    name = PROFILE_NAMES[profile.name]
    if profile.verification is Verification.VERIFIED:
        return say("profile.verified", name=name)
    if profile.verification is Verification.PARTLY:
        return say("profile.partly_verified", name=name)
    return say("profile.unverified", name=name)
