"""A patient from a file: a FHIR R4 Bundle or NDJSON -> one transaction that puts it on the server."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from cds_service.demo.json_http import Json


class FileFault(ValueError):
    """The file holds no patient that could be loaded; `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Load:
    """The transaction, and which types were left out because the server keeps none, with their number."""

    entries: tuple[Json, ...]
    left_out: Counter[str]


def read_file(content: bytes, kept_types: frozenset[str]) -> Load:
    """Everything of the file that the server keeps. Raises FileFault."""
    found = list(_entries(content))
    entries = [_request(entry) for entry in found if entry["resource"]["resourceType"] in kept_types]
    left_out = Counter(
        entry["resource"]["resourceType"]
        for entry in found
        if entry["resource"]["resourceType"] not in kept_types
    )
    patients = [e for e in entries if e["resource"]["resourceType"] == "Patient"]
    if not patients:
        raise FileFault("there is no Patient in it")
    return Load(tuple(entries), left_out)


def _entries(content: bytes) -> Iterator[Json]:
    try:
        text = content.decode("utf-8-sig")
        documents = _documents(text)
    except ValueError as error:
        raise FileFault("it is neither JSON nor NDJSON") from error
    for document in documents:
        if not isinstance(document, dict) or not isinstance(document.get("resourceType"), str):
            raise FileFault("it holds something that is no FHIR resource")
        if document["resourceType"] != "Bundle":
            yield {"resource": document}
            continue
        for entry in document.get("entry") or []:
            if isinstance(entry, dict) and isinstance((entry.get("resource") or {}).get("resourceType"), str):
                yield entry


def _documents(text: str) -> list[object]:
    try:
        return [json.loads(text)]
    except ValueError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]


def _request(entry: Json) -> Json:
    """Under its own id where references are by id; new, with its urn, where they are by urn."""
    resource = entry["resource"]
    kind, key, address = resource["resourceType"], resource.get("id"), str(entry.get("fullUrl", ""))
    if key and not address.startswith("urn:"):
        return {"resource": resource, "request": {"method": "PUT", "url": f"{kind}/{key}"}}
    request = {"method": "POST", "url": kind}
    return {"resource": resource, "request": request, **({"fullUrl": address} if address else {})}
