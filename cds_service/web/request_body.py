"""The body of a request: JSON, and not larger than we take."""

import zlib

from flask import request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

_GZIP = 16 + zlib.MAX_WBITS


def json_body(limit: int) -> bytes:
    """The whole body, unpacked if it came by gzip.

    Raises UnsupportedMediaType, also for any other packing, BadRequest for what is no gzip, or
    RequestEntityTooLarge beyond `limit` bytes, packed or unpacked.
    """
    mimetype = request.mimetype  # json+fhir is how FHIR's JSON was called in 2015; a real client still does
    if mimetype not in ("application/json", "application/json+fhir") and not mimetype.endswith("+json"):
        raise UnsupportedMediaType
    body = _as_sent()
    if len(body) > limit:  # a chunked one is cut off by the framework without a word, one byte past our limit
        raise RequestEntityTooLarge
    packing = request.headers.get("Content-Encoding", "identity").strip().lower()
    if packing in ("gzip", "x-gzip"):
        return _unpacked(body, limit)
    if packing not in ("", "identity"):
        raise UnsupportedMediaType
    return body


def _as_sent() -> bytes:
    """What was sent, in one piece where its length is announced: by pieces it would be copied twice more."""
    length = request.content_length
    if not length:
        return request.get_data(cache=False)
    body = request.stream.read(length)
    return body if len(body) == length else body + request.stream.read()


def _unpacked(packed: bytes, limit: int) -> bytes:
    """What was packed by gzip, in one piece."""
    unpacking = zlib.decompressobj(_GZIP)
    try:
        body = unpacking.decompress(packed, limit + 1)
    except zlib.error:
        raise BadRequest from None
    if len(body) > limit:
        raise RequestEntityTooLarge
    if not unpacking.eof or unpacking.unused_data:
        raise BadRequest
    return body
