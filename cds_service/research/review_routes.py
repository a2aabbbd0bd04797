"""The routes under `/research/review`: the content by question, what changed, and signing by its hash."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from flask import Blueprint, Response, request
from sqlalchemy import Engine

from cds_service.audit.signature_rows import keep_signature
from cds_service.cards.translations import Wording
from cds_service.research.research_access import Reader
from cds_service.research.research_responses import Pages
from cds_service.review.detached_signatures import Signature
from cds_service.review.questions import items_of, question_of
from cds_service.review.signature_standing import SignatureStanding
from cds_service.signin.sessions import Sessions
from cds_service.signin.signin_errors import SignInRefused, WhyRefused

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """All that the routes are given. `standing` tells how the content in force stands now."""

    standing: Callable[[], SignatureStanding]
    engine: Engine
    sessions: Sessions
    pages: Pages
    reader: Callable[[], Reader]
    in_words: Callable[[], Wording]
    languages: tuple[str, ...]
    clock: Callable[[], datetime]
    software: str
    origin: str


def add_review_routes(routes: Blueprint, page: ReviewPage) -> None:
    """Add the routes."""

    @routes.get("/review")
    def review() -> Response:
        return _show(page, page.reader())

    @routes.post("/review/sign")
    def sign() -> Response:
        reader = page.reader()
        reader.check_form(
            request.form.get("form_token", ""), request.headers.get("Origin", page.origin), page.origin
        )
        if not reader.may_sign:
            raise SignInRefused(WhyRefused.ROLE)
        now = page.standing()
        if request.form.get("content") != now.content.hash:
            return _show(page, reader, notice="otherContent", status=409)
        if request.form.get("reviewed") != "yes":
            return _show(page, reader, notice="notReviewed", status=400)
        signature = Signature(now.content, reader.name, page.clock(), "sign-in", page.software)
        keep_signature(page.engine, signature, reader.account)
        _log.info("content_signed", content=now.content.hash)
        return _show(page, reader, notice="signed")


def _show(page: ReviewPage, reader: Reader, notice: str = "", status: int = 200) -> Response:
    now = page.standing()
    return page.pages.page(
        "research/review.html",
        page.in_words(),
        status,
        path=page.sessions.path,
        languages=page.languages,
        form_token=reader.form_token,
        me=reader.name,
        may_sign=reader.may_sign,
        notice=notice,
        now=now,
        changed=now.changed if now.last else (),
        questions=items_of(now.content),
        question_of=question_of,
    )
