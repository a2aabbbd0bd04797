"""The command: settings, one round by the real wiring, the heartbeat from which the next round goes on."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from cds_service.cli import main
from cds_service.settings.environment import BadSettings, read_settings
from cds_service.settings.site_file import BadSite, read_site
from cds_service.watch.heartbeat import FIRST_LOOK_BACK, beat, seen_up_to
from cds_service.watch.watch_rounds import Round
from tests.installation import A_KEY
from tests.watch.rig import potassium, running

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def _site(folder, base, more=""):
    file = folder / "site.toml"
    file.write_text(
        f'[[fhir_servers]]\nbase = "{base}"\n[study_list]\nfhir_base = "{base}"\n'
        f'[watch]\nheartbeat_file = "watch.json"\n{more}'
    )
    return file


def _environment(monkeypatch, folder, site, **more):
    settings = {
        "CDS_ENVIRONMENT": "development",
        "CDS_SITE_FILE": str(site),
        "CDS_DATABASE_URL": f"sqlite:///{folder / 'cds.sqlite3'}",
        "CDS_PSEUDONYM_KEY": A_KEY,
    }
    for name, value in (settings | more).items():
        monkeypatch.setenv(name, value)


def test_one_round_tells_and_beats_and_the_next_tells_nothing(tmp_path, monkeypatch):
    with running() as rig:
        _environment(monkeypatch, tmp_path, _site(tmp_path, rig.base))
        rig.write(potassium(6.3))
        assert main(["watch", "--once"]) == 0
        told = json.loads((tmp_path / "watch.json").read_text())
        assert (told["told"], told["enrolled"], told["behind"], told["mailed"]) == (1, 1, False, 0)
        assert main(["watch", "--once"]) == 0
        assert json.loads((tmp_path / "watch.json").read_text())["told"] == 0
        assert len(rig.all("Task")) == len(rig.all("CommunicationRequest")) == 1


def test_a_server_that_is_away_leaves_the_moment_where_it_was_and_says_so(tmp_path, monkeypatch):
    _environment(monkeypatch, tmp_path, _site(tmp_path, "http://127.0.0.1:9/fhir"))
    beat(tmp_path / "watch.json", NOW, NOW, Round())
    assert main(["watch", "--once"]) == 1
    told = json.loads((tmp_path / "watch.json").read_text())
    assert (told["seenUpTo"], told["behind"]) == (NOW.isoformat(), True)
    assert told["alive"] > NOW.isoformat()


@pytest.mark.parametrize(
    ("more", "why"),
    [({"CDS_MODE": "shadow"}, "CDS_MODE=shadow"), ({"CDS_UNSIGNED_CONTENT": "refused"}, "not been signed")],
)
def test_it_tells_nobody_in_shadow_or_by_refused_content(tmp_path, monkeypatch, capsys, more, why):
    _environment(monkeypatch, tmp_path, _site(tmp_path, "http://127.0.0.1:9/fhir"), **more)
    assert main(["watch", "--once"]) == 2
    assert why in capsys.readouterr().err


def test_without_a_table_there_is_nothing_to_watch(monkeypatch, tmp_path, capsys):
    site = tmp_path / "empty.toml"
    site.write_text("")
    _environment(monkeypatch, tmp_path, site)
    assert main(["watch", "--once"]) == 2
    assert "no [watch]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("poll_seconds = 4", "from 5 to 3600"),
        ("escalate_minutes = 0", "from 1 to 1440"),
        ('escalate_to = ["nobody"]', "no mail address"),
        ('endpoint = "https://cds.example/watch/notify"', "32 characters"),
        ('endpoint = "https://cds.example/watch/notify"\nsecret_file = "short"', "32 characters"),
        ('endpoint = "https://cds.example/watch/notify"\nsecret_file = "none"', "cannot be read"),
        ('endpoint = "nowhere"', "endpoint"),
    ],
)
def test_a_table_that_cannot_be_used_is_a_fault(tmp_path, more, why):
    (tmp_path / "short").write_text("s" * 31)
    with pytest.raises(BadSite, match=f"watch: .*{why}"):
        read_site(_site(tmp_path, "https://ehr.example/fhir", more))


def test_both_edges_are_taken_and_the_list_is_needed(tmp_path):
    (tmp_path / "secret").write_text("s" * 32 + "\n")
    more = 'endpoint = "https://cds.example/watch/notify"\nsecret_file = "secret"\npoll_seconds = 5\nescalate_minutes = 1'
    found = read_site(_site(tmp_path, "https://ehr.example/fhir", more)).watch
    assert (found.secret, found.poll_seconds, found.escalate_minutes) == ("s" * 32, 5, 1)
    assert (tmp_path / "secret") in read_site(tmp_path / "site.toml").files
    (tmp_path / "alone.toml").write_text('[watch]\nheartbeat_file = "watch.json"\n')
    with pytest.raises(BadSite, match=r"needs a \[study_list\]"):
        read_site(tmp_path / "alone.toml")


def test_an_open_endpoint_is_insecure(tmp_path):
    (tmp_path / "secret").write_text("s" * 32)
    site = _site(
        tmp_path, "https://ehr.example/fhir", 'endpoint = "http://cds.example/w"\nsecret_file = "secret"'
    )
    with pytest.raises(BadSettings, match="watch: endpoint must be https"):
        read_settings({"CDS_SITE_FILE": str(site)})


@pytest.mark.parametrize("text", [None, "", "{}", "[]", '{"seenUpTo": 7}', '{"seenUpTo": "2026-03-02"}'])
def test_a_heartbeat_that_cannot_be_read_looks_back_seven_days(tmp_path, text):
    file = tmp_path / "watch.json"
    if text is not None:
        file.write_text(text)
    assert seen_up_to(file, NOW) == NOW - FIRST_LOOK_BACK


def test_a_moment_of_the_future_is_not_believed(tmp_path):
    file = tmp_path / "watch.json"
    beat(file, NOW, NOW + timedelta(days=1), Round())
    assert seen_up_to(file, NOW) == NOW


def test_the_metrics_stand_beside_it(tmp_path):
    beat(tmp_path / "watch.json", NOW, NOW - timedelta(minutes=2), Round(enrolled=3, unanswered=1))
    lines = (tmp_path / "watch.json.prom").read_text().splitlines()
    assert f"cds_watch_alive_timestamp_seconds {NOW.timestamp():.0f}" in lines
    assert f"cds_watch_seen_up_to_timestamp_seconds {NOW.timestamp() - 120:.0f}" in lines
    assert {"cds_watch_enrolled 3", "cds_watch_unanswered 1"} <= set(lines)
