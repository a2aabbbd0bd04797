"""One profile for every property test, and one judge over every answer of the service in every test."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.answer_validator import JUDGE

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the matrices are tiny, and pytest has workers enough

# The same examples on every run, and no deadline on a busy machine.
settings.register_profile("house", deadline=None, derandomize=True, max_examples=100)
settings.load_profile("house")

JUDGE.listen()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    """A test during which the service gave a malformed answer has failed, whatever it asserts itself."""
    yield
    JUDGE.say()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Iterator[None]:
    """The same for what fixtures asked on their way out."""
    yield
    JUDGE.say()
