"""The clinical manual cannot lie: it is made from the texts and the tests; this fails when it is stale."""

from tests.house.clinical_pages import PAGES, pages


def test_the_clinical_pages_are_those_that_the_texts_and_examples_give() -> None:
    made = pages()
    there = {path: path.read_text(encoding="utf-8") for path in PAGES.glob("*.md")}
    stale = sorted(path.name for path in made.keys() | there.keys() if made.get(path) != there.get(path))
    assert stale == [], "run: python -m tests.house.clinical_pages"
