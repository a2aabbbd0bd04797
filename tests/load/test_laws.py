"""The laws of the load run see each fault they are there for; and a short run keeps them on both databases."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete

from cds_service.audit.append_calls import append_call
from cds_service.audit.audit_tables import GIVEN_ADVICE
from cds_service.audit.database import open_store, writing
from tests.audit.postgres import MISSING, binaries
from tests.audit.rows import a_call, a_card, uuid
from tests.load.beside import Beside, slow
from tests.load.clients import Answer
from tests.load.hospital import Call
from tests.load.laws import broken

ROOT = Path(__file__).parents[2]


def an_answer(number, **changes):
    call = Call(number, None, "aa-trial-titration", uuid(f"hook-{number}"), b"")
    return replace(Answer(call, 200, (uuid(f"card-{number}"),), 0.01, 0), **changes)


@pytest.fixture
def engine(tmp_path):
    engine = open_store(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    for number in range(3):
        append_call(engine, a_call(a_card(f"card-{number}"), hook_instance=f"hook-{number}"))
    yield engine
    engine.dispose()


ANSWERS = [an_answer(number) for number in range(3)]


def test_a_run_without_a_fault_breaks_no_law(engine):
    lost_once = replace(ANSWERS[0], lost=1)
    assert list(broken([lost_once, *ANSWERS[1:]], ANSWERS[:2], engine, kills=1, clients=1)) == []


@pytest.mark.parametrize(
    ("answers", "repeated", "said"),
    [
        ([an_answer(0, status=500, cards=()), *ANSWERS[1:]], [], "other than 200"),
        ([replace(ANSWERS[0], lost=2), *ANSWERS[1:]], [], "2 requests lost"),
        (ANSWERS, [an_answer(1, cards=(uuid("other"),))], "gave other cards when they were repeated: [1]"),
        ([*ANSWERS[:2], an_answer(2, cards=(uuid("card-1"),))], [], "given for more than one call"),
        ([*ANSWERS, an_answer(3)], [], "1 cards given and not recorded"),
        (ANSWERS[:2], [], "0 calls answered and not recorded, 1 the other way"),
    ],
    ids=["status", "lost", "repeated", "twice", "not recorded", "not given"],
)
def test_each_fault_breaks_its_law(engine, answers, repeated, said):
    assert [law for law in broken(answers, repeated, engine, kills=1, clients=1) if said in law]


def test_a_card_that_is_missing_in_the_record_breaks_the_law(engine):
    with writing(engine) as connection:
        connection.execute(delete(GIVEN_ADVICE).where(GIVEN_ADVICE.c.card == uuid("card-1")))
    assert "1 cards given and not recorded, 0 the other way" in list(
        broken(ANSWERS, [], engine, kills=0, clients=1)
    )


def test_who_waits_for_what_is_none_of_his_business_breaks_the_law():
    fine = Beside("discovery", 0.010, {"hanging": 0.024, "silent": 0.009})
    late = Beside("discovery", 0.010, {"hanging": 0.026, "silent": 0.009})
    assert list(slow([fine])) == []
    assert list(slow([fine, late])) == ["discovery took 26.0 ms while hanging, usually 10.0 ms"]


@pytest.mark.parametrize("where", [(), ("--postgres",)], ids=["sqlite", "postgresql"])
def test_a_short_run_loses_nothing(where):
    if where and binaries() is None:
        pytest.skip(MISSING)
    command = [sys.executable, "-m", "tests.load", "--calls", "160", "--kills", "2", "--times", "0", *where]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "160 calls" in done.stdout
    assert "BROKEN" not in done.stdout
