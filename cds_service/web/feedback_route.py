"""Feedback over HTTP: what clinicians did with the cards of a service (CH-119..128)."""

from collections.abc import Callable
from datetime import datetime

import structlog
from flask import Blueprint, Response

from cds_service.hooks.catalogue import Catalogue
from cds_service.hooks.feedback import Reaction, read_reactions
from cds_service.hooks.service import Caller
from cds_service.store.feedback import Recorded
from cds_service.web.body import json_body
from cds_service.web.door import Door
from cds_service.web.hooks_routes import Clock

React = Callable[[str, Caller, tuple[Reaction, ...], datetime], Recorded]
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
            refused=[str(error) for error in batch.refused],
        )
        return Response(status=200)

    return routes
