"""Alive (the process answers) and ready (it may be sent calls), and which versions are in force."""

from collections.abc import Mapping

from flask import Blueprint, Response, jsonify


def health_routes(versions: Mapping[str, str]) -> Blueprint:
    """`/health/live` and `/health/ready`. The app exists only once its texts and code lists are loaded."""
    routes = Blueprint("health", __name__)

    @routes.get("/health/live")
    def live() -> Response:
        return jsonify(status="live")

    @routes.get("/health/ready")
    def ready() -> Response:
        return jsonify(status="ready", **versions)

    return routes
