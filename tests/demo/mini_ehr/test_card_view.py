"""A card on show: nothing of it is trusted, nothing the standard forbids is offered."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.demo.mini_ehr.card_view import JudgedLevel, card_view
from cds_service.demo.mini_ehr.markdown import one_line, safe_html
from tests.demo.cds_double import card

SUGGESTION = {"label": "Do it", "uuid": "s", "actions": [{"type": "create", "description": "a test"}]}


def _view(**more: Any) -> Any:
    return card_view(card("info", **more), "a-service", "A service")


@pytest.mark.parametrize(
    ("indicator", "shown", "rank"),
    [
        ("critical", "critical", 0),
        ("warning", "warning", 1),
        ("info", "info", 2),
        ("unheard-of", "warning", 1),
    ],
)
def test_an_unknown_indicator_is_shown_louder_than_information(indicator: str, shown: str, rank: int) -> None:
    view = card_view(card(indicator), "s", "t")
    assert (view.indicator, view.rank) == (shown, rank)


@pytest.mark.parametrize(
    ("behaviour", "offered"), [("at-most-one", 1), ("any", 1), ("all", 0), (None, 0), ("", 0)]
)
def test_suggestions_of_an_unknown_selection_behaviour_are_not_offered(
    behaviour: str | None, offered: int
) -> None:
    more = {"selectionBehavior": behaviour} if behaviour is not None else {}
    view = _view(suggestions=[SUGGESTION], **more)
    assert len(view.suggestions) == offered
    assert bool(view.unusable) == (offered == 0)


def test_a_card_without_suggestions_needs_no_selection_behaviour() -> None:
    assert _view().unusable == ""


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.org/x", 1),
        ("http://127.0.0.1:1/x", 1),
        ("javascript:alert(1)", 0),
        ("data:text/html,x", 0),
        ("/relative", 0),
        (None, 0),
        (3, 0),
    ],
)
def test_only_addresses_of_the_web_become_links(url: Any, shown: int) -> None:
    view = _view(links=[{"label": "x", "url": url, "type": "absolute"}], source={"label": "s", "url": url})
    assert len(view.links) == shown
    assert bool(view.source_url) == bool(shown)


def test_a_smart_link_is_told_apart() -> None:
    links = [{"label": "x", "url": "https://a.example/l", "type": kind} for kind in ("smart", "absolute")]
    assert [link.smart for link in _view(links=links).links] == [True, False]


def test_a_card_without_uuid_still_has_a_name_here() -> None:
    assert _view().key != _view().key
    assert _view(uuid="u").key == "u"


@pytest.mark.parametrize(
    ("detail", "first", "title", "why"),
    [
        ("all of it", "all of it", "", ""),
        ("**bold** words\n\nmore", "bold words more", "", ""),
        ("seen\n\n---\n\n**Why, sources**\n\n- a\n- b", "seen", "Why, sources", "a b"),
        ("seen\n\n---\n\n- a", "seen", "", "a"),
        ("one\n\n---\n\ntwo\n\n---\n\nthree", "one", "", "two  three"),
        ("**Why**\n\n- a", "", "Why", "a"),
        ("", "", "", ""),
    ],
)
def test_what_stands_below_the_first_rule_is_folded_up(detail: str, first: str, title: str, why: str) -> None:
    view = card_view(card("critical", detail=detail), "s", "t")
    assert [" ".join(m.striptags().split()) for m in (view.detail, view.why)] == [
        first,
        " ".join(why.split()),
    ]
    assert view.why_title == title


QUIET = "**Why**\n\n- a"


@pytest.mark.parametrize(
    ("indicator", "detail", "suggestions", "is_row"),
    [
        ("info", QUIET, [], True),
        ("info", QUIET, [{"label": "a", "uuid": "u"}], True),
        ("info", QUIET, [{"label": "a", "uuid": "u", "isRecommended": True}], False),
        ("info", "seen\n\n---\n\n- a", [], False),
        ("info", "seen", [], False),
        ("warning", QUIET, [], False),
        ("critical", QUIET, [], False),
    ],
)
def test_only_an_information_that_asks_for_nothing_is_a_row(
    indicator: str, detail: str, suggestions: list[Any], is_row: bool
) -> None:
    behaviour = {"suggestions": suggestions, "selectionBehavior": "any"} if suggestions else {}
    assert card_view(card(indicator, detail=detail, **behaviour), "s", "t").is_row is is_row


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("**a** _b_", "<p><strong>a</strong> <em>b</em></p>"),
        ("- one\n- two", "<li>two</li>"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "<td>2</td>"),
        ("~~gone~~", "<s>gone</s>"),
        ("[x](https://example.org)", 'rel="noopener noreferrer"'),
        ("on 2026-03-01 again", 'on <span class="day">2026-03-01</span> again'),
    ],
)
def test_markdown_is_rendered(markdown: str, html: str) -> None:
    assert html in safe_html(markdown)


@pytest.mark.parametrize(
    "markdown",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![x](https://evil.example/x.png)",
        "[x](javascript:alert(1))",
        '<a href="https://x" onclick="y">z</a>',
        "<style>*{display:none}</style>",
    ],
)
def test_nothing_of_raw_html_survives(markdown: str) -> None:
    html = safe_html(markdown)
    for mark in ("<script", "<img", "<style", 'href="javascript', '<a href="https://x" onclick'):
        assert mark not in html


def test_a_day_in_an_address_stays_whole() -> None:
    assert 'href="https://example.org/2026-03-01"' in safe_html("[x](https://example.org/2026-03-01)")


@given(st.text())
def test_a_heading_is_never_markup(text: str) -> None:
    html = one_line(text).replace('<span class="day">', "").replace("</span>", "")
    assert "<" not in html
    assert ">" not in html


def _decided(decision: Any) -> dict[str, Any]:
    return {"extension": {"org.aa-cds.decision": {"decision": decision}}}


LEVEL = {"value": 7.4, "collected": "2026-03-01T07:30:00+08:00", "validity": "VALID"}


@pytest.mark.parametrize(
    ("decision", "judged"),
    [
        (
            {"trough": LEVEL, "target": {"low": 4, "high": 12}},
            JudgedLevel(7.4, "2026-03-01", True, 4.0, 12.0),
        ),
        ({"trough": LEVEL | {"validity": "NOT_TROUGH"}}, JudgedLevel(7.4, "2026-03-01", False, None, None)),
        ({"trough": LEVEL | {"comparator": ">"}}, JudgedLevel(7.4, "2026-03-01", False, None, None)),
        ({"trough": {"value": "7", "collected": "2026-03-01"}}, None),
        ({"trough": {"value": 7}}, None),
        ({"trough": []}, None),
        ("words", None),
    ],
)
def test_what_a_card_judged_of_a_level_is_read_leniently(decision: Any, judged: JudgedLevel | None) -> None:
    assert card_view(card("info", **_decided(decision)), "s", "t").judged == judged
    assert card_view(card("info", extension="x"), "s", "t").judged is None
