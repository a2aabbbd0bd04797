"""The JSON around the resources, opened once: each member still raw, every key there only once.

A patientId written twice must not be settled by whichever came last, so duplicate keys are refused in the
envelope. Proving that there are none costs microseconds: msgspec hands out the exact bytes of each value, and
if the keys and values in their order, with only blanks between them, make up the whole text, then nothing was
left out. Only a text that fails this proof (escaped keys, duplicates) is parsed a second time.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec

from cds_service.cds_hooks.errors import BadHookRequest

NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding bytes from outside may raise: no JSON, another shape, a number too large, no UTF-8, depth."""

_members: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BLANK, _COMMA, _COLON = re.compile(rb"\s*"), re.compile(rb"\s*,\s*"), re.compile(rb"\s*:\s*")
_STARTS_WITH_TYPE = re.compile(rb'\s*\{\s*"resourceType"\s*:\s*"([A-Za-z]{1,64})"')


class _Typed(msgspec.Struct, rename="camel"):
    resource_type: str | None = None


_typed: msgspec.json.Decoder[_Typed] = msgspec.json.Decoder(_Typed)


def open_envelope(body: bytes) -> dict[str, msgspec.Raw]:
    """The members of a JSON object by name, each as its own bytes.

    A byte order mark before it is passed over (RFC 8259 section 8.1). Raises BadHookRequest for anything but
    one well-formed UTF-8 JSON object with distinct keys.
    """
    body = body.removeprefix(_BYTE_ORDER_MARK)
    try:
        if not body.isascii():
            body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadHookRequest("is not UTF-8") from error
    return open_member(body, "")


def open_member(text: bytes, path: str) -> dict[str, msgspec.Raw]:
    """The same for an object inside an envelope, whose encoding is known; `path` is where it stands."""
    where = (path,) if path else ()
    try:
        members = _members.decode(text)
    except RecursionError as error:
        raise BadHookRequest("is nested too deeply", *where) from error
    except msgspec.ValidationError as error:
        raise BadHookRequest("must be a JSON object", *where) from error
    except msgspec.DecodeError as error:
        raise BadHookRequest(f"is not JSON ({error})", *where) from error
    if not _is_the_whole(text, members):
        _refuse_duplicates(text, path)
    return members


def is_null(raw: msgspec.Raw | None) -> bool:
    """True for an absent member (None, or no bytes at all) and for a JSON null."""
    return raw is None or (memoryview(raw).nbytes <= len(b"null") and bytes(raw) in (b"", b"null"))


def resource_type(raw: msgspec.Raw) -> str | None:
    """The `resourceType` of a JSON value; None when it has none or is no object."""
    if found := _STARTS_WITH_TYPE.match(memoryview(raw)):  # no copy: a part may be most of a chart
        return found[1].decode("ascii")
    try:
        return _typed.decode(raw).resource_type
    except (msgspec.DecodeError, RecursionError):
        return None


def _is_the_whole(text: bytes, members: Mapping[str, msgspec.Raw]) -> bool:
    position = text.index(b"{") + 1
    gap = _BLANK
    for name, raw in members.items():
        key, value = f'"{name}"'.encode(), bytes(raw)
        position = _after(gap, text, position)
        if not text.startswith(key, position):
            return False
        position = _after(_COLON, text, position + len(key))
        if not text.startswith(value, position):
            return False
        position += len(value)
        gap = _COMMA
    return text[position:].strip() == b"}"


def _after(gap: re.Pattern[bytes], text: bytes, position: int) -> int:
    found = gap.match(text, position)
    return found.end() if found else position


def _refuse_duplicates(text: bytes, path: str) -> None:
    objects: list[list[str]] = []

    def note(pairs: list[tuple[str, Any]]) -> None:
        objects.append([name for name, _ in pairs])

    try:
        json.loads(text, object_pairs_hook=note, parse_int=str, parse_float=str)  # numbers of any length
    except RecursionError as error:
        raise BadHookRequest("is nested too deeply", *((path,) if path else ())) from error
    twice = [name for name, times in Counter(objects[-1]).items() if times > 1]
    if twice:
        raise BadHookRequest("is written more than once", *(f"{path}.{name}".lstrip(".") for name in twice))
