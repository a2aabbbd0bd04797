"""What operators do and what happens to them, each under calls: every call is answered and on record, once."""

import signal
import time

import pytest

from cds_service.audit.migrate import HEAD
from tests.stack.database import fill
from tests.stack.ehrs import AGAIN
from tests.stack.hospital import PATIENCE, a_key, publish
from tests.stack.versions import BACK, NEXT, next_version, with_clock

SOME = 15
"""Calls before, between and after what happens."""
SKEW = 120
_REFETCHED = 61.0
"""Seconds after which a worker may ask for a key set again (ehr/key_sets.py)."""


def test_a_rolling_restart_fails_no_try(stack):
    with stack.traffic() as traffic:
        traffic.pass_by(SOME)
        for unit in stack.units:
            stack.replace(unit)
            traffic.pass_by(SOME)
    stack.kept("rolling restart", traffic)
    assert traffic.tries == []


def test_an_instance_killed_costs_at_most_the_calls_it_had(stack):
    with stack.traffic() as traffic:
        traffic.pass_by(SOME)
        stack.units[0].kill()
        traffic.pass_by(3 * SOME)  # by the other one alone
        stack.units[0].start()
        traffic.pass_by(SOME)
    stack.kept("one instance killed", traffic, most_lost=traffic.threads)


def test_a_renewed_certificate_fails_no_try(stack):
    with stack.traffic() as traffic:
        traffic.pass_by(SOME)
        serial = stack.nginx.renew()
        assert stack.nginx.shown_serial() != serial
        stack.nginx.reload()
        assert stack.nginx.shown_serial() == serial
        traffic.pass_by(SOME)
    stack.kept("certificate renewed", traffic)
    assert traffic.tries == []


def test_the_database_restarted_is_503_for_as_long(stack):
    with stack.traffic() as traffic:
        traffic.pass_by(SOME)
        stack.database.stop()
        time.sleep(1.0)
        stack.database.start()
        traffic.pass_by(SOME)
    stack.kept("database restarted", traffic)
    assert {one.status for one in traffic.tries} == {503}


def test_a_full_disk_is_503_until_there_is_room(stack, disk):
    if disk[1]:
        pytest.skip(disk[1])
    with stack.traffic() as traffic:
        traffic.pass_by(SOME)
        filler = fill(stack.database.data)
        until = time.monotonic() + 60
        while not any(one.status == 503 for one in traffic.tries):
            assert time.monotonic() < until, "the disk is full, and nobody said so"
            time.sleep(0.1)
        time.sleep(1.0)
        filler.unlink()
        if not stack.database.runs():  # it ends where not even its log can grow
            stack.database.start()
        traffic.pass_by(SOME)
    stack.kept("disk full", traffic)
    assert {one.status for one in traffic.tries} == {503}


def test_a_fhir_server_that_hangs_holds_up_only_who_needs_it(stack):
    with stack.traffic(again=AGAIN | {412}) as traffic:
        traffic.pass_by(SOME)
        stack.fhir.send_signal(signal.SIGSTOP)
        time.sleep(6.0)
        hung = len(traffic.answers)
        stack.fhir.send_signal(signal.SIGCONT)
        traffic.pass_by(2 * SOME)
    stack.kept("FHIR server hanging", traffic)
    assert {one.status for one in traffic.tries} <= {412, 503}
    assert hung > SOME


def test_a_client_whose_clock_is_two_minutes_ahead_is_refused_and_nothing_is_recorded_of_it(stack):
    with stack.traffic(again=AGAIN | {401}, skew=SKEW) as traffic:
        while len(traffic.tries) < SOME:
            time.sleep(0.05)
        assert traffic.answers == []
        traffic.skew = 0.0
        traffic.pass_by(SOME)
    stack.kept("EHRs two minutes ahead", traffic)
    assert {one.status for one in traffic.tries} == {401}


def test_an_instance_whose_clock_is_two_minutes_behind_refuses_and_the_other_answers(stack, tmp_path):
    with stack.traffic(again=AGAIN | {401}) as traffic:
        traffic.pass_by(SOME)
        stack.replace(stack.units[1], **with_clock(tmp_path, -SKEW))
        traffic.pass_by(SOME)
        stack.replace(stack.units[1])
        traffic.pass_by(SOME)
    stack.kept("an instance two minutes behind", traffic)
    assert {one.status for one in traffic.tries} == {401}


@pytest.fixture
def back_to_these_tables(stack):
    """Afterwards, whatever came of it: the next scenario finds the tables of this version."""
    yield
    for statement in (*BACK, f"UPDATE alembic_version SET version_num = '{HEAD}'"):
        stack.database.sql(statement)
    for unit in stack.units:
        stack.replace(unit)


def test_old_and_new_version_serve_side_by_side_while_the_tables_change(
    stack, tmp_path, back_to_these_tables
):
    old, new = stack.units
    with stack.traffic() as traffic:
        traffic.pass_by(SOME)
        stack.replace(new, **next_version(tmp_path))
        traffic.pass_by(3 * SOME)
        stack.nginx.take_out(old.port)
        old.stop()
        old.launch()  # back to the old one: it does not touch tables of a newer
        assert old.service.process.wait(PATIENCE) == 2
        traffic.pass_by(SOME)
    stack.kept("migration while serving", traffic)
    assert NEXT in old.service.log.read_text("utf-8")
    assert {one.status for one in traffic.tries} <= {503}


def test_a_client_that_publishes_its_new_key_a_minute_before_it_signs_with_it_is_never_refused(stack):
    ehr = stack.rotating
    with stack.traffic() as traffic:
        traffic.pass_by(SOME)
        ehr.keys.append(a_key())
        publish(stack.nginx, ehr)
        time.sleep(_REFETCHED)
        ehr.signs_with = 1
        traffic.pass_by(4 * SOME)
    stack.kept("a client's key rotated", traffic)
    assert traffic.tries == []


def test_a_lost_database_is_restored_to_its_last_commit(stack):
    stack.database.back_up()
    with stack.traffic() as traffic:
        traffic.pass_by(3 * SOME)
        stack.database.lose()
        time.sleep(1.0)
        stack.database.restore()
        traffic.pass_by(2 * SOME)
    stack.kept("failed over to a restored backup", traffic)
    assert {one.status for one in traffic.tries} == {503}
