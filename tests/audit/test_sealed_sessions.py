"""Sessions: opened by their own name and secret alone, once where that matters, and gone when they expire."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import InvalidToken

from cds_service.audit.sealed_sessions import Ticket, end, keep, look_up, take
from tests.audit.rows import everything, rows

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
TICKET = Ticket("name", "s" * 43)
CONTENT = b"PLANTED token of PLANTED patient"


def test_what_was_kept_is_found_until_it_expires(store):
    keep(store, TICKET, CONTENT, NOW + HOUR, NOW)
    assert look_up(store, TICKET, NOW) == CONTENT
    assert look_up(store, TICKET, NOW + HOUR - timedelta(seconds=1)) == CONTENT
    assert look_up(store, TICKET, NOW + HOUR) is None
    assert take(store, TICKET, NOW + HOUR) is None


@pytest.mark.parametrize("other", [Ticket("name", "t" * 43), Ticket("other", "s" * 43), Ticket("name", "")])
def test_no_other_name_and_no_other_secret_opens_it(store, other):
    keep(store, TICKET, CONTENT, NOW + HOUR, NOW)
    assert look_up(store, other, NOW) is None
    assert take(store, other, NOW) is None
    end(store, other)
    assert look_up(store, TICKET, NOW) == CONTENT


def test_the_database_holds_nothing_that_can_be_read(store):
    keep(store, TICKET, CONTENT, NOW + HOUR, NOW)
    told = everything(store)
    assert "PLANTED" not in told
    assert TICKET.secret not in told
    assert TICKET.secret not in repr(TICKET)


def test_keeping_again_takes_the_place_of_what_was_there(store):
    keep(store, TICKET, b"one", NOW + HOUR, NOW)
    keep(store, TICKET, b"two", NOW + HOUR, NOW)
    assert look_up(store, TICKET, NOW) == b"two"
    assert len(rows(store, "sessions")) == 1


def test_of_many_who_take_at_once_one_gets_it(store):
    keep(store, TICKET, CONTENT, NOW + HOUR, NOW)
    with ThreadPoolExecutor(8) as pool:
        taken = [*pool.map(lambda _: take(store, TICKET, NOW), range(8))]
    assert sorted(taken, key=bool) == [None] * 7 + [CONTENT]


def test_an_ended_session_is_gone(store):
    keep(store, TICKET, CONTENT, NOW + HOUR, NOW)
    end(store, TICKET)
    assert rows(store, "sessions") == []


def test_each_new_session_takes_expired_ones_away(store):
    for number in range(60):
        keep(store, Ticket(f"old-{number}", "s" * 43), CONTENT, NOW + HOUR, NOW)
    keep(store, Ticket("new", "s" * 43), CONTENT, NOW + 3 * HOUR, NOW + 2 * HOUR)
    assert len(rows(store, "sessions")) == 11
    keep(store, Ticket("newer", "s" * 43), CONTENT, NOW + 3 * HOUR, NOW + 2 * HOUR)
    assert len(rows(store, "sessions")) == 2


@pytest.mark.parametrize(("seconds", "is_there"), [(-1, True), (0, False), (1, False)])
def test_a_session_is_swept_from_the_moment_at_which_it_ends(store, seconds, is_there):
    keep(store, TICKET, CONTENT, NOW + HOUR, NOW)
    now = NOW + HOUR + timedelta(seconds=seconds)
    keep(store, Ticket("new", "s" * 43), CONTENT, now + HOUR, now)
    assert len(rows(store, "sessions")) == 1 + is_there
    assert (look_up(store, TICKET, now) is not None) is is_there
    assert (take(store, TICKET, now) is not None) is is_there


def test_a_link_is_sealed_apart_from_the_session():
    sealed = TICKET.seal("links").encrypt(b"x")
    assert TICKET.seal("links").decrypt(sealed) == b"x"
    with pytest.raises(InvalidToken):
        TICKET.seal().decrypt(sealed)
