"""The one story that all six services tell: gather, assess, word the cards, and record what was said."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from zoneinfo import ZoneInfo

from cds_service.audit.audit_records import CallOutcome
from cds_service.cards.card_context import CardContext
from cds_service.cards.translations import Wording
from cds_service.cds_hooks.card import Card
from cds_service.cds_hooks.errors import DataNotAvailable, DataNotAvailableNow, PatientMismatch
from cds_service.cds_hooks.request import Hook, check_token_patient
from cds_service.cds_hooks.service import HookAnswer, HookCall, HookService
from cds_service.chart.chart_queries import chart_queries, further_queries
from cds_service.chart.concern import Concern
from cds_service.chart.gather import Gathered, Gatherer
from cds_service.chart.input_hash import input_hash
from cds_service.rules.answers.assessment import Assessment
from cds_service.rules.as_of import AsOf, as_of
from cds_service.services.audit_and_suppress import Advice, Remembers
from cds_service.services.usage import usage_requirements
from cds_service.trials.nct06802055.assess import Protocol, assess
from cds_service.trials.nct06802055.cards.compose import cards_for
from fhir_mappings.clinical_model.calendar import days_after

_REFUSED = {
    PatientMismatch: CallOutcome.PATIENT_MISMATCH,
    DataNotAvailable: CallOutcome.DATA_NOT_AVAILABLE,
    DataNotAvailableNow: CallOutcome.DATA_NOT_AVAILABLE,
}


def _as_it_is(_: str, answering: Callable[[HookCall], HookAnswer]) -> Callable[[HookCall], HookAnswer]:
    return answering


def _tell(memory: Remembers, service_id: str, call: HookCall, advice: Advice) -> HookAnswer:
    return memory.tell(service_id, call, advice)


@dataclass(frozen=True, slots=True)
class Steps:
    """What each call goes through. An installation that traces (web/traces.py) puts something around each."""

    gather: Callable[..., Gathered] = Gatherer.gather
    assess: Callable[..., Assessment] = assess
    cards: Callable[..., tuple[Card, ...]] = cards_for
    store: Callable[..., HookAnswer] = _tell
    call: Callable[[str, Callable[[HookCall], HookAnswer]], Callable[[HookCall], HookAnswer]] = _as_it_is


@dataclass(frozen=True, slots=True)
class Installation:
    """What an installation brings to every call; `texts_version` names the reviewed texts in force.

    `words_by_issuer` are those of the clients that have a language of their own; `explaining` are the issuers
    whose clinicians can open the page that explains; `one_action` those that carry out one action a
    suggestion. Only the command line, which answers nobody, has no `memory`.
    """

    gatherer: Gatherer
    protocol: Protocol
    words: Wording
    zone: ZoneInfo
    public_base_url: str
    texts_version: str
    words_by_issuer: Mapping[str, Wording] = field(default_factory=dict)
    explaining: frozenset[str] = frozenset()
    one_action: frozenset[str] = frozenset()
    ordered_by_hand: frozenset[str] = frozenset()
    memory: Remembers | None = None
    steps: Steps = Steps()

    def service(
        self, service_id: str, hook: Hook, title: str, description: str, advise: "Advise"
    ) -> HookService:
        """A service of this clinic: it advertises the whole chart's queries and advises by them."""
        queries = chart_queries(self.gatherer.reader.stand_ins)
        return HookService(
            id=service_id,
            hook=hook,
            title=title,
            description=description,
            prefetch={part.value: query for part, query in queries.items()} | further_queries(),
            advise=self.steps.call(service_id, partial(answer, self, service_id, advise)),
            usage_requirements=usage_requirements(hook),
        )


Advise = Callable[[Installation, str, HookCall], Advice]


def answer(installation: Installation, service_id: str, advise: Advise, call: HookCall) -> HookAnswer:
    """The answer to one call, recorded before it is given; a refusal for what the call is about as well.

    Raises DataNotAvailable, PatientMismatch, BadHookRequest or StoreUnavailable.
    """
    try:
        check_token_patient(call.request)
        advice = advise(installation, service_id, call)
    except (PatientMismatch, DataNotAvailable) as error:
        if installation.memory:
            installation.memory.refuse(service_id, call, _REFUSED[type(error)])
        raise
    memory = installation.memory
    return installation.steps.store(memory, service_id, call, advice) if memory else HookAnswer(advice.cards)


def advice_for(concern: Concern) -> Advise:
    """Advice to those whom a service concerns, and silence for everybody else."""
    return partial(usual_advice, concern=concern)


def order_advice(installation: Installation, service_id: str, call: HookCall) -> Advice:
    """For drafts that do not touch the trial nothing is read at all. Raises as `usual_advice` does."""
    concern = installation.gatherer.concern_of_drafts(call.request, call.now)
    if concern is None:
        installation.gatherer.check_unasked(call.request, call.caller)
        return Advice()
    return usual_advice(installation, service_id, call, concern)


def usual_advice(installation: Installation, service_id: str, call: HookCall, concern: Concern) -> Advice:
    """What the rules say to one call. Raises DataNotAvailable, PatientMismatch or BadHookRequest."""
    now = as_of(call.now, installation.zone)
    gathered = installation.steps.gather(installation.gatherer, call.request, call.now, call.caller, concern)
    if not gathered.is_concerned:
        return Advice()
    assessment = installation.steps.assess(gathered.record, now, installation.protocol, gathered.drafts)
    context = _card_context(installation, service_id, call, gathered, now)
    cards = installation.steps.cards(service_id, assessment, gathered.record, now.day, context)
    return Advice(cards, context.input_hash)


def _card_context(
    installation: Installation, service_id: str, call: HookCall, gathered: Gathered, now: AsOf
) -> CardContext:
    drafts = gathered.context
    return CardContext(
        issuer=call.caller.issuer,
        tenant=call.caller.tenant,
        hook_instance=call.request.hook_instance,
        service_id=service_id,
        as_of=now.text,
        input_hash=input_hash(gathered.record, now.day, drafts.verbatim, installation.texts_version),
        public_base_url=installation.public_base_url,
        words=installation.words_by_issuer.get(call.caller.issuer, installation.words),
        drafts_raw=drafts.by_reference,
        written=gathered.written,
        standing=gathered.standing,
        one_action=call.caller.issuer in installation.one_action,
        by_hand=installation.ordered_by_hand,
        mg_per_piece={d.reference: d.mg_per_piece for d in gathered.drafts if d.mg_per_piece},
        explains=call.caller.issuer in installation.explaining,
        trial_card_back=_trial_card_back(installation, now),
    )


def _trial_card_back(installation: Installation, now: AsOf) -> date | None:
    """The day from which an unchanged trial card is given again (DECISIONS 17)."""
    pause = installation.protocol.restraint.trial_card_days
    return days_after(now.day, pause) if installation.memory and pause else None
