"""What an eye sees, measured: sizes of plots, letters and lines, where a picture compared by pixel would only differ."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.demo.browser.screen import Screen


def explained(screen: Screen, patient: str) -> Page:
    """The explain page of a patient, in the same window."""
    screen.page.goto(f"{screen.demo.page}/patients/{patient}/explain")
    screen.page.wait_for_load_state("load")
    return screen.page


def axe(page: Page) -> dict[str, list[str]]:
    """Every finding, of whatever weight."""
    found = Axe().run(page).response["violations"]
    return {one["id"]: [node["html"][:160] for node in one["nodes"]] for one in found}


@pytest.mark.parametrize("language", ["en", "zh"], indirect=True)
def test_what_if_shows_a_course_for_each_dose_at_every_width(screen: Screen, language: str) -> None:
    page = explained(screen, "demo-08")
    offered = page.locator(".top a[lang]").all_inner_texts()
    assert ("English" in " ".join(offered)) is (language == "zh")  # the page has the language of the record
    figures = page.locator(".what-if svg.predicted")
    assert figures.count() == 3
    for width in (1280, 640, 390, 320):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=width)
        for box in (one.bounding_box() for one in figures.all()):
            assert box
            assert box["width"] >= min(340, width - 60)
            assert box["x"] + box["width"] <= width
    ribbons = page.evaluate(
        "[...document.querySelectorAll('.what-if .ribbon')].map(one => one.getBBox()).map(b => [b.width, b.height])"
    )
    assert all(width > 300 and height > 5 for width, height in ribbons)
    assert all(
        name for name in page.locator("svg.predicted").evaluate_all("all => all.map(one => one.ariaLabel)")
    )
    assert axe(page) == {}
    page.emulate_media(color_scheme="dark")
    assert axe(page) == {}


@pytest.mark.parametrize("language", ["en", "zh"], indirect=True)
def test_a_card_shows_its_level_on_the_target_among_those_before(screen: Screen) -> None:
    """The strip: the level of the headline marked, hollow where it may not decide, doses beneath, all within the card."""
    screen.open("/patients/demo-11")
    strip = screen.card("critical").locator(".strip svg")
    assert strip.locator(".newest").text_content() == "23.4"
    assert strip.locator(".hollow").count() == 1
    assert strip.locator(".dot").count() >= 3
    assert strip.locator(".dose").count() >= 1
    assert "23.4 ng/mL" in (strip.get_attribute("aria-label") or "")
    box, card = strip.bounding_box(), screen.card("critical").bounding_box()
    assert box
    assert card
    assert card["x"] <= box["x"] <= box["x"] + box["width"] <= card["x"] + card["width"]
    band, newest = strip.locator(".band").bounding_box(), strip.locator(".hollow").bounding_box()
    assert band
    assert newest
    assert newest["y"] + newest["height"] / 2 < band["y"]  # far above the target, and seen to be
    screen.open("/patients/demo-08")
    assert screen.card("warning").locator(".strip .hollow").count() == 0
    assert screen.card("warning").locator(".strip .newest").text_content() == "3.3"
    for scheme in ("light", "dark"):
        screen.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert axe(screen.page) == {}
