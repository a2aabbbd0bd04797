"""A person's work on one candidate: status, note, assigned to; written with who and when, or not at all."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from cds_service.fhir_client.create_resource import WriteRefused
from cds_service.study_list.list_row import ListRow, list_row
from cds_service.study_list.list_server import ListServer, update_entry
from cds_service.study_list.list_state import read_one
from cds_service.study_list.resources import with_status, with_work
from cds_service.study_list.subject_codes import SubjectStatus

_CONFLICTS = (409, 412)
LONGEST_NOTE = 1000
LONGEST_OWNER = 100


class ChangedMeanwhile(Exception):
    """Somebody else has changed the row since it was shown: nothing was written. `row` is as it is now."""

    def __init__(self, row: ListRow) -> None:
        super().__init__(row.version)
        self.row = row


class NoSuchRow(Exception):
    """The candidate is not on the list, or the server lacks the ResearchSubject."""


class StatusChange(msgspec.Struct, frozen=True):
    """What a person wants. None leaves as it is; `criterion` is the one by which somebody is ineligible."""

    status: SubjectStatus | None = None
    criterion: str | None = None
    note: str = ""
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Worker:
    """Who writes, and when (aware)."""

    name: str
    at: datetime


def change_row(server: ListServer, patient: str, seen: str, change: StatusChange, worker: Worker) -> ListRow:
    """Write the change if the row is still the one `seen`; the row as it is then.

    Raises ChangedMeanwhile, NoSuchRow, WriteRefused or NotFetched.
    """
    task, subject = read_one(server, patient)
    if task is None or subject is None:
        raise NoSuchRow
    row = list_row(patient, task, subject)
    if row.version != seen:
        raise ChangedMeanwhile(row)
    work = with_work(
        task,
        who=worker.name,
        at=worker.at,
        status=change.status,
        note=change.note[:LONGEST_NOTE],
        owner=None if change.owner is None else change.owner[:LONGEST_OWNER],
    )
    entries = [update_entry(work)]
    if change.status:
        changed = with_status(subject, change.status, worker.name, worker.at, change.criterion)
        entries.append(update_entry(changed))
    try:
        server.transact(entries)
    except WriteRefused as error:
        if error.status in _CONFLICTS:
            raise ChangedMeanwhile(_again(server, patient)) from None
        raise
    return _again(server, patient)


def _again(server: ListServer, patient: str) -> ListRow:
    task, subject = read_one(server, patient)
    if task is None:
        raise NoSuchRow
    return list_row(patient, task, subject)
