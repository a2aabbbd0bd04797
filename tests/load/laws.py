"""What must hold after a load run, however it went; each broken law is one sentence."""

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import Engine

from tests.audit.rows import rows
from tests.load.clients import Answer


def broken(
    answers: list[Answer], repeated: list[Answer], engine: Engine, kills: int, clients: int
) -> Iterator[str]:
    """Every law that does not hold. Each of the clients makes one call at a time."""
    statuses = Counter(answer.status for answer in answers)
    if set(statuses) != {200}:
        yield f"answers other than 200: {dict(statuses)}"
    lost = sum(answer.lost for answer in answers)
    if lost > kills * clients:  # all may have had theirs with the worker that was killed
        yield f"{lost} requests lost, and {kills} workers were killed with {clients} in flight at most"
    yield from _of_repetition(answers, repeated)
    yield from _of_the_record(answers, engine)


def _of_repetition(answers: list[Answer], repeated: list[Answer]) -> Iterator[str]:
    first = {answer.call.number: answer.cards for answer in answers}
    others = [answer.call.number for answer in repeated if answer.cards != first[answer.call.number]]
    if others:
        yield f"calls that gave other cards when they were repeated: {others[:10]}"


def _of_the_record(answers: list[Answer], engine: Engine) -> Iterator[str]:
    """What was given is recorded, what is recorded was given, each once."""
    given = Counter(card for answer in answers for card in answer.cards)
    recorded = Counter(row["card"] for row in rows(engine, "given_advice"))
    if twice := [card for card, times in given.items() if times > 1]:
        yield f"{len(twice)} cards were given for more than one call"
    if recorded != given:
        yield f"{len(given - recorded)} cards given and not recorded, {len(recorded - given)} the other way"
    calls = Counter(row["hook_instance"] for row in rows(engine, "calls"))
    expected = Counter(answer.call.instance for answer in answers)
    if calls != expected:
        yield f"{len(expected - calls)} calls answered and not recorded, {len(calls - expected)} the other way"
