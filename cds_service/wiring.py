"""Joins the parts. Beside `offline_wiring` the only place that reads clock, environment and network."""

import os
import secrets
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
import structlog
from flask import Blueprint, Flask
from msgspec.structs import replace
from sqlalchemy import Engine

from cds_service import __version__
from cds_service.audit.damage import FileWatch
from cds_service.audit.database import is_ready, open_store
from cds_service.audit.key_check import check_key
from cds_service.audit.pseudonym import Pseudonyms
from cds_service.audit.replay_guard import first_time
from cds_service.audit.store_errors import StoreUnavailable, StoreUnusable
from cds_service.bulk_export.outside_world import World
from cds_service.cds_hooks.client_jwt import verify
from cds_service.cds_hooks.service_urls import Endpoints
from cds_service.chart.gather import Gatherer, GatherLimits
from cds_service.chart.visit_memory import VisitMemory, VisitMemoryLimits
from cds_service.fhir_client.bounded_http import bounded_session
from cds_service.fhir_client.capability_statements import Statements
from cds_service.fhir_client.fhir_get import FetchLimits, HttpFhirServer
from cds_service.fhir_client.jwks import KeySets, key_server
from cds_service.fhir_client.server_limits import LineLimits, ServerLines

# What the command line calls by one name, with a server or without.
from cds_service.offline_wiring import INSTALLATION_FAULTS as INSTALLATION_FAULTS
from cds_service.offline_wiring import build_code_lists as build_code_lists
from cds_service.offline_wiring import build_reader as build_reader
from cds_service.offline_wiring import build_rulebook as build_rulebook
from cds_service.offline_wiring import faults_in as faults_in
from cds_service.offline_wiring import identity_at as identity_at
from cds_service.offline_wiring import now_in as now_in
from cds_service.offline_wiring import site_file_in_use as site_file_in_use
from cds_service.offline_wiring import site_file_named as site_file_named
from cds_service.offline_wiring import site_in_use as site_in_use
from cds_service.offline_wiring import trial_of as trial_of
from cds_service.offline_wiring import words_for as words_for
from cds_service.review.signature_standing import SignatureStanding
from cds_service.services.audit_and_suppress import AuditMemory, Versions
from cds_service.services.catalogue import catalogue_of
from cds_service.services.handler import Installation
from cds_service.settings.environment import (
    ClientAuthentication,
    Environment,
    Mode,
    Secret,
    Settings,
    read_settings,
)
from cds_service.settings.reviewed import (
    check_signature,
    is_signed,
    reviewed_content,
    standing_of,
)
from cds_service.settings.site_file import Site
from cds_service.study_list.list_server import ListServer
from cds_service.study_list.list_token import SCOPE, WATCH_SCOPE, BackendToken
from cds_service.study_list.registered import StudyList
from cds_service.trials.installed import trials_in
from cds_service.trials.trial_interface import Trial
from cds_service.web.client_authentication import Admit, Door, admit_everybody, signed_or_not
from cds_service.web.http_headers import Front, put_before
from cds_service.web.log_redaction import configure_logging
from cds_service.web.metrics_page import MetricsPage
from cds_service.web.rate_limits import limit_clients
from cds_service.web.waiting_connections import LobbyLimits
from cds_service.web.wsgi_app import create_app
from fhir_mappings.readers.reader_settings import ReaderSettings
from fhir_mappings.value_sets import CodeLists

_FETCHES_AT_ONCE = 16
_SILENCE = 120.0
"""Seconds without a byte after which a download is asked for again."""
STORE_FAULTS = (StoreUnusable, StoreUnavailable)
"""What opening the database may raise."""


def settings_from_environment() -> Settings:
    """The settings of this process. Raises BadSettings."""
    return read_settings(os.environ)  # noqa: TID251 - the one place


def app_from_environment() -> Flask:
    """The app of a production server. Raises BadSettings or one of INSTALLATION_FAULTS."""
    settings = settings_from_environment()
    warn_of_insecurity(settings)
    return build_app(settings)


