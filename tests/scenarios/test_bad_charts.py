"""Charts as they should not be: each is a clear error or a stated gap, never a traceback, never a guess."""

import json
from functools import cache
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.cli import main
from cds_service.services.chart_file import UnreadableChart, read_chart
from cds_service.wiring import build_app
from tests.builders import NOW
from tests.hook_calls import HOOKS, call_body, prefetch_of
from tests.installation import an_installation
from tests.scenarios.dosing_charts import labs, level, taking
from tests.scenarios.fhir_charts import (
    Json,
    as_bytes,
    assessed,
    condition,
    count,
    enrolled,
    icd,
    observation,
    overall,
    patient,
    problems,
    status,
    with_patient,
)

AA = condition(icd("D61.3"))
TREATED = (*enrolled("sirolimus"), *taking("sirolimus", 2), *labs())
MEGABYTE = 1_000_000


@cache
def http() -> FlaskClient:
    return build_app(an_installation(), clock=lambda: NOW.instant).test_client()


def ask(body: Any, service: str = "aa-trial-titration") -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return http().post(f"/cds-services/{service}", data=data, content_type="application/json")


def refused(reply: Any, status_code: int) -> str:
    """What the OperationOutcome says."""
    assert reply.status_code == status_code, reply.get_data(as_text=True)[:300]
    outcome = reply.get_json()
    assert outcome["resourceType"] == "OperationOutcome"
    return str(outcome["issue"][0]["diagnostics"])


# ---------------------------------------------------------------- bodies


def test_a_body_over_the_limit_is_413_and_nothing_is_read_of_it() -> None:
    body = json.dumps(call_body("aa-trial-titration", "p1", prefetch_of(with_patient(*TREATED)))).encode()
    refused(ask(body + b" " * 60 * MEGABYTE), 413)


def test_fifty_megabytes_on_the_command_line_are_read_or_refused_in_one_line(
    tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    chart = tmp_path / "chart.json"
    note = {
        "resourceType": "Observation",
        "id": "big",
        "status": "final",
        "note": [{"text": "x" * 50 * MEGABYTE}],
    }
    chart.write_bytes(as_bytes(*with_patient(AA, note)))
    assert main(["assess", str(chart), "--as-of", "2026-03-02"]) == 0
    assert json.loads(capsys.readouterr().out)["eligibility"]["status"] == "undetermined"
    chart.write_bytes(b'{"resourceType":"Bundle","entry":[' + b"{}," * (MEGABYTE // 3))
    assert main(["assess", str(chart)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2  # the first says which site file


@pytest.mark.parametrize("service", HOOKS)
def test_a_chart_of_another_patient_is_refused_by_every_service(service: str) -> None:
    prefetch = prefetch_of([{**patient(), "id": "p2"}])
    context: Json = {}
    if "order" in service:
        context = {"draftOrders": {"resourceType": "Bundle"}, "selections": []}
    if service == "aa-trial-diagnosis":
        context = {"conditions": {"resourceType": "Bundle", "entry": [{"resource": AA}]}}
    said = refused(ask(call_body(service, "p1", prefetch, **context), service), 400)
    assert "another patient" in said


def test_entries_of_another_patient_within_a_part_are_dropped_and_named() -> None:
    other = condition(icd("C92.0"), subject={"reference": "Patient/p2"})
    told = assessed(AA, other)
    assert "WRONG_PATIENT" in problems(told)
    assert status(told, "E2") == "unknown"


def test_two_patients_in_one_bundle_are_no_chart() -> None:
    with pytest.raises(UnreadableChart, match="expected one Patient, found 2"):
        read_chart(as_bytes(patient(), {**patient(), "id": "p2"}))


# ---------------------------------------------------------------- nothing there


def test_an_empty_chart_is_a_patient_of_whom_nothing_is_known() -> None:
    told = assessed(patient(birth=None, gender=None))
    assert overall(told) == "not-a-candidate"
    assert {c["status"] for c in told["eligibility"]["criteria"]} == {"unknown"}
    assert (told["titration"], told["safety"], told["monitoring"]) == ([], [], [])


@pytest.mark.parametrize("service", ["aa-trial-eligibility", "aa-trial-titration", "aa-trial-visit"])
def test_an_empty_chart_has_no_card(service: str) -> None:
    assert ask(call_body(service, "p1", prefetch_of([patient()])), service).get_json() == {"cards": []}


# ---------------------------------------------------------------- dates


@pytest.mark.parametrize(
    ("birth", "adult"),
    [
        ("1986", "met"),
        ("2008", "unknown"),
        ("2008-03", "unknown"),
        ("2009", "not-met"),
        ("yesterday", "unknown"),
    ],
)
def test_a_birth_date_decides_only_where_each_day_it_may_be_agrees(birth: str, adult: str) -> None:
    assert status(assessed(patient(birth), AA), "I1") == adult


@pytest.mark.parametrize(
    ("when", "problem"),
    [
        ("2026", "DATE_IMPRECISE"),
        ("2026-02", "DATE_IMPRECISE"),
        ("2027-01-01", "FUTURE_DATED"),
        (None, "DATE_MISSING"),
    ],
)
def test_a_blood_count_or_a_level_of_no_certain_past_day_decides_nothing_and_is_named(
    when: str | None, problem: str
) -> None:
    told = assessed(AA, *count(84, 10, 0.3, when=when))
    assert status(told, "I3") == "unknown"
    assert problem in problems(told)
    told = assessed(*TREATED, level("sirolimus", 3, when))
    assert problem in problems(told)
    assert told["titration"][0]["state"] == "RECHECK"


# ---------------------------------------------------------------- amounts


@pytest.mark.parametrize("value", [-5, 0, 99999])
def test_a_count_that_cannot_be_is_no_count_and_is_named(value: int) -> None:
    told = assessed(AA, observation("718-7", value, "g/L"))
    assert status(told, "I3") == "unknown"
    assert "VALUE_IMPLAUSIBLE" in problems(told)
    assert f"{value} g/L" in next(c["seen"] for c in told["eligibility"]["criteria"] if c["id"] == "I3")


def test_a_negative_level_is_no_level() -> None:
    told = assessed(*TREATED, level("sirolimus", -3))
    (decision,) = told["titration"]
    assert (decision["state"], decision["proposedDose"], decision["trough"]["validity"]) == (
        "RECHECK",
        None,
        "MISSING",
    )
    assert "VALUE_IMPLAUSIBLE" in problems(told)


@pytest.mark.parametrize("mg", [-2, 0])
def test_a_dose_of_nothing_or_less_is_no_dose_in_force(mg: int) -> None:
    (decision,) = assessed(*enrolled("sirolimus"), *taking("sirolimus", mg), *labs(), level("sirolimus", 3))[
        "titration"
    ]
    assert (decision["state"], decision["currentDose"], decision["proposedDose"]) == (
        "CANNOT_ADVISE",
        None,
        None,
    )
