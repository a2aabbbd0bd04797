"""Undo: what a page has just told of is taken back, and the service whose card was answered is told."""

from flask import Blueprint, Response, abort, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from cds_service.demo.json_http import Unanswered
from cds_service.demo.mini_ehr.consulting import react
from cds_service.demo.mini_ehr.ehr_memory import Given, Undoable
from cds_service.demo.mini_ehr.page_responses import desk, only_with_writes, said, words_of_page
from cds_service.demo.mini_ehr.reactions import overridden
from cds_service.demo.mini_ehr.undoing import ChangedSince, take_back


def undo_routes() -> Blueprint:
    """`/undo/<key>`: a form of the chart, or a script's question beside a card that was dismissed."""
    routes = Blueprint("undo", __name__)

    @routes.post("/undo/<key>")
    def undo(key: str) -> AnyResponse:
        only_with_writes()
        undoable = desk().memory.undo(key)
        if undoable is None:
            abort(404)
        told = _undone(undoable)
        if request.headers.get("Accept", "").startswith("application/json"):
            return _in_words(told)
        return redirect(f"/patients/{undoable.patient}?said={told}", 303)

    return routes


def _in_words(told: str) -> Response:
    return said(told, ok=told != "undo.changed", status=409 if told == "undo.changed" else 200)


def _undone(undoable: Undoable) -> str:
    """The sentence that says what came of it. Raises Unanswered: then nothing was changed."""
    try:
        take_back(desk().fhir, undoable.touched)
    except ChangedSince:
        return "undo.changed"
    return _told(undoable.given) if undoable.given else "undo.done"


def _told(given: Given) -> str:
    """The standard has no word for taking back; a later answer without a reason stands for none at all."""
    feedback = overridden(given.card, None, words_of_page()("undo.comment"), desk().clock())
    if feedback is None:
        return "undo.done"
    try:
        why = react(desk(), desk().client(given.asked_as), given.service, feedback)
    except Unanswered:
        return "undo.done_unheard"
    return "undo.done_told" if why is None else "undo.done_unheard"
