"""Limits that state one fact, or that must not pass one another: over every one of them, in the files and by a site."""

import re
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from cds_service.rules.possible_limits import MAY_BE_EMPTY, SPANS, impossible
from cds_service.rules.thresholds import FOLDER, ProtocolTextFault, read_topic
from cds_service.trials.nct06802055.contradictions import (
    DUE,
    GRADES,
    NAMED,
    PARTS,
    RISING,
    WINDOWS,
    contradictions,
    limits_in_force,
    units_of,
)
from cds_service.trials.nct06802055.read_reviewed import load_protocol
from tests.reviewed_copy import copy_of_reviewed

Table = dict[str, Any]
TABLES: dict[str, Table] = {
    f"{path.stem}.{name}": table
    for path in sorted(FOLDER.glob("*.toml"))
    for name, table in read_topic(path.stem).get("limit", {}).items()
}
FOLLOWERS = {name: table["same_as"] for name, table in TABLES.items() if "same_as" in table}
FREE = sorted(name for name, table in TABLES.items() if table["origin"] == "A" and "same_as" not in table)
PAIRS = sorted({pair for chain in RISING for pair in zip(chain.split(), chain.split()[1:], strict=False)})
SHIPPED = limits_in_force({})


def faults(overrides: Table, folder: Path = FOLDER) -> list[str]:
    """What the start says of a site's values; [] where it starts."""
    try:
        load_protocol(overrides, folder)
    except ProtocolTextFault as refused:
        return refused.faults
    return []


def another(value: Any) -> Any:
    """A value of the same kind that is not this one."""
    return [v + 1 for v in value] if isinstance(value, list) else value + 1


def shipped(name: str) -> Any:
    topic, limit, *place = name.split(".")
    value = SHIPPED[f"{topic}.{limit}"]
    return value[int(place[0])] if place else value


def test_the_files_as_shipped_contradict_nothing() -> None:
    assert contradictions({}) == []
    assert len(FOLLOWERS) > 30


@pytest.mark.parametrize("name", sorted(FOLLOWERS))
def test_a_follower_cannot_be_set_apart_by_a_site(name: str) -> None:
    [fault] = [f for f in faults({name: another(shipped(name))}) if f.startswith(f"{name}:")][-1:]
    if TABLES[name]["origin"] == "A":
        assert fault == f"{name}: states the same fact as {FOLLOWERS[name]}; set that one, this one follows"


@pytest.mark.parametrize("name", sorted(name for name in FOLLOWERS if FOLLOWERS[name] in FREE))
def test_a_follower_follows_the_site_s_value(name: str) -> None:
    wanted = another(shipped(name))
    assert limits_in_force({FOLLOWERS[name]: wanted})[name] == wanted


@pytest.mark.parametrize("name", sorted(FOLLOWERS))
def test_a_follower_cannot_be_set_apart_in_its_file(name: str, tmp_path: Path) -> None:
    folder = _with(tmp_path, name, another(shipped(name)), f'same_as = "{FOLLOWERS[name]}"\n')
    assert f"{name}: follows {FOLLOWERS[name]} and has no value of its own" in faults({}, folder)


def _with(folder: Path, name: str, value: Any, add: str = "") -> Path:
    """The reviewed files with another value for one limit."""
    folder = copy_of_reviewed(folder)
    topic, _, limit = name.partition(".")
    files = (folder / f"{topic}.toml", *(folder.parent / "criteria").glob("*/criterion.toml"))
    path = next(file for file in files if f"[limit.{limit}]\n" in file.read_text("utf-8"))
    head, mark, rest = path.read_text("utf-8").partition(f"[limit.{limit}]\n")
    _, _, rest = rest.partition("\n")
    path.write_text(f"{head}{mark}value = {value}\n{add}{rest}", "utf-8")
    return folder


@pytest.mark.parametrize("same_as", ["titration.nothing", "nowhere.at_all", "levels.sirolimus_safe"])
def test_following_nothing_or_a_follower_is_a_fault(tmp_path: Path, same_as: str) -> None:
    folder = _with(tmp_path, "levels.sirolimus_steady_days", 7, f'same_as = "{same_as}"\n')
    wanted = f"levels.sirolimus_steady_days: same_as names no limit that stands by itself: {same_as}"
    assert wanted in faults({}, folder)


