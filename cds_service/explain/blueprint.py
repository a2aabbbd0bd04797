"""Joins the parts of the page that explains."""

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec
import requests
from flask import Blueprint
from msgspec.structs import replace
from sqlalchemy import Engine

from cds_service.cards.translations import with_words_of
from cds_service.explain.page_sessions import COOKIE, People, cookie_path_of
from cds_service.explain.responses import OWN, Renderer
from cds_service.explain.routes import ExplainPage, explain_routes, origin_in
from cds_service.explain.smart_launch import Launching
from cds_service.explain.smart_registrations import Apps, RegistrationMemory
from cds_service.explain.snoozed import Recollection
from cds_service.explain.use_cases import ExplainDesk, ExplainedTrial
from cds_service.fhir_client.base_url_allow_list import FhirBase
from cds_service.fhir_client.create_resource import FhirWriter
from cds_service.fhir_client.fhir_get import FetchLimits, HttpFhirServer
from cds_service.services.handler import Installation
from cds_service.signin.oauth_code_flow import NewSecret
from cds_service.signin.sessions import Sessions
from cds_service.trials.installed import numbers_by_service

_DOCUMENTS = ("application/fhir+json", "application/json", "application/jwk-set+json")
_MOST_BYTES = 2_000_000


class ExplainSurroundings(msgspec.Struct, frozen=True):
    """What comes from outside: the database, HTTP, our address, the clock and chance.

    `session` comes from `bounded_session`; `memory` is None where cards are not remembered; `seconds` bound
    all fetching of one step.
    """

    engine: Engine
    memory: RegistrationMemory | None
    session: requests.Session
    ca_bundle: str | None
    public_base_url: str
    language: str
    clock: Callable[[], datetime]
    new_secret: NewSecret
    seconds: float
    version: str


def explain_page(apps: Apps, installations: Sequence[Installation], around: ExplainSurroundings) -> Blueprint:
    """The blueprint. The chart is fetched only from the bases of `apps`. Raises ProtocolTextFault."""
    documents = HttpFhirServer(around.session, FetchLimits(answer_bytes=_MOST_BYTES), _DOCUMENTS)
    path = cookie_path_of(around.public_base_url)
    only_these = tuple(app.fhir_base for app in apps.values())
    trials = tuple(_explained(one, only_these, around.memory) for one in installations)
    page = ExplainPage(
        apps=apps,
        launching=Launching(
            apps,
            documents,
            f"{around.public_base_url}/explain/callback",
            around.new_secret,
            around.memory,
            around.ca_bundle,
            around.seconds,
            installations[0].gatherer.reader.stand_ins,
            numbers_by_service(one.trial for one in installations),
        ),
        people=People(Sessions(around.engine, around.clock, around.new_secret, path, COOKIE)),
        desk=ExplainDesk(
            trials,
            documents,
            FhirWriter(around.session),
            around.clock,
            around.seconds,
        ),
        renderer=Renderer(path, around.version),
        words=trials[0].words,
        language=around.language,
        origin=origin_in(around.public_base_url),
        new_name=around.new_secret,
    )
    return explain_routes(page, around.version)


def _explained(
    installation: Installation, bases: tuple[FhirBase, ...], memory: RegistrationMemory | None
) -> ExplainedTrial:
    """Its chart is fetched only from these bases. Raises ProtocolTextFault."""
    pause = installation.protocol.restraint.trial_card_days
    own = replace(installation, gatherer=replace(installation.gatherer, bases=bases, bases_by_issuer={}))
    words = with_words_of(OWN / "words", installation.trial.words)
    return ExplainedTrial(own, words, Recollection(memory, pause, installation.zone))
