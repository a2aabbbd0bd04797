"""One patient's chart from a file instead of an EHR: for the command line, offline.

A FHIR R4 Bundle of any type, a single resource, NDJSON, or the body of a hook call. A file that says of
itself that it is only a part (a page with a next one, an error among its entries) leaves every part of the
chart unavailable: what it holds is used, and what it does not hold is not taken for "none".
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from cds_service.cards.assessment_json import assessment_json
from cds_service.cards.translations import Wording
from cds_service.cds_hooks.errors import BadHookRequest, PatientMismatch
from cds_service.cds_hooks.prefetch import Prefetched, entry_of
from cds_service.cds_hooks.request import HookRequest, check_token_patient, read_hook_request
from cds_service.cds_hooks.strict_json import open_envelope, resource_type
from cds_service.chart.context_bundle import ContextResources, read_context_bundle, server_asked
from cds_service.chart.input_hash import input_hash
from cds_service.fhir_client.answer_totals import is_short
from cds_service.rules.as_of import AsOf
from cds_service.trials.trial_interface import Trial, TrialProtocol
from fhir_mappings.clinical_model.known_unknown import Gap, Part
from fhir_mappings.readers.bundle import Decoded, NotFhir, decode, decode_lines, decode_ndjson
from fhir_mappings.readers.fhir_types import Resource
from fhir_mappings.readers.medication import Medication
from fhir_mappings.readers.patient import Patient
from fhir_mappings.readers.patient_match import home_of
from fhir_mappings.readers.read_record import NotOnePatient, only_patient, read_drafts, read_record
from fhir_mappings.readers.reader_settings import ReaderSettings
from fhir_mappings.readers.reference_addresses import NOWHERE, Home
from fhir_mappings.readers.references import servers_of

if TYPE_CHECKING:
    from cds_service.services.handler import Installation  # brings a web service with it

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_EVERYTHING = frozenset(Part)


class UnreadableChart(ValueError):
    """The file is no chart of one patient. `reason` says why, in one line and without its content."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class FileChart(msgspec.Struct, frozen=True):
    """What a file held, before it is read as a record. `home` is the server that it comes from."""

    patient_id: str
    resources: tuple[Resource, ...]
    gaps: tuple[Gap, ...] = ()
    unavailable: frozenset[Part] = frozenset()
    drafts: ContextResources = msgspec.field(default_factory=ContextResources)
    home: Home = NOWHERE


def read_chart(text: bytes) -> FileChart:
    """Read a file's bytes. Raises UnreadableChart."""
    text = text.removeprefix(_BYTE_ORDER_MARK)
    try:
        request = _as_hook_request(text)
        return _of_request(request) if request else _of_chart(_decoded(text))
    except NotOnePatient as error:
        raise UnreadableChart(f"expected one Patient, found {len(error.found)}") from error
    except (BadHookRequest, PatientMismatch) as error:
        raise UnreadableChart(f"hook request: {error}") from error
    except NotFhir as error:
        raise UnreadableChart(str(error)) from error


def read_draft_file(text: bytes, patient_id: str) -> ContextResources:
    """Read draft orders: a Bundle, one resource, or a hook call's body. Raises UnreadableChart."""
    text = text.removeprefix(_BYTE_ORDER_MARK)
    try:
        if request := _as_hook_request(text):
            raw = request.context.draft_orders
        elif resource_type(msgspec.Raw(text)) == "Bundle":
            raw = msgspec.Raw(text)
        else:
            raw = msgspec.Raw(b'{"resourceType":"Bundle","entry":[{"resource":' + text + b"}]}")
        return read_context_bundle(raw, patient_id, "draft orders")
    except (BadHookRequest, PatientMismatch) as error:
        raise UnreadableChart(str(error)) from error


class Rulebook(msgspec.Struct, frozen=True):
    """All that judging a chart from a file needs of an installation; it can be sent to another process."""

    trial: Trial
    reader: ReaderSettings
    protocol: TrialProtocol
    words: Wording
    texts_version: str


def rulebook_of(installation: "Installation") -> Rulebook:
    """The rules, words and readers of the bedside."""
    return Rulebook(
        installation.trial,
        installation.gatherer.reader,
        installation.protocol,
        installation.words,
        installation.texts_version,
    )


def chart_of_lines(lines: Iterable[tuple[int, bytes]], patient_id: str) -> FileChart:
    """One patient's lines of an export, each with its number; the Patient itself may not be among them."""
    decoded = decode_lines(lines)
    if any(isinstance(r, Patient) and r.id == patient_id for r in decoded.resources):
        return _of_decoded(decoded, patient_id)
    chart = _of_decoded(decoded, patient_id)
    lacking = Gap("PART_UNAVAILABLE", detail=f"{Part.PATIENT.value}: not in this export")
    return replace(chart, gaps=(*chart.gaps, lacking), unavailable=chart.unavailable | {Part.PATIENT})


