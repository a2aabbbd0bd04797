"""Alive (the process answers) and ready (it may be sent calls), and which versions are in force."""

from collections.abc import Callable, Mapping

from flask import Blueprint, Response, jsonify

Check = Callable[[], bool]


def health_routes(versions: Mapping[str, str], checks: Mapping[str, Check]) -> Blueprint:
    """`/health/live` and `/health/ready`. The app exists only once its texts and code lists are loaded.

    `checks` are asked at each `/health/ready`, by the name of what they check. What is not ready is named in
    a 503, and nothing is said of why: that is in the log of whatever failed.
    """
    routes = Blueprint("health", __name__)

    @routes.get("/health/live")
    def live() -> Response:
        return jsonify(status="live")

    @routes.get("/health/ready")
    def ready() -> tuple[Response, int]:
        missing = [name for name, check in checks.items() if not check()]
        if missing:
            return jsonify(status="not-ready", notReady=missing), 503
        return jsonify(status="ready", **versions), 200

    return routes
