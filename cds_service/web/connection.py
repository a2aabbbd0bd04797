"""One client's connection: a request comes in and an answer goes out in pieces, and nobody waits for it."""

import socket
from enum import Enum, auto

from cds_service.web.request_bytes import RequestBytes
from cds_service.web.wsgi_exchange import WsgiExchange

_PIECE = 64 * 1024
_GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"


class RequestProgress(Enum):
    """What there is after a piece has been read."""

    SOME = auto()
    WHOLE = auto()
    GONE = auto()


class Connection:
    """`address` is the client's and `here` ours, as the socket says them."""

    def __init__(self, connection: socket.socket, address: object, here: object, most_body: int) -> None:
        connection.setblocking(False)
        self._socket = connection
        self._request = RequestBytes(most_body)
        self._has_ended = False
        self._was_told = False
        self._unsent = memoryview(b"")
        self.address = address
        self.here = here

    def fileno(self) -> int:
        """As a selector asks."""
        return self._socket.fileno()

    def getsockname(self) -> object:
        """gunicorn asks it of the listener."""
        return self.here

    @property
    def held(self) -> int:
        """Bytes of the request in memory."""
        return len(self._request)

    def receive(self) -> RequestProgress:
        """Read a piece. A request that breaks off is whole: the reader will say what is wrong with it."""
        try:
            data = self._socket.recv(_PIECE)
        except (BlockingIOError, InterruptedError):
            return RequestProgress.SOME
        except OSError:
            return RequestProgress.GONE
        if not data:
            self._has_ended = True
            return RequestProgress.WHOLE if self.held else RequestProgress.GONE
        if self._request.add(data):
            return RequestProgress.WHOLE
        self._tell_to_go_on()
        return RequestProgress.SOME

    def exchange(self) -> WsgiExchange:
        """The request as it is now, to be answered; it is kept here no longer."""
        data, self._request = self._request.data, RequestBytes(0)
        return WsgiExchange(data, has_ended=self._has_ended)

    def answer(self, data: bytes | bytearray) -> None:
        """What is to be sent."""
        self._unsent = memoryview(data)

    def send(self) -> bool:
        """Send what the client takes now; is there nothing left to send? Then it is told so."""
        try:
            while self._unsent:
                self._unsent = self._unsent[self._socket.send(self._unsent) :]
            self._socket.shutdown(socket.SHUT_WR)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            self._unsent = memoryview(b"")
        return True

    def drain(self) -> RequestProgress:
        """Read and forget what still comes after the answer; unread, it could cost the client the answer."""
        try:
            return RequestProgress.SOME if self._socket.recv(_PIECE) else RequestProgress.GONE
        except (BlockingIOError, InterruptedError):
            return RequestProgress.SOME
        except OSError:
            return RequestProgress.GONE

    def close(self) -> None:
        """Let go of it."""
        self._socket.close()

    def _tell_to_go_on(self) -> None:
        if self._was_told or not self._request.expects_a_word:
            return
        self._was_told = True
        try:
            self._socket.send(_GO_ON)
        except OSError:
            return  # it goes on by itself, or is gone
