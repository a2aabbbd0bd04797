"""A real browser for tests; where there is none, the tests are skipped, and say what to install."""

import shutil
from contextlib import contextmanager

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
MISSING = (
    "SKIPPED LOUDLY: no Chromium on this computer (Debian: apt-get install chromium); pages are not tested"
)


def binary() -> str | None:
    """Where the browser is."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def browsing():
    """A running browser."""
    if (found := binary()) is None:
        pytest.skip(MISSING)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def watched_page(browser):
    """A page in a fresh profile; `faults` are its script errors and breaches of our own policy."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page, faults = context.new_page(), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    page.faults = faults
    yield page
    context.close()
