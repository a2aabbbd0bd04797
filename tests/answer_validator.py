"""Holds every answer of the service, in every test of every folder, against the standard's schemas.

Flask tells of each answer that any application in this process has finished, whichever door the test used: a
test client, a server on loopback, the demo. `tests/conftest.py` fails the test during which a malformed one
was seen. Answers of a service in another process are handed to `check` by whoever receives them.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask, Response, request, request_finished
from jsonschema import Draft202012Validator

from cds_service.cds_hooks.schemas import FOLDER

Json = Any
_OWN = Path(__file__).parent / "standard/schemas"
_MAY_BE_EMPTY = frozenset({"cards", "services"})
_SERVICE = "cds_service.web.wsgi_app"


def schema(name: str) -> Draft202012Validator:
    """The validator of `discovery`, `request`, `response`, `feedback`, `operation_outcome` or `assessment`."""
    folder = FOLDER if (FOLDER / f"{name}.schema.json").exists() else _OWN
    return Draft202012Validator(json.loads((folder / f"{name}.schema.json").read_text("utf-8")))


_SCHEMAS = {name: schema(name) for name in ("discovery", "response", "operation_outcome")}


def check(method: str, path: str, status: int, content_type: str, body: bytes) -> list[str]:
    """What is wrong with an answer; `path` has no query."""
    if method in ("HEAD", "OPTIONS") or not path.startswith("/cds-services"):
        return _only_outcomes(body) if b"OperationOutcome" in body else []
    if status == 200 and path.endswith("/feedback"):
        return ["feedback is answered without a body (D-7)"] if body else []
    if not content_type.startswith("application/json"):
        return [f"content type {content_type!r} is not JSON (CH-001)"]
    try:
        answer = json.loads(body, parse_constant=_no_number, object_pairs_hook=_distinct)
    except ValueError as error:
        return [f"is not strict JSON: {error} (CH-003)"]
    return [*_faults(_kind(method, path, status), answer), *nothings(answer)]


def _kind(method: str, path: str, status: int) -> str:
    if status >= 300:
        return "operation_outcome"
    return "discovery" if path == "/cds-services" else "response"


def _faults(kind: str, answer: Json) -> list[str]:
    return [
        f"{kind}: {error.json_path} {error.message}"[:300] for error in _SCHEMAS[kind].iter_errors(answer)
    ]


def _only_outcomes(body: bytes) -> list[str]:
    try:
        answer = json.loads(body)
    except ValueError:
        return []  # a page that speaks of one
    is_one = isinstance(answer, dict) and answer.get("resourceType") == "OperationOutcome"
    return _faults("operation_outcome", answer) if is_one else []


def nothings(value: Json, path: str = "$") -> list[str]:
    """Every null and empty member (CH-004); FHIR keeps a null within an array beside a primitive's extension."""
    found: list[str] = []
    for name, inner in _members(value):
        here = f"{path}.{name}"
        is_kept = (name in _MAY_BE_EMPTY and path == "$") or (isinstance(value, list) and inner is None)
        if inner in (None, "", [], {}) and not is_kept:
            found.append(f"{here} is null or empty (CH-004)")
        found += nothings(inner, here)
    return found


def _members(value: Json) -> Iterator[tuple[Any, Json]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _distinct(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member is written twice")
    return members


class Judge:
    """What was wrong with the answers seen since it was last asked."""

    def __init__(self) -> None:
        self._faults: list[str] = []

    def listen(self) -> None:
        """Hear of every answer of the service from now on."""
        request_finished.connect(self._hear)

    def _hear(self, app: Flask, response: Response, **_: Any) -> None:
        if app.import_name != _SERVICE or response.is_streamed or response.direct_passthrough:
            return
        kind = response.content_type or ""
        faults = check(request.method, request.path, response.status_code, kind, response.get_data())
        self._faults += [f"{request.method} {request.path} {response.status_code}: {why}" for why in faults]

    def say(self) -> None:
        """Raises AssertionError with everything that was wrong, once."""
        faults, self._faults = self._faults, []
        assert not faults, "malformed answers:\n" + "\n".join(faults)

    @contextmanager
    def overheard(self) -> Iterator[list[str]]:
        """The faults of this block, for the one who provokes them."""
        before, self._faults = self._faults, []
        try:
            yield self._faults
        finally:
            self._faults = before


JUDGE = Judge()
