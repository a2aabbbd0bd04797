"""The identifiers and codes under which the study list stands in the hospital's FHIR server."""

from enum import StrEnum
from typing import Any, Final

from cds_service.rules.trial_record import TrialRecord

Json = dict[str, Any]

LIST_SYSTEM: Final = "urn:aa-cds:study-list"
SUBJECT_SYSTEM: Final = "urn:aa-cds:study-list:subject"
TASK_SYSTEM: Final = "urn:aa-cds:study-list:task"
INPUT_SYSTEM: Final = "urn:aa-cds:study-list:input"
NEWS_SYSTEM: Final = "urn:aa-cds:study-list:news"
SET_BY_HAND: Final = "urn:aa-cds:StructureDefinition/status-set-by-hand"
"""The extension of a ResearchSubject: who set its status, when, and by which criterion."""


class SubjectStatus(StrEnum):
    """The codes of ResearchSubject.status (R4) among which the study team chooses."""

    CANDIDATE = "candidate"
    SCREENING = "screening"
    INELIGIBLE = "ineligible"
    ON_STUDY = "on-study"
    WITHDRAWN = "withdrawn"


class News(StrEnum):
    """What happened last to a candidate, by the screening."""

    NEW = "new"
    CHANGED = "changed"
    LOST = "lost"


TASK_STATUS: Final = {
    SubjectStatus.CANDIDATE: "requested",
    SubjectStatus.SCREENING: "in-progress",
    SubjectStatus.INELIGIBLE: "completed",
    SubjectStatus.ON_STUDY: "completed",
    SubjectStatus.WITHDRAWN: "completed",
}
"""How far the study team's task is by the status that it has set."""


def list_identifier(trial: TrialRecord) -> Json:
    """The identifier of the List."""
    return {"system": LIST_SYSTEM, "value": trial.id}


def identifier_of(system: str, patient: str, trial: TrialRecord) -> Json:
    """The identifier of a candidate's Task or ResearchSubject; `patient` is "Patient/id"."""
    return {"system": system, "value": f"{trial.id}/{patient.removeprefix('Patient/')}"}


def is_listed_for(trial: TrialRecord, identifier: Json) -> bool:
    """Is this what the list of this trial, and of no other, calls a ResearchSubject?"""
    value = str(identifier.get("value", ""))
    return identifier.get("system") == SUBJECT_SYSTEM and value.startswith(f"{trial.id}/")
