"""A real Chromium on the real demo. Without Chromium these tests are skipped, and say how to get it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Request

from tests.chromium import browsing
from tests.demo.browser.screen import Screen
from tests.demo.running import Demo, running_demo

PATIENCE = 20_000
"""Milliseconds that a test waits for anything on a page."""
READING = ("/patient-view", "/order-select", "/order-sign", "/dismiss", "/switches")
LAPTOP = {"width": 1280, "height": 800}
TABLET = {"width": 820, "height": 1180}


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """For these tests alone: one process can hold only one Playwright at a time."""
    with browsing() as running:
        yield running


@pytest.fixture(scope="package")
def demo(browser: Browser) -> Iterator[Demo]:
    with running_demo() as running:
        yield running


@pytest.fixture(params=["en"])
def language(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
def screen(browser: Browser, demo: Demo, language: str) -> Iterator[Screen]:
    """A browser window of its own; whatever goes wrong in a page fails the test."""
    context = browser.new_context(viewport=LAPTOP, locale="zh-CN" if language == "zh" else "en-GB")  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("request", lambda asked: _must_be_local(asked.url, wrong))
    written: list[str] = []
    page.on("request", lambda asked: written.append(asked.url) if _may_write(asked) else None)
    yield Screen(page, demo, wrong)
    context.close()
    if written:
        demo.fhir.reset()
    assert wrong == []


def _may_write(asked: Request) -> bool:
    return asked.method == "POST" and not asked.url.endswith(READING)


def _must_be_local(url: str, wrong: list[str]) -> None:
    if not url.startswith(("http://127.0.0.1:", "data:")):
        wrong.append(f"asked for {url}")
