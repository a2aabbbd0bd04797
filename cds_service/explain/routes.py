"""The routes under `/explain`. Their URLs hold a session's open name and sealed links, and nothing else."""

import json
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import msgspec
import structlog
from flask import Blueprint, Response, request, send_from_directory
from msgspec.structs import replace
from werkzeug.exceptions import NotFound

from cds_service.audit.store_errors import StoreUnavailable
from cds_service.cards.translations import Wording
from cds_service.cds_hooks.errors import DataNotAvailable
from cds_service.explain.page_sessions import People, SignedInPerson
from cds_service.explain.resource_view import link_maker, readable, reference_in
from cds_service.explain.responses import OWN_STATIC, Renderer
from cds_service.explain.smart_launch import Launching
from cds_service.explain.smart_registrations import App, Apps, app_of
from cds_service.explain.use_cases import ExplainDesk
from cds_service.explain.waiting import asking_to_wait, seconds_to_wait
from cds_service.fhir_client.create_resource import WriteRefused
from cds_service.fhir_client.fhir_get import NotFetched
from cds_service.pages import STATIC
from cds_service.signin.expected_patient import expected_patient, forget_expected
from cds_service.signin.oauth_code_flow import NewSecret
from cds_service.signin.signin_errors import SignInRefused, WhyRefused

_log = structlog.get_logger()
_YEAR = 31_536_000
_STATUSES = {
    WhyRefused.SESSION: 403,
    WhyRefused.OTHER_PATIENT: 403,
    WhyRefused.DENIED: 403,
    WhyRefused.CONFIGURATION: 502,
    WhyRefused.ENDPOINT_ELSEWHERE: 502,
    WhyRefused.NO_PKCE: 502,
    WhyRefused.TOKEN_REQUEST: 502,
    WhyRefused.TOKEN_SHAPE: 502,
    WhyRefused.ID_TOKEN: 502,
    WhyRefused.NO_PATIENT: 502,
}


class ExplainPage(msgspec.Struct, frozen=True):
    """All that the routes are given."""

    apps: Apps
    launching: Launching
    people: People
    desk: ExplainDesk
    renderer: Renderer
    words: Mapping[str, Wording]
    language: str
    origin: str
    new_name: NewSecret

    def in_words(self, language: str) -> Wording:
        """The language asked for in the URL, or else this one."""
        return (
            self.words[request.args.get("language", language)] if self._is_asked() else self.words[language]
        )

    def _is_asked(self) -> bool:
        return request.args.get("language") in self.words

    def everybodys_frames(self) -> list[str]:
        """Who may frame a page that says nothing of any patient."""
        return sorted({origin for app in self.apps.values() for origin in app.frame_ancestors})


def explain_routes(page: ExplainPage, version: str) -> Blueprint:
    """The blueprint; `version` stands in the address of what pages load, so that it may be cached."""
    routes = Blueprint("explain", __name__, url_prefix="/explain")
    _add_launch(routes, page)
    _add_patient(routes, page)
    _add_source(routes, page)
    _add_refusals(routes, page)

    @routes.get(f"/static/{version}/<path:name>")
    def static(name: str) -> Response:
        folder = OWN_STATIC if (OWN_STATIC / name).is_file() else STATIC
        response = send_from_directory(folder, name, max_age=_YEAR)
        response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
        return response

    return routes


def _add_launch(routes: Blueprint, page: ExplainPage) -> None:
    @routes.get("/launch")
    def launch() -> Response:
        launch_word = request.args.get("launch", "")
        address, pending, app = page.launching.leave(
            _iss(page), launch_word, expected_patient(), request.args.get("trial", "")
        )
        if page._is_asked():  # a record system that knows its reader's language says so, card or no card
            pending = replace(pending, purpose={**pending.purpose, "language": request.args["language"]})
        response = _away(address)
        forget_expected(response, f"{page.people.path}/launch")
        page.people.leave(response, pending, app)
        return response

    @routes.get("/callback")
    def callback() -> Response:
        pending = page.people.come_back(request.args.get("state", ""))
        raw = request.query_string.decode("ascii", "replace")
        person = page.launching.come_back(pending, request.args, raw, page.desk.clock())
        name = page.new_name()
        asked = pending.purpose.get("language")
        response = _away(f"{page.people.path}/s/{name}/{f'?language={asked}' if asked else ''}")
        page.people.sign_in(response, person, name, app_of(page.apps, person.fhir_base))
        return response


def _iss(page: ExplainPage) -> str:
    """A standalone launch need not name the one record system there is."""
    if "iss" not in request.args and len(page.apps) == 1:
        return next(iter(page.apps))
    return request.args.get("iss", "")


def _away(address: str) -> Response:
    return Response(status=303, headers={"Location": address, "Referrer-Policy": "no-referrer"})


