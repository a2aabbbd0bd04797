"""From a hook request to one patient's record: prefetch where it is complete, the FHIR server for the rest.

What tells whether the service concerns this patient comes first, all of it at once; for nearly everyone it
does not, and then nothing else is read or fetched. The rest comes at once as well.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from cds_service.cds_hooks.errors import DataNotAvailable, DataNotAvailableNow
from cds_service.cds_hooks.prefetch import Prefetched, entry_of
from cds_service.cds_hooks.request import Hook, HookRequest
from cds_service.cds_hooks.service import Caller
from cds_service.chart.chart_queries import DECISIVE_PARTS
from cds_service.chart.collected import CollectedChart, check_owner
from cds_service.chart.concern import (
    ANYBODY_OF_THE_TRIAL,
    PARTICIPANTS,
    PARTICIPANTS_AND_CANDIDATES,
    Concern,
    has_no_known_study,
    is_certain,
)
from cds_service.chart.context_bundle import ContextResources, read_context_bundle, server_asked
from cds_service.chart.visit_memory import NEVER_REMEMBERED, VisitMemory
from cds_service.fhir_client.base_url_allow_list import FhirBase
from cds_service.fhir_client.capability_statements import Statements
from cds_service.fhir_client.deadline import deadline_in
from cds_service.fhir_client.fetch_queries import Allowance, Fetcher
from cds_service.fhir_client.fhir_access import access_of
from cds_service.fhir_client.fhir_get import FhirServer
from cds_service.fhir_client.server_limits import ServerLines
from cds_service.fhir_client.server_settings import AS_USUAL, ServerWays
from cds_service.rules.as_of import as_of
from cds_service.trials.trial_interface import Trial
from fhir_mappings.clinical_model.known_unknown import Gap, Part
from fhir_mappings.clinical_model.medications import MedicationEvent
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.standing import StandingOrder
from fhir_mappings.readers.bundle import Decoded, NotFhir, decode
from fhir_mappings.readers.patient_match import home_of
from fhir_mappings.readers.read_record import read_drafts, read_record, read_record_until
from fhir_mappings.readers.reader_settings import ReaderSettings
from fhir_mappings.readers.reference_addresses import Home
from fhir_mappings.readers.references import servers_of
from fhir_mappings.readers.standing_orders import standing_orders

_UNKNOWN = Caller()


def nothing_written(_: str) -> None:
    """For a chart of which nothing has to be given back."""


class GatherLimits(msgspec.Struct, frozen=True):
    """Seconds and bytes for all fetching of one call; pages of one answer; references followed; days for
    which an order for a test is believed that names no day."""

    seconds: float = 4.0
    all_bytes: int = 60_000_000
    pages: int = 20
    references: int = 40
    undated_order_days: int = 14


class Gathered(msgspec.Struct, frozen=True):
    """One patient's record and the draft orders of the call, typed and verbatim.

    `written` gives an order of the record as it came; `standing` are tests that are ordered already, where
    the client sent them: only suggestions hang on them. `is_concerned` is False when the service cannot
    concern the patient; the record may then hold the first parts only, and is not to be assessed.
    """

    record: ClinicalRecord
    is_concerned: bool
    drafts: tuple[MedicationEvent, ...] = ()
    context: ContextResources = msgspec.field(default_factory=ContextResources)
    written: Callable[[str], dict[str, Any] | None] = nothing_written
    standing: tuple[StandingOrder, ...] = ()


class Gatherer(msgspec.Struct, frozen=True):
    """How an installation gathers for a trial: its FHIR server client, the bases it may call, their ways.

    `bases_by_issuer` are the bases of the clients that have a list of their own; `client_ids` are by issuer
    what we are called at a client's FHIR servers.
    """

    trial: Trial
    server: FhirServer
    bases: tuple[FhirBase, ...]
    reader: ReaderSettings
    lines: ServerLines
    limits: GatherLimits = GatherLimits()
    bases_by_issuer: Mapping[str, tuple[FhirBase, ...]] = msgspec.field(default_factory=dict)
    client_ids: Mapping[str, str] = msgspec.field(default_factory=dict)
    ways: ServerWays = AS_USUAL
    statements: Statements | None = None
    visits: VisitMemory = NEVER_REMEMBERED

    def gather(
        self,
        request: HookRequest,
        now: datetime,
        caller: Caller = _UNKNOWN,
        concern: Concern = ANYBODY_OF_THE_TRIAL,
    ) -> Gathered:
        """Everything the advice needs. Raises DataNotAvailable, PatientMismatch or BadHookRequest."""
        patient = request.context.patient_id
        servers = server_asked(request)
        drafts = read_context_bundle(request.context.draft_orders, patient, "context.draftOrders", servers)
        problems = read_context_bundle(request.context.conditions, patient, "context.conditions", servers)
        visit = self.visits.visit(request, caller)
        if request.hook is Hook.ORDER_SIGN:
            visit.forget_fetched()  # the chart is about to change
        purpose, fetcher = (request.hook, concern), partial(self._fetcher, request, caller)
        chart = CollectedChart(request, fetcher, self.reader.stand_ins, visit, purpose)
        chart.add(problems.decoded)
        chart.take(concern.parts)
        record = self._first_look(chart, now, concern)
        if not concern.may_be(self.trial, record, as_of(now, self.reader.zone)):
            return Gathered(record, is_concerned=False)
        chart.take(tuple(part for part in Part if part not in concern.parts))
        chart.follow_references(self.limits.references, drafts.decoded.resources)
        return self._whole(chart, drafts, now, concern)

    def concern_of_drafts(self, request: HookRequest, now: datetime) -> Concern | None:
        """Whom the drafts of a call may concern; None where none of them touches the trial.

        A drug of every arm is said to a candidate as well; so may be what a draft that cannot be read orders.
        A call that brings no draft at all has lost them: it is answered, or refused, as if they touched the
        trial.
        """
        patient = request.context.patient_id
        servers = server_asked(request)
        brought = read_context_bundle(request.context.draft_orders, patient, "context.draftOrders", servers)
        drafts, home = brought.decoded, home_of(brought.decoded.resources, servers | brought.servers)
        orders, gaps = read_drafts(drafts.resources, patient, now, self.reader, home)
        if drafts.gaps or gaps or any(self.trial.drugs_of_all_arms & order.ingredients for order in orders):
            return PARTICIPANTS_AND_CANDIDATES
        nothing_came = not drafts.matches + drafts.ignored
        return PARTICIPANTS if orders or nothing_came else None

    def check_unasked(self, request: HookRequest, caller: Caller = _UNKNOWN) -> None:
        """For a call that needs nothing of the chart: could it be had, and is it this patient's?

        Nothing is asked for. A client that can give neither the patient nor the participation learns it from
        any of its orders (CH-043), not only from the first that touches the trial. Raises DataNotAvailable or
        PatientMismatch.
        """
        absent = [part for part in PARTICIPANTS.parts if _did_not_come(request, part)]
        if absent and self._fetcher(request, caller).access.base is None:
            raise DataNotAvailable(tuple(part.value for part in absent))
        sent = entry_of(request.prefetch, Part.PATIENT.value).raw
        with suppress(NotFhir):
            came = decode(sent) if sent else Decoded()
            check_owner(came, request.context.patient_id, Part.PATIENT, server_asked(request))

    def new_problem_may_concern(self, request: HookRequest, now: datetime) -> bool:
        """Does a problem of the call's own context name the disease, or can one of them not be read?"""
        patient = request.context.patient_id
        servers = server_asked(request)
        raw = request.context.conditions
        problems = read_context_bundle(raw, patient, "context.conditions", servers).decoded
        home = home_of(problems.resources, servers | servers_of(problems.resources, servers))
        record = read_record(problems.resources, patient, now, self.reader, home=home)
        in_doubt = problems.gaps or record.gaps or record.unavailable
        return bool(in_doubt or record.may_have(*self.trial.disease))

    def _first_look(self, chart: CollectedChart, now: datetime, concern: Concern) -> ClinicalRecord:
        """What the first parts say; a study on which it hangs is asked for before all others are.

        Raises DataNotAvailable.
        """
        record = self._read(chart, now)
        _check_decisive(self.trial, chart, record)
        if has_no_known_study(record) and concern.may_be(self.trial, record, as_of(now, self.reader.zone)):
            chart.follow_references(self.limits.references)
            return self._read(chart, now)
        return record

    def _whole(
        self, chart: CollectedChart, drafts: ContextResources, now: datetime, concern: Concern
    ) -> Gathered:
        """Raises DataNotAvailable."""
        # A draft's Medication may be among what was fetched, so the drafts are read beside the chart.
        beside = (*chart.referenced, *chart.person_among(chart.resources))
        resources = (*drafts.decoded.resources, *beside)
        home = Home(chart.home.servers | drafts.servers)
        orders, gaps = read_drafts(resources, chart.patient_id, now, self.reader, home)
        record = self._read(chart, now, (*drafts.decoded.gaps, *gaps))
        _check_decisive(self.trial, chart, record)
        today = as_of(now, self.reader.zone)
        standing = standing_orders(
            chart.test_orders(),
            f"Patient/{chart.patient_id}",
            chart.home,
            today.day,
            self.limits.undated_order_days,
            self.reader,
        )
        is_concerned = concern.is_still(self.trial, record, today)
        return Gathered(record, is_concerned, orders, drafts, chart.written, standing)

    def _read(self, chart: CollectedChart, now: datetime, gaps: tuple[Gap, ...] = ()) -> ClinicalRecord:
        """The record of what came so far; of the same answers it is made once a visit."""
        unavailable, problems = frozenset(chart.unavailable), (*chart.gaps, *gaps)
        day = as_of(now, self.reader.zone).day
        besides = unavailable, frozenset(problems), chart.home
        read = chart.visit.record(chart.came, besides, now, day)
        if read is None:
            read = read_record_until(
                chart.resources, chart.patient_id, now, self.reader, unavailable, problems, chart.home
            )
            chart.visit.keep_record(chart.came, besides, day, read)
        return read.record

    def _fetcher(self, request: HookRequest, caller: Caller) -> Fetcher:
        bases = self.bases_by_issuer.get(caller.issuer, self.bases)
        access = access_of(request, bases, self.client_ids.get(caller.issuer))
        deadline = deadline_in(min(self.limits.seconds, access.seconds))
        allowance = Allowance(self.limits.all_bytes)
        line = self.lines.to(access.base, bases)
        return Fetcher(
            self.server,
            access,
            deadline,
            line,
            self.limits.pages,
            allowance,
            self.ways,
            self.statements,
        )


def _did_not_come(request: HookRequest, part: Part) -> bool:
    return entry_of(request.prefetch, part.value).shape in (Prefetched.ABSENT, Prefetched.FAILED)


def _not_available(lost: Sequence[Part], retry_after: Mapping[Part, int]) -> DataNotAvailable:
    """For now, where the server only asked for time and nothing else stands in the way."""
    keys = tuple(part.value for part in lost)
    if all(part in retry_after for part in lost):
        return DataNotAvailableNow(keys, max(retry_after[part] for part in lost))
    return DataNotAvailable(keys)


def _check_decisive(trial: Trial, chart: CollectedChart, record: ClinicalRecord) -> None:
    """Raises DataNotAvailable where nobody can tell for want of a part (contract, section 2)."""
    lost = chart.unavailable.intersection(DECISIVE_PARTS)
    if lost and not is_certain(trial, record, lost):
        raise _not_available(sorted(lost), chart.retry_after)
