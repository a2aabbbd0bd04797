"""Brings the list in the FHIR server to what a screening run says: `write_list`.

Run twice over the same results it writes nothing the second time. What people have set stays: status, notes
and who it is assigned to are read, never written; a ResearchSubject is created once and not touched again.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

import msgspec

from cds_service.fhir_client.create_resource import WriteRefused
from cds_service.rules.answers.criteria_answers import EligibilityStatus
from cds_service.rules.trial_record import TrialRecord
from cds_service.screening.summary import PatientSummary
from cds_service.study_list.judgement import ListJudgement, judgement_in, judgement_of
from cds_service.study_list.list_server import ListServer, parts_of, update_entry
from cds_service.study_list.list_state import (
    ListState,
    read_list,
    read_list_state,
    study_here,
    subjects_of_trial,
)
from cds_service.study_list.resources import OnTheList, list_of, new_subject, new_task, with_judgement
from cds_service.study_list.subject_codes import SUBJECT_SYSTEM, TASK_SYSTEM, Json
from fhir_mappings.readers.reader_settings import TrialIdentity

_ATTEMPTS = 3
_CONFLICTS = (409, 412)
_ENROLLED = EligibilityStatus.ALREADY_ENROLLED
_ON_THE_LIST = (EligibilityStatus.UNDETERMINED, EligibilityStatus.ELIGIBLE_PENDING)
_SOME = 50
"""New candidates or updates in one transaction."""


@dataclass(slots=True)
class Written:
    """Counts of one run. `lost_by` counts each criterion, or status, that took somebody off the list;
    `not_told` are candidates of whom the run said nothing: they stay as they were."""

    new: int = 0
    changed: int = 0
    lost: int = 0
    unchanged: int = 0
    not_told: int = 0
    lost_by: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be written: judgements of whom has no Task yet, and Tasks as they shall be."""

    new: Mapping[str, ListJudgement]
    tasks: Mapping[str, Json]
    told: Written


def write_list(
    summaries: Iterable[PatientSummary],
    server: ListServer,
    as_of: datetime,
    trial: TrialIdentity | None = None,
    *,
    asked: frozenset[str] = frozenset(),
    is_run: bool = True,
) -> Written:
    """Write the candidates among the summaries; `as_of` is the moment (aware) that they were judged for.

    Without `is_run` single patients were judged anew: the moment is written to their rows even if nothing
    else is new, and the date of the List stays that of the last run. Whom the summaries do not name stays
    as it was. `asked` are patients ("Patient/id") who come on the list whatever the rules say of them,
    because somebody asked. Raises NotFetched, or WriteRefused when the server did not take it.
    """
    state = read_list_state(server)
    known = state.tasks.keys() | asked
    kept = {one.patient: one for one in summaries if one.is_on_the_list or one.patient in known}
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _write(
                kept,
                state,
                server,
                as_of,
                trial or TrialIdentity(frozenset(server.trial.identifiers)),
                asked,
                is_run,
            )
        except WriteRefused as error:
            if error.status not in _CONFLICTS or attempt == _ATTEMPTS:
                raise
            state = read_list_state(server)  # somebody has worked on the list meanwhile
    raise AssertionError


def _write(
    kept: Mapping[str, PatientSummary],
    state: ListState,
    server: ListServer,
    as_of: datetime,
    trial: TrialIdentity,
    asked: frozenset[str],
    is_run: bool,
) -> Written:
    plan = _plan(kept, state, as_of, asked, is_run)
    study = study_here(server) if plan.new else None
    theirs = subjects_of_trial(server, plan.new, trial, study)
    for some in parts_of(sorted(plan.new), _SOME):
        server.transact(
            [e for p in some for e in _new_entries(p, plan.new[p], theirs.get(p), study, server.trial)]
        )
    for some in parts_of([plan.tasks[p] for p in sorted(plan.tasks)], _SOME):
        server.transact([update_entry(task) for task in some])
    if plan.new or plan.tasks:
        state = read_list_state(server)
    _write_whole(state, server, as_of, is_run)
    return plan.told