def _add_patient(routes: Blueprint, page: ExplainPage) -> None:
    @routes.get("/s/<name>/")
    def show(name: str) -> Response:
        return _show(page, name, page.people.person(name), notice="sent" if "sent" in request.args else "")

    @routes.post("/s/<name>/attestation")
    def attest(name: str) -> Response:
        person = page.people.person(name)
        _check_form(page, person)
        try:
            written = page.desk.attest(person, request.form)
        except WriteRefused as error:
            _log.warning("attestation_refused", status=error.status)
            return _show(
                page, name, person, notice="refused", reason=error.reason, given=request.form, status=502
            )
        except NotFetched as error:
            _log.warning("attestation_not_written", reason=error.why.value)
            shown = _show(page, name, person, notice="failed", given=request.form, status=502)
            seconds = seconds_to_wait(error)
            return shown if seconds is None else asking_to_wait(shown, seconds)
        if not written:
            return _show(page, name, person, notice="empty", status=400)
        page.people.renew_form(name, person)
        return _away(f"{page.people.path}/s/{name}/?sent&language={_language(page, person)}")

    @routes.post("/s/<name>/end")
    def end(name: str) -> Response:
        person = page.people.person(name)
        _check_form(page, person)
        response = _message(page, "ended", 200)
        page.people.sign_out(response, name)
        return response


def _add_source(routes: Blueprint, page: ExplainPage) -> None:
    @routes.get("/s/<name>/source/<sealed>")
    def source(name: str, sealed: str) -> Response:
        person = page.people.person(name)
        reference = reference_in(page.people.ticket(name), sealed)
        app = app_of(page.apps, person.fhir_base)
        resource = page.desk.source(person, reference)
        return page.renderer.page(
            "explain/source.html",
            page.in_words(person.language),
            app.frame_ancestors,
            kind=resource["resourceType"],
            resource=readable(resource),
            raw=json.dumps(resource, indent=2, ensure_ascii=False),
            **page.desk.who(person),
            back=f"{page.people.path}/s/{name}/?language={_language(page, person)}",
        )


def _language(page: ExplainPage, person: SignedInPerson) -> str:
    return page.in_words(person.language).language


def _check_form(page: ExplainPage, person: SignedInPerson) -> None:
    """A form is ours when it brings the session's own word, and no foreign page has sent it."""
    if request.headers.get("Origin", page.origin) != page.origin:
        raise SignInRefused(WhyRefused.FORM, "origin")
    person.check_form(request.form.get("form_token", ""))


def _show(
    page: ExplainPage,
    name: str,
    person: SignedInPerson,
    *,
    notice: str = "",
    reason: str = "",
    given: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    app: App = app_of(page.apps, person.fhir_base)
    words = page.in_words(person.language)
    path = f"{page.people.path}/s/{name}"
    link = link_maker(page.people.ticket(name), path)
    words, values = page.desk.look(person, words.language, _with_language(link, words.language), given)
    return page.renderer.page(
        "explain/page.html",
        words,
        app.frame_ancestors,
        status,
        path=path,
        notice=notice,
        reason=reason,
        form_token=person.form_token,
        languages=sorted(page.words),
        **values,
    )


def _with_language(link: Callable[[str], str], language: str) -> Callable[[str], str]:
    def in_language(reference: str) -> str:
        address = link(reference)
        return f"{address}?language={language}" if address else ""

    return in_language


def _message(page: ExplainPage, key: str, status: int, **told: object) -> Response:
    words, frames = page.in_words(page.language), page.everybodys_frames()
    return page.renderer.page("explain/message.html", words, frames, status, key=key, told=told)


def _no_answer(page: ExplainPage, key: str, error: Exception, status: int = 502) -> Response:
    """What stands on the page where the record system gave no answer, or asks for a moment first."""
    seconds = seconds_to_wait(error)
    if seconds is None:
        return _message(page, key, status)
    return asking_to_wait(_message(page, "busy", 503, seconds=seconds), seconds)


def _add_refusals(routes: Blueprint, page: ExplainPage) -> None:
    @routes.errorhandler(SignInRefused)
    def refused(error: SignInRefused) -> Response:
        status = _STATUSES.get(error.why, 400)
        _log.warning("explain_refused", reason=error.why.value, error=error.detail, status=status)
        return _no_answer(page, f"refused.{error.why}", error, status)

    @routes.errorhandler(NotFetched)
    def not_fetched(error: NotFetched) -> Response:
        _log.warning("explain_not_fetched", reason=error.why.value)
        return _no_answer(page, "notFetched", error)

    @routes.errorhandler(DataNotAvailable)
    def no_chart(error: DataNotAvailable) -> Response:
        _log.warning("explain_no_chart", error=type(error).__name__)
        return _no_answer(page, "noChart", error)

    @routes.errorhandler(StoreUnavailable)
    def no_store(error: StoreUnavailable) -> Response:
        _log.error("store_unavailable", error=error.error)
        return _message(page, "noStore", 503)

    @routes.errorhandler(NotFound)
    def not_found(error: NotFound) -> Response:
        return _message(page, "notFound", 404)


def origin_in(public_base_url: str) -> str:
    """The origin under which browsers know us."""
    parts = urlsplit(public_base_url)
    return f"{parts.scheme}://{parts.netloc}"