def server_options() -> dict[str, Any]:
    """Gunicorn's settings for this environment. Raises BadSettings."""
    from cds_service.web.gunicorn_server import options

    configure_logging()
    settings = settings_from_environment()
    return options(settings.workers, lobby_limits(settings), start_counting(settings))


def lobby_limits(settings: Settings) -> LobbyLimits:
    """What a client may take of a worker's time and memory."""
    return LobbyLimits(
        request_seconds=settings.request_seconds,
        body_bytes=settings.max_body_bytes + 1,  # the app reads one more, to see that it is too many
        held_bytes=max(LobbyLimits().held_bytes, 2 * settings.max_body_bytes),
    )


def warn_of_insecurity(settings: Settings) -> None:
    """Development says loudly what it tolerates."""
    if settings.insecure:
        structlog.get_logger().warning("INSECURE_DEVELOPMENT_MODE", insecure=settings.insecure)


def build_app(
    settings: Settings, clock: Callable[[], datetime] | None = None, unsigned: bool = False
) -> Flask:
    """The whole service; `clock` fixes "now" for tests. Only the demo takes `unsigned` calls as well.

    Raises UnsignedContent, one of INSTALLATION_FAULTS or of STORE_FAULTS.
    """
    loaded = build_installations(settings)
    memory = open_memory(settings, loaded[0])
    content = reviewed_content(settings.site)
    check_signature(settings, memory.engine, content)
    signed, shadow = partial(is_signed, settings.site, memory.engine, content), settings.mode is Mode.SHADOW
    installations = [
        with_traces(
            settings,
            replace(
                one, memory=memory_of(one, memory, alone=len(loaded) == 1), is_signed=signed, is_shadow=shadow
            ),
        )
        for one in loaded
    ]
    installation = installations[0]
    present = clock or (lambda: datetime.now(installation.zone))  # noqa: TID251 - the one place
    app = create_app(
        catalogue_of(*(remembering_visits(settings, one) for one in installations)),
        build_door(settings, memory.engine, present, unsigned),
        present,
        settings.max_body_bytes,
        {"software": __version__, "texts": installation.texts_version},
        memory.react,
        {"database": partial(is_ready, memory.engine), "database-file": FileWatch(memory.engine).is_whole},
    )
    standing = partial(standing_of, settings.site, memory.engine, content)
    for page in build_pages(settings, installations, memory, present, standing):
        app.register_blueprint(page)
    return put_before(app, build_front(settings))


def remembering_visits(settings: Settings, installation: Installation) -> Installation:
    """For the hooks alone: pages for people and the watch look at the chart as it is now."""
    visits = VisitMemory(VisitMemoryLimits(settings.visit_seconds), time.monotonic)
    return replace(installation, gatherer=replace(installation.gatherer, visits=visits))


def build_front(settings: Settings) -> Front:
    """What stands before every route of this installation."""
    return Front(
        new_id=lambda: str(uuid4()),
        origins=frozenset().union(*(one.origins for one in settings.site.trusted_clients)),
        is_https=settings.public_base_url.startswith("https://"),
        address_calls_per_second=settings.address_calls_per_second,
    )


def build_door(settings: Settings, engine: Engine, clock: Callable[[], datetime], unsigned: bool) -> Door:
    """Who may come in, and how often; `unsigned`: also without a token."""
    admit = build_admission(settings, engine, clock)
    if settings.client_calls_per_second:
        admit = limit_clients(admit, settings.client_calls_per_second)
    return Door(Endpoints(settings.public_base_url), signed_or_not(admit) if unsigned else admit)


def with_traces(settings: Settings, installation: Installation) -> Installation:
    """The installation, its steps traced if the settings name an address for that."""
    if not settings.traces_url:
        return installation
    from cds_service.web.traces import traced, tracer_to  # of an extra

    return traced(installation, tracer_to(settings.traces_url, __version__))