def assessment_of(
    installation: "Installation", chart: FileChart, drafts: ContextResources, now: AsOf
) -> dict[str, Any]:
    """The assessment of a chart as `assessment/1`, by the rules and in the words of the bedside."""
    return assessment_by(rulebook_of(installation), chart, drafts, now)


def assessment_by(rules: Rulebook, chart: FileChart, drafts: ContextResources, now: AsOf) -> dict[str, Any]:
    """The same by a rulebook alone."""
    reader = rules.reader
    # The Patient tells by which numbers a draft may name the patient, Medications what it orders.
    beside = (r for r in chart.resources if isinstance(r, Patient | Medication))
    resources = (*drafts.decoded.resources, *beside)
    home = Home(chart.home.servers | drafts.servers)
    orders, gaps = read_drafts(resources, chart.patient_id, now.instant, reader, home)
    record = read_record(
        chart.resources,
        chart.patient_id,
        now.instant,
        reader,
        chart.unavailable,
        (*chart.gaps, *drafts.decoded.gaps, *gaps),
        chart.home,
    )
    assessment = rules.trial.assess(record, now, rules.protocol, orders)
    version = input_hash(record, now.day, drafts.verbatim, rules.texts_version)
    return assessment_json(assessment, rules.words, now.text, version)


def _as_hook_request(text: bytes) -> HookRequest | None:
    try:
        members = open_envelope(text)
    except BadHookRequest:
        return None
    return read_hook_request(text) if "hook" in members and "resourceType" not in members else None


def _decoded(text: bytes) -> Decoded:
    try:
        return decode(text)
    except NotFhir:
        if sum(1 for line in text.splitlines() if line.strip()) < 2:
            raise
        with suppress(NotFhir):  # what the whole text says of itself is clearer than what its first line does
            return decode_ndjson(text)
        raise


def _of_chart(decoded: Decoded) -> FileChart:
    return _of_decoded(decoded, only_patient(decoded.resources))


def _of_decoded(decoded: Decoded, patient_id: str) -> FileChart:
    gaps = decoded.gaps
    if is_part := _is_part(decoded):
        gaps += (Gap("CHART_INCOMPLETE", detail="a page of a longer answer, or an error among its entries"),)
    return FileChart(
        patient_id=patient_id,
        resources=decoded.resources,
        gaps=gaps,
        unavailable=_EVERYTHING if is_part else frozenset(),
        home=home_of(decoded.resources),
    )


def _of_request(request: HookRequest) -> FileChart:
    """Any prefetch key brings its resources; only our own keys, sent whole, prove what is not there."""
    check_token_patient(request)
    patient_id = request.context.patient_id
    answers = {key: _answer(request, key) for key in request.prefetch}
    resources = [resource for answer in answers.values() for resource in answer.resources]
    _check_patients(resources, patient_id)
    whole = {key for key, answer in answers.items() if not _is_part(answer)}
    lacking = frozenset(part for part in Part if part.value not in whole)
    called, context = server_asked(request), request.context
    problems = read_context_bundle(context.conditions, patient_id, "context.conditions", called).decoded
    drafts = read_context_bundle(context.draft_orders, patient_id, "context.draftOrders", called)
    gaps = [gap for answer in (*answers.values(), problems) for gap in answer.gaps]
    gaps += (Gap("PART_UNAVAILABLE", detail=f"{part.value}: not in this file") for part in sorted(lacking))
    told = (servers_of(answer.resources, called) for answer in (*answers.values(), problems))
    servers = called.union(*told)
    chart = (*resources, *problems.resources)
    return FileChart(patient_id, chart, tuple(gaps), lacking, drafts, home_of(chart, servers))


def _answer(request: HookRequest, key: str) -> Decoded:
    entry = entry_of(request.prefetch, key)
    if entry.raw is None:
        return Decoded(failed=entry.shape is Prefetched.FAILED)
    try:
        return decode(entry.raw)
    except NotFhir:
        return Decoded(failed=True)


def _is_part(decoded: Decoded) -> bool:
    return decoded.failed or decoded.next_link is not None or is_short(decoded)


def _check_patients(resources: list[Resource], patient_id: str) -> None:
    try:
        found = only_patient(resources)
    except NotOnePatient as error:
        if error.found:
            raise
        return
    if found != patient_id:
        raise PatientMismatch("prefetch.patient")