def _plan(
    kept: Mapping[str, PatientSummary], state: ListState, as_of: datetime, asked: frozenset[str], is_run: bool
) -> _Plan:
    told, new, tasks = Written(), {}, {}
    for patient, summary in kept.items():
        seen, task = judgement_of(summary, as_of), state.tasks.get(patient)
        if task and summary.last_stay is None:
            seen = _with_stay_of(seen, judgement_in(task))
        if task is None:
            if summary.status is not _ENROLLED and (summary.is_on_the_list or patient in asked):
                told.new += 1
                new[patient] = msgspec.structs.replace(seen, listed=seen.as_of)
            continue
        before = judgement_in(task)
        after = before if _is_older(seen, before) else _after(before, seen)
        _count(told, before, after)
        if after != (_judged_at(before, after.as_of) if is_run else before):
            tasks[patient] = with_judgement(task, after)
    told.not_told = len(state.tasks.keys() - kept.keys())
    return _Plan(new, tasks, told)


def _with_stay_of(seen: ListJudgement, before: ListJudgement) -> ListJudgement:
    """A summary that tells no stay takes none away."""
    return msgspec.structs.replace(seen, last_stay=before.last_stay, department=before.department)


def _judged_at(judgement: ListJudgement, as_of: str) -> ListJudgement:
    """The same, judged at another moment: that alone is nothing to write."""
    return msgspec.structs.replace(judgement, as_of=as_of)


def _is_older(seen: ListJudgement, before: ListJudgement) -> bool:
    """Of an export from before what the Task was told last: an attestation may have come since."""
    return bool(before.as_of) and datetime.fromisoformat(seen.as_of) < datetime.fromisoformat(before.as_of)


def _after(before: ListJudgement, seen: ListJudgement) -> ListJudgement:
    """What is said now, with the days of what happened before. Who entered the trial is not lost."""
    at = seen.as_of
    if seen.status not in (*_ON_THE_LIST, _ENROLLED):
        return msgspec.structs.replace(
            seen, listed=before.listed, changed=before.changed, lost=before.lost or at
        )
    if before.lost:  # back on the list: as new, for who had laid it aside
        return msgspec.structs.replace(seen, listed=at)
    changed = before.changed if seen.says_the_same_as(before) else at
    return msgspec.structs.replace(seen, listed=before.listed, changed=changed)


def _count(told: Written, before: ListJudgement, after: ListJudgement) -> None:
    if after.lost and not before.lost:
        told.lost += 1
        told.lost_by.update(after.excluded_by or (after.status,))
    elif before.lost and not after.lost:
        told.new += 1
    elif after.changed != before.changed:
        told.changed += 1
    else:
        told.unchanged += 1


def _new_entries(
    patient: str, judgement: ListJudgement, theirs: Json | None, study: str | None, trial: TrialRecord
) -> list[Json]:
    """A Task, and a ResearchSubject where nobody has made one yet."""
    if theirs is not None:
        task = new_task(patient, f"ResearchSubject/{theirs['id']}", judgement, trial)
        return [_creation(task, TASK_SYSTEM)]
    subject = new_subject(patient, study, trial)
    place = f"urn:uuid:{uuid5(NAMESPACE_URL, subject['identifier'][0]['value'])}"
    created = {"fullUrl": place, **_creation(subject, SUBJECT_SYSTEM)}
    return [created, _creation(new_task(patient, place, judgement, trial), TASK_SYSTEM)]


def _creation(resource: Json, system: str) -> Json:
    """Created only where there is none with this identifier."""
    value = resource["identifier"][0]["value"]
    only_if_new = f"identifier={system}|{value}"
    return {
        "resource": resource,
        "request": {"method": "POST", "url": resource["resourceType"], "ifNoneExist": only_if_new},
    }


def _write_whole(state: ListState, server: ListServer, as_of: datetime, is_run: bool) -> None:
    """The List of everybody, if it says anything else than before."""
    entries = [
        OnTheList(f"ResearchSubject/{state.subjects[patient]['id']}", judgement_in(task))
        for patient, task in state.tasks.items()
        if patient in state.subjects
    ]
    made, found = list_of(entries, as_of, server.trial), read_list(server)
    if found is None:
        only_if_new = "identifier={system}|{value}".format(**made["identifier"][0])
        request = {"method": "POST", "url": "List", "ifNoneExist": only_if_new}
        server.transact([{"resource": made, "request": request}])
    elif found.get("entry", []) != made["entry"] or (is_run and _is_earlier(found, made)):
        date = made["date"] if is_run else found["date"]
        server.transact([update_entry({**found, **made, "date": date})])


def _is_earlier(found: Json, made: Json) -> bool:
    """A run of an older export does not take back the date of a later one."""
    return datetime.fromisoformat(found["date"]) < datetime.fromisoformat(made["date"])
