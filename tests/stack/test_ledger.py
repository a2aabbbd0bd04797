"""Each law of the record breaks on its own fault, so that a scenario cannot pass for want of looking."""

import pytest
from sqlalchemy import delete

from cds_service.audit.append_calls import append_call
from cds_service.audit.audit_records import CallOutcome
from cds_service.audit.audit_tables import CALLS
from cds_service.audit.database import open_store, writing
from tests.audit.rows import a_call, a_card, uuid
from tests.load.clients import Answer
from tests.load.hospital import Call
from tests.stack.ledger import broken


def an_answer(number, status=200, cards=None):
    given = (uuid(f"card-{number}"),) if cards is None else cards
    return Answer(Call(number, None, "aa-trial-titration", uuid(f"h{number}"), b""), status, given, 0.1, 0)


ANSWERS = [an_answer(number) for number in range(3)]
REFUSED = {uuid("h0")}


@pytest.fixture
def engine(tmp_path):
    """Three calls with a card each on record, and a refusal of the first before."""
    opened = open_store(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    append_call(opened, a_call(hook_instance="h0", outcome=CallOutcome.DATA_NOT_AVAILABLE))
    for number in range(3):
        append_call(opened, a_call(a_card(f"card-{number}"), hook_instance=f"h{number}"))
    yield opened
    opened.dispose()


def test_a_run_without_a_fault_breaks_no_law(engine):
    assert list(broken(ANSWERS, REFUSED, engine)) == []


@pytest.mark.parametrize(
    ("answers", "refused", "said"),
    [
        ([an_answer(0, status=500), *ANSWERS[1:]], REFUSED, "answers other than 200"),
        ([*ANSWERS[:2], an_answer(2, cards=(uuid("card-1"),))], REFUSED, "given for more than one call"),
        ([*ANSWERS, an_answer(3)], REFUSED, "1 cards lost, 0 recorded"),
        ([*ANSWERS, an_answer(3)], REFUSED, "1 rows of calls lost, 0 doubled"),
        (ANSWERS[:2], REFUSED, "0 rows of calls lost, 1 doubled"),
        (ANSWERS, set(), "0 rows of calls lost, 1 doubled"),
    ],
    ids=["status", "card twice", "card lost", "call lost", "call doubled", "refusal doubled"],
)
def test_each_fault_breaks_its_law(engine, answers, refused, said):
    assert [law for law in broken(answers, refused, engine) if said in law]


def test_a_row_that_is_missing_breaks_the_law(engine):
    with writing(engine) as connection:
        connection.execute(delete(CALLS).where(CALLS.c.hook_instance == uuid("h1")))
    assert "1 cards lost, 0 recorded and not given" in list(broken(ANSWERS, REFUSED, engine))
