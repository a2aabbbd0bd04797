"""The routes under `/research`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
import structlog
from flask import Blueprint, Response, request, send_from_directory
from sqlalchemy import Engine

from cds_service.audit.monthly_counts import cards_by_month, rules_by_month
from cds_service.audit.reaction_report import report
from cds_service.audit.store_errors import StoreUnavailable
from cds_service.cards.translations import Wording
from cds_service.pages import STATIC
from cds_service.pages.small_cells import FEWEST_SHOWN
from cds_service.research.advice_statistics import CountedAdvice, CountedTold, advice
from cds_service.research.candidate_routes import CandidatesPage, add_candidates
from cds_service.research.csv_tables import alerts_csv, funnel_csv, largest_first
from cds_service.research.funnel_page import Funnel, NoFunnel, read_funnel
from cds_service.research.research_access import Reader, SignIn
from cds_service.research.research_responses import Pages
from cds_service.research.review_routes import ReviewPage, add_review_routes
from cds_service.rules.thresholds import Rule
from cds_service.signin.sessions import Sessions
from cds_service.signin.signin_errors import SignInRefused, WhyRefused

_log = structlog.get_logger()
SESSION = "research"
"""What the session of the study team's pages is called."""
_YEAR = 31_536_000
_LOOK_BACK = timedelta(days=365)
_STATUSES = {WhyRefused.ROLE: 403, WhyRefused.SESSION: 403, WhyRefused.STATE: 400, WhyRefused.FORM: 400}


class ResearchPage(msgspec.Struct, frozen=True):
    """All that the routes of one trial are given; `engine` is the service's database, `zone` the site's.

    `path` is where its pages stand, `others` the trials beside it, each with the path of its pages. `rules`
    by id; `criteria` in order: they stand on one card together, and one line folds them up. `services`:
    those whose cards count, all if none is named. `screening` is the folder of its last run. `synthetic`:
    nobody counted is a real patient.
    """

    sign_in: SignIn
    sessions: Sessions
    engine: Engine
    zone: ZoneInfo
    clock: Callable[[], datetime]
    pages: Pages
    words: Mapping[str, Wording]
    language: str
    origin: str
    path: str
    rules: Mapping[str, Rule]
    criteria: tuple[str, ...]
    services: frozenset[str] = frozenset()
    screening: Path | None = None
    synthetic: bool = False
    others: Mapping[str, str] = {}

    def in_words(self) -> Wording:
        """The language asked for in the URL, or else the site's, or else one that the trial has."""
        asked = request.args.get("language", self.language)
        known = self.words.get(asked) or self.words.get(self.language)
        return known or next(iter(self.words.values()))

    def reader(self) -> Reader:
        """Who is signed in. Raises SignInRefused."""
        return msgspec.json.decode(self.sessions.content(SESSION), type=Reader)

    def advice(self) -> CountedAdvice:
        """What became of the advice of the last year. Raises StoreUnavailable."""
        now = self.clock()
        since = now - _LOOK_BACK
        courses = rules_by_month(self.engine, self.zone, since, now, self.services)
        months = cards_by_month(self.engine, self.zone, since, self.services)
        return advice(report(self.engine, since, services=self.services), months, courses)

    def funnel(self) -> Funnel:
        """The last screening run. Raises NoFunnel."""
        return read_funnel(self.screening)


class TrialRoom(msgspec.Struct, frozen=True):
    """The pages of one trial: its counts, and its list where one is kept."""

    page: ResearchPage
    candidates: CandidatesPage | None = None


def research_routes(rooms: Sequence[TrialRoom], version: str, review: ReviewPage | None = None) -> Blueprint:
    """The blueprint; `version` stands in the address of the style sheet, so that it may be cached.

    Sign-in, review and what is said to who may not come in are of the first trial's room; the pages of each
    further trial stand below its number.
    """
    routes, page = Blueprint("research", __name__, url_prefix="/research"), rooms[0].page
    _add_sign_in(routes, page)
    _add_room(routes, rooms[0], may_review=review is not None)
    for number, room in enumerate(rooms[1:], 2):
        below = room.page.path.removeprefix(page.path)
        own = Blueprint(f"trial-{number}", __name__, url_prefix=below)
        _add_room(own, room, may_review=review is not None)
        routes.register_blueprint(own)
    if review:
        add_review_routes(routes, review)
    _add_refusals(routes, page)

    @routes.get(f"/static/{version}/<path:name>")
    def static(name: str) -> Response:
        response = send_from_directory(STATIC, name, max_age=_YEAR)
        response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
        return response

    return routes


def _add_room(routes: Blueprint, room: TrialRoom, *, may_review: bool) -> None:
    _add_counts(routes, room.page, has_list=room.candidates is not None, may_review=may_review)
    if room.candidates:
        add_candidates(routes, room.candidates)