def test_what_is_no_assumption_cannot_follow_one(tmp_path: Path) -> None:
    folder = _with(tmp_path, "levels.sirolimus_steady_days", 7, 'same_as = "counts.fresh_preferred_days"\n')
    wanted = (
        "levels.sirolimus_steady_days: is no assumption and cannot follow one, counts.fresh_preferred_days"
    )
    assert wanted in faults({}, folder)


@pytest.mark.parametrize("pair", PAIRS, ids=" <= ".join)
def test_a_limit_may_reach_the_next_and_not_pass_it(pair: tuple[str, str]) -> None:
    low, high = pair
    fault = f"{low}: {{}} is above {high}, {{}}"
    for name, edge, step in ((low, shipped(high), 1), (high, shipped(low), -1)):
        if name in FREE:
            beyond = edge + step
            passed = fault.format(*((beyond, edge) if name == low else (edge, beyond)))
            assert passed in contradictions({name: beyond})
            reached = fault.format(edge, edge)
            assert reached not in contradictions({name: edge})


_LADDER = (
    "min max",
    "low high severe",
    "high critical",
    "high danger",
    "lloq ceiling",
    "very_low low",
    "very_severe severe",
    "small large",
    "recovered watch impaired aki",
    "confirm hold stop",
    "treat hold",
    "cap hold",
    "preferred max",
    "adult oldest",
)
"""Words of which the first means less than the next, wherever they stand in two names that are the same otherwise."""
_EGFR = ("renal.impaired_egfr", "renal.aki_egfr")
"""Lower is worse: the other way round."""


def _named_alike() -> set[tuple[str, str]]:
    steps = {step for words in _LADDER for step in pairwise(words.split())}
    single = {name for name in TABLES if not isinstance(shipped(name), list | str)}
    alike = ((n, re.sub(rf"(?<=[._]){low}(?=_|$)", high, n)) for n in single for low, high in steps)
    return {(low, high) for low, high in alike if low != high and high in single} - {_EGFR}


def _stand_in_order(low: str, high: str) -> bool:
    nexts = {after for before, after in PAIRS if before == low}
    return high in nexts or any(_stand_in_order(after, high) for after in nexts)


@pytest.mark.parametrize("pair", sorted(_named_alike()), ids=" <= ".join)
def test_two_limits_whose_names_tell_which_is_less_must_stand_in_order(pair: tuple[str, str]) -> None:
    assert _stand_in_order(*pair)


def test_so_many_pairs_tell_it_by_their_names_and_so_many_stand_in_order() -> None:
    """A pair that no chain holds any more is missed here, where its names do not tell."""
    assert (len(_named_alike()), len(PAIRS)) == (31, 58)


def test_each_list_of_numbers_has_its_order() -> None:
    listed = {
        n
        for n in TABLES
        if isinstance(shipped(n), list) and shipped(n) and not isinstance(shipped(n)[0], str)
    }
    due = {f"monitoring.{test}_{word}" for test in DUE for word in ("due", "overdue")}
    assert listed - FOLLOWERS.keys() == (due | {*WINDOWS, *GRADES}) - FOLLOWERS.keys()


def test_each_number_below_one_that_has_no_unit_is_a_part_of_one() -> None:
    bare = {n for n, unit in UNITS.items() if unit == "1" and not isinstance(shipped(n), list)}
    assert {n for n in bare if shipped(n) < 1} == set(PARTS)


@pytest.mark.parametrize("test", DUE)
def test_nothing_is_overdue_before_it_is_due(test: str) -> None:
    name = f"monitoring.{test}_overdue"
    due = shipped(f"monitoring.{test}_due")
    assert contradictions({name: due}) == []
    assert contradictions({name: [due[0] - 1, *due[1:]]}) == [f"{name}: is overdue before it is due"]


@pytest.mark.parametrize("name", [name for name in WINDOWS if name in FREE])
def test_a_window_is_two_days_in_order(name: str) -> None:
    fault = f"{name}: must be two days, the first not after the second"
    assert fault not in contradictions({name: [7, 7]})
    assert fault in contradictions({name: [8, 7]})
    assert fault in contradictions({name: [7]})


@pytest.mark.parametrize("name", GRADES)
def test_grades_rise(name: str) -> None:
    _, *rest = shipped(name)
    assert f"{name}: each number must be above the one before" in contradictions({name: [rest[0], *rest]})


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize(("value", "possible"), [("0", False), ("0.01", True), ("0.99", True), ("1", False)])
def test_a_part_lies_between_nothing_and_the_whole(name: str, value: str, possible: bool) -> None:
    fault = f"{name}: must be a part of one, above 0 and below 1"
    assert (fault in contradictions({name: Decimal(value)})) is not possible


