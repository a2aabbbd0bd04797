"""An installation for tests: development settings, and a database of its own whose tables are there already."""

import atexit
import itertools
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from cds_service.audit.database import open_store
from cds_service.settings.environment import Environment, Secret, Settings
from cds_service.settings.site_file import Site

A_KEY, ANOTHER_KEY = "8f0c5e21b79d4a63c1e8073fa52d96b4", "d31a7c9e05f846b28e17c0a94b63f52d"
"""Keys that nobody could guess, had they not been printed here."""
KEY = Secret(A_KEY)
_serial = itertools.count(1)


@cache
def _folder() -> Path:
    """One folder for each test process; the tables are made once, and copied."""
    folder = Path(tempfile.mkdtemp(prefix="cds-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    open_store(f"sqlite:///{folder / 'template.sqlite3'}").dispose()
    return folder


def a_database() -> Secret:
    """The URL of an empty SQLite database that nobody else has."""
    file = _folder() / f"{next(_serial)}.sqlite3"
    shutil.copy(_folder() / "template.sqlite3", file)
    return Secret(f"sqlite:///{file}")


def an_installation(
    site: Site | None = None,
    environment: Environment = Environment.DEVELOPMENT,
    url: str = "http://127.0.0.1:8080",
    database: Secret | None = None,
    **more: Any,
) -> Settings:
    """Settings for `build_app`; `more` are further members."""
    return Settings(environment, url, site or Site(), database or a_database(), KEY, **more)
