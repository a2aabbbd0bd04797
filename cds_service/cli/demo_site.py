"""The demo's own installation: its site, the mini-EHR as its client, and its two apps for people."""

import json
import secrets
from pathlib import Path

from msgspec.structs import replace

from cds_service.cds_hooks.trusted_clients import TrustedClient
from cds_service.cds_hooks.trusted_keys import NotAKeySet, read_key_set
from cds_service.demo import demo_authorization as authorization
from cds_service.demo import identity
from cds_service.demo.known_client import KnownClient
from cds_service.demo.mini_ehr.ehr_desk import KEYS_PATH
from cds_service.demo.visitors import NOBODY, Visitor, Visitors
from cds_service.fhir_client.base_url_allow_list import FhirBase, NotAnAddress, check_key_address, read_base
from cds_service.settings.addresses import read_origins
from cds_service.settings.client_list import ListedClient
from cds_service.settings.environment import ClientAuthentication, Environment, Secret, Settings
from cds_service.settings.extras import not_installed
from cds_service.settings.forecast_settings import ForecastEntry
from cds_service.settings.research_page import public_provider
from cds_service.settings.review import Review, Unsigned
from cds_service.settings.site_file import Site, read_site
from cds_service.settings.smart_apps import SmartApp, public_app
from cds_service.study_list.registered import StudyList

_EVERY_OPENING = {"restraint.trial_card_days": 0}
"""A trial card is shown at every opening: who tries the demo opens a patient more than once."""

DEMO_SITE = Site(thresholds=_EVERY_OPENING, forecast=ForecastEntry(enabled=not not_installed("forecast")))
"""Forecasts are on where their libraries are: a hospital's own site has them off until it says so."""


def demo_site(path: Path) -> Site:
    """A hospital's site as the demo runs it: FHIR server, clients and pages are the demo's own.

    Raises BadSite.
    """
    site = read_site(path)
    return replace(
        site,
        thresholds={**site.thresholds, **_EVERY_OPENING},
        research=None,
        study_list=None,
        review=Review(),
        watch=None,
    )


class NotVisiting(ValueError):
    """An origin or a client that was named for the demo cannot be used; the text says why."""


def demo_settings(
    fhir_base: str,
    port: int,
    folder: Path,
    known: KnownClient,
    site: Site = DEMO_SITE,
    *,
    own_record: bool = True,
    visitors: Visitors = NOBODY,
) -> Settings:
    """The service on `port`: it may read that one FHIR server, and trusts the mini-EHR `known`.

    `folder` is where it remembers; whoever has made it takes it away. The demo's `own_record` has an
    authorization server and an identity provider beside it, so the pages for people can be opened; at
    another record the page that explains is named as an app, and opens where that launches it. `visitors`
    may call, too. Raises NotAnAddress or NotVisiting.
    """
    base = read_base(fhir_base)
    app = _app_at(base, known, own_record=own_record)
    nobody = ListedClient(  # calls without a token
        TrustedClient(""), trusted(known)[0].key_set, origins=_origins(visitors), smart=(app,)
    )
    clients = (nobody, *(replace(one, smart=(app,)) for one in trusted(known)), *_clients(visitors))
    site = replace(site, fhir_bases=(base,), trusted_clients=clients)
    if own_record:
        provider = read_base(f"{fhir_base.removesuffix(base.path)}{identity.PATH}")
        research = public_provider(provider, identity.CLIENT, identity.ROLE, identity.SIGNING_ROLE)
        screened = None if not_installed("screening") else screening_in(folder)
        research = replace(research, screening=screened, synthetic=True)
        site = replace(site, research=research, study_list=StudyList(base))
    return Settings(
        Environment.DEVELOPMENT,
        f"http://127.0.0.1:{port}",
        site,
        Secret(f"sqlite:///{folder / 'demo.sqlite3'}"),
        Secret(secrets.token_hex(32)),
        ClientAuthentication.JWT,
        unsigned_content=Unsigned.ACCEPTED,  # it says so on its pages: no clinician has signed for a demo
    )


def screening_in(folder: Path) -> Path:
    """Where the demo that remembers in `folder` keeps its screening run."""
    return folder / "screening"


def _app_at(base: FhirBase, known: KnownClient, *, own_record: bool) -> SmartApp:
    """The page that explains, as a public client of the record's authorization server."""
    app = public_app(base, authorization.APP)
    if own_record:
        return app
    below = (*app.registration.below, *map(read_base, known.sign_in_origins))
    return replace(app, registration=replace(app.registration, below=below))


def trusted(known: KnownClient) -> tuple[ListedClient, ...]:
    """The mini-EHR on the service's list of clients, once for each of its names; no key is fetched."""
    keys = read_key_set(json.dumps(known.key_set).encode())
    return tuple(
        ListedClient(TrustedClient(name, known.key_set_address), keys, "zh" if language == "zh" else "en")
        for name, language in known.issuers.items()
    )


def _origins(visitors: Visitors) -> frozenset[str]:
    problems: list[str] = []
    origins = read_origins(visitors.origins, problems)
    if problems:
        raise NotVisiting("; ".join(problems))
    return origins


def _clients(visitors: Visitors) -> tuple[ListedClient, ...]:
    return tuple(_client(one) for one in visitors.clients)


def _client(visitor: Visitor) -> ListedClient:
    """Another client: its keys are those given, or fetched from where most publish them."""
    jku = f"{visitor.issuer.rstrip('/')}{KEYS_PATH}"
    try:
        check_key_address(jku)
        keys = None if visitor.key_set is None else read_key_set(visitor.key_set)
    except NotAnAddress as error:
        raise NotVisiting(f"--trust-client {visitor.issuer}: {error.problem}") from None
    except NotAKeySet as error:
        raise NotVisiting(f"--trust-client {visitor.issuer}: its key set {error}") from None
    return ListedClient(TrustedClient(visitor.issuer, jku), keys)