def start_counting(settings: Settings) -> MetricsPage | None:
    """Count for Prometheus from here on, if the settings name a port for it; before any worker is forked."""
    if not settings.metrics_port:
        return None
    folder = tempfile.mkdtemp(prefix="cds-metrics-")
    # How prometheus-client is told to count in files that all workers share; it looks when it is imported.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder  # noqa: TID251 - the one place
    from prometheus_client import CollectorRegistry

    from cds_service.web.metrics import Metrics

    configure_logging(watchers=[Metrics(CollectorRegistry())])
    return MetricsPage(settings.metrics_host, settings.metrics_port, Path(folder))


def build_pages(
    settings: Settings,
    installations: Sequence[Installation],
    memory: AuditMemory,
    clock: Callable[[], datetime],
    standing: Callable[[], SignatureStanding],
) -> tuple[Blueprint, ...]:
    """The pages for people, where the site file asks for any; `standing` is that of the content in force."""
    if not (installations[0].explaining or settings.site.research):
        return ()
    from cds_service.settings.rooms import Outside, pages_of  # Authlib: only where there is a page

    kept = settings.site.study_list
    list_server_of = partial(build_list_server, kept, settings.site) if kept else None
    outside = Outside(
        _session(settings.site),
        clock,
        partial(secrets.token_urlsafe, 32),
        list_server_of,
        standing,
    )
    return pages_of(settings, installations, memory, outside)


def open_memory(settings: Settings, installation: Installation) -> AuditMemory:
    """The database of this installation, its tables up to date; no connection is open when this returns.

    Raises StoreUnusable, OtherKey or StoreUnavailable.
    """
    keys = Pseudonyms(settings.pseudonym_key.reveal())
    engine = open_store(settings.database_url.reveal())
    check_key(engine, keys)
    engine.dispose()  # workers are forked from here
    return AuditMemory(
        engine,
        keys,
        installation.protocol.restraint,
        _versions_of(installation),
        is_shadow=settings.mode is Mode.SHADOW,
    )


def memory_of(installation: Installation, memory: AuditMemory, *, alone: bool) -> AuditMemory:
    """The same database as the installation of a trial uses it, `alone` or beside others."""
    services = frozenset() if alone else frozenset(one.id for one in installation.trial.services)
    return replace(
        memory,
        restraint=installation.protocol.restraint,
        versions=_versions_of(installation),
        services=services,
    )


def _versions_of(installation: Installation) -> Versions:
    return Versions(__version__, installation.texts_version, installation.trial.record.version)


def build_admission(settings: Settings, engine: Engine, clock: Callable[[], datetime]) -> Admit:
    """How this installation tells who calls."""
    if settings.client_authentication is not ClientAuthentication.JWT:
        return admit_everybody
    listed = settings.site.trusted_clients
    return partial(
        verify,
        clients={one.client.issuer: one.client for one in listed},
        keys=KeySets(
            key_server(_session(settings.site)),
            {one.client.issuer: one.key_set for one in listed if one.key_set},
        ),
        first_time=lambda issuer, jti, until: first_time(engine, issuer, jti, until, clock()),
    )


def build_offline_installation(trial: str | None = None) -> Installation:
    """The installation of the command line, and no server. Raises BadSite."""
    return build_installation_of(site_in_use(), trial)


def build_installation_of(site: Site, trial: str | None) -> Installation:
    """The installation of a trial that a site serves, by its number; of the first if none is named.

    Raises BadSite where the site does not serve it.
    """
    found = trial_of(site, trial)
    return next(one for one in build_installations(offline(site)) if one.trial is found)


def build_offline_code_lists() -> CodeLists:
    """The code lists of the command line, with what its site file maps. Raises BadSite or FaultyCodeLists."""
    return build_code_lists(site_in_use())


def offline(site: Site) -> Settings:
    """Settings for reading charts at a site, without any server or database."""
    return Settings(Environment.DEVELOPMENT, "http://127.0.0.1", site, Secret(""), Secret(""))


