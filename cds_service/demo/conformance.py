"""Does an answer keep to the standard? Each is judged against the JSON Schemas of CDS Hooks that we ship."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from cds_service.demo.json_http import JsonExchange

SCHEMAS = Path(__file__).parents[1] / "cds_hooks" / "schemas"
MOST_FAULTS = 20


def faults(document: Any, schema: str) -> tuple[str, ...]:
    """What is wrong with a document, each with its place; `schema` is request, response or so on."""
    found = sorted(_validator(schema).iter_errors(document), key=lambda error: error.json_path)
    return tuple(f"{error.json_path}: {error.message[:200]}" for error in found[:MOST_FAULTS])


def faults_in_answer(exchange: JsonExchange, schema: str) -> tuple[str, ...]:
    """The same for what came back with a success; an error answer is judged by nobody here."""
    return faults(exchange.content, schema) if 200 <= exchange.status < 300 else ()


@cache
def _validator(schema: str) -> Draft202012Validator:
    text = (SCHEMAS / f"{schema}.schema.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text))
