"""Taking an action back: what it touched is as it was, as long as nobody has changed it since."""

import uuid
from collections.abc import Iterable, Sequence

from cds_service.demo.json_http import Json, Unanswered
from cds_service.demo.mini_ehr.ehr_memory import EhrMemory, Given, Touched, Undoable
from cds_service.demo.record_client import FhirClient, update_of, version_read


class ChangedSince(Exception):
    """Somebody has changed what the action left; `reference` is what they changed."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference


def carry_out(
    fhir: FhirClient, memory: EhrMemory, patient: str, entries: Sequence[Json], given: Given | None = None
) -> str:
    """Carry out a transaction, and remember how to take it back; the key for that.

    `given` is the card whose suggestion this is: its service is told when it is taken back. Raises
    Unanswered; where only the looking afterwards fails, the action stands and the key is "".
    """
    before = [_at(fhir, entry) for entry in entries]
    written = fhir.transact(entries)
    try:
        touched = tuple(_touched(fhir, *one) for one in zip(entries, before, written, strict=True))
    except (Unanswered, ValueError):
        return ""
    return remember(memory, Undoable(patient, touched, given))


def remember(memory: EhrMemory, undoable: Undoable) -> str:
    """The key under which an action can be taken back."""
    key = uuid.uuid4().hex
    memory.keep_undo(key, undoable)
    return key


def take_back(fhir: FhirClient, touched: Iterable[Touched]) -> None:
    """Restore all of it or nothing. Raises ChangedSince, and Unanswered where the server refuses."""
    entries = [_back(fhir, one) for one in touched]
    if entries:
        fhir.transact(entries)


def _at(fhir: FhirClient, entry: Json) -> Json | None:
    """What stands where a transaction's entry will write; None for something new."""
    request = entry["request"]
    return None if request["method"] == "POST" else _read(fhir, request["url"])


def _touched(fhir: FhirClient, entry: Json, before: Json | None, written: str) -> Touched:
    request = entry["request"]
    if request["method"] == "DELETE":
        return Touched(request["url"], before, None)
    reference = written if request["method"] == "POST" else request["url"]
    if "/" not in reference:
        raise ValueError("the server did not say where it put what is new")
    return Touched(reference, before, fhir.read(reference))


def _read(fhir: FhirClient, reference: str) -> Json | None:
    """What stands there; None for nothing."""
    try:
        return fhir.read(reference)
    except Unanswered:
        return None


def _back(fhir: FhirClient, one: Touched) -> Json:
    """The entry that restores one resource. Raises ChangedSince."""
    if _read(fhir, one.reference) != one.after:
        raise ChangedSince(one.reference)
    if one.before is None:
        request = {"method": "DELETE", "url": one.reference}
        version = version_read(one.after or {})
        return {"request": request | ({"ifMatch": version} if version else {})}
    meta = {name: value for name, value in one.before.get("meta", {}).items() if name != "versionId"}
    if one.after and (version := one.after.get("meta", {}).get("versionId")):
        meta["versionId"] = version
    return update_of(one.before | {"meta": meta} if meta else one.before)
