"""The routes under `/research/candidates`: the list, its CSV, a change of a row, the way to its evidence."""

from collections.abc import Callable, Mapping
from urllib.parse import quote

import msgspec
import structlog
from cryptography.fernet import InvalidToken
from flask import Blueprint, Response, request

from cds_service.audit.looks import Look, record_look
from cds_service.cards.translations import Wording
from cds_service.fhir_client.create_resource import WriteRefused
from cds_service.fhir_client.fhir_get import NotFetched
from cds_service.research.candidate_table import STATUSES, candidates_csv, shown_candidates
from cds_service.research.candidates import Candidates, SeenRow
from cds_service.research.research_access import Reader
from cds_service.research.research_responses import Pages
from cds_service.signin.expected_patient import expect_patient
from cds_service.signin.sessions import Sessions
from cds_service.signin.signin_errors import SignInRefused, WhyRefused
from cds_service.study_list.subject_codes import SubjectStatus
from cds_service.study_list.work_on_list import ChangedMeanwhile, NoSuchRow, StatusChange

_log = structlog.get_logger()
_PURPOSE = "candidates"


class CandidatesPage(msgspec.Struct, frozen=True):
    """All that the routes of one trial are given.

    `launch` is our launch address of the page that explains, "" without. `name` is what the session is
    called; `origin` the one under which browsers know us. `path` is where the trial's pages stand, `others`
    the trials beside it, each with the path of its pages; `criteria` are its own, in order. `synthetic`:
    nobody is a real patient.
    """

    candidates: Candidates
    sessions: Sessions
    pages: Pages
    reader: Callable[[], Reader]
    in_words: Callable[[], Wording]
    languages: tuple[str, ...]
    launch: str
    launch_path: str
    name: str
    origin: str
    path: str
    criteria: tuple[str, ...]
    others: Mapping[str, str]
    synthetic: bool = False

    def sealer(self) -> Callable[[str], str]:
        """Makes a name for a patient that only this session can read."""
        lock = self.sessions.ticket(self.name).seal(_PURPOSE)
        return lambda patient: lock.encrypt(patient.encode()).decode()

    def patient(self, sealed: str) -> str:
        """Whom it names. Raises SignInRefused."""
        try:
            return self.sessions.ticket(self.name).seal(_PURPOSE).decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise SignInRefused(WhyRefused.SESSION, "link") from None


def add_candidates(routes: Blueprint, page: CandidatesPage) -> None:
    """Add the routes."""
    _add_list(routes, page)
    _add_changes(routes, page)
    _add_explain(routes, page)

    @routes.errorhandler(NotFetched)
    def not_fetched(error: NotFetched) -> Response:
        _log.warning("candidates_not_fetched", reason=error.why.value)
        return _message(page, "noServer", 502)

    @routes.errorhandler(WriteRefused)
    def refused(error: WriteRefused) -> Response:
        _log.warning("candidates_not_written", status=error.status)
        return _message(page, "notWritten", 502)


def _message(page: CandidatesPage, key: str, status: int) -> Response:
    words = page.in_words()
    return page.pages.page("research/message.html", words, status, key=key, path=page.sessions.path)


def _add_list(routes: Blueprint, page: CandidatesPage) -> None:
    @routes.get("/candidates")
    def candidates() -> Response:
        reader, words = page.reader(), page.in_words()
        seen, seal = page.candidates.look(reader), page.sealer()
        today = page.candidates.clock().date()
        return page.pages.page(
            "research/candidates.html",
            words,
            policy_of_scripts=True,
            path=page.sessions.path,
            here=page.path,
            beside=page.others,
            criteria=page.criteria,
            languages=page.languages,
            form_token=reader.form_token,
            me=reader.name,
            as_of=seen.as_of[:16].replace("T", " "),
            rows=[shown_candidates(one, words, today, seal) for one in seen.rows],
            statuses=STATUSES,
            can_explain=bool(page.launch),
            synthetic=page.synthetic,
        )

    @routes.get("/candidates.csv")
    def candidates_file() -> Response:
        text = candidates_csv(page.candidates.look(page.reader(), Look.CSV).rows)
        headers = {
            "Content-Disposition": 'attachment; filename="candidates.csv"',
            "Cache-Control": "no-store",
        }
        return Response(f"\ufeff{text}", content_type="text/csv; charset=utf-8", headers=headers)


def _add_changes(routes: Blueprint, page: CandidatesPage) -> None:
    @routes.post("/candidates/change")
    def change() -> Response:
        reader, form = page.reader(), request.form
        reader.check_form(form.get("form_token", ""), request.headers.get("Origin", page.origin), page.origin)
        wanted = _change_in(form.get)
        if wanted is None:
            return _said(page, "page.candidates.needsCriterion", 400)
        patient = page.patient(form.get("key", ""))
        try:
            return _row(page, page.candidates.change(reader, patient, form.get("version", ""), wanted), 200)
        except ChangedMeanwhile as error:
            return _row(page, page.candidates.named(error.row), 409)
        except NoSuchRow:
            return _said(page, "page.candidates.gone", 404)
        except (WriteRefused, NotFetched) as error:
            _log.warning("candidate_not_written", error=type(error).__name__)
            return _said(page, "page.candidates.notWritten", 502)


def _change_in(given: Callable[[str, str], str]) -> StatusChange | None:
    """What the form asks for; None for an ineligible patient without the criterion, or an unknown status."""
    status, criterion = given("status", ""), given("criterion", "")
    if status and status not in STATUSES:
        return None
    if status == SubjectStatus.INELIGIBLE and not criterion:
        return None
    return StatusChange(
        status=SubjectStatus(status) if status else None,
        criterion=criterion if status == SubjectStatus.INELIGIBLE else None,
        note=given("note", "").strip(),
        owner=given("owner", "").strip(),
    )


def _row(page: CandidatesPage, seen: SeenRow, status: int) -> Response:
    words = page.in_words()
    return page.pages.page(
        "research/candidate_row.html",
        words,
        status,
        row=shown_candidates(seen, words, page.candidates.clock().date(), page.sealer()),
        here=page.path,
        can_explain=bool(page.launch),
    )


def _said(page: CandidatesPage, key: str, status: int) -> Response:
    return Response(page.pages.say(key, page.in_words()), status, content_type="text/plain; charset=utf-8")


def _add_explain(routes: Blueprint, page: CandidatesPage) -> None:
    @routes.get("/candidates/explain/<sealed>")
    def explain(sealed: str) -> Response:
        reader, patient = page.reader(), page.patient(sealed)
        if not page.launch:
            return _message(page, "noExplain", 404)
        record_look(page.candidates.engine, page.candidates.clock(), reader.account, Look.EXPLAIN, 1)
        iss = quote(page.candidates.server.base.url, safe="")
        of = f"&trial={page.candidates.installation.trial.record.id}" if page.others else ""
        headers = {"Location": f"{page.launch}?iss={iss}{of}", "Referrer-Policy": "no-referrer"}
        response = Response(status=303, headers=headers)
        expect_patient(response, patient.removeprefix("Patient/"), page.launch_path)
        return response
