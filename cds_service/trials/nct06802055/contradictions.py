"""Limits that contradict one another, each possible by itself: found before the start, all at once.

The tables below are the medicine's: what must not pass what. They hold for the reviewed files as shipped, as
edited, and with a site's own values.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

from cds_service.rules.answers.dosing_answers import State
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.rules.possible_limits import impossible
from cds_service.rules.thresholds import FOLDER, LimitTables, read_topic, value_in_force
from cds_service.trials.nct06802055.criteria.eligibility_limits import IDS

RISING = (
    "titration.sirolimus_min_mg titration.sirolimus_low_start_mg titration.sirolimus_start_mg "
    "titration.sirolimus_max_mg",
    "titration.ciclosporin_min_mg titration.ciclosporin_low_mg titration.ciclosporin_impaired_max_mg "
    "titration.ciclosporin_max_mg",
    "titration.ciclosporin_start_low_mg titration.ciclosporin_start_high_mg",
    "titration.ciclosporin_small_step_mg titration.ciclosporin_large_step_mg",
    "levels.sirolimus_lloq titration.sirolimus_target_low titration.sirolimus_edge_low "
    "titration.sirolimus_aim titration.sirolimus_edge_high titration.sirolimus_target_high "
    "titration.sirolimus_high titration.sirolimus_danger levels.sirolimus_ceiling",
    "titration.sirolimus_aim titration.sirolimus_reduced_aim titration.sirolimus_target_high",
    "levels.sirolimus_danger_open levels.sirolimus_danger",
    "levels.ciclosporin_lloq titration.ciclosporin_small_step_from titration.ciclosporin_target_low "
    "titration.ciclosporin_aim titration.ciclosporin_target_high titration.ciclosporin_high "
    "titration.ciclosporin_danger levels.ciclosporin_ceiling",
    "levels.sirolimus_hours_min titration.sirolimus_every_hours levels.sirolimus_hours_max",
    "levels.ciclosporin_hours_min titration.ciclosporin_every_hours levels.ciclosporin_hours_max",
    "levels.sirolimus_steady_days titration.sirolimus_change_recheck.0",
    "levels.ciclosporin_steady_days titration.ciclosporin_change_recheck.0",
    "titration.liver_cap_ratio titration.liver_hold_ratio",
    "titration.start_bilirubin_ratio titration.bilirubin_hold_ratio",
    "titration.low_egfr renal.impaired_egfr",
    "renal.aki_egfr renal.impaired_egfr",
    "renal.recovered_ratio renal.watch_ratio renal.impaired_ratio renal.aki_ratio",
    "safety.potassium_high safety.potassium_critical",
    "safety.systolic_high safety.systolic_severe",
    "safety.diastolic_high safety.diastolic_severe",
    "safety.neutrophils_very_low safety.neutrophils_low",
    "safety.platelets_very_low safety.platelets_low",
    "safety.protein_confirm safety.protein_hold safety.protein_stop",
    "safety.lipids_treat_grade safety.lipids_hold_grade",
    "eligibility.hcg_negative eligibility.hcg_positive",
    "eligibility.attestation_short_days eligibility.attestation_days",
    "eligibility.adult_age eligibility.oldest_age",
    "counts.fresh_preferred_days counts.fresh_max_days",
    "counts.very_severe_neutrophils_below counts.severe_neutrophils_below counts.neutrophils_below",
    "counts.severe_platelets_below counts.platelets_below",
    "monitoring.stable_due monitoring.stable_overdue",
    "levels.post_dose_hours_min levels.post_dose_hours_max",
    "orders.sirolimus_low orders.sirolimus_high",
    "orders.ciclosporin_low orders.ciclosporin_high",
)
"""Each must not be above the next; ".0" is the first number of a list."""

DUE = ("sirolimus", "ciclosporin", "kidney", "cbc", "liver", "metabolic")
"""Tests of the schedule, each due in every phase before it is overdue."""

WINDOWS = (
    "monitoring.sirolimus_after_change",
    "monitoring.ciclosporin_after_change",
    "monitoring.after_partner_started",
    "monitoring.after_critical_partner",
    "monitoring.after_partner_stopped",
    "monitoring.kidney_in_injury",
    "titration.next_change_recheck",
    "titration.sirolimus_change_recheck",
    "titration.sirolimus_reduced_recheck",
    "titration.sirolimus_high_recheck",
    "titration.sirolimus_danger_recheck",
    "titration.sirolimus_liver_recheck",
    "titration.ciclosporin_change_recheck",
    "titration.ciclosporin_high_recheck",
    "titration.ciclosporin_danger_recheck",
    "titration.ciclosporin_restart_recheck",
    "titration.jump_earlier",
    "titration.jump_recheck",
    "titration.jump_hold_recheck",
)
"""Two days each, the first not after the second."""

GRADES = (
    "safety.triglycerides_grades",
    "safety.cholesterol_grades",
    "safety.aminotransferase_grades_uln",
    "safety.bilirubin_grades_uln",
    "monitoring.phase_ends",
    "monitoring.visit_weeks",
    "titration.sirolimus_doses_mg",
)
"""Lists that rise."""

PARTS = (
    "titration.sirolimus_after_hold_part",
    "titration.ciclosporin_smallest_part",
    "titration.restart_part",
    "titration.jump_confirmed_part",
    "renal.stable_part",
    "levels.duplicate_spread",
    "same_moment.same_part",
    "safety.count_fall",
)
"""Parts of one: between nothing and the whole."""

NAMED: Mapping[str, frozenset[str]] = {
    "eligibility.attestation_short_items": frozenset(IDS),
    "restraint.quiet_states": frozenset(State) | frozenset(RenalState),
}
"""Lists of names, and the names there are."""

_FREE_LENGTH = frozenset({"titration.sirolimus_doses_mg"})


def limits_in_force(overrides: Mapping[str, Any], folder: Path = FOLDER) -> dict[str, Any]:
    """Every limit of every file by "<topic>.<limit>", with a site's own values in place."""
    tables = LimitTables(folder)
    return {
        name: value_in_force(name, overrides, tables, [])
        for path in sorted(folder.glob("*.toml"))
        for name in (f"{path.stem}.{limit}" for limit in read_topic(path.stem, folder).get("limit", {}))
    }


