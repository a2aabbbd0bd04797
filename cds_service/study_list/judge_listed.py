"""A row judged anew from the chart as it is now: after an attestation, or because a card asked.

The chart is gathered from the FHIR server and judged as at the bedside; the night's run says the rest.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cds_service.cards.assessment_json import assessment_json
from cds_service.cds_hooks.authorization import FhirAuthorization
from cds_service.cds_hooks.errors import BadHookRequest, DataNotAvailable, PatientMismatch
from cds_service.cds_hooks.request import Hook, HookContext, HookRequest
from cds_service.cds_hooks.service import Caller
from cds_service.rules.answers.assessment import Assessment
from cds_service.rules.answers.criteria_answers import EligibilityStatus
from cds_service.rules.as_of import as_of
from cds_service.screening.summary import PatientSummary, summary_of
from cds_service.services.handler import Installation
from cds_service.study_list.judgement import judgement_in
from cds_service.study_list.list_server import ListServer
from cds_service.study_list.list_state import ListState, patient_of
from cds_service.study_list.subject_codes import Json
from fhir_mappings.readers.read_attestation import is_answer_to

_NO_HOOK = "00000000-0000-0000-0000-000000000000"
_TOKEN_SECONDS = 60
_SCOPE = "system/*.rs"
MOST_AT_ONCE = 25
"""Charts judged anew before the page is shown; the others at the next look."""
_LOOK_BACK = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class JudgedAnew:
    """The summaries, and the patients whose chart could not be had: their rows stand as they were."""

    summaries: tuple[PatientSummary, ...]
    unavailable: frozenset[str]


def due_tests(state: ListState, server: ListServer, form: str | None, now: datetime) -> list[str]:
    """Whose row is older than an attestation or was asked for by a card; the longest waiting first.

    `form` is the address of the trial's form, None where it has none. Raises NotFetched.
    """
    waiting = {p: str(task.get("authoredOn", "")) for p, task in state.asked.items() if p not in state.tasks}
    since = (now - _LOOK_BACK).date().isoformat()
    for response in server.search("QuestionnaireResponse", {"authored": f"ge{since}"}):
        patient = _subject(response)
        if patient in state.tasks and _is_news(response, form, state.tasks[patient]):
            waiting.setdefault(patient, str(response["authored"]))
    return sorted(waiting, key=lambda patient: waiting[patient])[:MOST_AT_ONCE]


def _subject(response: Json) -> str:
    return patient_of({"for": response.get("subject", {})})


def _is_news(response: Json, form: str | None, task: Json) -> bool:
    """An answer to the trial's form, later than what the row was judged by."""
    if not is_answer_to(form, str(response.get("questionnaire", ""))):
        return False
    if response.get("status") not in ("completed", "amended"):
        return False
    judged = judgement_in(task).as_of
    return not judged or _moment(str(response.get("authored", ""))) > _moment(judged)


def _moment(text: str) -> datetime:
    """A day without a time may be any moment of it: its end, so that nothing is passed over."""
    moment = datetime.fromisoformat(text if "T" in text else f"{text}T23:59:59+00:00")
    return moment if moment.tzinfo else moment.astimezone()


def judge_anew(
    installation: Installation, server: ListServer, patients: Iterable[str], now: datetime
) -> JudgedAnew:
    """Judge each patient ("Patient/id") by the chart in the list's FHIR server."""
    found: list[PatientSummary] = []
    missing: set[str] = set()
    for patient in patients:
        try:
            found += _judged(installation, server, patient, now)
        except (DataNotAvailable, PatientMismatch, BadHookRequest):
            missing.add(patient)
    return JudgedAnew(tuple(found), frozenset(missing))


def assessed(
    installation: Installation, server: ListServer, patient: str, now: datetime
) -> Assessment | None:
    """What the rules say of one patient by the chart there; None where the trial is no concern.

    Raises DataNotAvailable, PatientMismatch or BadHookRequest.
    """
    key = patient.removeprefix("Patient/")
    request = HookRequest(
        hook=Hook.PATIENT_VIEW,
        hook_instance=_NO_HOOK,
        context=HookContext(user_id="", patient_id=key),
        fhir_server=server.base.url,
        fhir_authorization=_authorization(server.token()),
    )
    gathered = installation.gatherer.gather(request, now, Caller())
    if not gathered.is_concerned:
        return None
    moment = as_of(now, installation.zone)
    return installation.trial.assess(gathered.record, moment, installation.protocol, ())


def _judged(
    installation: Installation, server: ListServer, patient: str, now: datetime
) -> Iterator[PatientSummary]:
    assessment, moment = assessed(installation, server, patient, now), as_of(now, installation.zone)
    if assessment is None:
        yield PatientSummary(patient, EligibilityStatus.NOT_A_CANDIDATE)
        return
    yield summary_of(assessment_json(assessment, installation.words, moment.text, ""))


def _authorization(token: str | None) -> FhirAuthorization | None:
    return FhirAuthorization(token, "Bearer", _TOKEN_SECONDS, _SCOPE, "") if token else None
