"""Joins the parts of the page that explains."""

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec
import requests
from flask import Blueprint
from msgspec.structs import replace
from sqlalchemy import Engine

from cds_service.advice.clinic import Clinic
from cds_service.cards.wording import Wording, with_words_of
from cds_service.ehr.fhir_server import FetchLimits, HttpFhirServer
from cds_service.ehr.writing import FhirWriter
from cds_service.explain.apps import Apps, Memory
from cds_service.explain.desk import Desk
from cds_service.explain.launching import Launching
from cds_service.explain.people import COOKIE, People, path_of
from cds_service.explain.quiet import Recollection
from cds_service.explain.render import OWN, Renderer
from cds_service.explain.routes import ExplainPage, explain_routes, origin_in
from cds_service.signin.code_flow import NewSecret
from cds_service.signin.sessions import Sessions

_DOCUMENTS = ("application/fhir+json", "application/json", "application/jwk-set+json")
_MOST_BYTES = 2_000_000


class Surroundings(msgspec.Struct, frozen=True):
    """What comes from outside: the database, HTTP, our address, the clock and chance.

    `session` comes from `bounded_session`; `memory` is None where cards are not remembered; `seconds` bound
    all fetching of one step.
    """

    engine: Engine
    memory: Memory | None
    session: requests.Session
    ca_bundle: str | None
    public_base_url: str
    language: str
    clock: Callable[[], datetime]
    new_secret: NewSecret
    seconds: float
    version: str


def explain_page(
    apps: Apps, clinic: Clinic, card_words: Mapping[str, Wording], around: Surroundings
) -> Blueprint:
    """The blueprint. The chart is fetched only from the bases of `apps`. Raises ProtocolTextFault."""
    documents = HttpFhirServer(around.session, FetchLimits(answer_bytes=_MOST_BYTES), _DOCUMENTS)
    path = path_of(around.public_base_url)
    only_these = tuple(app.fhir_base for app in apps.values())
    gatherer = replace(clinic.gatherer, bases=only_these, bases_by_issuer={})
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
            clinic.gatherer.reader.stand_ins,
        ),
        people=People(Sessions(around.engine, around.clock, around.new_secret, path, COOKIE)),
        desk=Desk(
            replace(clinic, gatherer=gatherer),
            documents,
            FhirWriter(around.session),
            Recollection(around.memory, clinic.protocol.restraint.trial_card_days, clinic.zone),
            around.clock,
            around.seconds,
        ),
        renderer=Renderer(path, around.version),
        words=with_words_of(OWN / "words", card_words),
        language=around.language,
        origin=origin_in(around.public_base_url),
        new_name=around.new_secret,
    )
    return explain_routes(page, around.version)
