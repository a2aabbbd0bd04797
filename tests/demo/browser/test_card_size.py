"""Every card of every demo patient, as high and as long as a reader meets it: before "Why, sources" (issue 14).

The cards are those of tests/scenarios, drawn by the mini-EHR's own template in a column of its width. Chinese is
counted by two characters a word, and the same sentences take more of them. A second danger may add its own line
to a card: it is never folded up to keep a measure.
"""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jinja2 import Environment, FileSystemLoader
from playwright.sync_api import Browser

from cds_service.demo.mini_ehr import mini_ehr_app as app
from cds_service.demo.mini_ehr.card_view import CardView, card_view
from cds_service.demo.mini_ehr.ehr_words import words_in
from tests.scenarios.visits import PATIENTS, answers, clients

HOUSE = Path(app.__file__).parents[2]
LANGUAGES = ("en", "zh")
MOST_WORDS = {"en": 45, "zh": 72}
MOST_PIXELS = 260
ROW_PIXELS = 100
STRIP_PIXELS = 42
"""The level strip is counted apart: it takes the place of the words that would say as much."""
COLUMN = 440
_HAN = re.compile(r"[\u3400-\u9fff]")

MEASURE = """() => [...document.querySelectorAll(".card")].map(card => {
  const fold = card.querySelector("details.more");
  const end = fold ?? card.querySelector(".ends");
  const row = card.classList.contains("row-card");
  const box = card.getBoundingClientRect();
  const bottom = row ? box.bottom : end.getBoundingClientRect().top;
  const more = [...card.querySelectorAll(":scope > .detail li")].filter(line => line.querySelector("strong + *, strong")
    && line.textContent.includes("→"));
  const seen = [];
  for (const part of card.querySelectorAll(".kind, h3, :scope > .detail, .suggestion, .unread"))
    if (part.checkVisibility()) seen.push(part.innerText);
  return {pixels: Math.round(bottom - box.top), text: seen.join(" "), row, dangers: more.map(line => line.innerText).join(" "),
    strip: card.querySelector(".strip")?.getBoundingClientRect().height ?? 0, above: Math.round(more.reduce((sum, line) => sum + line.getBoundingClientRect().height, 0)), wide: card.scrollWidth > card.clientWidth};
})"""


def words_of(text: str) -> int:
    """Words as they are counted here: by blanks, and two characters of Chinese a word."""
    return len(_HAN.sub(" ", text).split()) + (len(_HAN.findall(text)) + 1) // 2


def views(language: str) -> list[tuple[str, CardView]]:
    """Each card with patient and call."""
    http = clients()[language]
    return [
        (f"{name} {call}", card_view(card, call, call))
        for name, patient in sorted(PATIENTS.items())
        for call, told in answers(patient, http).items()
        for card in told
    ]


def drawn(cards: list[CardView], language: str) -> str:
    """A page of the cards, one under the other, as the mini-EHR draws them."""
    templates = Environment(loader=FileSystemLoader(HOUSE / "demo/mini_ehr/templates"), autoescape=True)
    came = SimpleNamespace(cards=cards, silences=(), services=("x",), hook="x")
    desk = SimpleNamespace(may_write=True, can_launch=True)
    html = templates.get_template("cards.html").render(came=came, desk=desk, t=words_in(language))
    styles = [HOUSE / "pages/static/style.css", HOUSE / "demo/mini_ehr/static/ehr.css"]
    css = "\n".join(path.read_text(encoding="utf-8") for path in styles)
    css += ".strip:empty { display: block; }"  # drawn by a script: its room is measured all the same
    return f"<!doctype html><style>{css}</style><body><div style='width:{COLUMN}px'>{html}</div>"


def measured(browser: Browser, language: str) -> list[tuple[str, CardView, dict[str, Any]]]:
    """Each card with its place in the visit and what was measured of it."""
    told = views(language)
    page = browser.new_page()
    page.set_content(drawn([card for _, card in told], language))
    sizes = page.evaluate(MEASURE)
    page.close()
    assert len(sizes) == len(told)
    return [(where, card, size) for (where, card), size in zip(told, sizes, strict=True)]


@pytest.fixture(scope="module", params=LANGUAGES)
def every_card(browser: Browser, request: pytest.FixtureRequest) -> list[tuple[str, CardView, Any]]:
    return measured(browser, request.param)


def test_no_card_is_longer_than_a_glance(every_card: list[tuple[str, CardView, Any]]) -> None:
    for where, card, size in every_card:
        most = MOST_WORDS["zh" if _HAN.search(str(card.summary)) else "en"] + words_of(size["dangers"])
        assert words_of(size["text"]) <= most, (where, size["text"])


def test_no_card_is_higher_than_a_third_of_a_laptop(every_card: list[tuple[str, CardView, Any]]) -> None:
    high = [
        (w, s["pixels"], s["text"])
        for w, _, s in every_card
        if s["pixels"] - s["strip"] > MOST_PIXELS + s["above"]
    ]
    assert high == []
    assert {size["strip"] for _, _, size in every_card} == {0, STRIP_PIXELS}
    assert not any(size["wide"] for _, _, size in every_card)


def test_where_nothing_changes_a_card_is_one_row(every_card: list[tuple[str, CardView, Any]]) -> None:
    rows = [(where, size["pixels"]) for where, card, size in every_card if size["row"]]
    assert [one for one in rows if one[1] > ROW_PIXELS] == []
    quiet = [c for _, c, _ in every_card if c.summary.startswith(("Continue", "继续"))]
    assert quiet
    assert all(card.is_row for card in quiet if card.indicator == "info" and not card.detail)