def units_of(folder: Path = FOLDER) -> dict[str, str]:
    """The unit of every limit of every file by "<topic>.<limit>"."""
    return {
        f"{path.stem}.{limit}": table.get("unit", "")
        for path in sorted(folder.glob("*.toml"))
        for limit, table in read_topic(path.stem, folder).get("limit", {}).items()
    }


def contradictions(overrides: Mapping[str, Any], folder: Path = FOLDER) -> list[str]:
    """Everything about the limits in force that cannot be meant; what is no number is a fault elsewhere."""
    limits = limits_in_force(overrides, folder)
    shipped = limits_in_force({}, folder) if overrides else limits
    return [
        *_out_of_order(limits),
        *_bad_windows(limits),
        *_not_rising(limits),
        *impossible(limits, units_of(folder)),
        *_no_parts(limits),
        *_of_another_length(limits, shipped),
        *_unknown_names(limits),
    ]


def _out_of_order(limits: Mapping[str, Any]) -> Iterator[str]:
    for chain in RISING:
        known = [(name, number) for name in chain.split() if (number := _number(limits, name)) is not None]
        for (low, one), (high, other) in pairwise(known):
            if one > other:
                yield f"{low}: {one} is above {high}, {other}"
    for test in DUE:
        due, overdue = (_numbers(limits.get(f"monitoring.{test}_{word}")) for word in ("due", "overdue"))
        if any(first > last for first, last in zip(due, overdue, strict=False)):
            yield f"monitoring.{test}_overdue: is overdue before it is due"


def _bad_windows(limits: Mapping[str, Any]) -> Iterator[str]:
    for name in WINDOWS:
        days = _numbers(limits.get(name))
        if days and not (len(days) == 2 and days[0] <= days[1]):
            yield f"{name}: must be two days, the first not after the second"


def _not_rising(limits: Mapping[str, Any]) -> Iterator[str]:
    for name in GRADES:
        edges = _numbers(limits.get(name))
        if any(one >= other for one, other in pairwise(edges)):
            yield f"{name}: each number must be above the one before"


def _no_parts(limits: Mapping[str, Any]) -> Iterator[str]:
    for name in PARTS:
        part = _number(limits, name)
        if part is not None and not 0 < part < 1:
            yield f"{name}: must be a part of one, above 0 and below 1"


def _of_another_length(limits: Mapping[str, Any], shipped: Mapping[str, Any]) -> Iterator[str]:
    """A list of numbers has one place for each phase, grade or day: none may be missing."""
    for name in limits.keys() - _FREE_LENGTH:
        here, wanted = limits[name], _numbers(shipped.get(name))
        if isinstance(here, list) and wanted and len(here) != len(wanted):
            yield f"{name}: needs {len(wanted)} numbers, has {len(here)}"


def _unknown_names(limits: Mapping[str, Any]) -> Iterator[str]:
    for name, there_are in NAMED.items():
        named = limits.get(name)
        for one in named if isinstance(named, list) else ():
            if isinstance(one, str) and one not in there_are:
                yield f"{name}: there is no {one!r}"


def _number(limits: Mapping[str, Any], name: str) -> Decimal | None:
    """One number by "<topic>.<limit>" or "<topic>.<limit>.<place>"; None for what is none."""
    topic, limit, *place = name.split(".")
    value = limits.get(f"{topic}.{limit}")
    found = _numbers(value if place else [value])
    at = int(place[0]) if place else 0
    return found[at] if at < len(found) else None


def _numbers(values: Any) -> list[Decimal]:
    """The list, where it holds numbers and nothing else."""
    listed = values if isinstance(values, list) else []
    numbers = [
        Decimal(v)
        for v in listed
        if isinstance(v, int | Decimal) and not isinstance(v, bool) and Decimal(v).is_finite()
    ]
    return numbers if len(numbers) == len(listed) else []
