"""PostgreSQL with a base backup and its log streamed away at each commit, so that a lost server loses no row."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psycopg

from tests.audit.postgres import Cluster

_RECEIVER = "cds-log-keeper"


class BackedUp(Cluster):
    """A cluster as a hospital keeps it: `back_up` while it serves, `lose`, and `restore` what was kept.

    As docs/how-to/back-up-and-restore.md says. `room` is a folder for the data, backup and log elsewhere than in its own.
    """

    def __init__(self, folder: Path, bin_folder: Path, room: Path | None = None) -> None:
        super().__init__(folder, bin_folder)
        self._room = room or folder
        self.data = self._room / "data"
        self._keeper: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        for place in (self.folder, self._room):
            if self._owner:
                shutil.chown(place, self._owner)
        options = ("-A", "trust", "-U", "cds", "-E", "UTF8", "--no-sync", "--wal-segsize=1")
        self._run("initdb", "-D", str(self.data), *options)

    def start(self) -> None:
        small = "-c shared_buffers=16MB -c max_wal_size=4MB -c min_wal_size=2MB"
        options = (
            f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c max_connections=100 {small}"
        )
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", str(self.data), "-l", log, "-o", options, "-w", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self.data), "-m", "immediate", "-w", "stop")

    def end(self) -> None:
        """Server and keeper, whichever run."""
        if self._keeper and self._keeper.poll() is None:
            self._keeper.kill()
            self._keeper.wait()
        if self.runs():
            self.stop()

    def runs(self) -> bool:
        try:
            self.sql("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def back_up(self) -> None:
        """A base backup, and from then on no commit is answered before its log is with the keeper too."""
        log = self._room / "kept-log"
        log.mkdir()
        if self._owner:
            shutil.chown(log, self._owner)
        where = f"host={self.folder} user=cds dbname=postgres application_name={_RECEIVER}"
        slot = ("--slot", "cds_log_keeper")  # the server holds its log ready for a keeper that was away
        self._run("pg_receivewal", "-d", where, "--create-slot", *slot)
        command = [str(self._bin / "pg_receivewal"), "-D", str(log), "--synchronous", *slot, "-d", where]
        self._keeper = subprocess.Popen(command, user=self._owner, cwd=self.folder, stderr=subprocess.DEVNULL)
        self._await("SELECT count(*) FROM pg_stat_replication")
        self.sql(f"ALTER SYSTEM SET synchronous_standby_names = '\"{_RECEIVER}\"'")
        self.sql("SELECT pg_reload_conf()")
        self._await("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'")
        backup = ("-D", str(self._room / "backup"), "-X", "none", "--no-sync", "--checkpoint=fast")
        self._run("pg_basebackup", "-h", str(self.folder), "-U", "cds", *backup)

    def _await(self, count: str) -> None:
        until = time.monotonic() + 20
        with psycopg.connect(host=str(self.folder), user="cds", dbname="postgres", autocommit=True) as asking:
            while asking.execute(count).fetchone() != (1,):
                assert time.monotonic() < until, count
                time.sleep(0.05)

    def lose(self) -> None:
        """The server ends as by a power cut, and its disk is gone."""
        self.stop()
        assert self._keeper
        self._keeper.send_signal(signal.SIGINT)
        self._keeper.wait(20)
        shutil.rmtree(self.data)

    def restore(self) -> None:
        """The backup in the place of what was lost, the kept log up to its last commit, and start."""
        log = self._room / "kept-log"
        self.data = self._room / "backup"
        copy = f"cp {log}/%f %p || cp {log}/%f.partial %p"
        conf = self.data / "postgresql.auto.conf"
        conf.write_text(f"restore_command = '{copy}'\n", encoding="utf-8")  # and no keeper to wait for
        (self.data / "recovery.signal").touch()
        if self._owner:
            shutil.chown(self.data / "recovery.signal", self._owner)
        self.start()
        self._await("SELECT (NOT pg_is_in_recovery())::int")


def fill(folder: Path) -> Path:
    """A file that takes all the room that is left where `folder` is; gone, the room is there again."""
    file = folder / "filler"
    with file.open("wb", buffering=0) as filling:
        size = 1 << 20
        while size:
            try:
                filling.write(b"\0" * size)
            except OSError:
                size //= 2
    return file


def small_disk(folder: Path, megabytes: int) -> str | None:
    """A memory file system of this size there; why not, where it cannot be mounted."""
    if os.geteuid() != 0:
        return "the full disk is not tried: only root mounts a small file system"
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return f"the full disk is not tried: {done.stderr.strip()}" if done.returncode else None
