"""One stack for all scenarios, by `deploy/try-local.sh` (`make try-local`) alone; else a skip that says so."""

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.audit.postgres import MISSING as NO_POSTGRESQL
from tests.audit.postgres import binaries
from tests.stack.database import small_disk
from tests.stack.hospital import Hospital, hospital
from tests.stack.nginx import MISSING as NO_NGINX
from tests.stack.nginx import program

ASKED_FOR = "CDS_TRY_LOCAL"
_MEGABYTES = 200


@pytest.fixture(scope="session")
def disk():
    """A small disk for the database, and why there is none where there is none."""
    folder = Path(tempfile.mkdtemp(prefix="cds-disk-"))
    why_not = small_disk(folder, _MEGABYTES)
    yield folder, why_not
    if not why_not:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
    folder.rmdir() if not why_not else None


@pytest.fixture(scope="session")
def running(disk):
    if not os.environ.get(ASKED_FOR):
        pytest.skip("the whole stack is tried by: make try-local")
    for there, what in ((program(), NO_NGINX), (binaries(), NO_POSTGRESQL)):
        if there is None:
            pytest.skip(what)
    folder, why_not = disk
    with hospital(None if why_not else folder) as stack:
        yield stack


@pytest.fixture
def stack(running: Hospital):
    """The stack, whole again whatever the scenario before has left."""
    for unit in running.units:
        if unit.service.process.poll() is not None or unit.environment:
            unit.end()
            unit.environment = {}
            unit.start()
    return running
