"""The one story that all services tell: gather, assess, word the cards, and record what was said."""

from collections.abc import Callable, Mapping
from functools import partial
from zoneinfo import ZoneInfo

import msgspec

from cds_service.audit.audit_records import CallOutcome
from cds_service.cards.card_context import CardContext
from cds_service.cards.card_set import cards_for
from cds_service.cards.translations import Wording
from cds_service.cds_hooks.card import Card
from cds_service.cds_hooks.errors import DataNotAvailable, DataNotAvailableNow, PatientMismatch
from cds_service.cds_hooks.request import check_token_patient
from cds_service.cds_hooks.service import HookAnswer, HookCall, HookService
from cds_service.chart.chart_queries import chart_queries, further_queries
from cds_service.chart.concern import Concern
from cds_service.chart.gather import Gathered, Gatherer
from cds_service.chart.input_hash import input_hash
from cds_service.rules.answers.assessment import Assessment
from cds_service.rules.as_of import AsOf, as_of
from cds_service.services.audit_and_suppress import Advice, Remembers
from cds_service.services.usage import usage_requirements
from cds_service.trials.trial_interface import Trial, TrialProtocol, TrialService
from fhir_mappings.clinical_model.calendar import days_after
from fhir_mappings.clinical_model.medications import MedicationEvent
from fhir_mappings.clinical_model.record import ClinicalRecord

ConcernOf = Callable[[Gatherer, HookCall], Concern | None]
"""Whom a call may concern; None where it touches nothing of the trial. Raises PatientMismatch or
BadHookRequest."""

_REFUSED = {
    PatientMismatch: CallOutcome.PATIENT_MISMATCH,
    DataNotAvailable: CallOutcome.DATA_NOT_AVAILABLE,
    DataNotAvailableNow: CallOutcome.DATA_NOT_AVAILABLE,
}


def _as_it_is(_: str, answering: Callable[[HookCall], HookAnswer]) -> Callable[[HookCall], HookAnswer]:
    return answering


def _tell(memory: Remembers, service_id: str, call: HookCall, advice: Advice) -> HookAnswer:
    return memory.tell(service_id, call, advice)


def _assess(
    trial: Trial,
    record: ClinicalRecord,
    now: AsOf,
    protocol: TrialProtocol,
    drafts: tuple[MedicationEvent, ...],
) -> Assessment:
    return trial.assess(record, now, protocol, drafts)


class Steps(msgspec.Struct, frozen=True):
    """What each call goes through. An installation that traces (web/traces.py) puts something around each."""

    gather: Callable[..., Gathered] = Gatherer.gather
    assess: Callable[..., Assessment] = _assess
    cards: Callable[..., tuple[Card, ...]] = cards_for
    store: Callable[..., HookAnswer] = _tell
    call: Callable[[str, Callable[[HookCall], HookAnswer]], Callable[[HookCall], HookAnswer]] = _as_it_is


class Installation(msgspec.Struct, frozen=True):
    """What an installation brings to every call of one trial; `texts_version` names the texts in force.

    `words_by_issuer` are those of the clients that have a language of their own; `explaining` are the issuers
    whose clinicians can open the page that explains; `one_action` those that carry out one action a
    suggestion. Only the command line, which answers nobody, has no `memory`. `is_signed`: a clinician of the
    site has signed the reviewed content; `is_shadow`: nothing is shown to anybody at the bedside.
    """

    trial: Trial
    gatherer: Gatherer
    protocol: TrialProtocol
    words: Wording
    zone: ZoneInfo
    public_base_url: str
    texts_version: str
    words_by_issuer: Mapping[str, Wording] = msgspec.field(default_factory=dict)
    explaining: frozenset[str] = frozenset()
    one_action: frozenset[str] = frozenset()
    ordered_by_hand: frozenset[str] = frozenset()
    memory: Remembers | None = None
    is_signed: Callable[[], bool] = lambda: True
    is_shadow: bool = False
    steps: Steps = Steps()

    def hook_service(self, service: TrialService, concern_of: ConcernOf) -> HookService:
        """A service of this installation: it advertises the whole chart's queries and advises by them."""
        queries = chart_queries(self.gatherer.reader.stand_ins)
        return HookService(
            id=service.id,
            hook=service.hook,
            title=service.title,
            description=service.description,
            prefetch={part.value: query for part, query in queries.items()} | further_queries(),
            advise=self.steps.call(service.id, partial(answer, self, service, concern_of)),
            usage_requirements=usage_requirements(service.hook),
        )


def answer(
    installation: Installation, service: TrialService, concern_of: ConcernOf, call: HookCall
) -> HookAnswer:
    """The answer to one call, recorded before it is given; a refusal for what the call is about as well.

    Raises DataNotAvailable, PatientMismatch, BadHookRequest or StoreUnavailable.
    """
    try:
        check_token_patient(call.request)
        advice = _advise(installation, service, concern_of, call)
    except (PatientMismatch, DataNotAvailable) as error:
        if installation.memory:
            installation.memory.refuse(service.id, call, _REFUSED[type(error)])
        raise
    memory = installation.memory
    return installation.steps.store(memory, service.id, call, advice) if memory else HookAnswer(advice.cards)


def _advise(
    installation: Installation, service: TrialService, concern_of: ConcernOf, call: HookCall
) -> Advice:
    """What the rules say to one call; silence where it concerns nobody of the trial."""
    concern = concern_of(installation.gatherer, call)
    if concern is None:
        return Advice()
    now = as_of(call.now, installation.zone)
    gathered = installation.steps.gather(installation.gatherer, call.request, call.now, call.caller, concern)
    if not gathered.is_concerned:
        return Advice()
    assessment = installation.steps.assess(
        installation.trial, gathered.record, now, installation.protocol, gathered.drafts
    )
    context = _card_context(installation, service.id, call, gathered, now)
    cards = installation.steps.cards(service.cards, assessment, gathered.record, now.day, context)
    return Advice(cards, context.input_hash)


def _card_context(
    installation: Installation, service_id: str, call: HookCall, gathered: Gathered, now: AsOf
) -> CardContext:
    drafts = gathered.context
    pause = installation.protocol.restraint.trial_card_days if installation.memory else 0
    return CardContext(
        issuer=call.caller.issuer,
        tenant=call.caller.tenant,
        hook_instance=call.request.hook_instance,
        service_id=service_id,
        as_of=now.text,
        input_hash=input_hash(gathered.record, now.day, drafts.verbatim, installation.texts_version),
        public_base_url=installation.public_base_url,
        words=installation.words_by_issuer.get(call.caller.issuer, installation.words),
        trial=installation.trial.record,
        drafts_raw=drafts.by_reference,
        medications=gathered.record.medications,
        written=gathered.written,
        standing=gathered.standing,
        one_action=call.caller.issuer in installation.one_action,
        by_hand=installation.ordered_by_hand,
        mg_per_piece={d.reference: d.mg_per_piece for d in gathered.drafts if d.mg_per_piece},
        explains=call.caller.issuer in installation.explaining,
        trial_card_back=days_after(now.day, pause) if pause else None,
    )
