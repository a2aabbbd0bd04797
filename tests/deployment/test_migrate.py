"""`cds-service migrate`, as a job before an upgrade: tables of any older version, twice, and of a newer one."""

import pytest
from sqlalchemy import text

from cds_service.audit.database import connect, writing
from cds_service.audit.migrate import HEAD
from cds_service.cli.commands import main
from tests.installation import A_KEY


@pytest.fixture
def database(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path / 'store.sqlite3'}"
    for name, value in (("ENVIRONMENT", "development"), ("DATABASE_URL", url), ("PSEUDONYM_KEY", A_KEY)):
        monkeypatch.setenv(f"CDS_{name}", value)
    return url


def test_tables_are_made_and_stay_as_they_are(database, capsys):
    for _ in range(2):
        assert main(["migrate"]) == 0
        assert capsys.readouterr().out == f"Tables are at revision {HEAD}.\n"


def test_tables_of_a_newer_version_are_refused_untouched(database, capsys):
    main(["migrate"])
    engine = connect(database)
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert main(["migrate"]) == 2
    assert "9999" in capsys.readouterr().err
    with engine.begin() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"
    engine.dispose()
