"""Joins the parts of the study team's page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import requests
from flask import Blueprint
from sqlalchemy import Engine

from cds_service.cards.wording import Wording, with_words_of
from cds_service.ehr.fhir_server import FetchLimits, HttpFhirServer
from cds_service.research.access import SignIn
from cds_service.research.pages import OWN, Pages
from cds_service.research.provider import Provider
from cds_service.research.routes import ResearchPage, path_of, research_routes
from cds_service.signin.code_flow import NewSecret
from cds_service.signin.sessions import Sessions

COOKIE = "cds_research"
_DOCUMENTS = ("application/json", "application/jwk-set+json")
_MOST_BYTES = 500_000


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What comes from outside: database, HTTP (a `bounded_session`), our address, the clock and chance."""

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


def research_page(provider: Provider, card_words: Mapping[str, Wording], around: Surroundings) -> Blueprint:
    """The blueprint. Raises ProtocolTextFault."""
    path, parts = path_of(around.public_base_url), urlsplit(around.public_base_url)
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
    )
    return research_routes(page, around.version)
