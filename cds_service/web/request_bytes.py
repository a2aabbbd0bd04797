"""The bytes of one HTTP/1 request while they arrive: is it all there, so that a thread may begin?

gunicorn reads the request for good. What it would refuse by the head alone counts as whole, so that it is
refused at once; what is larger than any call may be is handed on as it is, to be refused for that.
"""

import re

_END = b"\r\n\r\n"
_MOST_HEAD = 450_000  # more than 50 fields of 8,190 bytes: gunicorn refuses it
_MOST_LINE = 8_192
_LENGTH = re.compile(rb"\r\ncontent-length[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)
_CODING = re.compile(rb"\r\ntransfer-encoding[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)
_EXPECTS = re.compile(rb"\r\nexpect[ \t]*:[ \t]*100-continue", re.IGNORECASE)
_NUMBER = re.compile(rb"[0-9]{1,15}")
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,15}")


class RequestBytes:
    """`most_body` is the largest body in bytes that a call may have."""

    def __init__(self, most_body: int) -> None:
        self._data = bytearray()
        self._most_body = most_body
        self._head: int | None = None  # where the body begins
        self._end: int | None = None  # where the request ends, once that is known
        self._is_chunked = False
        self._looked = 0  # up to here there is nothing left to find

    def __len__(self) -> int:
        """Bytes so far."""
        return len(self._data)

    @property
    def data(self) -> bytes:
        """What has come so far."""
        return bytes(self._data)

    @property
    def expects_a_word(self) -> bool:
        """Does the client wait for `100 Continue` before it sends the body?"""
        return self._head is not None and bool(_EXPECTS.search(self._data, 0, self._head))

    def add(self, data: bytes) -> bool:
        """Some more bytes; is it now to be served?"""
        self._data += data
        if self._head is None:
            self._find_head()
        if self._is_chunked and self._end is None:
            self._follow_chunks()
        return self._end is not None and len(self._data) >= self._end

    def _find_head(self) -> None:
        found = self._data.find(_END, self._looked)
        self._looked = max(0, len(self._data) - len(_END) + 1)
        if found >= 0:
            self._head = self._looked = found + len(_END)
            self._read_head(self._head)
        elif len(self._data) > _MOST_HEAD:
            self._end = 0

    def _read_head(self, head: int) -> None:
        """How the end of the body is told. What nobody may send ends here."""
        lengths, codings = _LENGTH.findall(self._data, 0, head), _CODING.findall(self._data, 0, head)
        self._is_chunked = [coding.strip().lower() for coding in codings] == [b"chunked"]
        if self._is_chunked and not lengths:
            return
        announced = lengths[0].strip() if len(lengths) == 1 and not codings else b"0"
        length = int(announced) if _NUMBER.fullmatch(announced) else 0
        self._is_chunked, self._end = False, head + (length if length <= self._most_body else 0)

    def _follow_chunks(self) -> None:
        """From one chunk's size to the next; only whole ones are behind us."""
        while self._end is None and self._looked <= len(self._data):
            line = self._data.find(b"\r\n", self._looked)
            if line < 0:
                self._end = 0 if self._is_too_much(_MOST_LINE) else None
                return
            size = self._data[self._looked : line].partition(b";")[0].strip()
            if not _CHUNK_SIZE.fullmatch(size):
                self._end = 0
            elif int(size, 16) == 0:
                self._end = self._after_trailers(line)
                return
            else:
                self._looked = line + 2 + int(size, 16) + 2
                self._end = 0 if self._looked > 2 * self._most_body + _MOST_HEAD else None

    def _after_trailers(self, line: int) -> int | None:
        found = self._data.find(_END, line)
        if found < 0:
            return 0 if self._is_too_much(_MOST_HEAD) else None
        return found + len(_END)

    def _is_too_much(self, most: int) -> bool:
        return len(self._data) - self._looked > most
