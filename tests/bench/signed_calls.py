"""What the audited server of the comparisons keeps and believes, and calls as production gets them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from cds_service.audit.database import open_store
from tests.bench.running_server import SERVICE
from tests.hook_calls import INSTANCE
from tests.standard.tokens import BASE, a_token, bearer, jwk, jwk_set


@contextmanager
def audit_kept() -> Iterator[Path]:
    """The database and the clients' keys of `servers.audited`, in a folder that goes; its tables are there, as
    at any start but the first."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["BENCH_DATABASE_URL"] = url = f"sqlite:///{folder}/bench.sqlite3"
        open_store(url).dispose()
        os.environ["BENCH_KEY_SET"] = str(folder / "keys.json")
        (folder / "keys.json").write_bytes(jwk_set(jwk("ehr-1")))
        yield folder


def as_new(body: bytes) -> bytes:
    """The same call with an instance of its own: no server may know it by heart."""
    return body.replace(INSTANCE.encode(), str(uuid4()).encode(), 1)


def token_header() -> dict[str, str]:
    """The header of a call with a token of its own."""
    return {"Authorization": bearer(a_token(aud=f"{BASE}{SERVICE}", jti=str(uuid4())))}
