"""Both servers once for all tests that change nothing, and once for each that does."""

import pytest

from tests.explain.rig import running


@pytest.fixture(scope="session")
def shared():
    """Both servers, for tests that only look."""
    with running() as rig:
        yield rig


@pytest.fixture
def rig():
    """Both servers, for a test of its own."""
    with running() as rig:
        yield rig
