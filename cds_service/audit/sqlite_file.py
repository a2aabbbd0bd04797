"""What must be true of a SQLite file before rows are trusted to it."""

import os
import sqlite3
import stat
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy.exc import DisconnectionError

from cds_service.audit.store_errors import StoreUnusable

_SHARED = ("nfs", "cifs", "smb", "9p", "afs", "ceph", "glusterfs", "lustre", "gpfs", "fuse.")
_OWNER_ONLY = 0o600
_BESIDE = ("-wal", "-shm", "-journal")
_MOUNTS = Path("/proc/self/mountinfo")


def check_file(database: str | None, mountinfo: str | None = None) -> None:
    """A writable file on a disk of this host, made with access for its owner only. Raises StoreUnusable."""
    file = check_place(database, mountinfo)
    try:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, _OWNER_ONLY))
    except OSError as error:
        raise StoreUnusable(f"{file} cannot be written ({error.strerror})") from error
    try:
        close_to_others(file)
    except OSError as error:
        raise StoreUnusable(f"{file} is open to others, and belongs to somebody else") from error


def check_place(database: str | None, mountinfo: str | None = None) -> Path:
    """The file's path, in a folder of a disk of this host that can be written. Raises StoreUnusable.

    WAL needs memory shared by all who use the file, which a network file system does not give.
    """
    if not database or database == ":memory:" or database.startswith("file:"):
        raise StoreUnusable("SQLite needs a file, such as sqlite:////var/lib/cds/cds.sqlite3")
    file = Path(database).absolute()
    if not file.parent.is_dir():
        raise StoreUnusable(f"the folder {file.parent} does not exist")
    if kind := shared_file_system(file.parent.resolve(), _mounts() if mountinfo is None else mountinfo):
        raise StoreUnusable(f"the file lies on {kind}; several hosts need PostgreSQL")
    if not os.access(file.parent, os.W_OK):
        raise StoreUnusable(f"the folder {file.parent} must be writable, too")
    return file


def close_to_others(file: Path) -> None:
    """Leave the file and what SQLite keeps beside it to their owner alone, whoever made them. Raises OSError.

    SQLite makes `-wal` and `-shm` with the file's mode; a copy put back by hand has the mode of the hand.
    """
    for part in (file, *(file.with_name(f"{file.name}{end}") for end in _BESIDE)):
        try:
            mode = stat.S_IMODE(part.stat().st_mode)
        except FileNotFoundError:
            continue
        if mode & ~_OWNER_ONLY:
            part.chmod(mode & _OWNER_ONLY)


class OwnFile:
    """How connections to the file are opened: never making it anew, and closed to others first.

    SQLite by itself would make a file that was taken away, readable for everybody whom the umask allows.
    """

    def __init__(self, database: str | None) -> None:
        self._path = Path(database or "").absolute()

    def open(self, dialect: Any, _: Any, __: Any, given: dict[str, Any]) -> Any:
        """Listens to a dialect's do_connect. Raises sqlite3.OperationalError."""
        try:
            close_to_others(self._path)
        except OSError as error:
            raise sqlite3.OperationalError("the file is open to others") from error
        return dialect.connect(f"file:{quote(str(self._path))}?mode=rw", **{**given, "uri": True})


class SameFile:
    """Is the file still the one that a connection was opened on? Listens to a pool's connect and checkout.

    A file that is deleted or replaced under us takes rows all the same, and nobody would ever see them.
    """

    def __init__(self, database: str | None) -> None:
        self._path = Path(database or "").absolute()

    def note(self, _: Any, record: Any) -> None:
        """A connection was opened."""
        record.info["file"] = self._now()

    def check(self, _: Any, record: Any, __: Any) -> None:
        """A connection is about to be used. Raises DisconnectionError: then it is opened anew."""
        if record.info["file"] != self._now():
            raise DisconnectionError("the file was taken away")

    def _now(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino


def shared_file_system(folder: Path, mountinfo: str) -> str | None:
    """The network file system under a folder, None for a local one; by `/proc/self/mountinfo`."""
    found = ("", "")
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        mount = before.split(" ")[4].encode().decode("unicode_escape")
        if folder.is_relative_to(mount) and len(mount) >= len(found[0]):
            found = (mount, after.split(" ")[0])
    kind = found[1]
    return kind if kind.startswith(_SHARED) else None


def _mounts() -> str:
    return _MOUNTS.read_text(encoding="utf-8", errors="replace") if _MOUNTS.exists() else ""
