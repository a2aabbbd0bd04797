"""The pages for people that a site file asks for: the one that explains, and the study team's."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import msgspec
import requests
from flask import Blueprint
from msgspec.structs import replace

from cds_service import __version__
from cds_service.cds_hooks.service import Caller
from cds_service.explain import blueprint as explain
from cds_service.explain.smart_registrations import App, Apps
from cds_service.research import research_blueprint as research
from cds_service.review.signature_standing import SignatureStanding
from cds_service.services.audit_and_suppress import AuditMemory
from cds_service.services.handler import Installation
from cds_service.settings.client_list import ListedClient
from cds_service.settings.environment import Settings
from cds_service.settings.site_file import Site
from cds_service.settings.smart_apps import SmartApp
from cds_service.signin.oauth_code_flow import NewSecret
from cds_service.study_list.list_server import ListServer
from cds_service.trials.installed import number_beside
from cds_service.trials.trial_interface import Trial


class Outside(msgspec.Struct, frozen=True):
    """What the rooms share of the world: HTTP (a `bounded_session`), the clock, chance; the server that
    keeps a trial's study list, where there is one; and how the reviewed content stands."""

    session: requests.Session
    clock: Callable[[], datetime]
    new_secret: NewSecret
    list_server_of: Callable[[Trial], ListServer] | None = None
    standing: Callable[[], SignatureStanding] | None = None


def pages_of(
    settings: Settings, installations: Sequence[Installation], memory: AuditMemory, outside: Outside
) -> tuple[Blueprint, ...]:
    """The pages that the site file asks for. Raises ProtocolTextFault."""
    site = settings.site
    pages = []
    apps = apps_of(site.trusted_clients, site.language, by_token=settings.by_token)
    if apps:
        around = _around_explain(settings, memory, outside)
        pages.append(explain.explain_page(apps, installations, around))
    if site.research:
        kept = site.study_list
        explains = kept is not None and kept.base.url in apps
        room = _around_research(settings, memory, outside, explains=explains)
        trials = [_researched(one, site, outside) for one in installations]
        pages.append(research.research_page(site.research, trials, room))
    return tuple(pages)


def _around_explain(settings: Settings, memory: AuditMemory, outside: Outside) -> explain.ExplainSurroundings:
    return explain.ExplainSurroundings(
        engine=memory.engine,
        memory=memory,
        session=outside.session,
        ca_bundle=_ca_bundle(settings.site),
        public_base_url=settings.public_base_url,
        language=settings.site.language,
        clock=outside.clock,
        new_secret=outside.new_secret,
        seconds=settings.fetch_seconds,
        version=__version__,
    )


def _around_research(
    settings: Settings, memory: AuditMemory, outside: Outside, *, explains: bool
) -> research.ResearchSurroundings:
    return research.ResearchSurroundings(
        engine=memory.engine,
        session=outside.session,
        ca_bundle=_ca_bundle(settings.site),
        public_base_url=settings.public_base_url,
        language=settings.site.language,
        zone=settings.site.zone,
        clock=outside.clock,
        new_secret=outside.new_secret,
        seconds=settings.fetch_seconds,
        version=__version__,
        explains=explains,
        standing=outside.standing,
    )


def _ca_bundle(site: Site) -> str | None:
    return str(site.ca_bundle) if site.ca_bundle else None


def _researched(installation: Installation, site: Site, outside: Outside) -> research.ResearchedTrial:
    trial, kept_by = installation.trial, outside.list_server_of
    beside = number_beside(trial, site.trials)
    return research.ResearchedTrial(installation, kept_by(trial) if kept_by else None, beside)


def apps_of(clients: Iterable[ListedClient], language: str, *, by_token: bool) -> Apps:
    """Every registration, by FHIR base; several clients may share one.

    `language` is the site's. Without tokens (`by_token`) every caller is nobody in particular.
    """
    apps: dict[str, App] = {}
    for client in clients:
        for smart in client.smart:
            app = _app(client, smart, language, by_token=by_token)
            before = apps.get(smart.fhir_base.url)
            apps[smart.fhir_base.url] = _joined(before, app) if before else app
    return apps


def _app(client: ListedClient, smart: SmartApp, language: str, *, by_token: bool) -> App:
    issuer = client.client.issuer if by_token else ""
    tenants = client.client.tenants if issuer else frozenset({""})
    return App(
        fhir_base=smart.fhir_base,
        registration=smart.registration,
        language=client.language or language,
        issuers={issuer: client.language or language},
        callers=frozenset(Caller(issuer, tenant) for tenant in tenants) if tenants else None,
        frame_ancestors=smart.frame_ancestors,
    )


def _joined(one: App, other: App) -> App:
    callers = None if one.callers is None or other.callers is None else one.callers | other.callers
    return replace(one, issuers={**one.issuers, **other.issuers}, callers=callers)
