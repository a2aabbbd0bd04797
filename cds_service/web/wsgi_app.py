"""The WSGI application: routes, errors, health. Nothing clinical."""

from collections.abc import Mapping

from flask import Flask, Response

from cds_service.cds_hooks.discovery import Catalogue
from cds_service.web.client_authentication import Door
from cds_service.web.error_statuses import add_error_handlers
from cds_service.web.feedback_route import React, feedback_route
from cds_service.web.health import Check, health_routes
from cds_service.web.hooks_routes import Clock, hooks_routes


def create_app(
    catalogue: Catalogue,
    door: Door,
    clock: Clock,
    max_body_bytes: int,
    versions: Mapping[str, str],
    react: React | None = None,
    checks: Mapping[str, Check] | None = None,
) -> Flask:
    """The app for a catalogue. `clock` gives the aware moment of each call; bodies over the limit are 413.

    Without `react`, which keeps feedback, there is no feedback endpoint. `checks` say whether what every call
    needs (the database) is there.
    """
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = max_body_bytes + 1
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False  # an address is right or unknown; nobody is sent elsewhere
    app.register_blueprint(hooks_routes(catalogue, door, clock, max_body_bytes))
    if react:
        app.register_blueprint(feedback_route(catalogue, door, clock, max_body_bytes, react))
    app.register_blueprint(health_routes(versions, checks or {}))
    add_error_handlers(app)
    app.after_request(_keep_nothing)
    return app


def _keep_nothing(response: Response) -> Response:
    """Cards are transient and about one patient: no cache on the way may keep them (CH-152).

    Only what is the same for everybody (style sheets, scripts) says otherwise of itself.
    """
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
