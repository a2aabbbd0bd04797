"""Joins the parts of the study team's page."""

from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
import requests
from flask import Blueprint
from sqlalchemy import Engine

from cds_service.cards.translations import Wording, with_words_of
from cds_service.fhir_client.fhir_get import FetchLimits, HttpFhirServer
from cds_service.research.candidate_routes import CandidatesPage
from cds_service.research.candidates import Candidates
from cds_service.research.oidc_settings import Provider
from cds_service.research.research_access import SignIn
from cds_service.research.research_responses import OWN, Pages
from cds_service.research.research_routes import SESSION, ResearchPage, research_path_of, research_routes
from cds_service.research.review_routes import ReviewPage
from cds_service.review.signature_standing import SignatureStanding
from cds_service.services.handler import Installation
from cds_service.signin.oauth_code_flow import NewSecret
from cds_service.signin.sessions import Sessions
from cds_service.study_list.list_server import ListServer

COOKIE = "cds_research"
_DOCUMENTS = ("application/json", "application/jwk-set+json")
_MOST_BYTES = 500_000


class ResearchSurroundings(msgspec.Struct, frozen=True):
    """What comes from outside: database, HTTP (a `bounded_session`), our address, the clock and chance.

    With a `list_server` and an `installation` the candidates are shown; `explains` where the list's FHIR
    server launches the page that explains; `standing` of the reviewed content, where it can be signed.
    """

    engine: Engine
    session: requests.Session
    ca_bundle: str | None
    public_base_url: str
    language: str
    zone: ZoneInfo
    clock: Callable[[], datetime]
    new_secret: NewSecret
    seconds: float
    version: str
    list_server: ListServer | None = None
    installation: Installation | None = None
    explains: bool = False
    standing: Callable[[], SignatureStanding] | None = None


def research_page(
    provider: Provider, card_words: Mapping[str, Wording], around: ResearchSurroundings
) -> Blueprint:
    """The blueprint. Raises ProtocolTextFault."""
    path, parts = research_path_of(around.public_base_url), urlsplit(around.public_base_url)
    documents = HttpFhirServer(around.session, FetchLimits(answer_bytes=_MOST_BYTES), _DOCUMENTS)
    page = ResearchPage(
        sign_in=SignIn(
            provider,
            documents,
            f"{around.public_base_url}/research/callback",
            around.new_secret,
            around.ca_bundle,
            around.seconds,
        ),
        sessions=Sessions(around.engine, around.clock, around.new_secret, path, COOKIE),
        engine=around.engine,
        zone=around.zone,
        clock=around.clock,
        pages=Pages(f"{path}/static/{around.version}"),
        words=with_words_of(OWN / "words", card_words),
        language=around.language,
        origin=f"{parts.scheme}://{parts.netloc}",
        rules=around.installation.protocol.rules if around.installation else {},
    )
    return research_routes(page, around.version, _candidates(page, around), _review(page, around))


def _review(page: ResearchPage, around: ResearchSurroundings) -> ReviewPage | None:
    if around.standing is None:
        return None
    return ReviewPage(
        standing=around.standing,
        engine=around.engine,
        sessions=page.sessions,
        pages=page.pages,
        reader=page.reader,
        in_words=page.in_words,
        languages=tuple(sorted(page.words)),
        clock=around.clock,
        software=around.version,
        origin=page.origin,
    )


def _candidates(page: ResearchPage, around: ResearchSurroundings) -> CandidatesPage | None:
    if around.list_server is None or around.installation is None:
        return None
    base = around.public_base_url
    return CandidatesPage(
        candidates=Candidates(around.list_server, around.installation, around.engine, around.clock),
        sessions=page.sessions,
        pages=page.pages,
        reader=page.reader,
        in_words=page.in_words,
        languages=tuple(sorted(page.words)),
        launch=f"{base}/explain/launch" if around.explains else "",
        launch_path=f"{urlsplit(base).path.rstrip('/')}/explain/launch",
        name=SESSION,
        origin=page.origin,
    )
