"""One real demo for the tests of a file; what a test writes, the next one does not see."""

from collections.abc import Iterator

import pytest

from tests.demo.running import Demo, running_demo


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with running_demo() as running:
        yield running


@pytest.fixture
def fresh(demo: Demo) -> Iterator[Demo]:
    """For a test that writes."""
    yield demo
    demo.fhir.reset()
