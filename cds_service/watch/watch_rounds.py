"""One round of the watch: who has something new, what is critical of it, who is told, who has answered.

Nothing is passed over: the moment up to which all is looked at moves on only after a round without a miss.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage

import structlog
from sqlalchemy import Engine

from cds_service.audit.alarm_rows import Told, alarms_known, mark, note_alarm
from cds_service.audit.pseudonym import Pseudonyms
from cds_service.cards.translations import Wording
from cds_service.cds_hooks.errors import BadHookRequest, DataNotAvailable, PatientMismatch
from cds_service.fhir_client.create_resource import WriteRefused
from cds_service.fhir_client.fhir_get import NotFetched
from cds_service.rules.answers.assessment import Assessment
from cds_service.services.handler import Installation
from cds_service.study_list.judge_listed import assessed
from cds_service.study_list.list_server import ListServer
from cds_service.study_list.mailing import NotSent, message_to
from cds_service.study_list.registered import Mail
from cds_service.watch.arrivals import arrived_since, enrolled_patients
from cds_service.watch.tell_alarms import Alarm, alarms_of, is_alarm_of, task_entries
from fhir_mappings.clinical_model.messages import say

_log = structlog.get_logger()
_TEXT = "watch.text"
_OVERLAP = timedelta(minutes=5)
"""Looked at again in each round: clocks differ, and what a server indexes late is not lost."""


@dataclass(slots=True)
class Round:
    """What one round did. `missed`: charts that could not be had or told; `behind`: it did not see all."""

    enrolled: int = 0
    looked_at: int = 0
    told: int = 0
    mailed: int = 0
    acknowledged: int = 0
    escalated: int = 0
    missed: int = 0
    unanswered: int = 0
    behind: bool = False

    def __add__(self, other: "Round") -> "Round":
        """Both: counts added up, and behind where one of them is."""
        mine, theirs = asdict(self), asdict(other)
        added = {name: count + theirs[name] for name, count in mine.items()}
        return Round(**{**added, "behind": self.behind or other.behind})


@dataclass(frozen=True, slots=True)
class Watch:
    """The watch of one trial. `send` mails (raises NotSent); after `patience` `escalate_to` are told as well.

    `beside`: the trial's number where others stand before it at this site, and "" for the first: its alarms
    are looked after by itself alone, and told in its own words.
    """

    server: ListServer
    installation: Installation
    engine: Engine
    keys: Pseudonyms
    words: Wording
    mail: Mail | None
    send: Callable[[EmailMessage], None]
    link: str
    team: str = ""
    escalate_to: tuple[str, ...] = ()
    patience: timedelta = field(default_factory=lambda: timedelta(minutes=30))
    beside: str = ""

    def round(self, since: datetime, now: datetime) -> Round:
        """Look at whom anything arrived of since then; tell, mail, escalate. Raises StoreUnavailable."""
        done = Round()
        try:
            patients = enrolled_patients(self.server, self.installation.gatherer.reader.trial)
            arrived = arrived_since(self.server, patients, since - _OVERLAP)
        except NotFetched as error:
            _log.warning("watch_not_fetched", reason=error.why.value)
            done.behind = True
        else:
            done.enrolled, done.looked_at = len(patients), len(arrived)
            for patient in sorted(arrived):
                self._look(patient, now, done)
        self._follow_up(now, done)
        done.behind |= done.missed > 0
        return done

    def _look(self, patient: str, now: datetime, done: Round) -> None:
        try:
            assessment = assessed(self.installation, self.server, patient, now)
            found = self._alarms(assessment, patient, now) if assessment else []
            is_whole = assessment is None or not _came_in_part(assessment)
            known = alarms_known(self.engine)  # anew: another instance may have told meanwhile
            for alarm in found:
                if alarm.name not in known:
                    self._tell(alarm)
                    done.told += 1
            done.missed += not is_whole
        except (DataNotAvailable, PatientMismatch, BadHookRequest, NotFetched, WriteRefused) as error:
            _log.warning("watch_missed", error=type(error).__name__)
            done.missed += 1

    def _alarms(self, assessment: Assessment, patient: str, now: datetime) -> list[Alarm]:
        stated = self.installation.trial.alarms
        alerts = stated(assessment) if stated else ()
        return alarms_of(alerts, patient, self.keys, self.words, now, self.beside)

    def _tell(self, alarm: Alarm) -> None:
        whose = self.server.trial.identifier if self.beside else None
        answer = self.server.transact(task_entries(alarm, self.words, self.team, whose))
        place = str(answer[0].get("response", {}).get("location", "")) if answer else ""
        note_alarm(self.engine, alarm.name, alarm.at, _task_in(place), alarm.rule)
        _log.warning("watch_alarm", rules=[alarm.rule])

    def _follow_up(self, now: datetime, done: Round) -> None:
        ours = (one for name, one in alarms_known(self.engine).items() if is_alarm_of(self.beside, name))
        known = [one for one in ours if not one.acknowledged]
        answered = self._take_answers(known, now)
        done.acknowledged = len(answered)
        waiting = [one for one in known if one.alarm not in answered]
        done.unanswered = len(waiting)
        fresh = [one.alarm for one in waiting if not one.mailed]
        done.mailed = self._mail(fresh, "mailed", "watch.subject", (), now)
        late = [one.alarm for one in waiting if not one.escalated and now - one.at >= self.patience]
        done.escalated = self._mail(late, "escalated", "watch.escalated", self.escalate_to, now)

    def _take_answers(self, known: list[Told], now: datetime) -> list[str]:
        """The alarms whose Task somebody has accepted, or brought further: noted as acknowledged."""
        if not known:
            return []
        try:
            tasks = self.server.by_id("Task", [one.task for one in known if one.task])
        except NotFetched:
            return []  # nobody is taken for having answered
        status = {one: task.get("status", "requested") for one, task in tasks.items()}
        seen = [one.alarm for one in known if status.get(one.task, "requested") != "requested"]
        if seen:
            mark(self.engine, seen, "acknowledged", now)
        return seen

    def _mail(self, alarms: list[str], step: str, subject: str, to: tuple[str, ...], now: datetime) -> int:
        """Sent, then noted: a mail may come twice after a crash in between, and never not at all."""
        if not alarms or self.mail is None:
            return 0
        minutes = int(self.patience.total_seconds() // 60)
        told = self.words.plain(say(subject, count=len(alarms), minutes=minutes))
        message = message_to(self.mail, told, to)
        message.set_content(self.words.plain(say(_TEXT, count=len(alarms), link=self.link)))
        try:
            self.send(message)
        except NotSent as error:
            _log.error("watch_not_mailed", error=error.detail)
            return 0
        mark(self.engine, alarms, step, now)
        return len(alarms)


def _came_in_part(assessment: Assessment) -> bool:
    """A part of the chart could not be had: what is not found may be there: looked at again."""
    return any(gap.problem in ("PART_UNAVAILABLE", "CHART_INCOMPLETE") for gap in assessment.gaps)


def _task_in(location: str) -> str:
    """The id in "Task/17/_history/1", relative or absolute."""
    parts = location.partition("/_history")[0].split("/")
    return parts[-1] if len(parts) >= 2 and parts[-2] == "Task" else ""
