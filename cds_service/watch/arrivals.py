"""Who is enrolled, and of whom anything has arrived since a moment."""

from datetime import datetime

from cds_service.study_list.list_server import ListServer, parts_of
from cds_service.study_list.list_state import study_here
from cds_service.study_list.subject_codes import Json
from fhir_mappings.readers.reader_settings import TrialIdentity
from fhir_mappings.readers.study_identity import is_trial_name

WATCHED = ("Observation", "MedicationRequest", "ResearchSubject")
"""Types whose arrivals count: a new subject may have had its result before it was enrolled."""
ENROLLED = ("on-study", "on-study-intervention", "on-study-observation", "follow-up", "pending-off-study")
"""ResearchSubject.status (R4) of those in the trial (DECISIONS 15)."""
_PATIENTS_AT_ONCE = 50


def enrolled_patients(server: ListServer, trial: TrialIdentity) -> frozenset[str]:
    """Everybody in the trial, "Patient/id". Raises NotFetched."""
    here = study_here(server)
    studies = {*trial.study_references, *([here] if here else ())}
    subjects = server.search("ResearchSubject", {"status": ",".join(ENROLLED)})
    return frozenset(_patient(one, "individual") for one in subjects if _is_ours(one, studies, trial)) - {""}


def _is_ours(subject: Json, studies: set[str], trial: TrialIdentity) -> bool:
    if subject.get("status") not in ENROLLED:
        return False
    study = subject.get("study", {})
    name = study.get("identifier", {}).get("value")
    return _tail(study) in studies or is_trial_name(name, trial)


def arrived_since(server: ListServer, patients: frozenset[str], since: datetime) -> frozenset[str]:
    """Of whom anything watched was written since then. Raises NotFetched.

    A server that passes over `_lastUpdated` names more than it must: they are looked at again, and told once.
    """
    found: set[str] = set()
    for some in parts_of(sorted(patients), _PATIENTS_AT_ONCE):
        for kind in WATCHED:
            asked = {"patient": ",".join(some), "_lastUpdated": f"ge{since.isoformat(timespec='seconds')}"}
            element = "individual" if kind == "ResearchSubject" else "subject"
            found |= {_patient(one, element) for one in server.search(kind, asked)}
    return frozenset(found & patients)


def _patient(resource: Json, element: str) -> str:
    place = _tail(resource.get(element, {}))
    return place if place.startswith("Patient/") else ""


def _tail(reference: Json) -> str:
    return "/".join(str(reference.get("reference", "")).partition("/_history")[0].split("/")[-2:])
