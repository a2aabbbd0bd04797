"""One row of the list, put together from its Task and ResearchSubject; without the patient's name."""

from typing import Any

import msgspec

from cds_service.study_list.judgement import ListJudgement, judgement_in
from cds_service.study_list.subject_codes import SET_BY_HAND, Json, SubjectStatus


class Note(msgspec.Struct, frozen=True):
    """What somebody wrote."""

    who: str
    at: str
    text: str


class SetByHand(msgspec.Struct, frozen=True):
    """Who set the status, when, and by which criterion."""

    who: str
    at: str
    criterion: str = ""


class ListRow(msgspec.Struct, frozen=True):
    """One candidate. `status` is the code of ResearchSubject.status, also one that this page does not set.

    `version` tells whether anything of it was changed; `asked` is the day on which a card asked, "" once
    somebody has set the status since.
    """

    patient: str
    status: str
    judgement: ListJudgement
    version: str
    set_by: SetByHand | None = None
    owner: str = ""
    notes: tuple[Note, ...] = ()
    asked: str = ""


def list_row(patient: str, task: Json, subject: Json | None, asked: Json | None = None) -> ListRow:
    """The row; without a ResearchSubject it is a candidate whom nobody has touched."""
    set_by, asked_on = _set_by(subject or {}), str((asked or {}).get("authoredOn", ""))[:10]
    return ListRow(
        patient=patient,
        status=str((subject or {}).get("status", SubjectStatus.CANDIDATE)),
        judgement=judgement_in(task),
        version=f"{_version(task)}-{_version(subject or {})}",
        set_by=set_by,
        owner=str(task.get("owner", {}).get("display", "")),
        notes=tuple(_note(one) for one in task.get("note", ()) if one.get("text")),
        asked="" if set_by and set_by.at[:10] >= asked_on else asked_on,
    )


def _version(resource: Json) -> str:
    return str(resource.get("meta", {}).get("versionId", ""))


def _note(given: dict[str, Any]) -> Note:
    return Note(str(given.get("authorString", "")), str(given.get("time", "")), str(given["text"]))


def _set_by(subject: Json) -> SetByHand | None:
    found = next((e for e in subject.get("extension", ()) if e.get("url") == SET_BY_HAND), None)
    if found is None:
        return None
    told = {
        e["url"]: str(next((v for k, v in e.items() if k != "url"), "")) for e in found.get("extension", ())
    }
    return SetByHand(told.get("who", ""), told.get("when", ""), told.get("criterion", ""))
