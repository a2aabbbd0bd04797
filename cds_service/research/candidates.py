"""The list as the study team sees it: rows, with the names that the FHIR server tells at that moment."""

from collections.abc import Callable, Iterable
from datetime import date, datetime

import msgspec
from sqlalchemy import Engine

from cds_service.audit.looks import Look, record_look
from cds_service.research.research_access import Reader
from cds_service.rules.answers.criteria_answers import EligibilityStatus
from cds_service.screening.summary import PatientSummary
from cds_service.services.handler import Installation
from cds_service.study_list.judge_listed import due_tests, judge_anew
from cds_service.study_list.judgement import judgement_in
from cds_service.study_list.list_row import ListRow, list_row
from cds_service.study_list.list_server import ListServer
from cds_service.study_list.list_state import ListState, read_list_state
from cds_service.study_list.subject_codes import Json
from cds_service.study_list.work_on_list import StatusChange, Worker, change_row
from cds_service.study_list.write_list import write_list

_NAMED = "name,birthDate,gender,identifier"


class Named(msgspec.Struct, frozen=True):
    """Who a row is about, as the server tells it; "" for what it does not tell."""

    name: str = ""
    age: int | None = None
    sex: str = ""
    number: str = ""


class SeenRow(msgspec.Struct, frozen=True):
    """A row with its name. `is_stale`: something has come since it was judged, and could not be looked at."""

    row: ListRow
    who: Named
    is_stale: bool = False


class SeenList(msgspec.Struct, frozen=True):
    """Everybody, those of the latest news first; `as_of` is the moment of the last run, "" before any."""

    rows: tuple[SeenRow, ...]
    as_of: str


class Candidates(msgspec.Struct, frozen=True):
    """The collaborators. `engine` keeps who looked; `clock` gives aware moments."""

    server: ListServer
    installation: Installation
    engine: Engine
    clock: Callable[[], datetime]

    def look(self, reader: Reader, what: Look = Look.LIST) -> SeenList:
        """Everybody on the list, judged anew where an attestation or a card's question has come since.

        Raises NotFetched, WriteRefused or StoreUnavailable.
        """
        now = self.clock()
        state, stale = self._brought_up_to_date(read_list_state(self.server), now)
        names = self.server.by_id("Patient", (p.removeprefix("Patient/") for p in state.tasks), _NAMED)
        record_look(self.engine, now, reader.account, what, len(state.tasks))
        rows = [
            SeenRow(
                list_row(patient, task, state.subjects.get(patient), state.asked.get(patient)),
                named(names.get(patient.removeprefix("Patient/"), {}), now.date()),
                patient in stale or _is_unjudged(task),
            )
            for patient, task in state.tasks.items()
        ]
        return SeenList(_latest_first(rows), str((state.whole or {}).get("date", "")))

    def change(self, reader: Reader, patient: str, seen: str, change: StatusChange) -> SeenRow:
        """Write what somebody wants. Raises ChangedMeanwhile, NoSuchRow, WriteRefused, NotFetched."""
        now = self.clock()
        record_look(self.engine, now, reader.account, Look.CHANGE, 1)
        worker = Worker(reader.name, now.astimezone(self.installation.zone))
        return self.named(change_row(self.server, patient, seen, change, worker))

    def named(self, row: ListRow) -> SeenRow:
        """One row with its name. Raises NotFetched."""
        key = row.patient.removeprefix("Patient/")
        found = self.server.by_id("Patient", [key], _NAMED)
        return SeenRow(row, named(found.get(key, {}), self.clock().date()))

    def _brought_up_to_date(self, state: ListState, now: datetime) -> tuple[ListState, frozenset[str]]:
        waiting = due_tests(state, self.server, self.installation.gatherer.reader.form, now)
        if not waiting:
            return state, frozenset()
        judged = judge_anew(self.installation, self.server, waiting, now)
        asked = frozenset(state.asked.keys() & set(waiting)) - state.tasks.keys()
        # Somebody asked: the row is there even if the chart is not, and says that it was not judged.
        unseen = (PatientSummary(p, EligibilityStatus.UNDETERMINED) for p in asked & judged.unavailable)
        trial = self.installation.gatherer.reader.trial
        moment = now.astimezone(self.installation.zone)
        summaries = (*judged.summaries, *unseen)
        write_list(summaries, self.server, moment, trial, asked=asked, is_run=False)
        return read_list_state(self.server), judged.unavailable


def _is_unjudged(task: Json) -> bool:
    """Nobody has ever seen the chart that this row is about."""
    judged = judgement_in(task)
    return judged.status == EligibilityStatus.UNDETERMINED and not judged.criteria


def named(patient: Json, today: date) -> Named:
    """What a Patient tells: the official name before others, a number before none."""
    names = sorted(patient.get("name", ()), key=lambda one: one.get("use") != "official")
    return Named(
        name=_text_of(names),
        age=_age(str(patient.get("birthDate", "")), today),
        sex=str(patient.get("gender", "")),
        number=next((str(i["value"]) for i in patient.get("identifier", ()) if i.get("value")), ""),
    )


def _text_of(names: Iterable[Json]) -> str:
    for one in names:
        text = one.get("text") or " ".join([*one.get("given", ()), one.get("family", "")]).strip()
        if text:
            return str(text)
    return ""


def _age(born: str, today: date) -> int | None:
    """Full years; None where the birth date is told to the year or month alone, and could be either."""
    try:
        day = date.fromisoformat(born)
    except ValueError:
        return None
    return today.year - day.year - ((today.month, today.day) < (day.month, day.day))


def _latest_first(rows: Iterable[SeenRow]) -> tuple[SeenRow, ...]:
    """By the latest news, and among those of one moment by how little is left to ask."""
    few_first = sorted(rows, key=lambda one: (len(one.row.judgement.open_criteria), one.row.patient))
    return tuple(sorted(few_first, key=lambda one: one.row.judgement.news[1], reverse=True))
