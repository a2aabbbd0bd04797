"""Opening a database that cannot be used is refused in words; one that fails later says so, and keeps nothing."""

import os
import stat
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import event, insert, text
from sqlalchemy.exc import IntegrityError, StatementError

from cds_service.audit.append_calls import append_call
from cds_service.audit.audit_tables import INSTALLATION
from cds_service.audit.database import WAIT_SECONDS, connect, is_ready, open_store, reading, writing
from cds_service.audit.key_check import check_key
from cds_service.audit.pseudonym import Pseudonyms
from cds_service.audit.sqlite_file import check_file, shared_file_system
from cds_service.audit.store_errors import OtherKey, StoreUnavailable, StoreUnusable
from tests.audit.rows import KEYS, a_call, a_card, rows, uuid

_NOBODY = 65534


@pytest.fixture
def file(tmp_path):
    return tmp_path / "store.sqlite3"


def sqlite_url(path):
    return f"sqlite:///{path}"


# ---------------------------------------------------------------- what cannot be used


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "no database URL"),
        ("SECRET", "no database URL"),
        ("mysql://user:SECRET@host/db", "sqlite:/// or postgresql://"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("sqlite:///file:x?mode=memory&uri=true", "needs a file"),
        ("sqlite:////no/such/folder/x.sqlite3", "/no/such/folder does not exist"),
        ("sqlite:////proc/x.sqlite3", "cannot be written"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_without_quoting_it(url, problem):
    with pytest.raises(StoreUnusable) as refused:
        connect(url)
    assert problem in str(refused.value)
    assert "SECRET" not in str(refused.value)


def test_a_folder_in_place_of_the_file_is_refused(file):
    file.mkdir()
    with pytest.raises(StoreUnusable, match="cannot be written"):
        connect(sqlite_url(file))


def test_a_file_that_is_no_database_is_unavailable_and_left_alone(file):
    file.write_text("something else of some length, precious to somebody" * 50)
    before = file.read_bytes()
    with pytest.raises(StoreUnavailable):
        open_store(sqlite_url(file))
    assert file.read_bytes() == before


MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:44 / /srv rw - nfs4 server:/srv rw
31 30 8:2 / /srv/local rw shared:7 - xfs /dev/sdb1 rw
32 22 0:45 / /mnt/with\\040space rw - cifs //server/share rw
33 22 0:46 / /home/x rw - fuse.sshfs x@server: rw
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/var/lib/cds", None),
        ("/srv", "nfs4"),
        ("/srv/deep/er", "nfs4"),
        ("/srvx", None),
        ("/srv/local/cds", None),
        ("/mnt/with space/cds", "cifs"),
        ("/home/x/cds", "fuse.sshfs"),
    ],
)
def test_a_network_file_system_is_recognised(folder, kind):
    assert shared_file_system(Path(folder), MOUNTS) == kind


SHARED = "nfs nfs4 cifs smb smb2 smb3 smbfs 9p afs ceph glusterfs lustre gpfs fuse.sshfs fuse.glusterfs"
OF_THIS_HOST = "ext4 xfs btrfs zfs tmpfs overlay fuseblk f2fs"


@pytest.mark.parametrize("kind", [*SHARED.split(), *OF_THIS_HOST.split()])
def test_each_kind_of_file_system_is_shared_or_of_this_host(kind):
    found = shared_file_system(Path("/srv/cds"), f"30 22 0:44 / /srv rw - {kind} somewhere rw")
    assert found == (kind if kind in SHARED.split() else None)


def test_a_file_on_a_network_file_system_is_refused(file):
    with pytest.raises(StoreUnusable, match="lies on nfs4"):
        check_file(str(file), f"30 22 0:44 / {file.parent.resolve()} rw - nfs4 server:/srv rw")
    assert not file.exists()


@pytest.fixture
def as_an_ordinary_user():
    """Root may write everywhere: its real user, whom `os.access` asks for, is put aside."""
    root = os.geteuid() == 0
    if root:
        os.setreuid(_NOBODY, 0)
    yield
    if root:
        os.setreuid(0, 0)


@pytest.mark.usefixtures("as_an_ordinary_user")
def test_a_folder_that_cannot_be_written_is_refused():
    with tempfile.TemporaryDirectory() as folder:  # pytest's own are closed to other users
        file = Path(folder) / "store.sqlite3"
        file.touch()
        Path(folder).chmod(0o777)
        check_file(str(file))
        Path(folder).chmod(0o555)
        with pytest.raises(StoreUnusable, match="must be writable"):
            check_file(str(file))
        Path(folder).chmod(0o700)


