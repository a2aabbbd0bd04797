"""Pages made from texts and tests cannot lie: this fails when one is stale."""

from tests.faults import page as faults
from tests.house.clinical_pages import PAGES, pages


def test_the_clinical_pages_are_those_that_the_texts_and_examples_give() -> None:
    made = pages()
    there = {path: path.read_text(encoding="utf-8") for path in PAGES.glob("*.md")}
    stale = sorted(path.name for path in made.keys() | there.keys() if made.get(path) != there.get(path))
    assert stale == [], "run: python -m tests.house.clinical_pages"


def test_the_page_of_faults_is_the_one_that_its_tests_give() -> None:
    assert faults.PAGE.read_text(encoding="utf-8") == faults.page(), "run: python -m tests.faults.page"
