"""Which files of an installation others may change: who writes the site file decides who is trusted."""

import grp
import pwd
import stat
from collections.abc import Iterable
from pathlib import Path


def writable_by_others(files: Iterable[Path]) -> list[str]:
    """What is wrong with each file that somebody else may write; one that is not there is not told."""
    said = {file: _who_else(file) for file in dict.fromkeys(files)}
    return [f"{file}: may be changed by {who}; chmod go-w it" for file, who in said.items() if who]


def _who_else(file: Path) -> str | None:
    try:
        found = file.stat()
    except OSError:
        return None
    if found.st_mode & stat.S_IWOTH:
        return "everybody"
    if found.st_mode & stat.S_IWGRP and not _is_private_group(found.st_gid, found.st_uid):
        return "its group"
    return None


def _is_private_group(group: int, owner: int) -> bool:
    """A group of the owner alone, as many systems give each user: it has his name, and no other member."""
    try:
        name, listed = pwd.getpwuid(owner).pw_name, grp.getgrgid(group)
    except KeyError:
        return False
    return listed.gr_name == name and not set(listed.gr_mem) - {name}
