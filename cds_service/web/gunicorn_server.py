"""How gunicorn runs the service; `deploy/gunicorn.conf.py` and `cds-service serve` share it.

Everything is loaded once in the parent and frozen, so that workers share the memory and the collector never
walks the code lists again. Sync workers: the work of a call is CPU, and waiting is bounded by its deadline.
"""

import gc
from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

_OBJECTS_BETWEEN_LOOKS = 50_000  # a large chart makes some ten thousand; Python's own choice is 700


def freeze(_: Any = None) -> None:
    """Take everything loaded so far out of the garbage collector's sight (gunicorn hook `when_ready`).

    A chart holds no circles: what a call leaves behind is freed at once, and looked through only rarely.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_LOOKS)


def options(workers: int) -> dict[str, Any]:
    """Gunicorn settings for so many workers."""
    return {
        "workers": workers,
        "worker_class": "sync",
        "preload_app": True,
        "timeout": 30,
        "graceful_timeout": 15,
        "max_requests": 50_000,
        "max_requests_jitter": 5_000,
        "accesslog": None,  # its lines would be the only ones not written by private_logging
        "control_socket_disable": True,  # nobody commands the server but the one who started it
        "when_ready": freeze,
    }


class GunicornServer(BaseApplication):  # type: ignore[misc]
    """Gunicorn without a configuration file of its own."""

    def __init__(self, load: Callable[[], Flask], bind: str, workers: int) -> None:
        self._load = load
        self._options = {**options(workers), "bind": bind}
        super().__init__()

    def load_config(self) -> None:
        """Gunicorn asks for its settings."""
        for name, value in self._options.items():
            if name in self.cfg.settings:  # older gunicorns have no control socket to disable
                self.cfg.set(name, value)

    def load(self) -> Flask:
        """Gunicorn asks for the app."""
        return self._load()
