"""A hospital with both trials: its FHIR server, its site file, and people of each trial and of both."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from cds_service.demo.fhir_server import ChartServer, start_fhir_server
from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.fhir_client.bounded_http import bounded_session
from cds_service.rules.trial_record import TrialRecord
from cds_service.study_list.list_server import ListServer
from cds_service.trials.installed import shipped_trials, trials_in
from tests.installation import A_KEY
from tests.scenarios import fhir_charts as fhir
from tests.second_trial.danazol_trial import TRIAL

Json = dict[str, Any]
BOTH = (*shipped_trials(), TRIAL.module)
FIRST, SECOND = (trial.record for trial in trials_in(BOTH))
PNH, AA = fhir.icd("D59.5"), fhir.icd("D61.9")
PEOPLE = {"has-aa": (AA,), "has-both": (AA, PNH), "has-pnh": (PNH,)}
"""Candidates: of the first trial, of both, of the second."""


def resources(people: dict[str, tuple[Json, ...]]) -> list[Json]:
    """A Patient and the Conditions of each."""
    made = []
    for name, codes in people.items():
        made.append({**fhir.patient(), "id": name, "name": [{"text": f"Name of {name}"}]})
        made += [{**fhir.condition(code), "subject": {"reference": f"Patient/{name}"}} for code in codes]
    return made


def enrolled(name: str, trial: TrialRecord, arm: str) -> list[Json]:
    """A participant of a trial, by its number alone."""
    who = {"reference": f"Patient/{name}"}
    subject = {**fhir.participation(), "id": f"{name}-in-trial", "individual": who, "assignedArm": arm}
    return [{**fhir.patient(), "id": name}, {**subject, "study": {"identifier": trial.identifier}}]


def result(loinc: str, value: float, unit: str, name: str) -> Json:
    """A final result of ten minutes ago."""
    drawn = datetime.now(UTC) - timedelta(minutes=10)
    return {
        **fhir.observation(loinc, value, unit),
        "subject": {"reference": f"Patient/{name}"},
        "effectiveDateTime": drawn.isoformat(timespec="seconds"),
    }


@dataclass(frozen=True)
class Hospital:
    """`folder` holds site.toml, which the command line uses."""

    fhir: ChartServer
    folder: Path

    def list_of(self, trial: TrialRecord) -> ListServer:
        """The server as it keeps the list of one trial."""
        return ListServer(read_base(self.fhir.base_url), bounded_session(4), trial)

    def all(self, kind: str) -> list[Json]:
        """Every resource of a type."""
        found = requests.get(f"{self.fhir.base_url}/{kind}", timeout=10).json()
        return [entry["resource"] for entry in found.get("entry", ())]


@contextmanager
def hospital(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    held: list[Json],
    trials: tuple[str, ...] = BOTH,
    more: str = "",
) -> Iterator[Hospital]:
    """The server, and the environment of a command; `more` is added to the site file."""
    running = start_fhir_server(tuple(held))
    base = running.base_url
    (folder / "site.toml").write_text(
        f'trials = {json.dumps(trials)}\n[[fhir_servers]]\nbase = "{base}"\n'
        f'[study_list]\nfhir_base = "{base}"\n{more}'
    )
    told = {
        "CDS_ENVIRONMENT": "development",
        "CDS_SITE_FILE": str(folder / "site.toml"),
        "CDS_DATABASE_URL": f"sqlite:///{folder / 'cds.sqlite3'}",
        "CDS_PSEUDONYM_KEY": A_KEY,
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    try:
        yield Hospital(running, folder)
    finally:
        running.stop()
