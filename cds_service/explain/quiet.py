"""What is silenced for this patient, and until when."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from cds_service.explain.apps import App, Memory
from cds_service.explain.telling import Teller
from cds_service.store.faults import StoreUnavailable
from cds_service.store.restraint import History


@dataclass(frozen=True, slots=True)
class Held:
    """One rule, or the trial card, that is quiet for a while."""

    rule: str
    because: str
    until: str


@dataclass(frozen=True, slots=True)
class Quiet:
    """`why_not` is said instead, when it is not known what is silenced."""

    held: tuple[Held, ...] = ()
    why_not: str = ""


def quiet_for(
    memory: Memory | None, app: App, tenant: str | None, patient: str, zone: ZoneInfo, tell: Teller
) -> Quiet:
    """What the service remembers of cards held back for the patient."""
    if memory is None:
        return Quiet(why_not=tell.say("page.quiet.notKept"))
    if tenant is None:
        return Quiet(why_not=tell.say("page.quiet.whichTenant"))
    try:
        history = memory.history(app.issuer, tenant, patient)
    except StoreUnavailable:
        return Quiet(why_not=tell.say("page.quiet.unavailable"))
    return Quiet(_held(history, zone, tell))


def _held(history: History, zone: ZoneInfo, tell: Teller) -> tuple[Held, ...]:
    latest: dict[tuple[str, str], datetime] = {}
    for silence in history.silences:
        key = silence.rule, silence.because.value
        latest[key] = max(silence.until, latest.get(key, silence.until))
    return tuple(
        Held(rule, tell.say(f"page.because.{because}"), _local(until, zone))
        for (rule, because), until in sorted(latest.items(), key=lambda item: item[1])
    )


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")
