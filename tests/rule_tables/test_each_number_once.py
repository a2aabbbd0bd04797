"""Each number of the reviewed files stands once: whoever states the same fact follows by name, or says why not."""

import re
from decimal import Decimal
from itertools import combinations
from typing import Any

import pytest

from tests.rule_tables.test_contradictions import FOLLOWERS, TABLES

DIFFERENT: dict[str, str] = {
    "counts.haemoglobin_below counts.independence_assumed_haemoglobin": "who may enter; when silence about transfusions is believed",
    "counts.platelets_below counts.independence_assumed_platelets orders.platelets_low": "who may enter; when silence about transfusions is believed; when a drug that promotes bleeding is warned of",
    "counts.severe_neutrophils_below safety.fever_neutrophils safety.neutrophils_low": "severity by its definition; febrile neutropenia by CTCAE; when a fall is repeated",
    "counts.severe_platelets_below safety.platelets_low": "severity by its definition; when a fall is repeated",
    "counts.very_severe_neutrophils_below safety.neutrophils_very_low": "severity by its definition; when sirolimus is held",
    "levels.ciclosporin_age_days levels.ciclosporin_change_days levels.ciclosporin_modulator_days": "age of a level; doses before it; other drugs before it",
    "levels.sirolimus_age_days levels.sirolimus_modulator_days": "age of a level; other drugs before it",
    "levels.sirolimus_danger_open titration.sirolimus_high": "what a result reported as above a number must reach to raise an alarm (DECISIONS 26); where the dose is held (27)",
    "monitoring.haemoglobin_rise safety.haemoglobin_fall": "a rise that changes the level; a fall that is reviewed",
    "renal.aki_rise_hours renal.aki_clear_hours": "KDIGO's time of the rise; how long it must be gone",
    "renal.creatinine_age_days titration.creatinine_start_days titration.creatinine_stable_days": "for a renal state (DECISIONS 30); for a first dose (23); when to look again (titration.md 5.3)",
    "safety.bilirubin_ciclosporin_uln titration.ciclosporin_largest_factor": "a multiple of the limit of normal; of a dose",
    "titration.alt_upper titration.ast_upper": "two enzymes",
    "titration.cause_gone_level_days titration.liver_level_days titration.restart_level_days": "three occasions for a level, each with its own ruling",
    "titration.ciclosporin_min_mg titration.ciclosporin_grid_mg titration.ciclosporin_low_mg titration.ciclosporin_small_step_mg": "the trial's lowest dose; the capsule; the first dose with impaired kidneys; a step",
    "titration.ciclosporin_impaired_max_mg titration.ciclosporin_large_step_mg titration.ciclosporin_start_low_mg titration.ciclosporin_start_no_weight_mg": "the trial's bound with impaired kidneys; a step; first doses by weight and without one",
    "titration.creatinine_increase_days titration.creatinine_watch_days": "how new it must be for a higher dose; when a rising one is measured again",
    "titration.sirolimus_min_mg titration.sirolimus_step_mg titration.sirolimus_low_start_mg titration.liver_cap_mg": "the trial's lowest dose; a step; a first dose; the cap in liver injury",
}
"""Limits that hold the same number for the same kind of thing and are different facts, and which."""

_OF_ANYTHING = frozenset({"d", "h", "mo", "a", "wk", "1", "%", ""})
"""Units in which a number says nothing of what it is about; there the names must share a word of `_ABOUT`."""
_ABOUT = frozenset(
    [
        "aki",
        "alt",
        "attestation",
        "bilirubin",
        "ciclosporin",
        "count",
        "counts",
        "creatinine",
        "dose",
        "fever",
        "haemoglobin",
        "infection",
        "jump",
        "level",
        "lipids",
        "liver",
        "neutrophils",
        "partner",
        "platelet",
        "platelets",
        "potassium",
        "pregnancy",
        "protein",
        "red_cell",
        "restart",
        "sirolimus",
        "transfusion",
        "weight",
    ]
)
FREE_NUMBERS = {
    name: (Decimal(table["value"]), table["unit"])
    for name, table in TABLES.items()
    if name not in FOLLOWERS
    and isinstance(table["value"], int | Decimal)
    and not isinstance(table["value"], bool)
}


def _about(name: str) -> set[str]:
    limit = name.partition(".")[2]
    return {word for word in _ABOUT if re.search(rf"(^|_){word}(_|$)", limit)}


def same_number(one: str, other: str, numbers: dict[str, tuple[Decimal, str]]) -> bool:
    """The same number, of the same kind of thing as far as unit and names tell."""
    if numbers[one] != numbers[other]:
        return False
    return numbers[one][1] not in _OF_ANYTHING or bool(_about(one) & _about(other))


DECLARED = {frozenset(pair) for names in DIFFERENT for pair in combinations(names.split(), 2)}
ALIKE = {
    frozenset(pair) for pair in combinations(sorted(FREE_NUMBERS), 2) if same_number(*pair, FREE_NUMBERS)
}


def test_no_two_limits_state_one_number_unless_they_are_said_to_be_different_facts() -> None:
    assert sorted(map(sorted, ALIKE - DECLARED)) == []


def test_nothing_is_said_to_be_different_that_is_not_alike() -> None:
    assert sorted(map(sorted, DECLARED - ALIKE)) == []
    assert all(DIFFERENT.values())


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("levels.a_mg", 20, "ng/mL"), ("titration.b_mg", 20, "ng/mL"), True),
        (("levels.a_mg", 20, "ng/mL"), ("titration.b_mg", 21, "ng/mL"), False),
        (("levels.a_mg", 20, "ng/mL"), ("titration.b_mg", 20, "mg"), False),
        (("renal.creatinine_days", 7, "d"), ("titration.creatinine_age", 7, "d"), True),
        (("renal.creatinine_days", 7, "d"), ("titration.potassium_age", 7, "d"), False),
    ],
)
def test_what_is_alike(one: Any, other: Any, expected: bool) -> None:
    numbers = {name: (Decimal(value), unit) for name, value, unit in (one, other)}
    assert same_number(one[0], other[0], numbers) is expected


@pytest.mark.parametrize("name", sorted(FOLLOWERS))
def test_who_follows_has_no_number_of_its_own_and_the_unit_of_the_other(name: str) -> None:
    followed = ".".join(FOLLOWERS[name].split(".")[:2])
    assert "value" not in TABLES[name]
    assert TABLES[name]["unit"] == TABLES[followed]["unit"]
