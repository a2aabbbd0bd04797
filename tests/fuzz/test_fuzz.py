"""The fuzzer itself: its seeds are good, its inputs the same on every run, and a fault does not pass it.

`make fuzz` runs it for longer, also on other seeds.
"""

import json
import random

import pytest

from cds_service.cds_hooks import fhir_release
from fhir_mappings.readers import dates
from tests.fuzz.__main__ import tried
from tests.fuzz.mutations import mutated, places
from tests.fuzz.odd_json import SHAPES, Again, Raw, text_of
from tests.fuzz.targets import Fault, Target, listen, targets

NAMES = [target.name for target in targets()]
GOOD = {"assessed", "200", "shown", "gathered", "read"}
INPUTS = 40


@pytest.fixture(autouse=True)
def heard():
    listen()


def target(name: str) -> Target:
    return next(target for target in targets() if target.name == name)


def many(name: str) -> set[str]:
    return {tried(target(name), 2026, number) for number in range(INPUTS)}


@pytest.mark.parametrize("name", NAMES)
def test_every_seed_is_taken_as_it_is(name):
    chosen = target(name)
    for seed, value in chosen.seeds.items():
        assert chosen.ask(text_of(value).encode(), seed) in GOOD, seed


@pytest.mark.parametrize("name", NAMES)
def test_mutated_input_is_an_answer_or_a_refusal(name):
    assert len(many(name)) > 1  # some are taken, and some are not


@pytest.mark.parametrize("name", NAMES)
def test_an_input_is_made_from_its_seed_and_number_alone(name):
    chosen = target(name)
    first, second = (chosen.input(random.Random("1 x 2")) for _ in range(2))
    assert first == second != chosen.input(random.Random("1 x 3"))


def test_a_fault_in_reading_does_not_pass(monkeypatch):
    monkeypatch.setattr(dates, "believable", lambda days: days / 0)
    with pytest.raises(ZeroDivisionError):
        many("file")


def test_a_fault_behind_the_error_handler_does_not_pass(monkeypatch):
    monkeypatch.setattr(fhir_release, "_OTHER_ORDERS", None)
    with pytest.raises(Fault, match=r"500 TypeError at .*cds_service\.cds_hooks\.fhir_release"):
        many("service")


def test_a_mutation_changes_something_and_never_its_seed():
    seed = {"a": [1, {"b": "2026-03-02"}], "c": "x"}
    before = json.dumps(seed)
    texts = {text_of(mutated(seed, random.Random(n))) for n in range(50)}
    assert json.dumps(seed) == before
    assert (None, True, False, [], {}, [None], [[]], {"": None}, ["x"], [{}], *SHAPES[10:]) == SHAPES
    assert len(texts) > 40
    assert len(list(places(seed))) == 5


def test_json_is_written_as_no_honest_program_does():
    assert text_of({"a": Raw("1e400"), Again("a"): [None, True]}) == '{"a":1e400,"a":[null,true]}'
    assert json.loads(text_of({"a": "\u0000é", "b": [1.5]})) == {"a": "\u0000é", "b": [1.5]}
