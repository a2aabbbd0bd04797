"""The FHIR resources of the list, built: ResearchSubject once, Task with what is judged, List of them all."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from cds_service.rules.trial_record import TrialRecord
from cds_service.study_list.judgement import ListJudgement, as_inputs
from cds_service.study_list.subject_codes import (
    NEWS_SYSTEM,
    SET_BY_HAND,
    SUBJECT_SYSTEM,
    TASK_STATUS,
    TASK_SYSTEM,
    Json,
    SubjectStatus,
    identifier_of,
    list_identifier,
)


def new_subject(patient: str, study: str | None, trial: TrialRecord) -> Json:
    """A candidate. The screening writes this once and never again: a status is a person's.

    `study` is the server's own ResearchStudy, "ResearchStudy/id", where it has one.
    """
    reference = {"reference": study} if study else {}
    return {
        "resourceType": "ResearchSubject",
        "identifier": [identifier_of(SUBJECT_SYSTEM, patient, trial)],
        "status": SubjectStatus.CANDIDATE.value,
        "study": {**reference, "identifier": trial.identifier},
        "individual": {"reference": patient},
    }


def new_task(patient: str, subject: str, judgement: ListJudgement, trial: TrialRecord) -> Json:
    """The study team's task about a candidate; `subject` is a reference or a placeholder of a transaction."""
    task: Json = {
        "resourceType": "Task",
        "identifier": [identifier_of(TASK_SYSTEM, patient, trial)],
        "groupIdentifier": trial.identifier,
        "status": "requested",
        "intent": "plan",
        "code": {"text": f"Screen for {trial.id}"},
        "for": {"reference": patient},
        "focus": {"reference": subject},
        "authoredOn": judgement.as_of,
    }
    return with_judgement(task, judgement)


def with_judgement(task: Json, judgement: ListJudgement) -> Json:
    """The Task with the machine's part renewed; owner, notes and status stay as people have them."""
    news, at = judgement.news
    return {
        **task,
        "businessStatus": {"coding": [{"system": NEWS_SYSTEM, "code": news.value}]},
        "lastModified": at,
        "input": as_inputs(judgement),
    }


def with_status(subject: Json, status: SubjectStatus, who: str, at: datetime, criterion: str | None) -> Json:
    """The ResearchSubject as a person has set it: with who, when, and the criterion of an ineligible one."""
    told: list[Json] = [
        {"url": "who", "valueString": who},
        {"url": "when", "valueDateTime": at.isoformat(timespec="seconds")},
    ]
    if criterion:
        told.append({"url": "criterion", "valueCode": criterion})
    others = [e for e in subject.get("extension", ()) if e.get("url") != SET_BY_HAND]
    set_by = {"url": SET_BY_HAND, "extension": told}
    return {**subject, "status": status.value, "extension": [*others, set_by]}


def with_work(
    task: Json, *, who: str, at: datetime, status: SubjectStatus | None, note: str, owner: str | None
) -> Json:
    """The Task as a person has left it. "" as `owner` is nobody, None leaves it as it is."""
    changed = dict(task)
    moment = at.isoformat(timespec="seconds")
    if status:
        changed["status"] = TASK_STATUS[status]
    if note:
        written = {"authorString": who, "time": moment, "text": note}
        changed["note"] = [*task.get("note", ()), written]
    if owner is not None:
        changed.pop("owner", None)
        changed |= {"owner": {"display": owner}} if owner else {}
    return changed


class OnTheList(msgspec.Struct, frozen=True):
    """One entry: a ResearchSubject, and what was said of it last."""

    subject: str
    judgement: ListJudgement


def list_of(entries: Iterable[OnTheList], as_of: datetime, trial: TrialRecord) -> Json:
    """The List, in the order of the subjects' references so that an equal one looks equal."""
    return {
        "resourceType": "List",
        "identifier": [list_identifier(trial)],
        "status": "current",
        "mode": "working",
        "title": f"Candidates for {trial.id}",
        "date": as_of.isoformat(timespec="seconds"),
        "entry": [_entry(one) for one in sorted(entries, key=lambda one: one.subject)],
    }


def _entry(one: OnTheList) -> Json:
    news, at = one.judgement.news
    flag = {"coding": [{"system": NEWS_SYSTEM, "code": news.value}]}
    return {"flag": flag, "date": at, "item": {"reference": one.subject}}