def build_installations(settings: Settings) -> tuple[Installation, ...]:
    """The installation of each trial of the site. Raises one of INSTALLATION_FAULTS."""
    return tuple(build_installation(settings, trial) for trial in trials_in(settings.site.trials))


def build_installation(settings: Settings, trial: Trial | None = None) -> Installation:
    """Everything a call needs, loaded and checked; of the site's first trial if none is named."""
    site = settings.site
    trial = trial or trials_in(site.trials)[0]
    rules = build_rulebook(site, trial)
    words = trial.words
    return Installation(
        trial=trial,
        gatherer=build_gatherer(settings, rules.reader, trial),
        protocol=rules.protocol,
        words=rules.words,
        zone=site.zone,
        public_base_url=settings.public_base_url,
        texts_version=rules.texts_version,
        words_by_issuer={
            one.client.issuer: words_for(words, one.language) for one in site.trusted_clients if one.language
        },
        explaining=settings.issuers_explained_to,
        one_action=settings.issuers_of_one_action,
        ordered_by_hand=site.ordered_by_hand,
    )


def one_thread_a_process() -> None:
    """For what is imported later, here and in children: tiny matrices only wait for each other's threads."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # noqa: TID251 - the one place


def build_gatherer(settings: Settings, reader: ReaderSettings, trial: Trial) -> Gatherer:
    """The gatherer with its FHIR client; no thread and no connection exists before the first fetch."""
    ways, server = settings.site.ways, build_fhir_server(settings.site)
    return Gatherer(
        trial=trial,
        server=server,
        bases=settings.site.fhir_bases,
        reader=reader,
        lines=ServerLines(LineLimits(fetches=_FETCHES_AT_ONCE, least_patience=settings.fetch_seconds / 2)),
        limits=GatherLimits(seconds=settings.fetch_seconds),
        bases_by_issuer={
            one.client.issuer: one.fhir_bases
            for one in settings.site.trusted_clients
            if one.fhir_bases is not None
        },
        client_ids={
            one.client.issuer: one.fhir_client_id
            for one in settings.site.trusted_clients
            if one.fhir_client_id
        },
        ways=ways,
        statements=Statements(server, ways.statement_hours),
    )


def build_fhir_server(site: Site) -> HttpFhirServer:
    """The client of the site's FHIR servers; no connection exists before the first question."""
    return HttpFhirServer(_session(site), FetchLimits(), strict_searches=site.ways.strict_searches)


def build_watch_server(found: StudyList, site: Site, trial: Trial) -> ListServer:
    """The same server for the watch of a trial, which reads charts and writes tasks and messages."""
    return build_list_server(found, site, trial, WATCH_SCOPE)


def build_list_server(found: StudyList, site: Site, trial: Trial, scope: str = SCOPE) -> ListServer:
    """The FHIR server that keeps a trial's list; no token is asked for before the first request."""
    session, record = _session(site), trial.record
    if found.registration is None:
        return ListServer(found.base, session, record, other_names=site.ways.other_names)
    token = BackendToken(
        found.base,
        found.registration,
        HttpFhirServer(session, FetchLimits(), ("application/json",)),
        lambda: int(datetime.now(site.zone).timestamp()),  # noqa: TID251 - the one place
        str(site.ca_bundle) if site.ca_bundle else None,
        scope,
    )
    return ListServer(found.base, session, record, token, other_names=site.ways.other_names)


def _session(site: Site) -> requests.Session:
    return bounded_session(_FETCHES_AT_ONCE, str(site.ca_bundle) if site.ca_bundle else None)


def build_bulk_export(site: Site) -> World:
    """What fetching a whole export needs of the world."""
    ca_bundle = str(site.ca_bundle) if site.ca_bundle else None
    session = bounded_session(1, ca_bundle, silence=_SILENCE)
    return World(session, time.sleep, lambda: int(time.time()), ca_bundle)  # noqa: TID251 - the one place
