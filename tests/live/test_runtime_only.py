"""`serve` and the commands with nothing installed but the runtime lock; what needs more says so by name."""

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from cds_service.settings.extras import MODULES
from tests.hook_calls import call_body, prefetch_of
from tests.live import runtime_only
from tests.live.service import serving
from tests.scenarios.visits import PATIENTS

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements" / "serve.txt"
ALL = ROOT / "requirements" / "all.txt"
PATIENT = "demo-08"


@pytest.fixture
def runtime_lock(monkeypatch, tmp_path):
    """Processes begun in this test can import only what the runtime lock names."""
    shutil.copy(runtime_only.__file__, tmp_path / "sitecustomize.py")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("RUNTIME_LOCK", str(LOCK))
    return tmp_path


def python(*arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120)


def test_what_is_not_locked_cannot_be_imported_there(runtime_lock):
    for module in ("numpy", "pytest", "rich", "duckdb"):
        done = python("-c", f"import {module}", cwd=runtime_lock)
        assert f"No module named '{module}'" in done.stderr


def test_the_service_answers_with_the_runtime_lock_alone(runtime_lock):
    body = json.dumps(
        call_body("aa-trial-titration", PATIENT, prefetch_of(PATIENTS[PATIENT].resources))
    ).encode()
    with serving(runtime_lock) as service:
        status, _, answer = service.ask("/cds-services/aa-trial-titration", body)
        assert status == 200
        card = json.loads(answer)["cards"][0]
        assert "sirolimus" in card["summary"]
        feedback = {
            "feedback": [
                {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": "2026-03-02T01:00:00Z"}
            ]
        }
        told = service.ask("/cds-services/aa-trial-titration/feedback", json.dumps(feedback).encode())
        assert told[0] == 200
        assert service.ask("/health/ready")[0] == 200
        assert service.ask("/explain/launch")[0] < 500
        assert service.ask("/research/")[0] < 500
        assert not service.events("fault")


def test_every_command_starts_or_says_what_to_install(runtime_lock):
    (runtime_lock / "chart.json").write_text(json.dumps(prefetch_of(PATIENTS[PATIENT].resources)["patient"]))
    assert python("-m", "cds_service", "assess", "chart.json", cwd=runtime_lock).returncode == 0
    for command, extra in (("simulate", "forecast"), ("demo", "demo")):
        done = python("-m", "cds_service", command, cwd=runtime_lock)
        assert done.returncode == 2
        assert f"cds-service: {command} needs " in done.stderr
        assert f"pip install 'cds-service[{extra}]'" in done.stderr


def test_settings_that_need_more_say_so(runtime_lock):
    (runtime_lock / "site.toml").write_text("[forecast]\nenabled = true\n")
    done = python("-m", "cds_service", "check", "site.toml", cwd=runtime_lock)
    assert "forecast: needs numpy, scipy: pip install 'cds-service[forecast]'" in done.stdout + done.stderr
    assert done.returncode != 0


def test_a_database_that_needs_more_says_so(runtime_lock, monkeypatch):
    lean = runtime_lock / "lean.txt"
    lean.write_text(
        "".join(line for line in LOCK.read_text().splitlines(keepends=True) if "psycopg" not in line)
    )
    monkeypatch.setenv("RUNTIME_LOCK", str(lean))
    program = "from cds_service.audit.database import connect; connect('postgresql://nobody@127.0.0.1/none')"
    assert (
        "needs psycopg: pip install 'cds-service[postgres]'" in python("-c", program, cwd=runtime_lock).stderr
    )


def test_the_two_locks_name_the_same_versions():
    def pins(lock: Path) -> set[str]:
        lines = lock.read_text(encoding="utf-8").splitlines()
        return {line.split(" ")[0] for line in lines if "==" in line and line[0].isalpha()}

    assert pins(LOCK) < pins(ALL)


def test_the_table_of_extras_is_that_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert MODULES.keys() | {"test", "docs"} == project["optional-dependencies"].keys()
    for extra, modules in MODULES.items():
        wanted = {runtime_only.distribution(line) for line in project["optional-dependencies"][extra]}
        assert {runtime_only.bringing(module) for module in modules} == wanted
