"""A client's connection whose request must be there, whole, by a fixed moment, however its bytes drip.

A sync worker does one thing at a time: without this, a client that sends one byte a second holds a worker
until the parent kills it.
"""

import socket
import time
from typing import Any


class RequestTooSlow(Exception):
    """The request was not there in time."""


class BoundedClient:
    """Stands for the socket of one connection. `seconds` are for the request, and again for the answer."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self._connection = connection
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._is_closing = False

    def recv(self, *arguments: Any) -> bytes:
        """What is there, waiting no longer than the time that is left. Raises RequestTooSlow."""
        if self._is_closing:
            return self._connection.recv(*arguments)
        left = self._end - time.monotonic()
        if left <= 0:
            raise RequestTooSlow
        self._connection.settimeout(left)
        try:
            return self._connection.recv(*arguments)
        except TimeoutError as error:
            raise RequestTooSlow from error

    def sendall(self, data: bytes) -> None:
        """Send it all, to a client that takes it. Raises TimeoutError."""
        self._connection.settimeout(self._seconds)
        self._connection.sendall(data)

    def shutdown(self, how: int) -> None:
        """The answer is out: what the client still sends is only drained, in gunicorn's own time."""
        self._is_closing = True
        self._connection.shutdown(how)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the socket's own."""
        return getattr(self._connection, name)
