"""What trust and memory cost at least: one ES384 verification and one committed row, alone, in CPU milliseconds."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from cds_service.audit.append_calls import append_call
from cds_service.audit.database import open_store
from cds_service.cds_hooks.bearer_token import read_bearer_token
from tests.audit.rows import NOW, a_call
from tests.standard.tokens import EHR, a_token, bearer, published_keys

_TIMES = 300


def verification() -> float:
    """The signature check alone; the token is read before the clock starts."""
    token = read_bearer_token(bearer(a_token()))
    (key,) = published_keys()[EHR].with_id("ehr-1")

    def verify() -> None:
        assert token.is_signed_by(key)

    return _cpu_ms(verify)


def committed_row(folder: Path) -> float:
    """One row in a transaction of its own, on disk."""
    engine = open_store(f"sqlite:///{folder / 'unit.sqlite3'}")
    calls = (a_call(hook_instance=f"{n}", at=NOW + timedelta(seconds=n)) for n in range(_TIMES + 1))

    def commit() -> None:
        append_call(engine, next(calls))

    try:
        return _cpu_ms(commit)
    finally:
        engine.dispose()


def _cpu_ms(act: Callable[[], None]) -> float:
    act()
    begun = time.process_time()
    for _ in range(_TIMES):
        act()
    return (time.process_time() - begun) * 1000 / _TIMES
