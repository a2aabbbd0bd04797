"""The reviewed files are read whole or refused: no threshold without provenance reaches a rule."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cds_service.rules.thresholds import (
    FOLDER,
    Origin,
    ProtocolTextFault,
    Rule,
    read_limits,
    read_rules,
    read_topic,
)


@dataclass(frozen=True, slots=True)
class Limits:
    age: int
    level: Decimal
    strict: bool
    names: tuple[str, ...]
    word: str


def _limit(name: str, value: str, origin: str = "A", *without: str) -> str:
    lines = {
        "value": f"value = {value}",
        "unit": 'unit = "a"',
        "origin": f'origin = "{origin}"',
        "source": 'source = "s"',
        "sentence": 'sentence = "t"',
    }
    return "\n".join([f"[limit.{name}]", *(line for key, line in lines.items() if key not in without)]) + "\n"


WHOLE = {
    "age": _limit("age", "18", "P"),
    "level": _limit("level", "4.10"),
    "strict": _limit("strict", "true"),
    "names": _limit("names", '["one", "two"]'),
    "word": _limit("word", '"high"'),
}


def _read(folder: Path, overrides: dict[str, Any] | None = None, **changed: str) -> Limits:
    (folder / "topic.toml").write_text("".join((WHOLE | changed).values()), encoding="utf-8")
    return read_limits(Limits, "topic", overrides, folder)


def _faults(folder: Path, overrides: dict[str, Any] | None = None, **changed: str) -> list[str]:
    with pytest.raises(ProtocolTextFault) as refused:
        _read(folder, overrides, **changed)
    return refused.value.faults


def test_a_whole_file_becomes_the_limits_with_exact_decimals(tmp_path: Path) -> None:
    assert _read(tmp_path) == Limits(18, Decimal("4.10"), True, ("one", "two"), "high")
    assert str(_read(tmp_path).level) == "4.10"


def test_a_whole_number_is_accepted_for_a_decimal(tmp_path: Path) -> None:
    assert _read(tmp_path, level=_limit("level", "4")).level == Decimal(4)


def test_a_missing_limit_is_named(tmp_path: Path) -> None:
    assert _faults(tmp_path, age="") == ["topic.age: missing in topic.toml"]


def test_a_limit_that_no_rule_uses_is_named(tmp_path: Path) -> None:
    assert _faults(tmp_path, more=_limit("more", "1")) == ["topic.more: not used by any rule"]


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("age", "true", "must be int"),
        ("age", "18.5", "must be int"),
        ("age", '"18"', "must be int"),
        ("level", "true", "must be Decimal"),
        ("level", '"4"', "must be Decimal"),
        ("strict", "1", "must be bool"),
        ("names", '"one"', "must be a list"),
        ("names", "[1]", "must be str"),
        ("word", "7", "must be str"),
    ],
)
def test_a_value_of_the_wrong_type_is_named(tmp_path: Path, name: str, value: str, wanted: str) -> None:
    [fault] = _faults(tmp_path, **{name: _limit(name, value)})
    assert fault.startswith(f"topic.{name}: {wanted}")


@pytest.mark.parametrize("key", ["unit", "source", "sentence"])
def test_a_limit_without_its_provenance_is_refused(tmp_path: Path, key: str) -> None:
    assert _faults(tmp_path, age=_limit("age", "18", "P", key)) == [f"topic.age: has no {key}"]


@pytest.mark.parametrize("table", [_limit("age", "18", "P", "origin"), _limit("age", "18", "X")])
def test_a_limit_without_a_known_origin_is_refused(tmp_path: Path, table: str) -> None:
    assert _faults(tmp_path, age=table) == ["topic.age: origin must be one of P, L, G, A"]


def test_every_fault_is_reported_at_once(tmp_path: Path) -> None:
    faults = _faults(tmp_path, age="", level=_limit("level", '"x"'), more=_limit("more", "1"))
    assert [fault.split(":")[0] for fault in faults] == ["topic.age", "topic.level", "topic.more"]


def test_a_site_may_set_its_own_assumption(tmp_path: Path) -> None:
    assert _read(tmp_path, {"topic.level": Decimal(5), "other.level": 9}).level == Decimal(5)


@pytest.mark.parametrize("origin", ["P", "L", "G"])
def test_a_site_may_not_override_what_is_no_assumption(tmp_path: Path, origin: str) -> None:
    faults = _faults(tmp_path, {"topic.age": 16}, age=_limit("age", "18", origin))
    assert faults == ["topic.age: a site may override only limits of origin A"]


def test_a_file_that_is_no_toml_is_named_with_the_place(tmp_path: Path) -> None:
    (tmp_path / "topic.toml").write_text("[limit.age\n", encoding="utf-8")
    with pytest.raises(ProtocolTextFault, match=r"topic\.toml: .*line 1"):
        read_topic("topic", tmp_path)


def test_a_rule_carries_its_origin_and_source(tmp_path: Path) -> None:
    (tmp_path / "topic.toml").write_text('[rule."X-1"]\norigin = "L"\nsource = "label"\n', encoding="utf-8")
    assert read_rules("topic", tmp_path) == {"X-1": Rule("X-1", Origin.LABEL, "label")}


@pytest.mark.parametrize("table", ['origin = "L"', 'source = "s"', 'origin = "Q"\nsource = "s"'])
def test_a_rule_without_origin_or_source_is_refused(tmp_path: Path, table: str) -> None:
    (tmp_path / "topic.toml").write_text(f"[rule.R]\n{table}\n", encoding="utf-8")
    with pytest.raises(ProtocolTextFault, match="rule R needs an origin"):
        read_rules("topic", tmp_path)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_threshold_and_rule_says_where_it_comes_from(path: Path) -> None:
    topic = read_topic(path.stem)
    for table in topic.get("limit", {}).values():
        assert table["origin"] in set(Origin)
        assert table["source"]
        assert table["sentence"]
    assert len(read_rules(path.stem)) == len(topic.get("rule", {}))
