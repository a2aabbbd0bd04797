"""Charts that were once answered wrongly, each with its right answer: file by file as the command or a call."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.cli import main
from cds_service.wiring import build_app
from tests.cases.expectations import card_shortfalls, shortfalls
from tests.installation import an_installation
from tests.scenarios.fhir_charts import SCHEMA

FOLDER = Path(__file__).parent
AS_OF = "2026-11-22T12:00:00+08:00"
CASES: dict[str, dict[str, Any]] = json.loads((FOLDER / "expected.json").read_text("utf-8"))
ASSESSED = sorted(name for name, case in CASES.items() if case["by"] == "assess")
ASKED = sorted(name for name, case in CASES.items() if case["by"] != "assess")


@pytest.mark.parametrize("name", ASSESSED)
def test_assess_answers_rightly(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    case = CASES[name]
    code = main(["assess", str(FOLDER / case["file"]), "--as-of", AS_OF])
    shown = capsys.readouterr()
    assert code == case["expect"].get("exit", 0), shown.err
    told = json.loads(shown.out)
    SCHEMA.validate(told)
    assert shortfalls(case["expect"], told) == []


@pytest.mark.parametrize("name", ASKED)
def test_the_service_answers_rightly(name: str) -> None:
    case = CASES[name]
    reply = http().post(
        f"/cds-services/{_service(case['by'])}",
        data=(FOLDER / case["file"]).read_bytes(),
        content_type="application/json",
    )
    assert card_shortfalls(case["expect"], reply.status_code, reply.get_json()) == []


def http() -> FlaskClient:
    """A service with an empty database, at the moment of the cases."""
    now = datetime.fromisoformat(AS_OF)
    return build_app(an_installation(), clock=lambda: now).test_client()


def _service(by: str) -> str:
    return by if by.startswith("aa-trial-") else f"aa-trial-{by}"


def test_every_file_is_a_case_and_every_case_a_file() -> None:
    files = {f"{f.parent.name}/{f.name}" for f in FOLDER.glob("*/*json") if f.parent != FOLDER}
    assert files == {case["file"] for case in CASES.values()}
