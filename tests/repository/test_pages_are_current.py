"""Pages made from texts and tests cannot lie: this fails when one is stale."""

from tests.faults import page as faults
from tests.repository import map_of_the_house
from tests.repository.clinical_pages import PAGES, pages


def test_the_clinical_pages_are_those_that_the_texts_and_examples_give() -> None:
    made = pages()
    there = {path: path.read_text(encoding="utf-8") for path in PAGES.glob("*.md")}
    stale = sorted(path.name for path in made.keys() | there.keys() if made.get(path) != there.get(path))
    assert stale == [], "run: python -m tests.repository.clinical_pages"


def test_the_page_of_faults_is_the_one_that_its_tests_give() -> None:
    assert faults.PAGE.read_text(encoding="utf-8") == faults.page(), "run: python -m tests.faults.page"


def test_the_map_of_the_house_is_the_one_that_the_code_gives() -> None:
    made = map_of_the_house.page()
    assert map_of_the_house.PAGE.read_text(encoding="utf-8") == made, (
        "run: python -m tests.repository.map_of_the_house"
    )


def test_every_module_and_every_folder_of_tests_says_in_its_first_line_what_is_in_it() -> None:
    assert map_of_the_house.without_first_line() == []
