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


def _write_six_milligrams(screen: Screen) -> None:
    screen.order("demo-09", "sirolimus-2mg", "3", unit="piece")
    screen.page.click("#sign")
    screen.page.wait_for_selector("#verdict:not(:empty)")


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
        """What the card's link does, in the same window."""
        screen.open(f"/patients/{patient}")
        with screen.page.context.expect_page() as opening:
            screen.page.locator("#cards .card a[href*='/links/']").first.click()
        address = opening.value.url
        opening.value.wait_for_selector("#chart-blood svg")
        opening.value.close()
        screen.page.goto(address)
        screen.page.wait_for_selector("#chart-blood svg")

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
    page.context.add_cookies([{"name": "ehr_language", "value": picture.language, "url": demo.page}])
    picture.prepare(Screen(page, demo, []))
    page.wait_for_timeout(300)  # the chart is drawn after the cards
    page.screenshot(path=FOLDER / f"{picture.name}.png", animations="disabled", caret="hide")


def main() -> None:
    """Take them all."""
    FOLDER.mkdir(exist_ok=True)
    with running_demo() as demo, browsing() as browser:
        page = browser.new_page(locale="en-GB")
        for picture in PICTURES:
            _take(demo, page, picture)


if __name__ == "__main__":
    main()
