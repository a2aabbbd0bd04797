"""Other services from the same source: one version further, and one whose clock is wrong."""

import shutil
from pathlib import Path

import cds_service
from cds_service.audit import migrate
from cds_service.audit.migrate import HEAD

NEXT = "9999"
_MIGRATION = f'''"""What a later version may bring: a table, and a column that may be empty."""

import sqlalchemy as sa
from alembic import op

revision = "{NEXT}"
down_revision = "{HEAD}"


def upgrade() -> None:
    op.create_table("of_tomorrow", sa.Column("id", sa.Integer, primary_key=True))
    op.add_column("calls", sa.Column("of_tomorrow", sa.Text, nullable=True))
'''
BACK = ("DROP TABLE IF EXISTS of_tomorrow", "ALTER TABLE calls DROP COLUMN IF EXISTS of_tomorrow")


def next_version(folder: Path) -> dict[str, str]:
    """This one with one more migration, written there; the environment that runs it instead of this one."""
    package = _copy(folder)
    tables = package / Path(migrate.__file__).parent.name
    _change(tables / "migrate.py", f'HEAD = "{HEAD}"', f'HEAD = "{NEXT}"')
    (tables / f"migrations/versions/{NEXT}_of_tomorrow.py").write_text(_MIGRATION, encoding="utf-8")
    return {"PYTHONPATH": str(folder)}


def with_clock(folder: Path, ahead: float) -> dict[str, str]:
    """This one with a clock so many seconds ahead: `wiring` is the only module that reads it."""
    _change(_copy(folder) / "wiring.py", "from datetime import datetime\n", _CLOCK.format(ahead=ahead))
    return {"PYTHONPATH": str(folder)}


_CLOCK = """\
from datetime import datetime as _true
from datetime import timedelta as _timedelta


class datetime(_true):
    @classmethod
    def now(cls, tz=None):
        return _true.now(tz) + _timedelta(seconds={ahead})


"""


def _copy(folder: Path) -> Path:
    package = folder / "cds_service"
    shutil.copytree(Path(cds_service.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    return package


def _change(file: Path, before: str, after: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(before) == 1, before
    file.write_text(text.replace(before, after), encoding="utf-8")
