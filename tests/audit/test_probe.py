"""`check` tries the database and the key as a start would, and leaves both as they were."""

import pytest
from sqlalchemy import text

from cds_service.audit.database import connect, open_store, reading, writing
from cds_service.audit.key_check import check_key
from cds_service.audit.probe import _missing_file, probe
from cds_service.audit.pseudonym import Pseudonyms
from cds_service.audit.store_errors import OtherKey, StoreUnavailable, StoreUnusable, UnknownRevision
from cds_service.cli.check import check
from tests.audit.rows import KEYS, rows
from tests.installation import A_KEY, ANOTHER_KEY

OTHERS = Pseudonyms(ANOTHER_KEY)


@pytest.fixture
def ours(store):
    """A database that has been used with our key."""
    check_key(store, KEYS)
    return store


def test_a_database_in_order_is_said_to_be_and_nothing_is_left_in_it(ours, url):
    before = rows(ours, "installation")
    assert probe(url, KEYS) == ["the database answers, its tables are up to date, and it can be written"]
    assert rows(ours, "installation") == before


def test_another_key_is_told_where_one_is_noted(ours, url):
    with pytest.raises(OtherKey):
        probe(url, OTHERS)
    assert probe(url, None)


def test_before_the_first_key_any_will_do_and_none_is_noted(store, url):
    probe(url, OTHERS)
    assert rows(store, "installation") == []


def test_a_file_that_is_not_there_is_not_made(tmp_path):
    file = tmp_path / "new.sqlite3"
    assert probe(f"sqlite:///{file}", KEYS) == [
        f"the SQLite file {file} is not there yet: the first start makes it"
    ]
    assert not file.exists()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("sqlite:////no/such/folder/x.sqlite3", "/no/such/folder does not exist"),
        ("sqlite://", "needs a file"),
        ("nonsense", "no database URL"),
        ("mysql://u:SECRET@h/d", "must start with"),
    ],
)
def test_what_cannot_be_used_is_told(url, why):
    with pytest.raises(StoreUnusable, match=why) as told:
        probe(url, KEYS)
    assert "SECRET" not in str(told.value)


def test_a_server_that_does_not_answer_is_told():
    with pytest.raises(StoreUnavailable):
        probe("postgresql://cds:SECRET@127.0.0.1:1/x", KEYS)


def test_an_empty_database_stays_empty(tmp_path, closing):
    url = f"sqlite:///{tmp_path}/empty.sqlite3"
    engine = closing(connect(url))  # makes the file
    assert probe(url, KEYS) == ["the database answers, and is empty: the first start makes its tables"]
    with reading(engine) as connection:
        assert connection.execute(text("SELECT * FROM sqlite_master")).all() == []


def revise(engine, revision):
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :r"), {"r": revision})


def test_tables_of_an_older_version_are_said_to_be_brought_up_to_date_and_are_not(ours, url):
    revise(ours, "0001")
    try:
        assert probe(url, KEYS) == [
            "the database answers; a start brings its tables from revision 0001 to 0004"
        ]
        assert rows(ours, "installation")
    finally:
        revise(ours, "0004")


def test_tables_of_a_newer_version_are_refused(ours, url):
    revise(ours, "9999")
    try:
        with pytest.raises(UnknownRevision):
            probe(url, KEYS)
    finally:
        revise(ours, "0004")


def test_a_damaged_file_is_told(tmp_path):
    file = tmp_path / "x.sqlite3"
    open_store(f"sqlite:///{file}").dispose()
    with file.open("r+b") as opened:
        opened.write(b"\xa5" * 5000)
    with pytest.raises(StoreUnusable, match="damaged"):
        probe(f"sqlite:///{file}", KEYS)


def test_a_database_that_cannot_be_written_is_told(tmp_path, closing):
    url = f"sqlite:///{tmp_path}/x.sqlite3"
    with writing(closing(open_store(url))) as connection:
        connection.execute(
            text("CREATE TRIGGER no BEFORE INSERT ON installation BEGIN SELECT RAISE(ABORT, 'no'); END")
        )
    with pytest.raises(StoreUnusable, match="cannot be written"):
        probe(url, KEYS)


# ---------------------------------------------------------------- as `check` says it


@pytest.fixture
def environment(monkeypatch, tmp_path):
    """Development settings with a SQLite file that does not exist yet."""
    monkeypatch.delenv("CDS_SITE_FILE", raising=False)
    monkeypatch.setenv("CDS_ENVIRONMENT", "development")
    monkeypatch.setenv("CDS_PSEUDONYM_KEY", A_KEY)
    monkeypatch.setenv("CDS_DATABASE_URL", f"sqlite:///{tmp_path}/cds.sqlite3")
    return monkeypatch


def test_check_says_that_database_and_key_are_in_order(environment, tmp_path, capsys):
    check_key(open_store(f"sqlite:///{tmp_path}/cds.sqlite3"), Pseudonyms(A_KEY))
    assert check(None) == 0
    assert "the database answers" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("CDS_PSEUDONYM_KEY", ANOTHER_KEY, "its pseudonyms were made with another CDS_PSEUDONYM_KEY"),
        ("CDS_PSEUDONYM_KEY", "short", "must have at least 32 characters"),
        (
            "CDS_DATABASE_URL",
            "postgresql://cds:SECRET@127.0.0.1:1/x",
            "the database is not available (connection failed: connection to server at ",
        ),
        ("CDS_DATABASE_URL", "sqlite:////no/x", "the folder /no does not exist"),
    ],
)
def test_check_lists_what_is_wrong_with_them_among_the_faults(
    environment, tmp_path, capsys, name, value, told
):
    check_key(open_store(f"sqlite:///{tmp_path}/cds.sqlite3"), Pseudonyms(A_KEY))
    environment.setenv(name, value)
    environment.setenv("CDS_WORKERS", "many")
    assert check(None) == 2
    faults = [line for line in capsys.readouterr().err.splitlines() if line.startswith("cds-service: ")]
    assert any(told in fault for fault in faults)
    assert any("CDS_WORKERS" in fault for fault in faults)
    assert "SECRET" not in "".join(faults)


@pytest.mark.parametrize(
    ("database", "is_missing"),
    [("there", False), ("not there", True), (":memory:", False), ("", False), ("file:x", False)],
)
def test_only_a_file_that_is_to_be_made_is_called_missing(tmp_path, monkeypatch, database, is_missing):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").touch()
    found = _missing_file(f"sqlite:///{database}")
    assert found == (tmp_path / database if is_missing else None)
    assert _missing_file("postgresql://db/cds") is None
