"""How every page is made: words, switches and what the desk may do are at hand in each template."""

import re
from typing import Any, cast

from flask import Response, abort, current_app, g, jsonify, render_template, request

from cds_service.demo.mini_ehr.ehr_desk import EhrDesk
from cds_service.demo.mini_ehr.ehr_words import EhrWords, words_in
from cds_service.demo.mini_ehr.switches import Switches, read_switches

_FHIR_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
KEY = "mini-ehr-desk"


def desk() -> EhrDesk:
    """The desk of the app that answers the present request."""
    return cast(EhrDesk, current_app.extensions[KEY])


def switches() -> Switches:
    """The choices of the browser that asks."""
    if "switches" not in g:
        g.switches = read_switches(request.cookies, request.accept_languages.best_match(["en", "zh"]))
    return cast(Switches, g.switches)


def words_of_page() -> EhrWords:
    """The words in the language chosen."""
    return words_in(switches().language)


def page(template: str, **values: Any) -> str:
    """One page, or a piece of one."""
    chosen = switches()
    return render_template(
        template,
        t=words_of_page(),
        switches=chosen,
        language=chosen.html_language,
        desk=desk(),
        static="/static",
        here=request.full_path.rstrip("?"),
        **values,
    )


def message() -> str:
    """What the page before this one has done, as its address says: `said` a sentence, `count` its number."""
    count = request.args.get("count", "", str)
    sentence = words_of_page().or_else(request.args.get("said", ""), "")
    return sentence.replace("{count}", count if count.isdecimal() else "?")


def undo_of_page() -> str:
    """The key under which what the page before this one has done can be taken back; "" for nothing."""
    key = request.args.get("undo", "")
    return key if desk().may_write and desk().memory.undo(key) else ""


def said(key: str, *, ok: bool = True, status: int = 200, **more: Any) -> Response:
    """The answer to a script: whether it went well, and in words what happened."""
    places = {name: more.pop(name) for name in ("why", "count") if name in more}
    answer = jsonify(ok=ok, said=words_of_page()(key, **places), **more)
    answer.status_code = status
    return answer


def checked(fhir_id: str) -> str:
    """An id out of an address, where it can be one; else 404."""
    if not _FHIR_ID.fullmatch(fhir_id):
        abort(404)
    return fhir_id


def only_with_writes() -> None:
    """403 where the mini-EHR may only read."""
    if not desk().may_write:
        abort(403)