def test_a_moment_without_zone_is_refused(store):
    with pytest.raises(StatementError, match="time zone"):
        append_call(store, a_call(at=datetime(2026, 3, 2)))


def test_a_new_file_is_readable_by_its_owner_only(file):
    open_store(sqlite_url(file)).dispose()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.fixture
def umask_of_nobody():
    """Whatever is made may be read and written by everybody, unless its maker says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes(file):
    return {part.name: stat.S_IMODE(part.stat().st_mode) for part in file.parent.glob(f"{file.name}*")}


OWNER_ONLY = dict.fromkeys(("store.sqlite3", "store.sqlite3-wal", "store.sqlite3-shm"), 0o600)


@pytest.mark.usefixtures("umask_of_nobody")
def test_the_file_and_what_lies_beside_it_are_their_owners_alone_whatever_the_umask(file, closing):
    append_call(closing(open_store(sqlite_url(file))), a_call())
    assert modes(file) == OWNER_ONLY


@pytest.mark.usefixtures("umask_of_nobody")
def test_a_file_that_was_open_to_others_is_closed_at_the_start(file, closing):
    engine = closing(open_store(sqlite_url(file)))
    append_call(engine, a_call())
    for part in file.parent.glob(f"{file.name}*"):
        part.chmod(0o666)
    append_call(closing(connect(sqlite_url(file))), a_call(hook_instance="h2"))
    assert modes(file) == OWNER_ONLY


@pytest.mark.usefixtures("umask_of_nobody")
def test_a_copy_put_back_under_the_running_service_is_closed_with_the_next_connection(file, closing):
    engine = closing(open_store(sqlite_url(file)))
    copy = file.read_bytes()
    append_call(engine, a_call())
    for part in file.parent.glob(f"{file.name}*"):
        part.unlink()
    file.write_bytes(copy)
    assert modes(file) == {"store.sqlite3": 0o666}
    append_call(engine, a_call(hook_instance="h2"))
    assert modes(file) == OWNER_ONLY


@pytest.fixture
def a_file_of_somebody_else():
    """Root's, which everybody may read and write, seen by another user."""
    if os.geteuid() != 0:
        pytest.skip("only root can have a file of its own looked at by somebody else")
    with tempfile.TemporaryDirectory() as folder:  # pytest's own are closed to other users
        file = Path(folder) / "store.sqlite3"
        open_store(sqlite_url(file)).dispose()
        file.chmod(0o666)
        Path(folder).chmod(0o777)
        os.seteuid(_NOBODY)
        yield file
        os.seteuid(0)


def test_a_file_that_cannot_be_closed_to_others_is_refused(a_file_of_somebody_else):
    with pytest.raises(StoreUnusable, match="belongs to somebody else"):
        open_store(sqlite_url(a_file_of_somebody_else))


def test_a_file_that_cannot_be_closed_to_others_any_more_is_not_used(a_file_of_somebody_else, closing):
    os.seteuid(0)
    engine = closing(open_store(sqlite_url(a_file_of_somebody_else)))
    a_file_of_somebody_else.chmod(0o666)
    os.seteuid(_NOBODY)
    with pytest.raises(StoreUnavailable):
        append_call(engine, a_call())


def test_sqlite_is_set_up_to_keep_what_it_was_given(file, closing):
    with reading(closing(open_store(sqlite_url(file)))) as connection:
        found = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
        }
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
        "busy_timeout": WAIT_SECONDS * 1000,
    }


# ---------------------------------------------------------------- ready, and whose


def test_a_database_with_our_tables_is_ready(store):
    assert is_ready(store)


def test_a_database_without_our_tables_is_not(file, closing):
    assert not is_ready(closing(connect(sqlite_url(file))))


def test_nothing_is_left_open_that_a_forked_worker_could_share(url, closing):
    assert closing(open_store(url)).pool.checkedin() == 0


FORKING = """
import os, sys
from cds_service.audit.append_calls import append_call
from cds_service.audit.database import open_store, reading
from tests.audit.rows import a_call
engine = open_store(sys.argv[1])
append_call(engine, a_call(hook_instance="before"))
assert engine.pool.checkedin() == 1
child = os.fork()
assert engine.pool.checkedin() == 0
append_call(engine, a_call(hook_instance="parent" if child else "child"))
engine.dispose()
if child:
    assert os.waitpid(child, 0)[1] == 0
"""


