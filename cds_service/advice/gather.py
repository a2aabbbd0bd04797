"""From a hook request to one patient's record: prefetch where it is complete, the FHIR server for the rest.

Patient, problem list and trial participation come first. They tell whether the trial can concern this
patient; for nearly everyone it cannot, and then nothing else is read or fetched.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cds_service.advice.chart import Chart
from cds_service.advice.chart_queries import DECISIVE_PARTS
from cds_service.advice.draft_orders import ContextResources, read_context_bundle
from cds_service.ehr.access import access_of
from cds_service.ehr.bases import FhirBase
from cds_service.ehr.deadline import deadline_in
from cds_service.ehr.fetching import Allowance, Fetcher
from cds_service.ehr.fhir_server import FhirServer
from cds_service.ehr.lines import Lines
from cds_service.hooks.errors import DataNotAvailable
from cds_service.hooks.request import HookRequest
from cds_service.hooks.service import Caller
from cds_service.protocol.participation import ON_TREATMENT
from fhir_mappings.readers.record import read_drafts, read_record
from fhir_mappings.readers.settings import ReaderSettings
from fhir_mappings.vocabulary.concepts import APLASTIC_ANAEMIA
from fhir_mappings.vocabulary.facts import Gap, Part
from fhir_mappings.vocabulary.medications import MedicationEvent
from fhir_mappings.vocabulary.record import ClinicalRecord

_UNKNOWN = Caller()


@dataclass(frozen=True, slots=True)
class GatherLimits:
    """Seconds and bytes for all fetching of one call; pages of one answer; references followed."""

    seconds: float = 4.0
    all_bytes: int = 60_000_000
    pages: int = 20
    references: int = 40


@dataclass(frozen=True, slots=True)
class Gathered:
    """One patient's record and the draft orders of the call, typed and verbatim.

    `is_concerned` is False when the trial cannot concern the patient; the record may then hold the decisive
    parts only, and is not to be assessed.
    """

    record: ClinicalRecord
    is_concerned: bool
    drafts: tuple[MedicationEvent, ...] = ()
    context: ContextResources = field(default_factory=ContextResources)


@dataclass(frozen=True, slots=True)
class Gatherer:
    """How an installation gathers: its FHIR server client, the bases it may call, and how it reads.

    `bases_by_issuer` are the bases of the clients that have a list of their own; `client_ids` are by issuer
    what we are called at a client's FHIR servers.
    """

    server: FhirServer
    bases: tuple[FhirBase, ...]
    reader: ReaderSettings
    lines: Lines
    limits: GatherLimits = GatherLimits()
    bases_by_issuer: Mapping[str, tuple[FhirBase, ...]] = field(default_factory=dict)
    client_ids: Mapping[str, str] = field(default_factory=dict)

    def gather(self, request: HookRequest, now: datetime, caller: Caller = _UNKNOWN) -> Gathered:
        """Everything the advice needs. Raises DataNotAvailable, PatientMismatch or BadHookRequest."""
        patient = request.context.patient_id
        drafts = read_context_bundle(request.context.draft_orders, patient, "context.draftOrders")
        problems = read_context_bundle(request.context.conditions, patient, "context.conditions")
        chart = Chart(request, self._fetcher(request, caller), self.reader.stand_ins)
        chart.add(problems.decoded)
        chart.take(DECISIVE_PARTS)
        record = self._read(chart, now)
        lost = chart.unavailable.intersection(DECISIVE_PARTS)
        if lost and not is_certainly_concerned(record, lost):
            raise DataNotAvailable(tuple(sorted(lost)))
        in_doubt = bool(record.unavailable)  # what could not be read may have been the diagnosis
        if not (in_doubt or may_concern(record)):
            return Gathered(record, is_concerned=False)
        chart.take(tuple(part for part in Part if part not in DECISIVE_PARTS))
        chart.follow_references(self.limits.references, drafts.decoded.resources)
        return self._whole(chart, drafts, now, in_doubt)

    def new_problem_may_concern(self, request: HookRequest, now: datetime) -> bool:
        """Does a problem of the call's own context name aplastic anaemia, or can one of them not be read?"""
        patient = request.context.patient_id
        problems = read_context_bundle(request.context.conditions, patient, "context.conditions").decoded
        record = read_record(problems.resources, patient, now, self.reader)
        in_doubt = problems.gaps or record.gaps or record.unavailable
        return bool(in_doubt or record.may_have(*APLASTIC_ANAEMIA))

    def _whole(self, chart: Chart, drafts: ContextResources, now: datetime, in_doubt: bool) -> Gathered:
        # A draft's Medication may be among what was fetched, so the drafts are read beside the chart.
        beside = (*chart.referenced, *chart.person())
        orders, gaps = read_drafts((*drafts.decoded.resources, *beside), chart.patient_id, now, self.reader)
        record = self._read(chart, now, (*drafts.decoded.gaps, *gaps))
        return Gathered(record, in_doubt or may_concern(record), orders, drafts)

    def _read(self, chart: Chart, now: datetime, gaps: tuple[Gap, ...] = ()) -> ClinicalRecord:
        return read_record(
            chart.resources,
            chart.patient_id,
            now,
            self.reader,
            frozenset(chart.unavailable),
            (*chart.gaps, *gaps),
        )

    def _fetcher(self, request: HookRequest, caller: Caller) -> Fetcher:
        bases = self.bases_by_issuer.get(caller.issuer, self.bases)
        access = access_of(request, bases, self.client_ids.get(caller.issuer))
        deadline = deadline_in(min(self.limits.seconds, access.seconds))
        allowance = Allowance(self.limits.all_bytes)
        line = self.lines.to(access.base, bases)
        return Fetcher(self.server, access, deadline, line, self.limits.pages, allowance)


def is_certainly_concerned(record: ClinicalRecord, lost: Collection[Part]) -> bool:
    """Does what came of the decisive parts show that the trial concerns the patient, whatever is missing?

    An enrolment is known from what came of the participations; aplastic anaemia from what came of the problem
    list, where the participations are whole (contract, section 2; DECISIONS 50).
    """
    if Part.PATIENT in lost:
        return False
    if any(s.this_trial and s.state in ON_TREATMENT for s in record.studies):
        return True
    return Part.RESEARCH_SUBJECTS not in lost and bool(record.with_concept(*APLASTIC_ANAEMIA))


def may_concern(record: ClinicalRecord) -> bool:
    """Is there aplastic anaemia in any form on the problem list, or a study that is or may be this trial?

    A study that could not be identified may be this trial.
    """
    return record.may_have(*APLASTIC_ANAEMIA) or any(s.this_trial is not False for s in record.studies)
