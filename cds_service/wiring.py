"""Joins the parts. The only place that reads the clock, the environment and the network."""

import os
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import requests
import structlog
from flask import Flask
from sqlalchemy import Engine

from cds_service import __version__
from cds_service.advice.clinic import Clinic
from cds_service.advice.gather import Gatherer, GatherLimits
from cds_service.advice.input_hash import version_of_texts
from cds_service.advice.memory import Memory, Versions
from cds_service.advice.services import catalogue_of
from cds_service.cards.assessment_json import RECORD_VERSION
from cds_service.cards.wording import read_wording
from cds_service.ehr.bases import read_base
from cds_service.ehr.bounded_http import bounded_session
from cds_service.ehr.fhir_server import FetchLimits, HttpFhirServer
from cds_service.ehr.key_sets import KeySets, key_server
from cds_service.hooks.endpoints import Endpoints
from cds_service.hooks.trust import verify
from cds_service.protocol.assess import load_protocol
from cds_service.protocol.moment import AsOf, as_of
from cds_service.protocol.parameters import FOLDER, ProtocolTextFault
from cds_service.settings.client_list import ListedClient
from cds_service.settings.environment import (
    BadSettings,
    ClientAuthentication,
    Environment,
    Secret,
    Settings,
    read_settings,
)
from cds_service.settings.site_file import BadSite, Site, read_site
from cds_service.settings.tablets import tablet_limits
from cds_service.store.engine import open_store
from cds_service.store.faults import StoreUnavailable, StoreUnusable
from cds_service.store.installation import check_key
from cds_service.store.pseudonym import Pseudonyms
from cds_service.store.replay_guard import first_time
from cds_service.web.app import create_app
from cds_service.web.door import Admit, Door, admit_everybody, signed_or_not
from cds_service.web.private_logging import configure_logging
from fhir_mappings.readers.concept_map import read_concept_map
from fhir_mappings.readers.settings import ReaderSettings, TrialIdentity
from fhir_mappings.value_sets import CodeLists, FaultyCodeLists, LocalCode, load_code_lists

_FETCHES_AT_ONCE = 16
DEMO_SITE = Site(thresholds={"restraint.trial_card_days": 0})
INSTALLATION_FAULTS = (ProtocolTextFault, FaultyCodeLists)
"""What loading the reviewed texts and the code lists may raise."""
STORE_FAULTS = (StoreUnusable, StoreUnavailable)
"""What opening the database may raise."""


def faults_in(error: ProtocolTextFault | FaultyCodeLists) -> tuple[str, ...]:
    """Each fault of one of INSTALLATION_FAULTS."""
    return tuple(error.faults)


def settings_from_environment() -> Settings:
    """The settings of this process. Raises BadSettings."""
    return read_settings(os.environ)  # noqa: TID251 - the one place


def app_from_environment() -> Flask:
    """The app of a production server. Raises BadSettings or one of INSTALLATION_FAULTS."""
    configure_logging()
    settings = settings_from_environment()
    warn_of_insecurity(settings)
    return build_app(settings)


def warn_of_insecurity(settings: Settings) -> None:
    """Development says loudly what it tolerates."""
    if settings.insecure:
        structlog.get_logger().warning("INSECURE_DEVELOPMENT_MODE", insecure=settings.insecure)


def build_app(
    settings: Settings, clock: Callable[[], datetime] | None = None, unsigned: bool = False
) -> Flask:
    """The whole service for these settings; `clock` fixes "now" for tests and the demo.

    With `unsigned`, which only the demo asks for, callers may also send no token at all.
    """
    clinic = build_clinic(settings)
    memory = open_memory(settings, clinic)
    clinic = replace(clinic, memory=memory)
    present = clock or (lambda: datetime.now(clinic.zone))  # noqa: TID251 - the one place
    admit = build_admission(settings, memory.engine, present)
    return create_app(
        catalogue_of(clinic),
        Door(Endpoints(settings.public_base_url), signed_or_not(admit) if unsigned else admit),
        present,
        settings.max_body_bytes,
        {"software": __version__, "texts": clinic.texts_version},
        memory.react,
    )


def open_memory(settings: Settings, clinic: Clinic) -> Memory:
    """The database of this installation, its tables up to date; no connection is open when this returns.

    Raises StoreUnusable, OtherKey or StoreUnavailable.
    """
    keys = Pseudonyms(settings.pseudonym_key.reveal())
    engine = open_store(settings.database_url.reveal())
    check_key(engine, keys)
    engine.dispose()  # workers are forked from here
    versions = Versions(__version__, clinic.texts_version, RECORD_VERSION)
    return Memory(engine, keys, clinic.protocol.restraint, versions)


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


