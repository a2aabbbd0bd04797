"""One request and its answer in memory, where gunicorn expects a socket: no thread waits for a client."""


class BrokenOff(Exception):
    """There is no more of this request."""


class WsgiExchange:
    """`has_ended` says that the client sends no more; otherwise reading past what came is BrokenOff."""

    def __init__(self, request: bytes, *, has_ended: bool) -> None:
        self.answer = bytearray()
        self._request = memoryview(request)
        self._has_ended = has_ended
        self._is_answered = False

    def recv(self, size: int) -> bytes:
        """The next bytes of the request. Raises BrokenOff."""
        data, self._request = self._request[:size], self._request[size:]
        if not (data or self._has_ended or self._is_answered):
            raise BrokenOff
        return bytes(data)

    def sendall(self, data: bytes) -> None:
        """Some more of the answer."""
        self.answer += data

    def send(self, data: bytes) -> int:
        """gunicorn's `100 Continue`: whoever waited for that has been told."""
        return len(data)

    def shutdown(self, _: int) -> None:
        """The answer is whole; nothing more is to be drained here."""
        self._is_answered = True
        self._request = memoryview(b"")

    def close(self) -> None:
        """The connection is not ours to close."""

    def settimeout(self, _: float | None) -> None:
        """Nothing here takes time."""

    def gettimeout(self) -> float | None:
        """Nothing here takes time."""
        return None
