"""The demo's own installation: its site, the mini-EHR as its client, and its two apps for people."""

import json
import secrets
from dataclasses import replace
from pathlib import Path

from cds_service.ehr.bases import read_base
from cds_service.hooks.trusted_clients import TrustedClient
from cds_service.hooks.trusted_keys import read_key_set
from cds_service.sandbox import authorization, identity
from cds_service.sandbox.known_client import KnownClient
from cds_service.settings.client_list import ListedClient
from cds_service.settings.environment import ClientAuthentication, Environment, Secret, Settings
from cds_service.settings.research_page import public_provider
from cds_service.settings.site_file import Site, read_site
from cds_service.settings.smart_apps import public_app

_EVERY_OPENING = {"restraint.trial_card_days": 0}
"""A trial card is shown at every opening: who tries the demo opens a patient more than once."""

DEMO_SITE = Site(thresholds=_EVERY_OPENING)


def demo_site(path: Path) -> Site:
    """A hospital's site as the demo runs it: FHIR server, clients and pages are the demo's own.

    Raises BadSite.
    """
    site = read_site(path)
    return replace(site, thresholds={**site.thresholds, **_EVERY_OPENING}, research=None)


def demo_settings(
    fhir_base: str,
    port: int,
    folder: Path,
    known: KnownClient,
    site: Site = DEMO_SITE,
    *,
    own_record: bool = True,
) -> Settings:
    """The service on `port`: it may read that one FHIR server, and trusts the mini-EHR `known`.

    `folder` is where it remembers; whoever has made it takes it away. The demo's `own_record` has an
    authorization server and an identity provider beside it, so the pages for people can be opened. Raises
    NotAnAddress.
    """
    base = read_base(fhir_base)
    site = replace(site, fhir_bases=(base,), trusted_clients=trusted(known))
    if own_record:
        smart = (public_app(base, authorization.APP),)
        provider = read_base(f"{fhir_base.removesuffix(base.path)}{identity.PATH}")
        nobody = ListedClient(TrustedClient(""), site.trusted_clients[0].key_set)  # calls without a token
        site = replace(
            site,
            trusted_clients=tuple(replace(one, smart=smart) for one in (nobody, *site.trusted_clients)),
            research=public_provider(provider, identity.CLIENT, identity.ROLE),
        )
    return Settings(
        Environment.DEVELOPMENT,
        f"http://127.0.0.1:{port}",
        site,
        Secret(f"sqlite:///{folder / 'demo.sqlite3'}"),
        Secret(secrets.token_hex(32)),
        ClientAuthentication.JWT,
    )


def trusted(known: KnownClient) -> tuple[ListedClient, ...]:
    """The mini-EHR on the service's list of clients, once for each of its names; no key is fetched."""
    keys = read_key_set(json.dumps(known.key_set).encode())
    return tuple(
        ListedClient(TrustedClient(name, known.key_set_address), keys, "zh" if language == "zh" else "en")
        for name, language in known.issuers.items()
    )