def test_a_forked_child_does_not_speak_on_its_parents_connection(store, url):
    subprocess.run([sys.executable, "-W", "error", "-c", FORKING, url], check=True, timeout=60)
    assert len(rows(store, "calls")) == 3


def test_the_key_of_the_pseudonyms_must_stay_the_same(store):
    check_key(store, KEYS)
    check_key(store, KEYS)
    with pytest.raises(OtherKey):
        check_key(store, Pseudonyms("o" * 32))


# ---------------------------------------------------------------- faults of the day


def test_a_locked_database_is_told_and_nothing_is_kept(store, url, closing):
    impatient = closing(connect(url, wait_seconds=1))
    with writing(store) as other:
        other.execute(text("UPDATE installation SET value = 'x'"))
        if store.dialect.name == "postgresql":
            other.execute(text("LOCK TABLE calls IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(StoreUnavailable):
            append_call(impatient, a_call(a_card()))
    assert rows(store, "calls") == []
    append_call(impatient, a_call(a_card()))
    assert len(rows(store, "given_advice")) == 1


def test_readers_do_not_wait_for_a_writer(store):
    with writing(store) as writer:
        writer.execute(text("UPDATE installation SET value = 'x'"))
        assert rows(store, "calls") == []


def test_a_full_disk_is_told_and_nothing_is_kept(file, closing):
    engine = closing(open_store(sqlite_url(file)))
    event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA max_page_count = 60").close())
    given = []
    with pytest.raises(StoreUnavailable) as told:
        _fill(engine, given)
    assert told.value.error == "OperationalError"
    assert given
    assert len(rows(engine, "calls")) == len(rows(engine, "given_advice")) == len(given)


def _fill(engine, given):
    for number in range(500):
        append_call(engine, a_call(a_card(f"c{number}"), hook_instance=f"h{number}"))
        given.append(number)


def test_a_server_that_is_gone_is_told_and_one_that_is_back_is_used(pg, pg_url, closing):
    engine = closing(open_store(pg_url))
    append_call(engine, a_call(a_card("before"), hook_instance="h1"))
    pg.stop()
    try:
        assert not is_ready(engine)
        with pytest.raises(StoreUnavailable):
            append_call(engine, a_call(a_card("lost"), hook_instance="h2"))
    finally:
        pg.start()
    append_call(engine, a_call(a_card("after"), hook_instance="h3"))
    assert {row["card"] for row in rows(engine, "given_advice")} == {uuid("before"), uuid("after")}


def test_a_server_restarted_between_two_calls_costs_nobody_an_error(pg, pg_url, closing):
    engine = closing(open_store(pg_url))
    append_call(engine, a_call(hook_instance="h1"))
    pg.stop()
    pg.start()
    append_call(engine, a_call(hook_instance="h2"))
    assert len(rows(engine, "calls")) == 2


def test_a_commit_that_waits_for_a_standby_that_is_gone_is_given_up_and_recorded_once(pg, pg_url, closing):
    engine = closing(open_store(pg_url))
    _wait_for(pg, "gone")
    try:
        with pytest.raises(StoreUnavailable, match="did not answer within 5 s"):
            append_call(engine, a_call(a_card(), hook_instance="h1"))
    finally:
        _wait_for(pg, "")
    append_call(engine, a_call(a_card(), hook_instance="h1"))
    assert len(rows(engine, "calls")) == 1


def _wait_for(pg, standby):
    pg.sql(f"ALTER SYSTEM SET synchronous_standby_names = '{standby}'")
    pg.sql("SELECT pg_reload_conf()")
    time.sleep(0.5)  # until every process of the server has read it


def test_a_file_taken_away_under_us_takes_no_row_and_is_not_ready(file, closing):
    engine = closing(open_store(sqlite_url(file)))
    append_call(engine, a_call(a_card()))
    for part in file.parent.glob(f"{file.name}*"):
        part.unlink()
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            append_call(engine, a_call(a_card("lost"), hook_instance="h2"))
        assert not is_ready(engine)
    assert not file.exists()


def test_a_fault_of_ours_is_not_called_the_databases(store):
    twice = [{"name": "n", "value": "v"}] * 2
    with pytest.raises(IntegrityError), writing(store) as connection:
        connection.execute(insert(INSTALLATION), twice)


def test_an_error_never_shows_the_values_of_its_statement(file, closing):
    engine = closing(connect(sqlite_url(file)))
    with pytest.raises(StoreUnavailable) as told:
        append_call(engine, a_call(tenant="SECRET"))
    assert "SECRET" not in repr(told.value) + repr(told.value.__cause__) + str(told.value.__cause__)
