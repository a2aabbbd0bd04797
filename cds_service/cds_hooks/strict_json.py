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
_ABSENT = msgspec.Raw()
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BLANK, _COMMA, _COLON = re.compile(rb"\s*"), re.compile(rb"\s*,\s*"), re.compile(rb"\s*:\s*")
_CLOSING = re.compile(rb"\s*\}")
_PIECE = 4_096
_STARTS_WITH_TYPE = re.compile(rb'\s*\{\s*"resourceType"\s*:\s*"([A-Za-z]{1,64})"')


class _Typed(msgspec.Struct, rename="camel"):
    resource_type: str | None = None


_typed: msgspec.json.Decoder[_Typed] = msgspec.json.Decoder(_Typed)


class _Call(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    prefetch: dict[str, msgspec.Raw]
    hook: msgspec.Raw = _ABSENT
    hook_instance: msgspec.Raw = _ABSENT
    context: msgspec.Raw = _ABSENT
    fhir_server: msgspec.Raw = _ABSENT
    fhir_authorization: msgspec.Raw = _ABSENT
    extension: msgspec.Raw = _ABSENT


_whole: msgspec.json.Decoder[_Call] = msgspec.json.Decoder(_Call)
_FIELDS = dict(zip(_Call.__struct_encode_fields__, _Call.__struct_fields__, strict=True))
_MEMBER = re.compile(rb'\s*,?\s*"([A-Za-z]+)"\s*:\s*')


def open_envelope(body: bytes) -> dict[str, msgspec.Raw]:
    """The members of a JSON object by name, each as its own bytes.

    A byte order mark before it is passed over (RFC 8259 section 8.1). Raises BadHookRequest for anything but
    one well-formed UTF-8 JSON object with distinct keys.
    """
    return open_member(_text_of(body), "")


def open_call(body: bytes) -> tuple[dict[str, msgspec.Raw], dict[str, msgspec.Raw] | None]:
    """The same for a call of a hook, and the members of its prefetch where they were opened in the same pass.

    Raises BadHookRequest as `open_envelope` does.
    """
    text = _text_of(body)
    return in_one_pass(text) or (open_member(text, ""), None)


def _text_of(body: bytes) -> bytes:
    text = body.removeprefix(_BYTE_ORDER_MARK)
    try:
        if not text.isascii():
            _check_pieces(text)
    except UnicodeDecodeError as error:
        raise BadHookRequest("is not UTF-8") from error
    return text


def _check_pieces(text: bytes) -> None:
    """Raises UnicodeDecodeError. Most pieces of a chart are ASCII; each ends behind a quotation mark, which
    is no part of a letter of several bytes."""
    begin = 0
    while begin < len(text):
        end = text.find(b'"', begin + _PIECE) + 1 or len(text)
        piece = text[begin:end]
        if not piece.isascii():
            piece.decode("utf-8")
        begin = end


def in_one_pass(text: bytes) -> tuple[dict[str, msgspec.Raw], dict[str, msgspec.Raw]] | None:
    """The members of a call as nearly all clients write it, and apart from them those of its prefetch.

    None for a text with other members, or of which it cannot be proved so that each key stands there once.
    """
    try:
        call = _whole.decode(text)
    except NOT_JSON:
        return None
    members: dict[str, msgspec.Raw] = {}
    position, end = text.index(b"{") + 1, None
    while found := _MEMBER.match(text, position):
        name = found[1].decode("ascii")
        if name in members or name not in _FIELDS:
            return None
        if name == "prefetch":
            members[name], end = _ABSENT, _after_object(call.prefetch, text, found.end())
        else:
            members[name] = value = getattr(call, _FIELDS[name])
            end = _after_value(value, text, found.end())
        if end is None:
            return None
        position = end
    del members["prefetch"]
    return (members, call.prefetch) if text[position:].strip() == b"}" else None


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
    end = _after_object(members, text, text.index(b"{"))
    if end is None or text[end:].strip():
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


def _after_object(members: Mapping[str, msgspec.Raw], text: bytes, position: int) -> int | None:
    """Where the object ends that begins at `position`; None unless these members are all that it holds."""
    gap, end = _BLANK, position + 1
    for name, raw in members.items():
        key = f'"{name}"'.encode()
        begin = gap.match(text, end)
        if begin is None or not text.startswith(key, begin.end()):
            return None
        colon = _COLON.match(text, begin.end() + len(key))
        past = _after_value(raw, text, colon.end()) if colon else None
        if past is None:
            return None
        gap, end = _COMMA, past
    closing = _CLOSING.match(text, end)
    return closing.end() if closing else None


def _after_value(raw: msgspec.Raw, text: bytes, position: int) -> int | None:
    return position + memoryview(raw).nbytes if text.startswith(raw, position) else None  # no copy


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
