"""`cds-service unmapped CHART...`: what no list knows, as a ConceptMap to be filled in, and as a table."""

import gzip
import json
import sys
import zlib
from collections.abc import Iterable, Iterator

import msgspec

from cds_service import wiring
from cds_service.cds_hooks.errors import BadHookRequest
from cds_service.cds_hooks.strict_json import open_envelope, open_member
from cds_service.cli.chart_files import chart_files, documents
from cds_service.cli.report import fail, note
from cds_service.cli.unmapped_report import UnmappedReading, elements_of, rows_of, table
from cds_service.settings.site_file import BadSite
from cds_service.trials.installed import trials_in
from fhir_mappings.readers.bundle import NotFhir, decode
from fhir_mappings.readers.fhir_types import Resource
from fhir_mappings.readers.site_units import in_known_units
from fhir_mappings.readers.unlisted_entries import unlisted_in
from fhir_mappings.value_sets.likeness import Likeness
from fhir_mappings.writers.concept_map_draft import concept_map

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_TORN = (EOFError, zlib.error, gzip.BadGzipFile)


def unmapped(charts: Iterable[str], *, typed_words: bool) -> int:
    """Print the ConceptMap, and the table on standard error. Exit code 2 when nothing could be read."""
    try:
        site = wiring.site_in_use()
        drugs = frozenset(drug.ingredient for one in trials_in(site.trials) for drug in one.drugs)
        reading = UnmappedReading(Likeness(wiring.build_code_lists(site)), drugs)
        for name in chart_files(charts):
            _read_file(name, reading)
    except BadSite as error:
        return fail(*error.faults)
    except wiring.INSTALLATION_FAULTS as error:
        return fail(*wiring.faults_in(error))
    except OSError as error:
        return fail(f"{error.filename}: {error.strerror}")
    if not reading.resources:
        return fail(*reading.unreadable, "no FHIR resource was read")
    rows = rows_of(reading, typed_words=typed_words)
    note(table(rows, reading))
    json.dump(concept_map(elements_of(rows)), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")
    return 0


def _read_file(name: str, reading: UnmappedReading) -> None:
    try:
        for line, raw in documents(name):
            if raw.strip():
                _read_document(raw, f"{name}, line {line}", reading)
    except _TORN as error:
        reading.could_not_read(f"{name}: is torn ({type(error).__name__})")


def _read_document(raw: bytes, where: str, reading: UnmappedReading) -> None:
    try:
        for part in _parts(raw):
            decoded = decode(part)
            reading.resources += len(decoded.resources)
            for gap in decoded.gaps:
                reading.could_not_read(f"{where}: {gap.problem}")
            for resource in in_known_units(decoded.resources, reading.like.codes.units):
                for one in unlisted_in(resource, reading.like, reading.drugs):
                    reading.tally.add(one, _patient(resource))
    except NotFhir as error:
        reading.could_not_read(f"{where}: {error}")


def _parts(raw: bytes) -> Iterator[bytes | msgspec.Raw]:
    """A resource or Bundle as it is; of a hook request each answer of its prefetch."""
    try:
        members = open_envelope(raw.removeprefix(_BYTE_ORDER_MARK)) if b'"prefetch"' in raw else {}
        prefetch = open_member(bytes(members["prefetch"]), "prefetch") if "hook" in members else {"": raw}
    except (BadHookRequest, KeyError):
        prefetch = {"": raw}
    yield from prefetch.values()


def _patient(resource: Resource) -> int | None:
    """Tells one patient from another, for this run only."""
    subject = getattr(resource, "subject", None) or getattr(resource, "patient", None)
    return hash(subject.reference) if subject is not None and subject.reference else None
