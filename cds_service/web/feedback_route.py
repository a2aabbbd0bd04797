"""Feedback over HTTP: what clinicians did with the cards of a service (CH-119..128)."""

from collections.abc import Callable
from datetime import datetime

import structlog
from flask import Blueprint, Response

from cds_service.audit.feedback_rows import Recorded
from cds_service.cds_hooks.discovery import Catalogue
from cds_service.cds_hooks.feedback_request import CardReaction, read_reactions
from cds_service.cds_hooks.service import Caller
from cds_service.web.client_authentication import Door
from cds_service.web.hooks_routes import Clock
from cds_service.web.request_body import json_body

React = Callable[[str, Caller, tuple[CardReaction, ...], datetime], Recorded]
"""Keeps a batch of feedback sent to a service; raises StoreUnavailable."""

_log = structlog.get_logger()


def feedback_route(
    catalogue: Catalogue, door: Door, clock: Clock, max_body_bytes: int, react: React
) -> Blueprint:
    """`POST /cds-services/{id}/feedback`: 200 without a body once what can be kept is kept (D-7)."""
    routes = Blueprint("feedback", __name__)

    @routes.post("/cds-services/<service_id>/feedback")
    def feedback(service_id: str) -> Response:
        now = clock()
        caller = door.caller(door.endpoints.feedback(service_id), now)
        catalogue.find(service_id)
        batch = read_reactions(json_body(max_body_bytes))
        kept = react(service_id, caller, batch.reactions, now)
        _log.info(
            "feedback_kept",
            service=service_id,
            matched=kept.matched,
            unmatched=kept.unmatched,
            failures=len(batch.refused),
        )
        return Response(status=200)

    return routes
