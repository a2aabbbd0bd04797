"""Filling a service's prefetch templates, as a good record system does, and in the ways that others do it."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from cds_service.demo.json_http import Json, Unanswered
from cds_service.demo.record_client import FhirClient

_TOKEN = re.compile(r"\{\{\s*(.*?)\s*\}\}")
_USER = re.compile(r"user(Practitioner|PractitionerRole|Patient|RelatedPerson)Id")
_TODAY = re.compile(r"today\(\)(?:\s*([+-])\s*(\d{1,5})\s+days?)?")
_COUNT = re.compile(r"(?<=[?&])_count=\d+")
SMALL_PAGE = 10


class Prefetch(StrEnum):
    """How much of what a service asked for goes along with a call.

    `NULL`: null where nothing was found (CH-040). `OUTCOME`: an OperationOutcome in place of every search
    (CH-038). `PAGED`: the first page only, with a link to the next (CH-037). `MIXED`: every other template.
    """

    ALL = "all"
    NONE = "none"
    MIXED = "mixed"
    NULL = "null"
    OUTCOME = "outcome"
    PAGED = "paged"


FAILED_SEARCH: Json = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "error", "code": "timeout", "diagnostics": "switched off in the mini-EHR"}],
}


def prefetch(
    fhir: FhirClient,
    templates: Mapping[str, str],
    context: Mapping[str, Any],
    how: Prefetch,
    today: date | None = None,
) -> Json | None:
    """The templates, filled and fetched; None for no prefetch at all.

    One that cannot be had is left out, as the standard allows; without `today`, so is one that asks for it.
    """
    if how is Prefetch.NONE:
        return None
    fetched: Json = {}
    for place, (key, template) in enumerate(templates.items()):
        query = fill_prefetch(template, context, today)
        if query is None or (how is Prefetch.MIXED and place % 2):
            continue
        try:
            fetched[key] = _fetch(fhir, query, how)
        except Unanswered:
            continue
    return fetched


def fill_prefetch(template: str, context: Mapping[str, Any], today: date | None = None) -> str | None:
    """The template with its tokens replaced (CH-045, CH-047, CH-048); None when one has no value."""
    values = {token: _value(token, context, today) for token in _TOKEN.findall(template)}
    if None in values.values():
        return None
    return _TOKEN.sub(lambda found: str(values[found[1]]), template)


def _value(token: str, context: Mapping[str, Any], today: date | None) -> str | None:
    if token.startswith("context."):
        name = token.removeprefix("context.")
        return str(context[name]) if isinstance(context.get(name), str) else None
    if user := _USER.fullmatch(token):
        kind, _, key = str(context.get("userId", "")).partition("/")
        return key if kind == user[1] else None
    if (day := _TODAY.fullmatch(token)) and today:
        days = timedelta(days=int(day[2] or 0))
        return str(today - days if day[1] == "-" else today + days)
    return None


def _fetch(fhir: FhirClient, query: str, how: Prefetch) -> Json | None:
    if "?" not in query:
        return fhir.read(query)
    if how is Prefetch.OUTCOME:
        return FAILED_SEARCH
    if how is Prefetch.PAGED:
        return fhir.page(_in_small_pages(query))
    found = fhir.search(query)
    return None if how is Prefetch.NULL and not found["entry"] else found


def _in_small_pages(query: str) -> str:
    small = f"_count={SMALL_PAGE}"
    return _COUNT.sub(small, query) if _COUNT.search(query) else f"{query}&{small}"
