"""What a person does in front of the mini-EHR, in the words of the scenarios."""

from dataclasses import dataclass

from playwright.sync_api import Locator, Page

from tests.demo.running import Demo


@dataclass
class Screen:
    """A browser window. `wrong` collects script errors, refused resources and requests to elsewhere."""

    page: Page
    demo: Demo
    wrong: list[str]

    def open(self, path: str, base: str | None = None) -> None:
        """Go to a page of the mini-EHR and wait until its advice has come, where it has any."""
        self.page.goto(f"{base or self.demo.page}{path}")
        if self.page.locator("#cards").count() and "/order" not in path:
            self.advice()

    def advice(self) -> list[str]:
        """The headings of the cards on show, from the top, as soon as they are there."""
        self.page.wait_for_selector("#cards:not([aria-busy]) > .card")
        return self.page.locator("#cards > .card h3").all_inner_texts()

    def card(self, indicator: str) -> Locator:
        """The first card of an indicator; "failure" and "quiet" are such as well."""
        return self.page.locator(f"#cards > .card.{indicator}").first

    def wait_for_advice(self, words: str) -> None:
        """Wait for a card that says these words."""
        self.page.wait_for_selector(f"#cards:not([aria-busy]) > .card:has-text('{words}')")

    def order(self, patient: str, product: str, amount: str, unit: str = "mg", often: str = "once") -> None:
        """Write an order in the form, without signing it."""
        self.open(f"/patients/{patient}/order")
        self.page.select_option("[name=product]", product)
        self.page.select_option("[name=unit]", unit)
        self.page.select_option("[name=often]", often)
        self.page.fill("[name=amount]", amount)

    def said(self) -> str:
        """The line that says what has just happened."""
        self.page.wait_for_selector("#said:not([hidden])")
        return self.page.inner_text("#said > span")
