"""One hospital for all tests over HTTP; each finds its chart untouched and a log of its own."""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cds_service.web.log_redaction import configure_logging
from tests.standard.over_http.hospital import Hospital, fill, open_hospital


@pytest.fixture(scope="session")
def opened() -> Iterator[Hospital]:
    with open_hospital() as hospital:
        yield hospital


@pytest.fixture
def hospital(opened: Hospital) -> Hospital:
    """The participant's chart, as if nobody had asked yet."""
    fill(opened.fhir)
    return opened


@pytest.fixture
def log() -> Callable[[], list[dict[str, Any]]]:
    """The lines logged since."""
    stream = io.StringIO()
    configure_logging(stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
