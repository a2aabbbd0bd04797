"""`cds-service shadow-report`: what shadow mode kept back beside the orders that clinicians wrote."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Engine

from cds_service import wiring
from cds_service.audit.pseudonym import Pseudonyms
from cds_service.audit.shadow import shadow_record
from cds_service.cli.chart_files import chart_files, documents
from cds_service.cli.report import fail, note
from cds_service.cli.with_store import with_store
from cds_service.services.shadow_comparison import Ordered, as_csv, compare, comparison_table
from cds_service.settings.environment import Settings
from fhir_mappings.clinical_model.calendar import When
from fhir_mappings.clinical_model.known_unknown import Known
from fhir_mappings.clinical_model.medications import MedicationEvent, MedicationSource, MedicationStatus
from fhir_mappings.readers.bundle import decode_ndjson
from fhir_mappings.readers.read_record import read_record
from fhir_mappings.readers.reader_settings import ReaderSettings

_ENDED = (MedicationStatus.STOPPED, MedicationStatus.ON_HOLD)
_WRITTEN = (MedicationStatus.ACTIVE, MedicationStatus.COMPLETED, *_ENDED)


@dataclass(slots=True)
class _Export:
    """MedicationRequests as they were written, by patient id; `unread` counts what is none."""

    by_patient: dict[str, list[bytes]] = field(default_factory=dict)
    unread: int = 0


def shadow_report(since: date | None, orders: list[str], tenant: str, days: int, *, csv: bool) -> int:
    """Print it. Exit code 2 for settings, a database or files that cannot be read."""
    try:
        export = _read(orders)
    except (OSError, EOFError) as error:
        return fail(f"{getattr(error, 'filename', None) or 'orders'}: cannot be read ({error})")
    if export.unread:
        note([f"{export.unread} entries of the orders are no MedicationRequest of a patient: left out"])

    def told(engine: Engine, settings: Settings) -> str:
        first = datetime.combine(since, time.min, settings.site.zone) if since else None
        record = shadow_record(engine, first)
        keys, reader = Pseudonyms(settings.pseudonym_key.reveal()), wiring.build_reader(settings.site)
        now = wiring.now_in(settings.site.zone).instant
        named = {keys.of_patient(tenant, patient): patient for patient in export.by_patient}
        known = frozenset(one.patient for one in record.kept) & named.keys()
        found = [o for p in known for o in _orders(p, named[p], export, reader, now)]
        rows = compare(record, found, now, days, known)
        return as_csv(rows, record.openings) if csv else comparison_table(rows, record.openings)

    return with_store(told)


def _read(names: Iterable[str]) -> _Export:
    export = _Export()
    for name in chart_files(names):
        for _, raw in documents(name):
            for one in _resources(raw):
                subject = str((one.get("subject") or {}).get("reference", ""))
                if one.get("resourceType") == "MedicationRequest" and "Patient/" in subject:
                    patient = subject.partition("Patient/")[2].partition("/")[0]
                    export.by_patient.setdefault(patient, []).append(msgspec.json.encode(one))
                else:
                    export.unread += 1
    return export


def _resources(raw: bytes) -> Iterator[dict[str, Any]]:
    try:
        found = msgspec.json.decode(raw, type=dict[str, Any])
    except msgspec.DecodeError:
        yield {}
        return
    if found.get("resourceType") != "Bundle":
        yield found
        return
    yield from (entry.get("resource", {}) for entry in found.get("entry", ()))


def _orders(
    pseudonym: str, patient: str, export: _Export, reader: ReaderSettings, now: datetime
) -> Iterator[Ordered]:
    """Orders as a chart's are read; the same resources, the same doses."""
    resources = decode_ndjson(b"\n".join(export.by_patient[patient])).resources
    record = read_record(resources, patient, now, reader)
    for event in record.medications:
        for drug in sorted(reader.trial.drugs & event.ingredients):
            if event.source is MedicationSource.ORDER:
                yield from _ordered(pseudonym, drug, event, reader.zone)


def _ordered(pseudonym: str, drug: str, event: MedicationEvent, zone: ZoneInfo) -> Iterator[Ordered]:
    if event.start is None or event.status not in _WRITTEN:
        return
    dose = event.dose.value.daily_mg if isinstance(event.dose, Known) else None
    no_day = event.status in _ENDED and event.end is None
    yield Ordered(pseudonym, drug, _moment(event.start, zone), dose, no_day)
    if event.status in _ENDED and event.end is not None:
        yield Ordered(pseudonym, drug, _moment(event.end, zone), Decimal(0))


def _moment(when: When, zone: ZoneInfo) -> datetime:
    """An order of a day without a time may have been written at its end."""
    return when.instant or datetime.combine(when.last, time.max, zone)