@pytest.mark.parametrize("name", sorted(NAMED))
def test_a_name_that_does_not_exist_is_told(name: str) -> None:
    assert contradictions({name: ["nobody"]}) == [f"{name}: there is no 'nobody'"]


NUMBERS = [n for n in FREE if isinstance(shipped(n), int | Decimal) and not isinstance(shipped(n), bool)]
UNITS = units_of()


@pytest.mark.parametrize("name", NUMBERS)
def test_a_limit_reaches_the_ends_of_its_unit_and_does_not_pass_them(name: str) -> None:
    unit = UNITS[name]
    low, high = map(Decimal, SPANS[unit])
    said = f"{name}: must be {low} to {high} {unit}, is "
    for inside, outside in ((low, low - 1), (high, high + 1), (high, Decimal("1e30"))):
        assert f"{said}{inside}" not in contradictions({name: inside})
        assert f"{said}{outside}" in contradictions({name: outside})


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_refused(name: str, value: str) -> None:
    assert any(f.startswith(f"{name}: must be ") for f in faults({name: Decimal(value)}))


@pytest.mark.parametrize("name", [n for n in FREE if isinstance(shipped(n), list) and n not in MAY_BE_EMPTY])
def test_a_list_that_decides_is_never_empty(name: str) -> None:
    assert f"{name}: must not be empty" in contradictions({name: []})


@pytest.mark.parametrize("unit", sorted(set(UNITS.values())))
def test_every_unit_has_a_span_and_no_other_has_one(unit: str) -> None:
    assert sorted(set(UNITS.values())) == sorted(SPANS)
    low, high = map(Decimal, SPANS[unit])
    assert low < high or unit in ("", "state")


@pytest.mark.parametrize(
    ("word", "says"), [("", False), (" ", False), ("a ", False), ("ab", True), ("预防", True)]
)
def test_a_word_that_stands_everywhere_is_refused(word: str, says: bool) -> None:
    fault = f"eligibility.prevention_words: {word!r} stands in nearly every text"
    assert (fault in contradictions({"eligibility.prevention_words": ["flush", word]})) is not says


@pytest.mark.parametrize(
    ("entry", "is_one"),
    [
        ("levofloxacin 500", True),
        (" Amphotericin  B 50.5 ", True),
        ("levofloxacin 30000", True),
        ("levofloxacin 30001", False),
        ("levofloxacin 0", False),
        ("levofloxacin -500", False),
        ("levofloxacin 500mg", False),
        ("levofloxacin 500 mg", False),
        ("levofloxacin nan", False),
        ("levofloxacin inf", False),
        ("levofloxacin", False),
        ("500", False),
        (" 500", False),
        ("", False),
    ],
)
def test_a_drug_for_prevention_is_a_name_and_milligrams(entry: str, is_one: bool) -> None:
    wanted = "must be a drug and its highest daily dose in mg, e.g. 'levofloxacin 500'"
    told = [] if is_one else [f"eligibility.prevention_drugs: {entry!r} {wanted}"]
    assert faults({"eligibility.prevention_drugs": [entry]}) == told


def test_a_drug_for_prevention_is_named_once() -> None:
    told = faults({"eligibility.prevention_drugs": ["levofloxacin 500", "Levofloxacin 250"]})
    assert told == ["eligibility.prevention_drugs: 'levofloxacin' is named more than once"]


@pytest.mark.parametrize(
    "name",
    [
        n
        for n in FREE
        if isinstance(shipped(n), list) and shipped(n) and isinstance(shipped(n)[0], int | Decimal)
    ],
)
def test_a_list_of_numbers_keeps_its_length(name: str) -> None:
    shorter = contradictions({name: shipped(name)[:-1] or [1, 2]})
    told = f"{name}: needs {len(shipped(name))} numbers, has {len(shipped(name)) - 1}"
    assert (told in shorter) is (name != "titration.sirolimus_doses_mg")


def test_every_contradiction_is_told_at_once() -> None:
    told = faults({"safety.potassium_high": 7, "safety.count_fall": 2, "levels.sirolimus_danger": 30})
    assert len(told) == 3


def test_a_limit_in_a_unit_without_a_span_is_a_fault() -> None:
    told = list(impossible({"safety.own": 3}, {"safety.own": "furlong"}))
    assert told == ["safety.own: there are no limits in 'furlong'"]
