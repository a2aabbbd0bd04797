"""The body of a request: JSON, and not larger than we take."""

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType


def json_body(limit: int) -> bytes:
    """The whole body. Raises UnsupportedMediaType, or RequestEntityTooLarge beyond `limit` bytes."""
    mimetype = request.mimetype  # json+fhir is how FHIR's JSON was called in 2015; a real client still does
    if mimetype not in ("application/json", "application/json+fhir") and not mimetype.endswith("+json"):
        raise UnsupportedMediaType
    body = request.get_data(cache=False)
    if len(body) > limit:  # a chunked one is cut off by the framework without a word, one byte past our limit
        raise RequestEntityTooLarge
    return body
