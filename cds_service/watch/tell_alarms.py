"""A critical finding as an alarm: the name by which it is told once, its Task and CommunicationRequest."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cds_service.audit.pseudonym import Pseudonyms
from cds_service.cards.translations import Wording
from cds_service.rules.answers.alerts import Alert
from cds_service.study_list.subject_codes import Json
from fhir_mappings.clinical_model.messages import say

SYSTEM = "urn:aa-cds:watch:alarm"
_TASK = "watch.task"
_BEHIND = "."
"""Stands behind the number of a trial in an alarm's name; a hash has none."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One critical finding about one patient ("Patient/id").

    `name` is a keyed hash of what it rests on; behind the number of its trial, where that is not the first.
    """

    name: str
    patient: str
    rule: str
    said: str
    at: datetime


def alarms_of(
    alerts: Iterable[Alert], patient: str, keys: Pseudonyms, words: Wording, at: datetime, beside: str = ""
) -> list[Alarm]:
    """Of each of a trial's alerts one; the same facts give the same name, on whatever day they are looked at.

    `beside`: the number of a trial that is not the first. Rules of two trials may be called alike.
    """
    mark = f"{beside}{_BEHIND}" if beside else ""
    found = {name: one for one in alerts for name in [keys.of_text(_facts(one, patient, words))]}
    return [
        Alarm(f"{mark}{name}", patient, one.rule.id, words.plain(one.seen), at) for name, one in found.items()
    ]


def is_alarm_of(beside: str, name: str) -> bool:
    """Is an alarm of this name one of the trial with this number, "" for the first?"""
    return name.rpartition(_BEHIND)[0] == beside


def _facts(alert: Alert, patient: str, words: Wording) -> str:
    references = sorted(one.reference for one in alert.evidence)
    return " ".join([patient, alert.rule.id, alert.drug or "", *(references or [words.plain(alert.seen)])])


def task_entries(alarm: Alarm, words: Wording, team: str, beside: Json | None = None) -> list[Json]:
    """Transaction entries, each made only where there is none yet.

    `beside` identifies a trial that is not the first: its Task and message say whose they are.
    """
    common: Json = {
        **({"groupIdentifier": beside} if beside else {}),
        "identifier": [{"system": SYSTEM, "value": alarm.name}],
        "priority": "stat",
        "authoredOn": alarm.at.isoformat(timespec="seconds"),
    }
    said = words.plain(say(_TASK, rule=alarm.rule, seen=alarm.said))
    task: Json = {
        **common,
        "resourceType": "Task",
        "status": "requested",
        "intent": "order",
        "description": said,
        "for": {"reference": alarm.patient},
        **({"owner": {"reference": team}} if team else {}),
    }
    message: Json = {
        **common,
        "resourceType": "CommunicationRequest",
        "status": "active",
        "subject": {"reference": alarm.patient},
        "payload": [{"contentString": said}],
        **({"recipient": [{"reference": team}]} if team else {}),
    }
    only_if_new = f"identifier={SYSTEM}|{alarm.name}"
    return [
        {
            "resource": one,
            "request": {"method": "POST", "url": one["resourceType"], "ifNoneExist": only_if_new},
        }
        for one in (task, message)
    ]
