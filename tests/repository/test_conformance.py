"""The conformance page cannot lie: every requirement is there, each that binds a service is proven, and the page is current."""

import pytest

from tests.repository.conformance_page import PAGE, Requirement, is_over_http, page, proofs, requirements

BINDING = [requirement for requirement in requirements() if requirement.binds_service]


def test_all_174_requirements_are_there_in_their_order() -> None:
    assert [r.id for r in requirements()] == [f"CH-{number:03}" for number in range(1, 175)]


@pytest.mark.parametrize("requirement", BINDING, ids=lambda requirement: requirement.id)
def test_what_binds_a_service_is_proven_over_http_or_has_its_reason(requirement: Requirement) -> None:
    proven = any(map(is_over_http, proofs().get(requirement.id, ())))
    assert proven or requirement.reason


def test_what_binds_only_others_says_what_the_service_does_about_it() -> None:
    assert [r.id for r in requirements() if not r.binds_service and not r.answer] == []


def test_no_test_names_a_requirement_that_there_is_not() -> None:
    assert proofs().keys() - {r.id for r in requirements()} == set()


def test_the_page_is_current_and_every_test_on_it_has_passed() -> None:
    assert PAGE.read_text("utf-8") == page({}), "run: python -m tests.repository.conformance_page"
