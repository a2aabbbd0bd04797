"""What is silenced for this patient, and until when."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from cds_service.audit.store_errors import StoreUnavailable
from cds_service.audit.suppression import AdviceHistory, Because
from cds_service.cds_hooks.service import Caller
from cds_service.explain.smart_registrations import RegistrationMemory
from cds_service.figures.statements import Teller


class SnoozedCard(msgspec.Struct, frozen=True):
    """A rule, or the trial card, that is quiet for a while."""

    what: str
    because: str
    until: str


class Quiet(msgspec.Struct, frozen=True):
    """`why_not` is said instead, when it is not known what is silenced."""

    held: tuple[SnoozedCard, ...] = ()
    why_not: str = ""


class Recollection(msgspec.Struct, frozen=True):
    """Where to look, and for how many days an unchanged trial card is not given again."""

    memory: RegistrationMemory | None
    trial_card_days: int
    zone: ZoneInfo

    def of(self, patient: str, caller: Caller | None, now: datetime, tell: Teller) -> Quiet:
        """What the service remembers of cards held back for the patient."""
        if self.memory is None:
            return Quiet(why_not=tell.say("page.quiet.notKept"))
        if caller is None:
            return Quiet(why_not=tell.say("page.quiet.whichTenant"))
        try:
            history = self.memory.history(caller, patient, now)
        except StoreUnavailable:
            return Quiet(why_not=tell.say("page.quiet.unavailable"))
        return Quiet(self._held(history, now, tell))

    def _held(self, history: AdviceHistory, now: datetime, tell: Teller) -> tuple[SnoozedCard, ...]:
        """Of several silences of one rule the longest; while what it saw stays the same."""
        latest: dict[tuple[str, Because], datetime] = {}
        for silence in history.silences:
            key = tell.say("page.quiet.rule", rule=silence.rule), silence.because
            latest[key] = max(silence.until, latest.get(key, silence.until))
        back = [shown.at + timedelta(days=self.trial_card_days) for shown in history.shown]
        if back and max(back) > now:
            latest[tell.say("page.quiet.trialCard"), Because.SHOWN_RECENTLY] = max(back)
        return tuple(
            SnoozedCard(what, tell.say(f"page.because.{because}"), self._local(until))
            for (what, because), until in sorted(latest.items(), key=lambda item: item[1])
        )

    def _local(self, moment: datetime) -> str:
        return moment.astimezone(self.zone).strftime("%Y-%m-%d %H:%M")
