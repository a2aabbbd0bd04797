"""What the FHIR server has of the list: the tasks, the subjects they are about, the List itself."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from cds_service.rules.trial_record import TrialRecord
from cds_service.study_list.list_server import ListServer, parts_of
from cds_service.study_list.subject_codes import (
    TASK_SYSTEM,
    Json,
    identifier_of,
    is_listed_for,
    list_identifier,
)
from fhir_mappings.readers.reader_settings import TrialIdentity
from fhir_mappings.readers.study_identity import is_trial_name

_PATIENTS_AT_ONCE = 100
_ENDED = ("entered-in-error", "cancelled")


@dataclass(slots=True)
class ListState:
    """By "Patient/id": our `tasks`, the `subjects` they are about, and what a card has asked (`asked`)."""

    tasks: dict[str, Json] = field(default_factory=dict)
    subjects: dict[str, Json] = field(default_factory=dict)
    asked: dict[str, Json] = field(default_factory=dict)
    whole: Json | None = None


def read_list_state(server: ListServer) -> ListState:
    """Read it. Raises NotFetched."""
    state = ListState(whole=read_list(server))
    group = f"{server.trial.system}|{server.trial.id}"
    for task in server.search("Task", {"group-identifier": group}):
        _sort_in(task, state, server.trial)
    subjects = server.by_id("ResearchSubject", (_id(_focus(task)) for task in state.tasks.values()))
    for patient, task in state.tasks.items():
        subject = subjects.get(_id(_focus(task)))
        if subject and _reference(subject, "individual") == patient:
            state.subjects[patient] = subject
    return state


def read_one(server: ListServer, patient: str) -> tuple[Json | None, Json | None]:
    """The Task and the ResearchSubject of one candidate, as they are now. Raises NotFetched."""
    name = identifier_of(TASK_SYSTEM, patient, server.trial)
    found = server.search("Task", {"identifier": f"{name['system']}|{name['value']}"})
    task = next((one for one in found if name in one.get("identifier", ())), None)
    if task is None or patient_of(task) != patient:
        return None, None
    subject = server.by_id("ResearchSubject", [_id(_focus(task))]).get(_id(_focus(task)))
    return task, subject if subject and _reference(subject, "individual") == patient else None


def read_list(server: ListServer) -> Json | None:
    """The List, None where there is none yet. Raises NotFetched."""
    name = list_identifier(server.trial)
    found = server.search("List", {"identifier": f"{name['system']}|{name['value']}"})
    return next((one for one in found if name in one.get("identifier", ())), None)


def _sort_in(task: Json, state: ListState, trial: TrialRecord) -> None:
    """Ours, or one that a card's "Ask the study team" has made; of other studies none."""
    patient = _reference(task, "for")
    if not patient.startswith("Patient/") or task.get("groupIdentifier", {}).get("value") != trial.id:
        return
    if any(one.get("system") == TASK_SYSTEM for one in task.get("identifier", ())):
        state.tasks[patient] = task
    elif task.get("intent") == "proposal" and task.get("status") not in _ENDED:
        state.asked[patient] = task


def subjects_of_trial(
    server: ListServer, patients: Iterable[str], trial: TrialIdentity, study: str | None
) -> dict[str, Json]:
    """Whoever of the patients has a ResearchSubject of this trial already, ours or not. Raises NotFetched."""
    known = {*trial.study_references, *([study] if study else ())}
    found: dict[str, Json] = {}
    for some in parts_of(sorted(patients), _PATIENTS_AT_ONCE):
        for subject in server.search("ResearchSubject", {"patient": ",".join(some)}):
            patient = _reference(subject, "individual")
            if patient in some and _is_of_trial(subject, server.trial, trial, known):
                found.setdefault(patient, subject)
    return found


def study_here(server: ListServer) -> str | None:
    """The server's own ResearchStudy of the trial, "ResearchStudy/id". Raises NotFetched."""
    name = server.trial.id
    found = server.search("ResearchStudy", {"identifier": name})
    named = (one for one in found if any(i.get("value") == name for i in one.get("identifier", ())))
    return next((f"ResearchStudy/{one['id']}" for one in named), None)


def _is_of_trial(subject: Json, ours: TrialRecord, trial: TrialIdentity, known: set[str]) -> bool:
    if any(is_listed_for(ours, one) for one in subject.get("identifier", ())):
        return True
    study = subject.get("study", {})
    return study.get("reference") in known or is_trial_name(study.get("identifier", {}).get("value"), trial)


def _reference(resource: Json, element: str) -> str:
    """A relative reference; servers may write it whole."""
    parts = str(resource.get(element, {}).get("reference", "")).partition("/_history")[0].split("/")
    return "/".join(parts[-2:])


def _focus(task: Json) -> str:
    return _reference(task, "focus")


def _id(reference: str) -> str:
    return reference.rpartition("/")[2]


def patient_of(task: Json) -> str:
    """ "Patient/id" of whom a Task is about."""
    return _reference(task, "for")
