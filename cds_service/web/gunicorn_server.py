"""How gunicorn runs the service; `deploy/gunicorn.conf.py` and `cds-service serve` share it.

Everything is loaded once in the parent and frozen, so that workers share the memory and the collector never
walks the code lists again. Each worker works on several calls at once: what one needs is mostly CPU, but
one that waits for a FHIR server must not hold up the others.
"""

import shutil
import subprocess
from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from cds_service.web.garbage_collection import freeze
from cds_service.web.gunicorn_worker import PrivateLog, worker_with
from cds_service.web.metrics_page import MetricsPage
from cds_service.web.waiting_connections import LobbyLimits


def options(
    workers: int, limits: LobbyLimits | None = None, metrics: MetricsPage | None = None
) -> dict[str, Any]:
    """Gunicorn settings for so many workers."""
    return {
        **(_metrics_hooks(metrics) if metrics else {}),
        "workers": workers,
        "worker_class": worker_with(limits or LobbyLimits()),
        "logger_class": PrivateLog,
        # A token is 8,000 characters at most; an authorization server's codes in a URL may be long, too.
        "limit_request_line": 8_190,
        "limit_request_fields": 50,
        "limit_request_field_size": 8_190,
        # X-Forwarded-* is never believed: what a client is and what its token must name is not its to say.
        "forwarded_allow_ips": "",
        "preload_app": True,
        "sendfile": False,  # answers are made in memory, and sent when the client takes them
        "timeout": 30,
        "graceful_timeout": 15,
        "max_requests": 50_000,
        "max_requests_jitter": 5_000,
        "accesslog": None,  # its lines would be the only ones not written by private_logging
        "control_socket_disable": True,  # nobody commands the server but the one who started it
        "when_ready": freeze,
    }


def _metrics_hooks(page: MetricsPage) -> dict[str, Any]:
    """The page of the metrics lives as long as the parent."""
    running: list[subprocess.Popen[bytes]] = []

    def start(_: Any) -> None:
        running.append(page.start())

    def stop(_: Any) -> None:
        for process in running:
            process.terminate()
            process.wait()
        shutil.rmtree(page.folder, ignore_errors=True)

    return {"on_starting": start, "on_exit": stop}


class GunicornServer(BaseApplication):  # type: ignore[misc]
    """Gunicorn without a configuration file of its own."""

    def __init__(self, load: Callable[[], Flask], bind: str, chosen: Mapping[str, Any]) -> None:
        self._load = load
        self._options = {**chosen, "bind": bind}
        super().__init__()

    def load_config(self) -> None:
        """Gunicorn asks for its settings."""
        for name, value in self._options.items():
            if name in self.cfg.settings:  # older gunicorns have no control socket to disable
                self.cfg.set(name, value)

    def load(self) -> Flask:
        """Gunicorn asks for the app."""
        return self._load()
