"""The mini-EHR as a WSGI application."""

from flask import Flask, Response, request, send_from_directory
from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader
from werkzeug.exceptions import HTTPException

from cds_service.demo.json_http import Unanswered
from cds_service.demo.mini_ehr.card_routes import card_routes
from cds_service.demo.mini_ehr.chart_routes import chart_routes
from cds_service.demo.mini_ehr.developer_routes import developer_routes
from cds_service.demo.mini_ehr.ehr_desk import EhrDesk
from cds_service.demo.mini_ehr.hook_routes import hook_routes
from cds_service.demo.mini_ehr.list_routes import list_routes
from cds_service.demo.mini_ehr.order_form import FormFault, why_unread
from cds_service.demo.mini_ehr.order_routes import order_routes
from cds_service.demo.mini_ehr.page_responses import KEY, page, said
from cds_service.demo.mini_ehr.result_routes import result_routes
from cds_service.demo.mini_ehr.stop_routes import stop_routes
from cds_service.demo.mini_ehr.undo_routes import undo_routes
from cds_service.pages import STATIC, TEMPLATES

ROUTES = (
    list_routes,
    chart_routes,
    result_routes,
    hook_routes,
    card_routes,
    order_routes,
    stop_routes,
    undo_routes,
    developer_routes,
)
LARGEST_FILE = 16 * 1024 * 1024
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def create_ehr_app(desk: EhrDesk) -> Flask:
    """The app of one desk. Its pages load nothing from elsewhere and run no inline script."""
    app = Flask(__name__, static_folder="static", static_url_path="/ehr")
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_FILE
    app.config["MAX_FORM_MEMORY_SIZE"] = LARGEST_FILE
    app.extensions[KEY] = desk
    app.jinja_env.loader = _loader(app)
    for routes in ROUTES:
        app.register_blueprint(routes())
    app.add_url_rule("/static/<path:name>", view_func=_shared_file)
    app.register_error_handler(Unanswered, _unanswered)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(FormFault, _form_fault)
    app.after_request(_guard)
    return app


def _loader(app: Flask) -> BaseLoader:
    assert app.jinja_loader
    return ChoiceLoader([app.jinja_loader, FileSystemLoader(TEMPLATES)])


def _shared_file(name: str) -> Response:
    return send_from_directory(STATIC, name)


def _wants_json() -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


def _unanswered(error: Unanswered) -> tuple[str, int] | Response:
    """The FHIR server failed: said on a page of its own, or to the script that asked."""
    if _wants_json():
        return said("failed.fhir", ok=False, status=502, why=error.reason)
    return page("failed.html", why=error.reason, heading="failed.heading"), 502


def _form_fault(fault: FormFault) -> Response:
    """A field of the order form that cannot be read, named in words."""
    return said(why_unread(fault), ok=False, status=400, field=fault.field)


def _http_error(error: HTTPException) -> tuple[str, int] | Response:
    status = error.code or 500
    key = {403: "failed.read_only", 404: "failed.not_found", 413: "failed.too_large"}.get(
        status, "failed.other"
    )
    if _wants_json():
        return said(key, ok=False, status=status)
    return page("failed.html", why="", heading=key), status


def _guard(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    # Not "no-referrer": a form would then be sent with Origin "null", and the door would refuse our own page.
    response.headers["Referrer-Policy"] = "same-origin"
    if not request.path.startswith(("/static/", "/ehr/")):
        response.headers["Cache-Control"] = "no-store"
    return response
