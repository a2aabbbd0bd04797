"""The attestation form on the page: each answer that may be given, the newest that was, and each line's state and language."""

from datetime import date

import pytest

from cds_service.explain.attestation_form import FormLine, answers, groups, last_answers
from cds_service.signin.signin_errors import SignInRefused, WhyRefused
from cds_service.trials.nct06802055.trial import TRIAL
from tests.builders import TODAY, attested, days_ago

ASKED = TRIAL.attested
FORM = TRIAL.reviewed / "questionnaire.json"
LINES = {"E1": None, "I8": range(5)}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"E1": "yes"}, {"E1": True}),
        ({"E1": "no"}, {"E1": False}),
        ({"E1": ""}, {}),
        ({}, {}),
        ({"I8": "0"}, {"I8": 0}),
        ({"I8": "4"}, {"I8": 4}),
        ({"I8": "2", "E1": "no", "trial": "NCT1"}, {"I8": 2, "E1": False}),
    ],
)
def test_what_was_left_open_is_not_answered(given, said):
    assert answers(LINES, given) == said


@pytest.mark.parametrize(
    "given",
    [
        {"E1": "Yes"},
        {"E1": "true"},
        {"E1": "1"},
        {"I8": "5"},
        {"I8": "-1"},
        {"I8": "yes"},
        {"I8": "2.0"},
        {"I8": " 2"},
    ],
)
def test_anything_else_is_no_answer_of_our_page(given):
    with pytest.raises(SignInRefused) as caught:
        answers(LINES, given)
    assert caught.value.why is WhyRefused.FORM


# ---------------------------------------------------------------- the last time


def by(name, one):
    return type(one)(one.reference, one.authored, one.counted, one.answers, name)


def test_the_newest_answer_to_each_line_is_told_with_its_day_and_who_gave_it():
    told = last_answers(
        [
            by("B", attested(5, E1=True, E4=False)),
            by("A", attested(9, E1=False, I8=2)),
            by("C", attested(1, counted=False, E1=False)),
            by("D", attested(None, E1=False)),
        ]
    )
    day = {ago: days_ago(ago).isoformat() for ago in (5, 9)}
    assert told == {"E1": ("yes", day[5], "B"), "E4": ("no", day[5], "B"), "I8": ("2", day[9], "A")}
    assert last_answers([]) == {}


# ---------------------------------------------------------------- lines


def lines(language="en", states=None, last=None):
    return {
        line.name: line for group in groups(FORM, ASKED, language, states or {}, last) for line in group.lines
    }


def test_every_line_of_the_trial_is_asked_once_with_its_scores():
    found = lines()
    assert found.keys() == ASKED.keys()
    assert {name: line.scores for name, line in found.items()} == {
        name: tuple(scores or ()) for name, scores in ASKED.items()
    }


def test_each_line_is_in_the_persons_language():
    english, chinese = lines("en"), lines("zh")
    for name, line in english.items():
        assert line.text.isascii() or "≥" in line.text or "–" in line.text
        assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese[name].text), name
    assert lines("fr") == english


def test_a_part_of_a_criterion_has_the_state_of_the_whole():
    parts = [name for name in ASKED if name.startswith("I4.")]
    assert parts
    found = lines(states={"I4": ("unknown", "open"), "E1": ("good", "absent")})
    assert {(found[name].tone, found[name].now) for name in parts} == {("unknown", "open")}
    assert (found["E1"].tone, found["E1"].now) == ("good", "absent")
    assert (found["E4"].tone, found["E4"].now) == ("", "")


def test_what_was_said_stands_beside_its_line_and_no_other():
    found = lines(last={"E1": ("yes", TODAY.isoformat(), "Li Wei")})
    assert (found["E1"].last, found["E1"].last_day, found["E1"].last_by) == (
        "yes",
        str(date(2026, 3, 2)),
        "Li Wei",
    )
    assert {(one.last, one.last_day, one.last_by) for name, one in found.items() if name != "E1"} == {
        ("", "", "")
    }


@pytest.mark.parametrize(
    ("tone", "is_open"),
    [("unknown", True), ("", True), ("good", False), ("warning", False), ("quiet", False)],
)
def test_what_nothing_has_settled_is_asked_first(tone, is_open):
    assert FormLine("E1", "x", (), "", tone).is_open is is_open
