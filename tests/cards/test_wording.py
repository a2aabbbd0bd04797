"""Sentences: complete in both languages, and safe whatever stands in the record."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.cards.translations import LONGEST_QUOTE, Wording, escaped, plain_number, quoted, read_wording
from cds_service.rules.thresholds import ProtocolTextFault
from fhir_mappings.clinical_model.messages import listing, say
from tests.tables import cases, named

WORDS = Wording(
    "en",
    {
        "join.comma": ", ",
        "join.nothing": "–",
        "dose": "{amount} mg of {drug} on {day}",
        "list": "[{items}]",
        "x": "X",
    },
)


def test_a_phrase_is_filled_with_numbers_dates_texts_and_other_phrases() -> None:
    phrase = say("dose", amount=Decimal("2.50"), drug="sirolimus", day=date(2026, 3, 2))
    assert WORDS.plain(phrase) == "2.5 mg of sirolimus on 2026-03-02"
    assert WORDS.plain(say("list", items=listing([say("x"), say("x")]))) == "[X, X]"
    assert WORDS.plain(say("list", items=None)) == "[–]"


def test_braces_in_the_record_are_text_and_no_placeholder() -> None:
    assert WORDS.plain(say("list", items="{amount}")) == "[{amount}]"


@pytest.mark.parametrize(
    "case",
    cases("""
    number     | shown
    100        | 100
    1E+2       | 100
    7.20       | 7.2
    0.30       | 0.3
    3.99999    | 4
    9.14170    | 9.1417
    -0.5       | -0.5
    """),
    ids=named,
)
def test_numbers_are_shown_as_a_clinician_writes_them(case: dict[str, str]) -> None:
    assert plain_number(Decimal(case["number"])) == case["shown"]


@pytest.mark.parametrize(
    "case",
    cases("""
    record                          | shown
    <img src=x>                     | &lt;img src=x&gt;
    [click](javascript:x)           | \\[click\\](javascript:x)
    **bold** _it_ `code`            | \\*\\*bold\\*\\* \\_it\\_ \\`code\\`
    SRL-02 = 4.5 (final)            | SRL-02 = 4.5 (final)
    a@b.cn                          | a&#8203;@b.cn
    see https://evil.example        | see https&#8203;://evil.example
    www.evil.example                | www&#8203;.evil.example
    # heading                       | \\# heading
    """),
    ids=named,
)
def test_markdown_and_html_in_the_record_become_plain_text(case: dict[str, str]) -> None:
    assert escaped(case["record"]) == case["shown"].replace("\\\\", "\\")


@given(st.text(max_size=300))
def test_text_from_the_record_stays_on_one_line_and_within_its_length(text: str) -> None:
    shown = quoted(text)
    assert len(shown) <= LONGEST_QUOTE
    assert not any(c in shown for c in "\n\r\t\x00\u202e")


def test_a_quote_of_eighty_characters_stands_whole_and_a_longer_one_is_cut() -> None:
    assert quoted("a" * 80) == "a" * 80
    assert quoted("a" * 81) == "a" * 79 + "…"


@given(st.text(max_size=120))
def test_no_angle_bracket_of_the_record_survives_in_markdown(text: str) -> None:
    assert not set("<>") & set(escaped(text))


def test_the_two_languages_have_the_same_sentences() -> None:
    words = read_wording()
    assert words["en"].sentences.keys() == words["zh"].sentences.keys()


@pytest.mark.parametrize(
    ("english", "chinese", "fault"),
    [
        ('"a" = "x"\n"b" = "y"', '"a" = "x"', "wording zh: b is missing"),
        ('"a" = "x"', '"a" = "x"\n"c" = "y"', "wording en: c is missing"),
        ('"a" = "{x}"', '"a" = "{y}"', "wording zh: a has other placeholders"),
        ('"a" = 1', '"a" = "x"', "t.en.toml: a is not a sentence"),
        ('"a" = " "', '"a" = "x"', "t.en.toml: a is not a sentence"),
        ('"a" = "{x"', '"a" = "{x"', "t.en.toml: a is not a sentence"),
        ('"a" = "x}"', '"a" = "x}"', "t.en.toml: a is not a sentence"),
    ],
)
def test_a_fault_in_the_wording_stops_the_start(
    tmp_path: Path, english: str, chinese: str, fault: str
) -> None:
    (tmp_path / "t.en.toml").write_text(english, encoding="utf-8")
    (tmp_path / "t.zh.toml").write_text(chinese, encoding="utf-8")
    with pytest.raises(ProtocolTextFault) as caught:
        read_wording(tmp_path)
    assert fault in caught.value.faults


def test_a_sentence_in_two_files_stops_the_start(tmp_path: Path) -> None:
    for name in ("a.en.toml", "b.en.toml", "a.zh.toml"):
        (tmp_path / name).write_text('"k" = "x"', encoding="utf-8")
    with pytest.raises(ProtocolTextFault, match="stands in two files"):
        read_wording(tmp_path)
