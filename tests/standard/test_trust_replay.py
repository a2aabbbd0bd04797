"""CH-147: a token is good once. The memory is bounded, forgets what expired, and lets nobody in when full."""

from datetime import timedelta
from threading import Barrier, Thread

from hypothesis import given
from hypothesis import strategies as st

from cds_service.hooks.seen_tokens import SeenTokens
from tests.standard.tokens import NOW


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


def after(seconds):
    return NOW + timedelta(seconds=seconds)


def test_the_first_time_is_the_only_time():
    seen = SeenTokens(Clock())
    assert [seen("a", "1", after(60)) for _ in range(3)] == [True, False, False]


def test_two_clients_may_use_the_same_jti():
    seen = SeenTokens(Clock())
    assert seen("a", "1", after(60))
    assert seen("b", "1", after(60))


def test_a_token_is_remembered_to_the_last_moment_and_then_makes_room():
    clock = Clock()
    seen = SeenTokens(clock, capacity=1)
    assert seen("a", "1", after(60))
    clock.now = after(60)
    assert not seen("a", "1", after(60))
    assert not seen("a", "2", after(120))  # full: refused, rather than forgetting the first
    clock.now = after(60.001)
    assert seen("a", "2", after(120))


def test_of_many_at_once_one_is_the_first():
    seen, answers, start = SeenTokens(Clock()), [], Barrier(8)

    def ask():
        start.wait()
        answers.append(seen("a", "1", after(60)))

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False] * 7 + [True]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 5), st.integers(0, 30)), max_size=30))
def test_no_token_is_let_in_twice_before_it_expires(calls):
    clock, good_until = Clock(), {}
    seen = SeenTokens(clock)
    for name, life, wait in calls:
        clock.now += timedelta(seconds=wait)
        until = clock.now + timedelta(seconds=10 * life)
        first = name not in good_until or good_until[name] < clock.now
        assert seen("a", name, until) == first
        if first:
            good_until[name] = until
