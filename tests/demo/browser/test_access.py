"""Usable by keyboard alone, readable to assistive technology, quick, and small."""

import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.demo.browser.conftest import TABLET
from tests.demo.browser.screen import Screen

PAGES = ("/", "/patients/demo-08", "/patients/demo-11", "/patients/demo-09/order")
MOST_TABS = 80


def _tab_to(page: Page, selector: str) -> None:
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"{selector} is out of the keyboard's reach")


def test_a_dose_is_accepted_and_signed_by_keyboard_alone(screen: Screen) -> None:
    page = screen.page
    screen.open("/")
    _tab_to(page, "a[href='/patients/demo-08']")
    page.keyboard.press("Enter")
    page.wait_for_selector("#cards:not([aria-busy]) > .card")
    _tab_to(page, "[data-accept]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".drafts")
    _tab_to(page, ".drafts a.button")
    page.keyboard.press("Enter")
    page.wait_for_selector("#cards:not([aria-busy]) > .card")
    _tab_to(page, "#sign")
    page.keyboard.press("Enter")
    page.wait_for_url("**/patients/demo-08*")
    screen.wait_for_advice("not yet dispensed")


def test_the_skip_link_leads_past_the_header(screen: Screen) -> None:
    screen.open("/")
    screen.page.keyboard.press("Tab")
    screen.page.keyboard.press("Enter")
    assert screen.page.evaluate("document.activeElement.id") == "main"


def test_the_dialog_closes_by_escape_and_gives_the_focus_back(screen: Screen) -> None:
    screen.open("/patients/demo-08")
    button = screen.page.locator("[data-test='718-7']")
    button.focus()
    screen.page.keyboard.press("Enter")
    screen.page.wait_for_selector("dialog[open]")
    screen.page.keyboard.press("Escape")
    assert screen.page.locator("dialog[open]").count() == 0
    assert button.evaluate("one => one === document.activeElement")


@pytest.mark.parametrize("language", ["en", "zh"], indirect=True)
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_serious(screen: Screen, path: str) -> None:
    screen.open(path)
    if path.startswith("/patients"):
        screen.page.click("#developer summary")
    found = Axe().run(screen.page).response["violations"]
    serious = [one["id"] for one in found if one["impact"] in ("serious", "critical")]
    assert serious == [], [(one["id"], [n["html"] for n in one["nodes"]][:3]) for one in found]


def test_axe_finds_nothing_serious_in_the_dialog(screen: Screen) -> None:
    screen.open("/patients/demo-08")
    screen.page.click("[data-test='718-7']")
    screen.page.wait_for_selector("dialog[open] form")
    found = Axe().run(screen.page, context="dialog").response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []


def test_axe_finds_nothing_serious_while_an_order_is_written_even_on_a_telephone(screen: Screen) -> None:
    screen.page.set_viewport_size({"width": 320, "height": 640})
    screen.order("demo-08", "sirolimus-1mg", "6")
    screen.page.wait_for_selector("#ruler:not([hidden])")
    found = Axe().run(screen.page).response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    assert screen.page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_wider_than_a_tablet(screen: Screen, path: str) -> None:
    screen.page.set_viewport_size(TABLET)  # type: ignore[arg-type]
    screen.open(path)
    assert screen.page.evaluate("document.documentElement.scrollWidth") <= TABLET["width"]


def _seconds_to_the_first_page(screen: Screen) -> float:
    began = time.perf_counter()
    screen.page.goto(f"{screen.demo.page}/", wait_until="load")
    screen.page.wait_for_selector(".people a")
    return time.perf_counter() - began


def test_the_first_page_is_usable_within_a_second(screen: Screen) -> None:
    """The best of three, for the computer may have other tests to run at the same time."""
    took = [_seconds_to_the_first_page(screen) for _ in range(3)]
    print("first page:", *(f"{seconds:.2f} s" for seconds in took))
    assert min(took) < 1.0


def test_all_that_a_chart_loads_is_under_two_megabytes(screen: Screen) -> None:
    sizes: dict[str, int] = {}
    screen.page.on("response", lambda reply: sizes.update({reply.url: len(reply.body())}))
    screen.open("/")
    screen.open("/patients/demo-11")
    print(f"{len(sizes)} resources, {sum(sizes.values()) / 1e6:.2f} MB")
    assert 1e6 < sum(sizes.values()) < 2e6


@pytest.mark.parametrize("width", [320, 390, 640])
@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_wider_than_a_telephone_or_a_page_at_four_times_its_size(
    screen: Screen, path: str, width: int
) -> None:
    screen.page.set_viewport_size({"width": width, "height": 800})
    screen.open(path)
    assert screen.page.evaluate("document.documentElement.scrollWidth") <= width


def test_by_night_the_chart_has_no_serious_fault(screen: Screen) -> None:
    screen.page.emulate_media(color_scheme="dark")
    screen.open("/patients/demo-11")
    found = Axe().run(screen.page).response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []


def test_the_front_page_sorts_by_need_and_keeps_the_focus(screen: Screen) -> None:
    screen.page.route("**/ward*", lambda route: (screen.page.wait_for_timeout(300), route.continue_()))
    screen.page.goto(f"{screen.demo.page}/")
    screen.page.locator("a[href='/patients/demo-08'].row").focus()
    screen.page.wait_for_selector("#ward:not([aria-busy]) .need")
    assert screen.page.locator("#ward h3").first.inner_text().startswith("Needs somebody today")
    assert screen.page.evaluate("document.activeElement.getAttribute('href')") == "/patients/demo-08"


def test_the_plot_has_the_target_of_now_and_a_level_that_may_not_decide_stands_hollow(screen: Screen) -> None:
    screen.open("/patients/demo-12")
    screen.page.wait_for_selector("#course svg text:has-text('target now 4–12')")
    drawn = screen.page.evaluate(
        """() => echarts.getInstanceByDom(document.querySelector("#course")).getOption().series
          .filter((one) => one.type === "scatter").flatMap((one) => one.data.map((point) => Number(point[1])))"""
    )
    assert drawn == [14.6]


def test_a_target_above_all_levels_is_within_the_plot(screen: Screen) -> None:
    """demo-08: levels from 1.8 to 3.3 ng/mL, the target from 4 to 12."""
    screen.open("/patients/demo-08")
    screen.page.wait_for_selector("#course svg text:has-text('target now 4–12')")
    highest = screen.page.evaluate(
        """() => echarts.getInstanceByDom(document.querySelector("#course")).getModel()
          .getComponent("yAxis", 1).axis.scale.getExtent()[1]"""
    )
    assert highest >= 12
