"""A critical finding as an alarm: the name by which it is told once, its Task and CommunicationRequest."""

from dataclasses import dataclass
from datetime import datetime

from cds_service.audit.pseudonym import Pseudonyms
from cds_service.cards.translations import Wording
from cds_service.rules.answers.alerts import Alert, Severity
from cds_service.rules.answers.assessment import Assessment
from cds_service.study_list.subject_codes import Json
from fhir_mappings.clinical_model.messages import say

SYSTEM = "urn:aa-cds:watch:alarm"
_TASK = "watch.task"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One critical finding about one patient ("Patient/id"). `name` is a keyed hash of what it rests on."""

    name: str
    patient: str
    rule: str
    said: str
    at: datetime


def alarms_of(
    assessment: Assessment, patient: str, keys: Pseudonyms, words: Wording, at: datetime
) -> list[Alarm]:
    """Every critical finding; the same facts give the same name, on whatever day they are looked at."""
    critical = (one for one in assessment.safety if one.severity is Severity.CRITICAL)
    found = {name: one for one in critical for name in [keys.of_text(_facts(one, patient, words))]}
    return [Alarm(name, patient, one.rule.id, words.plain(one.seen), at) for name, one in found.items()]


def _facts(alert: Alert, patient: str, words: Wording) -> str:
    references = sorted(one.reference for one in alert.evidence)
    return " ".join([patient, alert.rule.id, alert.drug or "", *(references or [words.plain(alert.seen)])])


def task_entries(alarm: Alarm, words: Wording, team: str) -> list[Json]:
    """Transaction entries, each made only where there is none yet."""
    common: Json = {
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
