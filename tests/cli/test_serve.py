"""`serve` as a process: it answers on the loopback address, says what is insecure, and ends when told to."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.answer_validator import check

CONFIG = Path(__file__).parents[2] / "deploy" / "gunicorn.conf.py"


def a_free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answer(port, path):
    until = time.monotonic() + 15
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as response:
                body = response.read()
                assert check("GET", path, response.status, response.headers["Content-Type"], body) == []
                return json.loads(body)
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


@pytest.mark.parametrize("way", ["command", "configuration"])
def test_the_service_answers_and_ends_when_told_to(way, tmp_path):
    port = a_free_port()
    command = {
        "command": ["-m", "cds_service", "serve", "--port", str(port)],
        "configuration": ["-m", "gunicorn", "-c", str(CONFIG), "-b", f"127.0.0.1:{port}"],
    }[way]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CDS_")}
    process = subprocess.Popen(
        [sys.executable, *command],
        env=environ | {"CDS_ENVIRONMENT": "development", "CDS_WORKERS": "1"},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert len(answer(port, "/cds-services")["services"]) == 6
        assert answer(port, "/health/ready")["status"] == "ready"
    finally:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert out == b""
    assert b"INSECURE_DEVELOPMENT_MODE" in err
