"""Joins the parts of the study team's page."""

from collections.abc import Callable, Sequence
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
import requests
from flask import Blueprint
from sqlalchemy import Engine

from cds_service.cards.translations import with_words_of
from cds_service.fhir_client.fhir_get import FetchLimits, HttpFhirServer
from cds_service.research.candidate_routes import CandidatesPage
from cds_service.research.candidates import Candidates
from cds_service.research.oidc_settings import Provider
from cds_service.research.research_access import SignIn
from cds_service.research.research_responses import OWN, Pages
from cds_service.research.research_routes import (
    SESSION,
    ResearchPage,
    TrialRoom,
    research_path_of,
    research_routes,
)
from cds_service.research.review_routes import ReviewPage
from cds_service.review.signature_standing import SignatureStanding
from cds_service.services.handler import Installation
from cds_service.signin.oauth_code_flow import NewSecret
from cds_service.signin.sessions import Sessions
from cds_service.study_list.list_server import ListServer
from cds_service.trials.installed import path_beside

COOKIE = "cds_research"
_DOCUMENTS = ("application/json", "application/jwk-set+json")
_MOST_BYTES = 500_000


class ResearchSurroundings(msgspec.Struct, frozen=True):
    """What comes from outside: database, HTTP (a `bounded_session`), our address, the clock and chance.

    `explains` where the list's FHIR server launches the page that explains; `standing` of the reviewed
    content, where it can be signed.
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
    explains: bool = False
    standing: Callable[[], SignatureStanding] | None = None


class ResearchedTrial(msgspec.Struct, frozen=True):
    """A trial whose numbers are shown, and its candidates where a `list_server` keeps them.

    `beside` is its number where others stand before it at this site, and "" for the first.
    """

    installation: Installation
    list_server: ListServer | None = None
    beside: str = ""

    def below(self, path: str) -> str:
        """Where its pages stand, `path` being those of the first."""
        return path_beside(path, self.beside)


def research_page(
    provider: Provider, trials: Sequence[ResearchedTrial], around: ResearchSurroundings
) -> Blueprint:
    """The blueprint of all trials. Raises ProtocolTextFault."""
    path = research_path_of(around.public_base_url)
    documents = HttpFhirServer(around.session, FetchLimits(answer_bytes=_MOST_BYTES), _DOCUMENTS)
    sign_in = SignIn(
        provider,
        documents,
        f"{around.public_base_url}/research/callback",
        around.new_secret,
        around.ca_bundle,
        around.seconds,
    )
    sessions = Sessions(around.engine, around.clock, around.new_secret, path, COOKIE)
    pages = [_page_of(one, trials, around, sign_in, sessions) for one in trials]
    rooms = [TrialRoom(page, _candidates(page, one, around)) for page, one in zip(pages, trials, strict=True)]
    return research_routes(rooms, around.version, _review(pages[0], around))


def _page_of(
    one: ResearchedTrial,
    trials: Sequence[ResearchedTrial],
    around: ResearchSurroundings,
    sign_in: SignIn,
    sessions: Sessions,
) -> ResearchPage:
    """The counts of one trial. A further trial's run lies in a folder by its number in that of the first."""
    trial, provider, path = one.installation.trial, sign_in.provider, sessions.path
    parts, folder = urlsplit(around.public_base_url), provider.screening
    others = {each.installation.trial.record.id: each.below(path) for each in trials if each is not one}
    return ResearchPage(
        sign_in=sign_in,
        sessions=sessions,
        engine=around.engine,
        zone=around.zone,
        clock=around.clock,
        pages=Pages(f"{path}/static/{around.version}"),
        words=with_words_of(OWN / "words", trial.words),
        language=around.language,
        origin=f"{parts.scheme}://{parts.netloc}",
        path=one.below(path),
        rules=one.installation.protocol.rules,
        criteria=trial.criteria,
        services=frozenset(service.id for service in trial.services) if others else frozenset(),
        screening=folder / one.beside if folder and one.beside else folder,
        synthetic=provider.synthetic,
        others=others,
    )


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


def _candidates(
    page: ResearchPage, of: ResearchedTrial, around: ResearchSurroundings
) -> CandidatesPage | None:
    if of.list_server is None:
        return None
    base = around.public_base_url
    return CandidatesPage(
        candidates=Candidates(of.list_server, of.installation, around.engine, around.clock),
        sessions=page.sessions,
        pages=page.pages,
        reader=page.reader,
        in_words=page.in_words,
        languages=tuple(sorted(page.words)),
        launch=f"{base}/explain/launch" if around.explains else "",
        launch_path=f"{urlsplit(base).path.rstrip('/')}/explain/launch",
        name=SESSION,
        origin=page.origin,
        path=page.path,
        criteria=page.criteria,
        others=page.others,
        synthetic=page.synthetic,
    )
