"""A worker killed at any moment: what it answered is recorded, and nothing is recorded twice or by halves."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter

from cds_service.audit.append_calls import append_call
from cds_service.audit.database import open_store
from tests.audit.rows import a_call, a_card, rows, uuid

WORKER = """
import sys
from cds_service.audit.append_calls import append_call
from cds_service.audit.database import open_store
from tests.audit.rows import a_call, a_card
engine = open_store(sys.argv[1])
for number in range(int(sys.argv[2]), 100_000):
    cards = [a_card(f"{number} {place}") for place in range(3)]
    append_call(engine, a_call(*cards, hook_instance=str(number)))
    print(number, flush=True)  # the answer leaves
"""
ROUNDS = 3


def test_what_was_answered_before_a_kill_is_recorded_once_and_whole(url):
    open_store(url).dispose()
    answered = []
    for _ in range(ROUNDS):
        # The client repeats the call whose answer it never saw: the next worker starts with it.
        answered += _killed_in_mid_call(url, start=len(answered))
    engine = open_store(url)
    calls = Counter(row["hook_instance"] for row in rows(engine, "calls"))
    cards = Counter(row["call"] for row in rows(engine, "given_advice"))
    rules = Counter(row["card"] for row in rows(engine, "given_rules"))
    assert answered == list(range(len(answered)))
    assert len(answered) > 5 * ROUNDS
    assert {uuid(str(number)) for number in answered} <= calls.keys()
    assert len(calls) <= len(answered) + 1  # at most the one that was never answered
    assert set(calls.values()) == {1}
    assert len(cards) == len(calls)
    assert set(cards.values()) == {3}
    assert len(rules) == 3 * len(calls)
    assert set(rules.values()) == {2}
    append_call(engine, a_call(a_card("0 0"), hook_instance="0"))
    assert len(rows(engine, "calls")) == len(calls)
    engine.dispose()


def _killed_in_mid_call(url, start):
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, url, str(start)], stdout=subprocess.PIPE, text=True
    )
    with worker.stdout:
        first = worker.stdout.readline()
        time.sleep(0.25)
        os.kill(worker.pid, signal.SIGKILL)
        rest = worker.stdout.read()
    worker.wait()
    return [int(line) for line in (first + rest).splitlines()]