def build_demo_app(fhir_base: str, port: int, folder: Path, clients: tuple[ListedClient, ...] = ()) -> Flask:
    """The service for the demo: it may read that one FHIR server, and trusts the tokens of `clients`.

    `folder` is where it remembers; whoever has made it takes it away. A trial card is shown at every opening.
    Raises NotAnAddress (of ehr.bases).
    """
    return build_app(
        Settings(
            Environment.DEVELOPMENT,
            f"http://127.0.0.1:{port}",
            replace(DEMO_SITE, fhir_bases=(read_base(fhir_base),), trusted_clients=clients),
            Secret(f"sqlite:///{folder / 'demo.sqlite3'}"),
            Secret(secrets.token_hex(32)),
            ClientAuthentication.JWT,
        ),
        unsigned=True,
    )


def now_in(zone: ZoneInfo) -> AsOf:
    """The present moment at a site."""
    return as_of(datetime.now(zone), zone)  # noqa: TID251 - the one place


def build_offline_clinic() -> Clinic:
    """The clinic of the command line: the site file of the environment, and no server. Raises BadSite."""
    path = os.environ.get("CDS_SITE_FILE")  # noqa: TID251 - the one place
    return build_clinic(_offline(read_site(Path(path)) if path else Site()))


def _offline(site: Site) -> Settings:
    return Settings(Environment.DEVELOPMENT, "http://127.0.0.1", site, Secret(""), Secret(""))


def build_clinic(settings: Settings) -> Clinic:
    """Everything a service needs for a call, loaded and checked."""
    site = settings.site
    overrides, words = overrides_of(site), read_wording()
    return Clinic(
        gatherer=build_gatherer(settings),
        protocol=load_protocol(overrides),
        words=words[site.language],
        zone=site.zone,
        public_base_url=settings.public_base_url,
        texts_version=version_of_texts(FOLDER, overrides),
        words_by_issuer={
            one.client.issuer: words[one.language] for one in site.trusted_clients if one.language
        },
    )


def build_gatherer(settings: Settings) -> Gatherer:
    """The gatherer with its FHIR client; no thread and no connection exists before the first fetch."""
    return Gatherer(
        server=HttpFhirServer(_session(settings.site), FetchLimits()),
        bases=settings.site.fhir_bases,
        reader=build_reader(settings.site),
        executor=ThreadPoolExecutor(_FETCHES_AT_ONCE, thread_name_prefix="fetch"),
        limits=GatherLimits(seconds=settings.fetch_seconds),
        bases_by_issuer={
            one.client.issuer: one.fhir_bases
            for one in settings.site.trusted_clients
            if one.fhir_bases is not None
        },
    )


def _session(site: Site) -> requests.Session:
    return bounded_session(_FETCHES_AT_ONCE, str(site.ca_bundle) if site.ca_bundle else None)


def build_reader(site: Site) -> ReaderSettings:
    """How charts are read at this site."""
    return ReaderSettings(
        zone=site.zone,
        codes=build_code_lists(site),
        trial=TrialIdentity(study_references=frozenset(site.study_references)),
        arms=site.arms,
        stand_ins=site.stand_ins,
    )


def build_code_lists(site: Site) -> CodeLists:
    """The shipped lists without what the site leaves out, and with its own codes.

    Raises FaultyCodeLists with every fault of every file.
    """
    faults: list[str] = []
    local = [code for path in site.concept_maps for code in _local_codes(path, faults)]
    try:
        lists = load_code_lists(local, frozenset(site.code_lists_left_out))
    except FaultyCodeLists as error:
        raise FaultyCodeLists([*faults, *error.faults]) from error
    if faults:
        raise FaultyCodeLists(faults)
    return lists


def _local_codes(path: Path, faults: list[str]) -> tuple[LocalCode, ...]:
    try:
        return read_concept_map(path.read_bytes())
    except FaultyCodeLists as error:
        faults += [f"{path.name}: {fault}" for fault in error.faults]
        return ()


def overrides_of(site: Site) -> dict[str, Any]:
    """The site's own values of limits of origin A."""
    return {**tablet_limits(site.tablets), **site.thresholds}


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What `check` found: `faults` forbid a start, `notes` are for the person who reads them."""

    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def check_installation(site_file: str | None) -> CheckReport:
    """Check one site file, or the whole environment; protocol texts, wording and code lists always."""
    faults: list[str] = []
    notes: list[str] = []
    settings = _offline(Site())
    try:
        settings = _offline(read_site(Path(site_file))) if site_file else settings_from_environment()
    except (BadSite, BadSettings) as error:
        faults += error.faults
        settings = _offline(error.readable)
    notes += [f"insecure, for development only: {risk}" for risk in settings.insecure if not site_file]
    for load in (_check_thresholds, _check_wording, _check_codes):
        try:
            notes += load(settings.site)
        except INSTALLATION_FAULTS as error:
            faults += faults_in(error)
    return CheckReport(tuple(faults), tuple(notes))


def _check_thresholds(site: Site) -> list[str]:
    load_protocol(overrides_of(site))
    return []


def _check_wording(_: Site) -> list[str]:
    read_wording()
    return []


def _check_codes(site: Site) -> list[str]:
    """What the lists hold that nobody has verified, for whoever signs the installation off."""
    return [
        f"unverified code: {code.code_list}: {code.system} {code.code} ({code.display})"
        for code in build_code_lists(site).unverified()
    ]
