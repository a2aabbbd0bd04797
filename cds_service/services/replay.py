"""Would a call of the past be answered the same today? The saved request judged anew, beside the record."""

from collections.abc import Iterator
from contextlib import suppress
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from cds_service.audit.advice_diff import Difference, differences, same_advice
from cds_service.audit.audit_records import CallOutcome, GivenCall
from cds_service.audit.load_calls import calls_of
from cds_service.cds_hooks.errors import DataNotAvailable, PatientMismatch
from cds_service.cds_hooks.request import HookRequest
from cds_service.cds_hooks.service import Caller, HookAnswer, HookCall
from cds_service.services.audit_and_suppress import Advice, AuditMemory
from cds_service.services.catalogue import catalogue_of
from cds_service.services.handler import Installation


class Replayed(msgspec.Struct, frozen=True):
    """One recorded call, and the same call judged by this program and these texts."""

    before: GivenCall
    after: GivenCall

    @property
    def is_same(self) -> bool:
        """Would the clinician read the same?"""
        return self.before.outcome is self.after.outcome and same_advice(self.before, self.after)

    @property
    def differences(self) -> tuple[Difference, ...]:
        """What differs: versions, input, and each rule."""
        return differences(self.before, self.after)


class _Rehearsal:
    """Stands for the memory while a call is replayed: nothing is held back, and nothing is written."""

    def __init__(self, memory: AuditMemory) -> None:
        self._memory = memory
        self.told: GivenCall | None = None

    def tell(self, service_id: str, call: HookCall, advice: Advice) -> HookAnswer:
        """Everything is told."""
        self.told = self._memory.call_of(service_id, call, advice)
        return HookAnswer(advice.cards)

    def refuse(self, service_id: str, call: HookCall, outcome: CallOutcome) -> None:
        """The refusal is noted."""
        self.told = replace(self._memory.call_of(service_id, call, Advice()), outcome=outcome)


def replay(installation: Installation, memory: AuditMemory, request: HookRequest) -> Iterator[Replayed]:
    """Every recorded call of the request's hook instance, judged as of its own moment, the earliest first.

    No server is asked: a token of then is not used now. What was fetched then is missing, and shows as such.
    """
    offline = replace(request, is_replayed=True)
    for service in catalogue_of(installation):
        if service.hook is request.hook:
            for before in calls_of(memory.engine, request.hook_instance, service.id):
                yield Replayed(
                    before, _without_held_back(_again(installation, memory, offline, before), before)
                )


def _again(
    installation: Installation, memory: AuditMemory, request: HookRequest, before: GivenCall
) -> GivenCall:
    rehearsal = _Rehearsal(memory)
    service = catalogue_of(replace(installation, memory=rehearsal)).find(before.service)
    call = HookCall(request, Caller(before.issuer, before.tenant), before.at.astimezone(installation.zone))
    with suppress(PatientMismatch, DataNotAvailable):  # the rehearsal has noted it
        service.advise(call)
    assert rehearsal.told is not None
    return rehearsal.told


def _without_held_back(after: GivenCall, before: GivenCall) -> GivenCall:
    """What a person had silenced then was not told then; that is no difference."""
    quiet = {(held.kind, frozenset(held.rules)) for held in before.held_back}
    told = (card for card in after.cards if (card.kind, frozenset(r.id for r in card.rules)) not in quiet)
    return replace(after, cards=tuple(told))


def replay_in_words(replayed: Replayed, zone: ZoneInfo) -> str:
    """A line for the call, and a line for each difference."""
    before = replayed.before
    verdict = "the same advice" if replayed.is_same else "OTHER ADVICE"
    lines = [f"{before.service}, {before.at.astimezone(zone).isoformat(timespec='seconds')}: {verdict}"]
    if before.outcome is not replayed.after.outcome:
        lines.append(f"  outcome: {before.outcome} -> {replayed.after.outcome}")
    lines += [
        f"  {d.what}: {d.before or '(nothing)'} -> {d.after or '(nothing)'}" for d in replayed.differences
    ]
    return "".join(f"{line}\n" for line in lines)
