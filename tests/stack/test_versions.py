"""The other versions that the stack is tried with are made of the program as it is, and start as it does."""

import os
import subprocess
import sys

import pytest

from tests.stack.versions import NEXT, next_version, with_clock

_HEAD = "from cds_service.audit.migrate import HEAD; print(HEAD)"
_AHEAD = """
from datetime import UTC, datetime as true
from cds_service.wiring import datetime
print(round((datetime.now(UTC) - true.now(UTC)).total_seconds()))
"""


@pytest.mark.parametrize(
    ("made", "script", "said"), [(next_version, _HEAD, NEXT), (lambda at: with_clock(at, 120), _AHEAD, "120")]
)
def test_another_version_of_this_program_is_made(made, script: str, said: str, tmp_path) -> None:
    environment = {**os.environ, **made(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == said