def _add_sign_in(routes: Blueprint, page: ResearchPage) -> None:
    below = f"{page.sessions.path}/"

    @routes.get("/login")
    def login() -> Response:
        address, pending = page.sign_in.leave()
        response = _away(address)
        page.sessions.leave(response, pending)
        return response

    @routes.get("/callback")
    def callback() -> Response:
        pending = page.sessions.come_back(request.args.get("state", ""))
        raw = request.query_string.decode("ascii", "replace")
        reader = page.sign_in.come_back(pending, request.args, raw, page.clock())
        response = _away(below)
        page.sessions.begin(response, SESSION, msgspec.json.encode(reader), reader.ends, below)
        return response

    @routes.post("/end")
    def end() -> Response:
        given, reader = request.form.get("form_token", ""), page.reader()
        reader.check_form(given, request.headers.get("Origin", page.origin), page.origin)
        response = _message(page, "ended", 200)
        page.sessions.end(response, SESSION, below)
        return response


def _away(address: str) -> Response:
    return Response(status=303, headers={"Location": address, "Referrer-Policy": "no-referrer"})


def _add_counts(routes: Blueprint, page: ResearchPage, *, has_list: bool, may_review: bool) -> None:
    @routes.get("/")
    def show() -> Response:
        reader = page.reader()
        (funnel, why_not), told = _funnel_or_why(page), page.advice()
        return page.pages.page(
            "research/page.html",
            page.in_words(),
            path=page.sessions.path,
            here=page.path,
            beside=page.others,
            languages=sorted(page.words),
            form_token=reader.form_token,
            rules=told.rules,
            months=told.months,
            funnel=funnel,
            why_not=why_not,
            largest_first=largest_first,
            rule_says=partial(_rule_says, page),
            often_first=_often_first,
            criteria_numbers=page.criteria,
            fewest=FEWEST_SHOWN,
            synthetic=page.synthetic,
            has_list=has_list,
            may_review=may_review,
        )

    @routes.get("/rules.csv")
    def rules() -> Response:
        page.reader()
        return _file("rules.csv", alerts_csv(page.advice().rules))

    @routes.get("/months.csv")
    def months() -> Response:
        page.reader()
        return _file("months.csv", alerts_csv(page.advice().months))

    @routes.get("/funnel.csv")
    def funnel_file() -> Response:
        page.reader()
        return _file("funnel.csv", funnel_csv(page.funnel()))


def _often_first(told: Iterable[CountedTold]) -> list[CountedTold]:
    """What was shown most stands first; of equals, and of what is not told, the order stays."""
    return sorted(told, key=lambda one: -(one.shown or 0))


def _rule_says(page: ResearchPage, rule: str) -> tuple[str, str]:
    """What a rule rests on, and of which origin, in words; its id alone for one that is no longer there."""
    words, known = page.in_words(), page.rules.get(rule)
    if known is None:
        return "", ""
    return words.source(known.source), words.sentences[f"card.origin.{known.origin}"]


def _funnel_or_why(page: ResearchPage) -> tuple[Funnel | None, str]:
    try:
        return page.funnel(), ""
    except NoFunnel as error:
        return None, error.why.value


def _file(name: str, text: str) -> Response:
    disposition = f'attachment; filename="{name}"'
    headers = {"Content-Disposition": disposition, "Cache-Control": "no-store"}
    return Response(text, content_type="text/csv; charset=utf-8", headers=headers)


def _message(page: ResearchPage, key: str, status: int) -> Response:
    words = page.in_words()
    return page.pages.page("research/message.html", words, status, key=key, path=page.sessions.path)


def _busy(page: ResearchPage, seconds: int) -> Response:
    """The server that signs people in asks for a moment: handed on (RFC 9110, section 15.6.4)."""
    words = page.in_words()
    response = page.pages.page(
        "research/message.html", words, 503, key="busy", path=page.sessions.path, seconds=seconds
    )
    response.headers["Retry-After"] = str(seconds)
    return response


def _add_refusals(routes: Blueprint, page: ResearchPage) -> None:
    @routes.errorhandler(SignInRefused)
    def refused(error: SignInRefused) -> Response:
        if error.why is WhyRefused.SESSION:
            return _message(page, "signIn", 403)
        status = _STATUSES.get(error.why, 502)
        _log.warning("research_refused", reason=error.why.value, error=error.detail, status=status)
        if error.retry_after is not None:
            return _busy(page, error.retry_after)
        return _message(page, "role" if error.why is WhyRefused.ROLE else "refused", status)

    @routes.errorhandler(NoFunnel)
    def no_funnel(error: NoFunnel) -> Response:
        return _message(page, f"funnel.{error.why}", 404)

    @routes.errorhandler(StoreUnavailable)
    def no_store(error: StoreUnavailable) -> Response:
        _log.error("store_unavailable", error=error.error)
        return _message(page, "noStore", 503)


def research_path_of(public_base_url: str) -> str:
    """The path of our pages at the address that browsers know."""
    return f"{urlsplit(public_base_url).path.rstrip('/')}/research"
