"""A real Firefox for tests, by WebDriver BiDi, which it speaks itself; where there is none, they are skipped."""

import itertools
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

MISSING = "SKIPPED LOUDLY: no Firefox on this computer (Debian: apt-get install firefox-esr)"
_LISTENS = "WebDriver BiDi listening on "
_PATIENCE = 60


class Firefox:
    """One window. `faults` are script errors of the pages so far."""

    def __init__(self, wire: ClientConnection) -> None:
        self._wire, self._numbers = wire, itertools.count(1)
        self.faults: list[str] = []
        self._ask("session.new", capabilities={})
        self._ask("session.subscribe", events=["log.entryAdded"])
        self._window = self._ask("browsingContext.getTree")["contexts"][0]["context"]

    def open(self, address: str) -> None:
        """Go there, and wait until it has loaded."""
        self._ask("browsingContext.navigate", context=self._window, url=address, wait="complete")

    def resize(self, width: int, height: int) -> None:
        """The window's inside, in CSS pixels."""
        size = {"width": width, "height": height}
        self._ask("browsingContext.setViewport", context=self._window, viewport=size)

    def look(self, expression: str) -> Any:
        """What an expression, or a promise, comes to; it must be JSON."""
        wrapped = f"Promise.resolve({expression}).then(JSON.stringify)"
        target = {"context": self._window}
        found = self._ask("script.evaluate", expression=wrapped, target=target, awaitPromise=True)
        assert found["type"] == "success", found
        return json.loads(found["result"].get("value", "null"))

    def until(self, expression: str) -> Any:
        """Wait up to ten seconds until an expression is true."""
        return self.look(
            "new Promise((done, no) => { const end = Date.now() + 10000; (function again() {"
            f" const found = ({expression}); if (found) done(found); else if (Date.now() > end) no(new Error('not in time'));"
            " else setTimeout(again, 50); })(); })"
        )

    def _ask(self, method: str, **params: Any) -> Any:
        number = next(self._numbers)
        self._wire.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            told = json.loads(self._wire.recv(timeout=60))
            if told.get("method") == "log.entryAdded" and told["params"]["level"] == "error":
                self.faults.append(str(told["params"]["text"]))
            if told.get("id") == number:
                assert told["type"] == "success", told
                return told["result"]


@contextmanager
def firefox(profile: Path) -> Iterator[Firefox]:
    """A running Firefox with a fresh profile, without a screen."""
    if (found := shutil.which("firefox-esr") or shutil.which("firefox")) is None:
        pytest.skip(MISSING)
    options = ["--headless", "--no-remote", "--remote-debugging-port", "0", "--profile", str(profile)]
    home = {**os.environ, "HOME": str(profile), "MOZ_CRASHREPORTER_DISABLE": "1"}
    log = profile / "said.txt"
    with log.open("w") as said, subprocess.Popen([found, *options], stderr=said, env=home) as running:
        try:
            with connect(f"{_address(log)}/session", max_size=2**24, proxy=None) as wire:
                yield Firefox(wire)
        finally:
            running.terminate()


def _address(log: Path) -> str:
    """Where it listens, as soon as it says so."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        said = log.read_text()
        if _LISTENS in said and "\n" in (after := said.partition(_LISTENS)[2]):
            return after.splitlines()[0].strip()
        time.sleep(0.1)
    raise TimeoutError(log.read_text()[-500:])
