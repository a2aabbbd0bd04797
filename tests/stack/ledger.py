"""What must hold of the record, however the calls went; each broken law is one sentence."""

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import Engine

from cds_service.audit.audit_records import CallOutcome
from tests.audit.rows import rows
from tests.load.clients import Answer

REFUSED = 412
"""For want of data; on record like an answer, so a call that was first refused stands there twice."""


def broken(answers: list[Answer], refused: set[str], engine: Engine) -> Iterator[str]:
    """Every law that does not hold of these answers; `refused` are the hook instances that were told 412 before."""
    statuses = Counter(answer.status for answer in answers)
    if set(statuses) != {200}:
        yield f"answers other than 200: {dict(statuses)}"
    given = Counter(card for answer in answers for card in answer.cards)
    recorded = Counter(row["card"] for row in rows(engine, "given_advice"))
    if twice := [card for card, times in given.items() if times > 1]:
        yield f"{len(twice)} cards were given for more than one call"
    if recorded != given:
        yield f"{(given - recorded).total()} cards lost, {(recorded - given).total()} recorded and not given"
    answered = {CallOutcome.ANSWERED.value, CallOutcome.NOT_CONCERNED.value}
    outcomes = Counter((row["hook_instance"], row["outcome"] in answered) for row in rows(engine, "calls"))
    expected = Counter(
        [(answer.call.instance, True) for answer in answers] + [(one, False) for one in refused]
    )
    if outcomes != expected:
        lost, more = expected - outcomes, outcomes - expected
        yield f"{lost.total()} rows of calls lost, {more.total()} doubled or without an answer: {list(more)[:3]}"
