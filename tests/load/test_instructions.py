"""The gate of `make bench` on instructions: it fails above a budget, and says loudly when nothing is counted."""

import pytest

from tests.bench import instructions


def test_a_call_above_its_budget_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = {"floor": 10e6, "bare": 59e6}
    monkeypatch.setattr(instructions, "which", lambda _: "/usr/bin/valgrind")
    monkeypatch.setattr(instructions, "per_call", lambda application, *_: taken[application])
    monkeypatch.setattr(instructions, "BUDGETS", (instructions.Budget("titration", 6.0),))
    said: list[str] = []
    assert instructions.too_dear(said.append) == []
    assert "ratio 5.90 (<= 6.0)" in said[0]
    taken["bare"] = 61e6
    (fault,) = instructions.too_dear(said.append)
    assert "titration" in fault
    assert "6.10" in fault


def test_without_valgrind_it_says_that_nothing_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instructions, "which", lambda _: None)
    said: list[str] = []
    assert instructions.too_dear(said.append) == []
    assert said[0].startswith("SKIPPED, NOT MEASURED")


def test_the_calls_of_a_visit_are_answered() -> None:
    instructions._run(instructions._calls("visiting", "titration-visit", 1))


@pytest.mark.parametrize("application", ["floor", "bare"])
def test_what_is_counted_answers(application: str) -> None:
    instructions._run(instructions._calls(application, "not-aplastic", 1))
    with pytest.raises(RuntimeError, match="titrating"):
        instructions._run(instructions._calls(application, "titrating", 1))
