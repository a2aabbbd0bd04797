"""The commands about the database, as an operator runs them."""

import io
from datetime import UTC, date, datetime, timedelta

import pytest

from cds_service.audit.append_calls import append_call
from cds_service.audit.key_check import check_key
from cds_service.cli import main
from cds_service.cli.deletion import delete_old, delete_one_patient
from cds_service.cli.feedback_report import feedback_report
from tests.audit.rows import KEYS, NOW, PATIENT, a_call, a_card, rows


@pytest.fixture
def settings(url, monkeypatch):
    """Development settings; the database holds nothing yet."""
    monkeypatch.setenv("CDS_ENVIRONMENT", "development")
    monkeypatch.setenv("CDS_DATABASE_URL", url)
    monkeypatch.setenv("CDS_PSEUDONYM_KEY", "k" * 32)
    monkeypatch.delenv("CDS_SITE_FILE", raising=False)
    return monkeypatch


@pytest.fixture
def given(settings, store):
    """One card, given at nine in the morning at the site."""
    append_call(store, a_call(a_card(rules=("I1",))))
    return store


DAY = NOW.date()


@pytest.mark.parametrize(
    ("since", "until", "shown"),
    [
        (None, None, 1),
        (DAY, DAY, 1),
        (DAY + timedelta(days=1), None, 0),
        (None, DAY - timedelta(days=1), 0),
        (date(2000, 1, 1), date(2100, 1, 1), 1),
    ],
)
def test_the_report_is_about_the_days_asked_for(given, capsys, since, until, shown):
    assert feedback_report(since, until, csv=True) == 0
    header, *lines = capsys.readouterr().out.splitlines()
    assert header == "rule,software,texts,shown,accepted,overridden,ignored,reasons,trial"
    assert lines == ["I1,0.1.0,t1,1,0,0,1,,NCT06802055"] * shown


@pytest.mark.parametrize("command", ["feedback-report", "delete-old", "delete-patient", "replay"])
def test_every_help_has_an_example(command, capsys):
    with pytest.raises(SystemExit) as over:
        main([command, "--help"])
    assert over.value.code == 0
    assert f"cds-service {command}" in capsys.readouterr().out.partition("example:")[2]


@pytest.mark.parametrize(
    "arguments",
    [
        ["feedback-report", "--since", "yesterday"],
        ["feedback-report", "--until", "2026-02-30"],
        ["delete-old"],
        ["delete-old", "--days", "0"],
        ["delete-old", "--days", "-1"],
        ["delete-old", "--days", "99999"],
    ],
)
def test_a_command_line_that_is_none_is_2(arguments):
    with pytest.raises(SystemExit) as over:
        main(arguments)
    assert over.value.code == 2


def test_both_commands_run_as_typed(given, capsys):
    assert main(["feedback-report", "--since", "2026-03-02", "--until", "2026-03-02", "--csv"]) == 0
    assert "I1,0.1.0" in capsys.readouterr().out
    assert main(["delete-old", "--days", "36500"]) == 0
    assert capsys.readouterr().out.endswith(": 0\n")


def test_the_report_reads_in_a_terminal_too(given, capsys):
    assert feedback_report(None, None, csv=False) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()][1] == [
        "I1",
        "0.1.0",
        "t1",
        "1",
        "0",
        "0",
        "1",
        "NCT06802055",
    ]


def test_days_begin_at_midnight_of_the_site(settings, store, capsys):
    """Shanghai, the site of the default settings, is eight hours ahead of UTC."""
    append_call(store, a_call(a_card(rules=("I1",)), at=datetime(2026, 3, 1, 16, 0, tzinfo=UTC)))
    for day, shown in ((date(2026, 3, 1), 0), (date(2026, 3, 2), 1)):
        feedback_report(day, day, csv=True)
        assert len(capsys.readouterr().out.splitlines()) == 1 + shown


def test_old_calls_are_deleted_and_a_warning_is_given_about_snoozes(given, capsys):
    append_call(given, a_call(at=datetime(2999, 1, 1, tzinfo=UTC), hook_instance="new"))
    assert delete_old(1) == 0
    out, err = capsys.readouterr()
    assert out == "Calls deleted, each with its cards and reactions: 1\n"
    assert "Snoozes" in err
    assert len(rows(given, "calls")) == 1


def test_a_patient_is_deleted_by_the_id_on_standard_input(given, settings, capsys):
    settings.setattr("sys.stdin", io.StringIO("p1\n"))
    assert delete_one_patient("ward", None) == 0
    assert capsys.readouterr().out.endswith(": 1\n")
    assert PATIENT not in repr(rows(given, "calls"))


@pytest.mark.parametrize(
    ("typed", "tenant", "issuer", "told"),
    [
        ("p2\n", "ward", None, "under tenant 'ward'. Is"),
        ("p1\n", "", None, "under no tenant. Is"),
        ("p1\n", "ward", "https://other.example", "under tenant 'ward' at https://other.example. Is"),
    ],
)
def test_who_is_not_found_is_said_and_is_no_success(given, settings, capsys, typed, tenant, issuer, told):
    settings.setattr("sys.stdin", io.StringIO(typed))
    assert delete_one_patient(tenant, issuer) == 1
    said = capsys.readouterr()
    assert (said.out, told in said.err) == ("", True)
    assert "p1" not in said.err
    assert len(rows(given, "calls")) == 1


@pytest.mark.parametrize(("typed", "key"), [("\n", "k"), ("", "k"), ("p1\n", "o")])
def test_without_the_id_or_with_another_key_nothing_is_deleted(given, settings, capsys, typed, key):
    settings.setattr("sys.stdin", io.StringIO("p1\n"))
    check_key(given, KEYS)
    settings.setattr("sys.stdin", io.StringIO(typed))
    settings.setenv("CDS_PSEUDONYM_KEY", key * 32)
    assert delete_one_patient("ward", None) == 2
    assert capsys.readouterr().err.startswith("cds-service: ")
    assert len(rows(given, "calls")) == 1


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("CDS_DATABASE_URL", "oracle://SECRET@x/y", "CDS_DATABASE_URL: must start with"),
        ("CDS_DATABASE_URL", "postgresql://cds:SECRET@127.0.0.1:1/x", "the database is not available"),
        ("CDS_WORKERS", "many", "CDS_WORKERS"),
    ],
)
def test_what_cannot_be_used_is_2_and_one_clear_line(tmp_path, monkeypatch, capsys, variable, value, told):
    monkeypatch.setenv("CDS_ENVIRONMENT", "development")
    monkeypatch.setenv("CDS_DATABASE_URL", f"sqlite:///{tmp_path / 'x.sqlite3'}")
    monkeypatch.setenv(variable, value)
    assert feedback_report(None, None, csv=False) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert told in err
    assert "SECRET" not in err
