"""Each trial that states an alarm is watched by itself: its own tasks and mails; of one that states none this is said."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from cds_service import wiring
from cds_service.cli.commands import main as command_line
from cds_service.cli.watch import build_watches, one_round
from cds_service.demo.demo_patients import demo_patients
from cds_service.demo.start_demo import everything
from cds_service.settings.environment import Settings
from cds_service.study_list.registered import Mail
from cds_service.trials.installed import shipped_trials
from cds_service.watch.watch_rounds import Round, Watch
from tests.explain.rig import now
from tests.second_trial.two_trials import FIRST, SECOND, Hospital, enrolled, hospital, result
from tests.watch.rig import MAIL, PATIENT

Json = dict[str, Any]
TOY = "in-pnh-trial"
UNWATCHED = "tests.second_trial.danazol_unwatched"
WATCH = '[watch]\nheartbeat_file = "watch.json"\n'
ALT_ALARM = "1742-6", 700.0, "U/L"


def held() -> list[Json]:
    """A participant of each trial, and a result of each that is critical in the own trial alone."""
    patients = tuple(one for one in demo_patients(now().date()) if one.id == PATIENT)
    in_second = enrolled(TOY, SECOND, "danazol")
    return [
        *everything(patients),
        *in_second,
        result("2823-3", 6.3, "mmol/L", PATIENT),
        result(*ALT_ALARM, TOY),
        result("2823-3", 6.3, "mmol/L", TOY),
    ]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hospital]:
    with hospital(tmp_path, monkeypatch, held(), more=WATCH) as running:
        yield running


def watches(settings: Settings, sent: list[EmailMessage], mail: Mail = MAIL) -> tuple[Watch, ...]:
    """The watches of the command, with a mail of the test's."""
    assert settings.site.watch
    found = build_watches(settings, settings.site.watch)
    return tuple(replace(one, mail=mail, send=sent.append) for one in found)


def test_each_trials_participants_are_told_of_by_its_own_rules(place: Hospital) -> None:
    assert command_line(["watch", "--once"]) == 0
    told = {task["for"]["reference"]: task for task in place.all("Task")}
    assert told.keys() == {f"Patient/{PATIENT}", f"Patient/{TOY}"}
    assert "SAF-K6" in told[f"Patient/{PATIENT}"]["description"]
    assert "SAF-ALT" in told[f"Patient/{TOY}"]["description"]
    assert "groupIdentifier" not in told[f"Patient/{PATIENT}"], "as at a site that serves no other trial"
    assert told[f"Patient/{TOY}"]["groupIdentifier"] == SECOND.identifier
    beat = json.loads((place.folder / "watch.json").read_text())
    assert (beat["enrolled"], beat["told"], beat["behind"]) == (2, 2, False)
    assert command_line(["watch", "--once"]) == 0
    assert json.loads((place.folder / "watch.json").read_text())["told"] == 0
    assert len(place.all("Task")) == len(place.all("CommunicationRequest")) == 2


def test_mails_acknowledgement_and_escalation_are_each_trials_own(place: Hospital) -> None:
    settings, sent = wiring.settings_from_environment(), list[EmailMessage]()
    desks = watches(settings, sent)
    first, second = desks
    moment = now()
    assert not one_round(desks, settings, moment)
    assert [one["Subject"].split(":")[0] for one in sent] == [FIRST.id, SECOND.id]
    (task,) = [one for one in place.all("Task") if one["for"]["reference"] == f"Patient/{TOY}"]
    place.list_of(SECOND).transact(
        [
            {
                "resource": {**task, "status": "accepted"},
                "request": {"method": "PUT", "url": f"Task/{task['id']}"},
            }
        ]
    )
    late = moment + timedelta(hours=1)
    assert (second.round(moment, late).acknowledged, second.round(moment, late).unanswered) == (1, 0)
    done = first.round(moment, late)
    assert (done.acknowledged, done.unanswered, done.escalated) == (0, 1, 1)
    assert sent[-1]["Subject"].startswith(f"{FIRST.id}: 1 ")


def test_the_first_trials_alarms_are_called_as_at_a_site_of_its_own(place: Hospital) -> None:
    """A further trial comes to a site: what was told is not told again."""
    both = (place.folder / "site.toml").read_text()
    alone = both.replace(both.splitlines()[0], "")
    (place.folder / "site.toml").write_text(alone)
    assert command_line(["watch", "--once"]) == 0
    (before,) = place.all("Task")
    (place.folder / "site.toml").write_text(both)
    (place.folder / "watch.json").unlink()
    assert command_line(["watch", "--once"]) == 0
    assert before["identifier"] in [task["identifier"] for task in place.all("Task")]
    assert len(place.all("Task")) == 2


def test_of_a_trial_whose_folder_states_no_alarm_this_is_said_and_nobody_is_watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    trials = (*shipped_trials(), UNWATCHED)
    with hospital(tmp_path, monkeypatch, held(), trials, WATCH) as place:
        assert command_line(["watch", "--once"]) == 0
        assert (
            f"{SECOND.id}: its folder states no alarm, so nobody in it is watched" in capsys.readouterr().err
        )
        assert [task["for"]["reference"] for task in place.all("Task")] == [f"Patient/{PATIENT}"]
        assert json.loads((tmp_path / "watch.json").read_text())["enrolled"] == 1


def test_where_no_trial_states_an_alarm_there_is_nothing_to_watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with hospital(tmp_path, monkeypatch, [], (UNWATCHED,), WATCH):
        assert command_line(["watch", "--once"]) == 2
    assert "there is nothing to watch" in capsys.readouterr().err


def test_what_one_trial_missed_leaves_the_moment_where_it_was(place: Hospital) -> None:
    settings, sent = wiring.settings_from_environment(), list[EmailMessage]()
    first, second = watches(settings, sent)
    away = replace(second, server=replace(second.server, seconds=0.0001))
    since: datetime = now() - timedelta(minutes=1)
    done = first.round(since, now()) + away.round(since, now())
    assert (done.behind, done.enrolled) == (True, 1)
    assert Round(told=1, behind=True) + Round(told=2) == Round(told=3, behind=True)
    with first.engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM alarms")).scalar() == 1
