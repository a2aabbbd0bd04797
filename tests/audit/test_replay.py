"""A saved request judged anew: the same advice, or what has changed since."""

import json
from pathlib import Path

import pytest

from cds_service.cli import main
from cds_service.wiring import build_app
from tests.builders import NOW
from tests.hook_calls import call_body, prefetch_of
from tests.installation import KEY, an_installation
from tests.web.test_memory import PATIENTS, cards, overridden, snooze

SERVICE = "aa-trial-titration"
PAGE = (Path(__file__).parents[2] / "docs/how-to/report-and-replay.md").read_text(encoding="utf-8")


@pytest.fixture
def saved(tmp_path, monkeypatch):
    """A call that was made, with the same settings in the environment; its body as a file."""
    settings = an_installation()
    http = build_app(settings, lambda: NOW.instant).test_client()
    for name, value in {
        "CDS_ENVIRONMENT": "development",
        "CDS_DATABASE_URL": settings.database_url.reveal(),
        "CDS_PSEUDONYM_KEY": KEY.reveal(),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("CDS_SITE_FILE", raising=False)
    file = tmp_path / "request.json"

    def call(patient, service=SERVICE, **members):
        body = call_body(service, patient, prefetch_of(PATIENTS[patient].resources)) | members
        file.write_text(json.dumps(body))
        return http.post(f"/cds-services/{service}", json=body)

    call.http, call.file = http, file
    return call


def replayed(file, capsys):
    capsys.readouterr()  # what the service logged until now
    code = main(["replay", str(file)])
    return code, capsys.readouterr().out


@pytest.mark.parametrize("patient", sorted(PATIENTS))
def test_the_advice_of_every_demo_patient_is_the_same_again(saved, capsys, patient):
    saved(patient)
    assert replayed(saved.file, capsys) == (0, f"{SERVICE}, 2026-03-02T09:00:00+08:00: the same advice\n")


def test_both_services_of_a_hook_are_replayed_if_both_were_called(saved, capsys):
    saved("demo-08")
    saved("demo-08", "aa-trial-eligibility")
    code, out = replayed(saved.file, capsys)
    assert (code, out.count("the same advice")) == (0, 2)


def test_other_reviewed_texts_are_named_and_so_is_each_rule_that_changed(
    saved, capsys, monkeypatch, tmp_path
):
    saved("demo-08")
    site = tmp_path / "site.toml"
    monkeypatch.setenv("CDS_SITE_FILE", str(site))
    site.write_text('[tablets]\nsirolimus = [0.5]\n[thresholds]\n"titration.sirolimus_aim" = 4.5\n')
    code, out = replayed(saved.file, capsys)
    assert code == 1
    assert "OTHER ADVICE" in out
    assert "  texts: " in out
    assert "  rule SRL-02: " in out


def test_another_chart_is_told_by_its_input_hash(saved, capsys):
    saved("demo-09")
    body = json.loads(saved.file.read_text())
    body["prefetch"]["allergies"] = None
    body["prefetch"]["procedures"]["entry"] = []
    body["prefetch"]["observations"]["entry"] = []
    saved.file.write_text(json.dumps(body))
    code, out = replayed(saved.file, capsys)
    assert code == 1
    assert "  input_hash: sha256:" in out


def test_a_refusal_is_replayed_as_one(saved, capsys):
    assert saved("demo-08", prefetch={}).status_code == 412
    assert replayed(saved.file, capsys)[0] == 0


def test_what_was_held_back_then_is_no_difference(saved, capsys):
    first = saved("demo-01", "aa-trial-eligibility")
    items = [snooze(card, 90) for card in cards(first)]
    saved.http.post("/cds-services/aa-trial-eligibility/feedback", json={"feedback": items})
    again = saved("demo-01", "aa-trial-eligibility", hookInstance="00000000-0000-4000-8000-000000000002")
    assert cards(again) == []
    assert replayed(saved.file, capsys)[0] == 0


def test_replaying_writes_nothing(saved, capsys):
    (card, *_) = cards(saved("demo-13"))
    saved.http.post(f"/cds-services/{SERVICE}/feedback", json={"feedback": [overridden(card)]})
    before = saved("demo-13").data
    replayed(saved.file, capsys)
    assert saved("demo-13").data == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "is not the body of a hook call"),
        ("nothing", "is not the body of a hook call"),
        (json.dumps(call_body(SERVICE, "demo-08", {})), "not on record"),
    ],
)
def test_what_cannot_be_replayed_is_2_and_one_clear_line(saved, capsys, text, said):
    saved.file.write_text(text)
    assert main(["replay", str(saved.file)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 2)  # the first says which site file
    assert said in err


def test_a_file_that_is_not_there_is_2(saved, tmp_path, capsys):
    assert main(["replay", str(tmp_path / "none.json")]) == 2
    assert "No such file" in capsys.readouterr().err


def test_the_page_on_replay_shows_the_line_that_is_printed(saved, capsys):
    saved("demo-08")
    assert replayed(saved.file, capsys)[1] in PAGE
