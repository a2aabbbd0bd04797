"""The scripted server, anew for each test."""

import pytest

from tests.bulk_export.bringing import Told
from tests.bulk_export.scripted import scripted


@pytest.fixture
def server():
    with scripted() as server:
        yield server


@pytest.fixture
def told():
    return Told()
