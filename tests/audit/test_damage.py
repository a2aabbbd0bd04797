"""A damaged SQLite file is noticed by looking at all of it, though the running service still reads and writes."""

import os

import pytest
from structlog.testing import capture_logs

from cds_service.audit.append_calls import append_call
from cds_service.audit.damage import FileWatch, damage_in
from cds_service.audit.database import connect, empty_log, is_ready, open_store
from tests.audit.rows import a_call, a_card

PAGE = 4096


@pytest.fixture
def file(tmp_path):
    return tmp_path / "store#1.sqlite3"


@pytest.fixture
def engine(file, closing):
    """A database with some rows, all of them in the file."""
    opened = closing(open_store(f"sqlite:///{file}"))
    for number in range(60):
        append_call(opened, a_call(a_card(f"c{number}"), hook_instance=f"h{number}"))
    empty_log(opened)
    return opened


def overwrite(file, first, last):
    with file.open("r+b") as opened:
        opened.seek(first)
        opened.write(b"\xa5" * (last - first))


def middle(file):
    return file.stat().st_size // 2 // PAGE * PAGE


DAMAGES = {
    "its first bytes": lambda file: overwrite(file, 0, 100),
    "its first page": lambda file: overwrite(file, 100, PAGE),
    "pages in the middle": lambda file: overwrite(file, middle(file), middle(file) + 2 * PAGE),
    "all of it": lambda file: overwrite(file, 0, file.stat().st_size),
    "its second half is gone": lambda file: os.truncate(file, middle(file)),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_told_each_time_and_in_the_log(engine, file, damage):
    watch = FileWatch(engine)
    damage(file)
    with capture_logs() as logs:
        assert [watch.is_whole(), watch.is_whole()] == [False, False]
    assert [line["event"] for line in logs] == ["store_damaged"] * 2
    assert damage_in(engine) == logs[0]["reason"]


def test_what_is_told_of_the_damage_names_no_row(engine, file):
    DAMAGES["pages in the middle"](file)
    assert "Page" in damage_in(engine)


def test_a_whole_file_is_whole_beside_rows_that_are_only_in_its_log(engine):
    append_call(engine, a_call(hook_instance="one more"))
    assert FileWatch(engine).is_whole()


def test_postgresql_looks_after_its_own_files(pg_url, closing):
    assert FileWatch(closing(connect(pg_url))).is_whole()


def test_a_file_that_is_gone_is_not_ready_and_not_called_damaged(engine, file):
    for part in file.parent.glob(f"{file.name}*"):
        part.unlink()
    assert FileWatch(engine).is_whole()
    assert not is_ready(engine)
    assert not file.exists()


class Stopwatch:
    """Each look at the file takes as long as the test says."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        self.now += 0.25
        return self.now


def test_a_whole_file_is_looked_at_for_one_part_in_a_hundred_of_the_time(engine, file):
    seconds = Stopwatch()
    watch = FileWatch(engine, seconds)
    assert watch.is_whole()
    DAMAGES["all of it"](file)
    seconds.now = 1000.0 + 25.0 - 0.01
    assert watch.is_whole()
    seconds.now = 1000.0 + 25.0 + 0.01
    assert not watch.is_whole()
