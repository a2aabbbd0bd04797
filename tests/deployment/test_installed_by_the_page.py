"""What docs/how-to/run-in-production.md installs: the command with the service's settings, and the call in an EHR's place."""

import importlib.util
import os
import re
import subprocess
from pathlib import Path

import pytest

from cds_service.cli import main
from tests.installation import A_KEY
from tests.live.service import serving

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "deploy/cds-service.sh"
EHR = (ROOT / "docs/how-to/connect-an-ehr.md").read_text("utf-8").partition("## Try it before")[2]
SETTINGS = """\
# a comment, CDS_NOT=this
CDS_DATABASE_URL=postgresql://cds@db/cds?sslmode=verify-full&connect_timeout=3

CDS_PSEUDONYM_KEY="$HOME `id` quoted"
CDS_MODE='shadow'"""


@pytest.fixture
def command(tmp_path):
    """The script beside a program that tells its arguments and environment; by whom it is run is said by a false `id`."""

    def run(user, *arguments):
        folders = [tmp_path / name for name in ("deploy", ".venv/bin", "false")]
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        settings = tmp_path / "cds-service.env"
        settings.write_text(SETTINGS, encoding="utf-8")
        made = {
            folders[0] / "cds-service.sh": SCRIPT.read_text("utf-8").replace(
                "/etc/cds/cds-service.env", str(settings)
            ),
            folders[1] / "cds-service": '#!/bin/sh\necho "$@"\nenv\n',
            folders[2] / "id": f"#!/bin/sh\necho {user}\n",
            folders[2]
            / "runuser": '#!/bin/sh\n[ "$1 $2 $3" = "-u cds --" ] || exit 9\nshift 3\nAS=cds exec "$@"\n',
        }
        for file, text in made.items():
            file.write_text(text, encoding="utf-8")
            file.chmod(0o755)
        link = tmp_path / "cds-service"
        link.unlink(missing_ok=True)
        link.symlink_to(folders[0] / "cds-service.sh")
        there = {"PATH": f"{folders[2]}:{os.environ['PATH']}", "HOME": "/root", "CDS_MODE": "live"}
        done = subprocess.run([str(link), *arguments], env=there, capture_output=True, text=True, check=True)
        first, *lines = done.stdout.splitlines()
        return first, dict(line.split("=", 1) for line in lines)

    return run


def test_root_runs_the_program_as_the_units_do(command):
    told, found = command(0, "feedback-report", "--since", "2026-01-01")
    assert told == "feedback-report --since 2026-01-01"
    assert found["AS"] == "cds"
    assert found["HOME"] == "/var/lib/cds"
    assert {name: value for name, value in found.items() if name.startswith("CDS_")} == {
        "CDS_DATABASE_URL": "postgresql://cds@db/cds?sslmode=verify-full&connect_timeout=3",
        "CDS_PSEUDONYM_KEY": "$HOME `id` quoted",
        "CDS_MODE": "shadow",
    }


def test_anybody_else_runs_it_with_his_own_settings(command):
    told, found = command(1000, "check")
    assert told == "check"
    assert (found.get("AS"), found["CDS_MODE"], found["HOME"]) == (None, "live", "/root")


def block(language):
    (found,) = re.findall(
        rf"^```{language}\n(.*?)^```$", EHR.partition("## With the EHR")[0], re.DOTALL | re.MULTILINE
    )
    return found


@pytest.fixture
def call(tmp_path):
    found = importlib.util.spec_from_file_location("call_as_ehr", ROOT / "deploy/call_as_ehr.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module.main


def test_the_call_in_an_ehrs_place_is_answered_as_the_page_says(tmp_path, capsys, call, monkeypatch):
    key = tmp_path / "try.jwk.json"
    assert main(["new-client-key", str(key)]) == 0
    (tmp_path / "try.jwks.json").write_text(capsys.readouterr().out)
    (tmp_path / "site.toml").write_text(block("toml"))
    (tmp_path / "request.json").write_text(block("json"))
    settings = {
        "ENVIRONMENT": "production",
        "PUBLIC_BASE_URL": "https://cds.hospital.example",
        "SITE_FILE": str(tmp_path / "site.toml"),
        "PSEUDONYM_KEY": A_KEY,
        "DATABASE_URL": f"sqlite:///{tmp_path}/cds.sqlite3",
    }
    asked = [line.removeprefix("try ") for line in EHR.splitlines() if line.startswith("try ")]
    assert len(asked) == 2
    with serving(tmp_path, **settings) as service:
        known = [
            "--key",
            str(key),
            "--iss",
            "https://try.hospital.example",
            "--at",
            f"http://127.0.0.1:{service.port}",
        ]
        monkeypatch.chdir(tmp_path)
        answers = []
        for line in asked:
            assert call([*known, *line.split()]) == 0
            answers.append(capsys.readouterr().out)
        assert (
            call([*known, asked[0].replace("cds-services", "elsewhere")]) == 1
        )  # another address than the token's is none
        assert '"aa-trial-eligibility"' in answers[0]
        assert answers[1].count('"indicator"') == 2
        assert "3 of 20 settled" in answers[1]
    capsys.readouterr()
    assert call([*known, asked[0]]) == 2
    assert capsys.readouterr().err.startswith("http://127.0.0.1:")


def test_what_is_installed_is_named_as_it_is():
    """Each file of deploy/ that a page copies is there."""
    pages = [path.read_text("utf-8") for path in (ROOT / "docs").rglob("*.md")]
    named = {
        name for page in pages for name in re.findall(r"/opt/cds(?:-[\d.]+)?/(deploy/[\w./@-]+\w)", page)
    }
    assert {"deploy/cds-service.service", "deploy/cds-service@.service", "deploy/cds-service.sh"} <= named
    assert [name for name in named if not (ROOT / name).exists()] == []
