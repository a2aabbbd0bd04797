"""A throw-away PostgreSQL for the tests: a cluster of its own in a temporary folder, on a socket in it."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg

MISSING = "PostgreSQL is not here: apt-get install postgresql"
OWNERS = ("postgres", "nobody")  # the server refuses to run as root


def binaries() -> Path | None:
    """Where `initdb` is: by pg_config, else where Debian keeps it."""
    folders = [Path(p) for p in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    if found := shutil.which("pg_config"):
        said = subprocess.run([found, "--bindir"], capture_output=True, text=True, check=True).stdout
        folders.insert(0, Path(said.strip()))
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@contextmanager
def cluster(*, waits_for_disk: bool = False) -> Iterator["Cluster"]:
    """A running cluster; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="cds-pg-"))
    server = Cluster(folder, binaries(), waits_for_disk=waits_for_disk)
    try:
        server.prepare()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Cluster:
    """One cluster: `url(name)` of a database, and stop and start, as operators do."""

    def __init__(self, folder: Path, bin_folder: Path, *, waits_for_disk: bool = False) -> None:
        self.folder = folder
        self._fsync = "on" if waits_for_disk else "off"
        self._bin = bin_folder
        self._owner = next(self._possible_owners(), None) if os.geteuid() == 0 else None

    @staticmethod
    def _possible_owners() -> Iterator[str]:
        import pwd

        names = {entry.pw_name for entry in pwd.getpwall()}
        return (name for name in OWNERS if name in names)

    def prepare(self) -> None:
        if self._owner:
            shutil.chown(self.folder, self._owner)
        self._run(
            "initdb", "-D", str(self.folder / "data"), "-A", "trust", "-U", "cds", "-E", "UTF8", "--no-sync"
        )

    def start(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c fsync={self._fsync} -c max_connections=40"
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-l", log, "-o", options, "-w", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")

    def sql(self, statement: str) -> None:
        with psycopg.connect(
            host=str(self.folder), user="cds", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement)

    def url(self, name: str) -> str:
        return f"postgresql://cds@/{name}?host={quote(str(self.folder), safe='')}"

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._bin / program), *arguments],
            stdout=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
            stderr=subprocess.STDOUT if program == "initdb" else subprocess.DEVNULL,
            user=self._owner,
            cwd=self.folder,
        )
        assert done.returncode == 0, (program, done.stdout)
