"""The lobby: who is slow costs a place and no thread; the oldest make room; an answer leaves as it can."""

import os
import select
import socket
import time
from contextlib import suppress

import pytest

from cds_service.web.waiting_connections import Crowded, Lobby, LobbyLimits, RequestTooSlow

REQUEST = b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n"
HALF = b"POST /x HTTP/1.1\r\nContent-Length: 50\r\n\r\n{"


class House:
    """A lobby with a listener; whole requests and refusals are written down."""

    def __init__(self, **limits):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()
        self.wake = os.pipe()
        for end in self.wake:
            os.set_blocking(end, False)
        self.whole, self.refused, self.clients = [], [], []
        self.lobby = Lobby([self.listener], LobbyLimits(**limits), self.whole.append, self._refuse, self.wake)
        self.lobby.listen_if(True)

    def _refuse(self, connection, why):
        self.refused.append(type(why))
        connection.answer(b"refused")

    def comes(self, *said):
        """A new client that says this."""
        client = socket.create_connection(self.address, timeout=5)
        for piece in said:
            client.sendall(piece)
        self.clients.append(client)
        return client

    def until(self, condition):
        end = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < end
            self.lobby.turn()

    def close(self):
        lobby = self.lobby
        queues = (lobby._arriving, lobby._served, lobby._leaving, lobby._lingering)
        for one in [*self.clients, self.listener, *(one for queue in queues for one in queue)]:
            one.close()
        lobby._selector.close()
        for end in self.wake:
            os.close(end)

    def answers(self, connection, body):
        connection.answer(body)
        self.lobby.give_back(connection)


@pytest.fixture
def house():
    houses = []

    def build(**limits):
        houses.append(House(**limits))
        return houses[-1]

    yield build
    for one in houses:
        one.close()


def heard(client):
    return b"".join(iter(lambda: client.recv(65536), b""))


def test_only_a_whole_request_is_served_and_its_answer_is_sent(house):
    one = house()
    one.comes()
    one.comes(HALF)
    client = one.comes(REQUEST[:10], REQUEST[10:])
    one.until(lambda: one.whole)
    (connection,) = one.whole
    assert connection.exchange().recv(1000) == REQUEST
    one.answers(connection, b"an answer")
    one.until(lambda: not one.lobby._served)
    assert heard(client) == b"an answer"
    client.close()
    one.until(lambda: not one.lobby._lingering)
    assert not one.lobby.is_empty  # the two that have said too little


def test_the_silent_are_let_go_and_the_slow_are_told(house):
    one = house(request_seconds=0.2)
    silent, slow = one.comes(), one.comes(HALF)
    one.until(lambda: one.refused and not one.lobby._arriving)
    assert one.refused == [RequestTooSlow]
    assert heard(silent) == b""
    assert heard(slow) == b"refused"


def test_of_too_many_the_oldest_make_room(house):
    one = house(connections=3)
    oldest = one.comes()
    one.until(lambda: len(one.lobby._arriving) == 1)
    for _ in range(3):
        one.comes()
    one.until(lambda: select.select([oldest], [], [], 0)[0])
    assert len(one.lobby._arriving) == 3
    assert heard(oldest) == b""
    one.comes(REQUEST)
    one.until(lambda: one.whole)


def test_of_too_much_in_memory_the_oldest_makes_room(house):
    one = house(held_bytes=250, body_bytes=1000)
    head = b"POST /x HTTP/1.1\r\nContent-Length: 1000\r\n\r\n"
    oldest = one.comes(head + b"x" * 100)
    one.until(lambda: one.lobby._held > 100)
    one.comes(head + b"x" * 100)
    one.until(lambda: one.refused)
    assert one.refused == [Crowded]
    assert heard(oldest) == b"refused"
    assert one.lobby._held == len(head) + 100


def test_a_client_that_goes_away_leaves_nothing_behind(house):
    one = house()
    one.comes().close()
    one.until(lambda: not one.lobby._arriving)
    one.comes(HALF).close()
    one.until(lambda: one.whole)  # broken off: the reader says what is wrong with it
    one.answers(one.whole[0], b"x" * 100)
    one.until(lambda: one.lobby.is_empty)
    assert one.lobby._held == 0


def test_who_does_not_read_an_answer_costs_no_thread(house):
    one = house(request_seconds=0.5)
    one.comes(REQUEST)
    one.until(lambda: one.whole)
    one.answers(one.whole[0], b"x" * 20_000_000)
    one.until(lambda: one.lobby._leaving)
    one.comes(REQUEST)
    one.until(lambda: len(one.whole) == 2)
    one.until(lambda: not one.lobby._leaving)  # it has had its time


def test_a_long_answer_is_sent_as_the_client_takes_it(house):
    one = house()
    client = one.comes(REQUEST)
    one.until(lambda: one.whole)
    one.answers(one.whole[0], b"x" * 5_000_000)
    received = bytearray()
    client.settimeout(0.01)
    while len(received) < 5_000_000:
        one.lobby.turn()
        with suppress(TimeoutError):
            while piece := client.recv(1_000_000):
                received += piece
    assert received == b"x" * 5_000_000


def test_who_waits_for_a_word_before_the_body_gets_it_once(house):
    one = house()
    client = one.comes(HALF.replace(b"\r\n\r\n{", b"\r\nExpect: 100-continue\r\n\r\n"))
    one.until(lambda: one.lobby._held)
    assert client.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.sendall(b"x" * 20)
    one.until(lambda: one.lobby._held > 80)
    client.sendall(b"x" * 30)
    one.until(lambda: one.whole)
    one.answers(one.whole[0], b"done")
    one.until(lambda: one.lobby._lingering)
    assert heard(client) == b"done"


def test_when_the_door_is_closed_only_those_who_have_spoken_stay(house):
    one = house()
    silent, slow = one.comes(), one.comes(HALF)
    one.until(lambda: one.lobby._held and len(one.lobby._arriving) == 2)
    one.lobby.close_door()
    assert heard(silent) == b""
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(one.address, timeout=5)
    slow.sendall(b"x" * 49)
    one.until(lambda: one.whole)
    assert not one.lobby.is_empty


def test_nobody_comes_in_while_every_slot_is_taken(house):
    one = house(slots=2)
    one.comes(REQUEST)
    one.comes(REQUEST)
    one.until(lambda: len(one.whole) == 2)
    one.lobby.listen_if(True)
    one.comes(REQUEST)
    one.lobby.turn()
    assert len(one.whole) == 2
    one.answers(one.whole[0], b"")
    one.until(lambda: len(one.lobby._served) == 1)
    one.lobby.listen_if(True)
    one.until(lambda: len(one.whole) == 3)


def test_how_long_the_oldest_call_has_been_worked_on(house):
    one = house()
    assert one.lobby.longest_served() < 0.001
    one.comes(REQUEST)
    one.until(lambda: one.whole)
    time.sleep(0.05)
    assert one.lobby.longest_served() >= 0.05
