"""`make pictures`: the pictures of README and guide, taken from the running demo into docs/pictures/."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

from tests.chromium import browsing
from tests.demo.browser.conftest import LAPTOP, TABLET
from tests.demo.browser.screen import Screen
from tests.demo.running import Demo, running_demo

FOLDER = Path(__file__).parents[3] / "docs" / "pictures"


@dataclass(frozen=True)
class Picture:
    """One picture: what is done before it is taken, in which language, on which screen."""

    name: str
    prepare: Callable[[Screen], object]
    language: str = "en"
    size: tuple[int, int] = (LAPTOP["width"], LAPTOP["height"])
    dark: bool = False


def _write_six_milligrams(screen: Screen) -> None:
    screen.order("demo-09", "sirolimus-2mg", "3", unit="piece")
    screen.page.click("#sign")
    screen.page.wait_for_selector("#verdict:not(:empty)")


def _write_what_is_proposed(screen: Screen) -> None:
    screen.order("demo-08", "sirolimus-1mg", "3")
    screen.page.wait_for_selector("#answer[data-tone=good]")


def _edit(screen: Screen) -> None:
    screen.open("/patients/demo-09")
    screen.page.click("[data-test='72676-0']")
    screen.page.wait_for_selector("dialog[open] form")


def _look_behind(screen: Screen) -> None:
    screen.open("/patients/demo-08")
    screen.page.click("#developer summary")
    screen.page.locator("[data-exchange]").last.click()
    screen.page.wait_for_selector("#wire:not([hidden])")
    screen.page.locator("#developer").scroll_into_view_if_needed()
    screen.page.evaluate("scrollTo(0, document.querySelector('#developer').offsetTop - 8)")


def _explain(patient: str) -> Callable[[Screen], object]:
    def launch(screen: Screen) -> None:
        """What the chart's link does, in the same window."""
        screen.page.goto(f"{screen.demo.page}/patients/{patient}/explain")
        screen.page.wait_for_load_state("load")

    return launch


def _explain_to(part: str) -> Callable[[Screen], object]:
    def launch(screen: Screen) -> None:
        """As far down as this part."""
        _explain("demo-08")(screen)
        screen.page.evaluate("part => scrollTo(0, document.querySelector(part).offsetTop - 8)", part)

    return launch


def _research(screen: Screen) -> None:
    screen.page.goto(f"{screen.demo.cds.base_url}/research/login")
    screen.page.get_by_role("button", name="Sign in").click()
    screen.page.wait_for_selector("table")


PICTURES = (
    Picture("patients", lambda screen: screen.open("/")),
    Picture("low-level", lambda screen: screen.open("/patients/demo-08")),
    Picture("dangerous-level", lambda screen: screen.open("/patients/demo-11")),
    Picture("candidate-zh", lambda screen: screen.open("/patients/demo-02"), "zh"),
    Picture("kidneys-first-zh", lambda screen: screen.open("/patients/demo-14"), "zh"),
    Picture("order", _write_six_milligrams),
    Picture("order-right", _write_what_is_proposed),
    Picture("order-right-zh", _write_what_is_proposed, "zh", size=(390, 1500)),
    Picture("what-if", _explain_to(".what-if")),
    Picture("what-if-dark", _explain_to(".what-if"), dark=True),
    Picture("edit-result", _edit),
    Picture("developer", _look_behind),
    Picture("explain", _explain("demo-09"), size=(LAPTOP["width"], 1000)),
    Picture("explain-zh", _explain("demo-02"), "zh", size=(LAPTOP["width"], 1000)),
    Picture("research", _research),
    Picture(
        "tablet", lambda screen: screen.open("/patients/demo-08"), size=(TABLET["width"], TABLET["height"])
    ),
)


def _take(demo: Demo, page: Page, picture: Picture) -> None:
    page.set_viewport_size({"width": picture.size[0], "height": picture.size[1]})
    page.emulate_media(color_scheme="dark" if picture.dark else "light")
    page.context.add_cookies([{"name": "ehr_language", "value": picture.language, "url": demo.page}])
    picture.prepare(Screen(page, demo, []))
    page.wait_for_timeout(300)  # the chart is drawn after the cards
    page.screenshot(path=FOLDER / f"{picture.name}.png", animations="disabled", caret="hide")


def main() -> None:
    """Take them all."""
    FOLDER.mkdir(exist_ok=True)
    with running_demo(screened=True) as demo, browsing() as browser:
        page = browser.new_page(locale="en-GB")
        for picture in PICTURES:
            _take(demo, page, picture)


if __name__ == "__main__":
    main()
