"""What an installation is told: the environment (prefix CDS_) and the site file, as one frozen value.

Every fault is listed at once. `production` refuses what is insecure; `development` allows it and says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import msgspec

from cds_service.audit.key_strength import SHORTEST_KEY, weakness_of
from cds_service.audit.pseudonym import WeakKey
from cds_service.fhir_client.base_url_allow_list import NotAnAddress, read_base
from cds_service.settings.bulk_exports import open_addresses
from cds_service.settings.extras import not_installed
from cds_service.settings.research_page import insecurities_of
from cds_service.settings.review import Unsigned
from cds_service.settings.site_file import BadSite, Site, read_site
from cds_service.settings.study_list_settings import list_insecurities
from cds_service.settings.watch import watch_insecurities
from cds_service.settings.writable_by_others import writable_by_others

_NAMES = frozenset(
    {
        "CDS_ADDRESS_CALLS_PER_SECOND",
        "CDS_CLIENT_AUTHENTICATION",
        "CDS_CLIENT_CALLS_PER_SECOND",
        "CDS_DATABASE_URL",
        "CDS_ENVIRONMENT",
        "CDS_FETCH_SECONDS",
        "CDS_MAX_BODY_BYTES",
        "CDS_VISIT_SECONDS",
        "CDS_METRICS_HOST",
        "CDS_METRICS_PORT",
        "CDS_MODE",
        "CDS_PSEUDONYM_KEY",
        "CDS_PUBLIC_BASE_URL",
        "CDS_REQUEST_SECONDS",
        "CDS_SITE_FILE",
        "CDS_TRACES_URL",
        "CDS_UNSIGNED_CONTENT",
        "CDS_WORKERS",
    }
)
E = TypeVar("E", bound=StrEnum)
_DEFAULT_URL = "http://127.0.0.1:8080"
_KNOWN_KEY = "everybody knows this key: it is for development only"


class Environment(StrEnum):
    """Where the service runs. Production is the default, so that forgetting it is not insecure."""

    PRODUCTION = "production"
    DEVELOPMENT = "development"


class ClientAuthentication(StrEnum):
    """Who makes sure that a caller is a known EHR.

    This service by the EHR's JWT (CH-135), a proxy in front of it (mutual TLS, CH-134), or nobody.
    """

    JWT = "jwt"
    PROXY = "proxy"
    NONE = "none"


class Mode(StrEnum):
    """Live: cards are shown. Shadow: everything is evaluated and recorded, and nothing is shown."""

    LIVE = "live"
    SHADOW = "shadow"


class BadSettings(ValueError):
    """The settings cannot be used; `faults` lists everything that is wrong with them.

    `readable` is what could be read of them: not to be run with, but to look for what else is wrong.
    """

    def __init__(self, faults: tuple[str, ...], readable: "Settings") -> None:
        super().__init__("; ".join(faults))
        self.faults = faults
        self.readable = readable


@dataclass(frozen=True, slots=True)
class Secret:
    """A text that is never printed; `reveal()` gives it."""

    _text: str = field(repr=False)

    def reveal(self) -> str:
        """The text itself, for the one place that needs it."""
        return self._text

    def __str__(self) -> str:
        return "<hidden>"


class Settings(msgspec.Struct, frozen=True):
    """All settings of one installation. `fetch_seconds` bounds all fetching of one call.

    `request_seconds` is how long a client may take to send a request. The two limits are calls per second and
    worker; 0 is none, as for the demo, though not in an environment that says nothing. Without a
    `metrics_port` (0) nothing is counted, without a `traces_url` nothing is traced.
    `unsigned_content` says what becomes of content that no clinician of the site has signed: what the
    environment says, else the site file; else production refuses it where the site file names who signs.
    `insecure` lists what development tolerates and production would refuse.
    """

    environment: Environment
    public_base_url: str
    site: Site
    database_url: Secret
    pseudonym_key: Secret
    client_authentication: ClientAuthentication = ClientAuthentication.NONE
    workers: int = 2
    max_body_bytes: int = 60_000_000  # a chart of 50,000 resources
    fetch_seconds: float = 4.0
    visit_seconds: float = 60.0
    request_seconds: float = 10.0
    client_calls_per_second: float = 0
    address_calls_per_second: float = 0
    metrics_port: int = 0
    metrics_host: str = "127.0.0.1"
    mode: Mode = Mode.LIVE
    unsigned_content: Unsigned = Unsigned.ACCEPTED
    traces_url: str = ""
    insecure: tuple[str, ...] = ()

    @property
    def by_token(self) -> bool:
        """Do clients prove who they are to this service itself?"""
        return self.client_authentication is ClientAuthentication.JWT

    @property
    def issuers_explained_to(self) -> frozenset[str]:
        """The clients whose cards link to the page that explains; without tokens, nobody in particular."""
        clients = (listed for listed in self.site.trusted_clients if listed.smart)
        return frozenset(listed.client.issuer if self.by_token else "" for listed in clients)

    @property
    def issuers_of_one_action(self) -> frozenset[str]:
        """The clients that carry out one action per suggestion; without tokens, everybody if one is."""
        clients = (listed for listed in self.site.trusted_clients if listed.one_action)
        return frozenset(listed.client.issuer if self.by_token else "" for listed in clients)


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read the environment and the site file it names. Raises BadSettings with every fault."""
    faults = [
        f"{name}: no such setting"
        for name in sorted(environ)
        if name.startswith("CDS_") and name not in _NAMES
    ]
    site = Site()
    if path := environ.get("CDS_SITE_FILE"):
        try:
            site = read_site(Path(path))
        except BadSite as error:
            faults += error.faults
            site = error.readable
    settings = _from(environ, site, faults)
    if settings.environment is Environment.PRODUCTION:
        faults += settings.insecure
    if faults:
        raise BadSettings(tuple(faults), settings)
    return settings


def _from(environ: Mapping[str, str], site: Site, faults: list[str]) -> Settings:
    url = _public_url(environ.get("CDS_PUBLIC_BASE_URL", _DEFAULT_URL), faults)
    environment = _choice(environ, "CDS_ENVIRONMENT", Environment, Environment.PRODUCTION, faults)
    authentication = _authentication(environ, environment, site, faults)
    return Settings(
        environment=environment,
        public_base_url=url,
        site=site,
        database_url=Secret(environ.get("CDS_DATABASE_URL", "sqlite:///cds-service.sqlite3")),
        pseudonym_key=_pseudonym_key(environ, faults),
        client_authentication=authentication,
        workers=int(_number(environ, "CDS_WORKERS", 2, 1, 64, faults)),
        max_body_bytes=int(_number(environ, "CDS_MAX_BODY_BYTES", 60_000_000, 1_000, 100_000_000, faults)),
        visit_seconds=_number(environ, "CDS_VISIT_SECONDS", 60, 0, 60, faults),
        fetch_seconds=_number(environ, "CDS_FETCH_SECONDS", 4, 0.1, 20, faults),
        request_seconds=_number(environ, "CDS_REQUEST_SECONDS", 10, 0.5, 25, faults),
        client_calls_per_second=_number(environ, "CDS_CLIENT_CALLS_PER_SECOND", 50, 0, 100_000, faults),
        address_calls_per_second=_number(environ, "CDS_ADDRESS_CALLS_PER_SECOND", 100, 0, 100_000, faults),
        metrics_port=int(_number(environ, "CDS_METRICS_PORT", 0, 0, 65_535, faults)),
        metrics_host=environ.get("CDS_METRICS_HOST", "127.0.0.1"),
        mode=_choice(environ, "CDS_MODE", Mode, Mode.LIVE, faults),
        unsigned_content=_unsigned(environ, environment, site, faults),
        traces_url=_traces_url(environ, faults),
        insecure=tuple(_insecure(environ, url, authentication, site)),
    )


def _authentication(
    environ: Mapping[str, str], environment: Environment, site: Site, faults: list[str]
) -> ClientAuthentication:
    """By JWT unless the operator says otherwise; in development nobody, which is said loudly."""
    name, is_live = "CDS_CLIENT_AUTHENTICATION", environment is Environment.PRODUCTION
    usual = ClientAuthentication.JWT if is_live else ClientAuthentication.NONE
    authentication = _choice(environ, name, ClientAuthentication, usual, faults)
    if authentication is ClientAuthentication.JWT and not site.trusted_clients:
        faults.append(f"{name}: jwt, but the site file lists no [[trusted_clients]]: nobody could call")
    return authentication


def _unsigned(
    environ: Mapping[str, str], environment: Environment, site: Site, faults: list[str]
) -> Unsigned:
    live = environment is Environment.PRODUCTION
    usual = unsigned_in_production(site) if live else site.review.unsigned or Unsigned.ACCEPTED
    return _choice(environ, "CDS_UNSIGNED_CONTENT", Unsigned, usual, faults)


def unsigned_in_production(site: Site) -> Unsigned:
    """What becomes of unsigned content in production where the environment says nothing of it.

    A site that names who signs waits for them; an upgrade alone never stops a hospital's service.
    """
    return site.review.unsigned or (Unsigned.REFUSED if site.review.signers else Unsigned.ACCEPTED)


def _pseudonym_key(environ: Mapping[str, str], faults: list[str]) -> Secret:
    key = environ.get("CDS_PSEUDONYM_KEY", _KNOWN_KEY)
    if len(key) < SHORTEST_KEY:
        faults.append(str(WeakKey()))
    return Secret(key)


def _insecure(
    environ: Mapping[str, str], url: str, authentication: ClientAuthentication, site: Site
) -> list[str]:
    found = []
    if "CDS_PUBLIC_BASE_URL" not in environ:
        found.append("CDS_PUBLIC_BASE_URL: must be set")
    elif not url.startswith("https://"):
        found.append("CDS_PUBLIC_BASE_URL: must be https")
    if authentication is ClientAuthentication.NONE:
        found.append("CDS_CLIENT_AUTHENTICATION: nobody makes sure who calls; it must be jwt or proxy")
    key = environ.get("CDS_PSEUDONYM_KEY", _KNOWN_KEY)
    if key == _KNOWN_KEY:
        found.append("CDS_PSEUDONYM_KEY: must be set; without it the patients in the database can be guessed")
    elif len(key) >= SHORTEST_KEY and (weakness := weakness_of(key)):
        found.append(f"CDS_PSEUDONYM_KEY: {weakness}; openssl rand -hex 32 makes one that nobody can guess")
    if not environ.get("CDS_SITE_FILE"):
        found.append("CDS_SITE_FILE: must be set")
    found += writable_by_others(site.files)
    found += [f"fhir_servers: {base.url} must be https" for base in site.fhir_bases if base.scheme != "https"]
    for listed in site.trusted_clients:
        found += listed.insecurities()
    if site.research:
        found += insecurities_of(site.research)
    for server in site.bulk_exports:
        found += [f"bulk_exports: {url} must be https" for url in open_addresses(server)]
    if site.study_list:
        found += list_insecurities(site.study_list)
    if site.watch:
        found += watch_insecurities(site.watch)
    return found


def _traces_url(environ: Mapping[str, str], faults: list[str]) -> str:
    if not (url := environ.get("CDS_TRACES_URL", "")):
        return ""
    try:
        read_base(url)
    except NotAnAddress as error:
        faults.append(f"CDS_TRACES_URL: {error.problem}")
    faults += [f"CDS_TRACES_URL {absent}" for absent in not_installed("tracing")]
    return url


def _public_url(text: str, faults: list[str]) -> str:
    try:
        return read_base(text).url
    except NotAnAddress as error:
        faults.append(f"CDS_PUBLIC_BASE_URL: {error.problem}")
        return _DEFAULT_URL


def _choice(environ: Mapping[str, str], name: str, choices: type[E], default: E, faults: list[str]) -> E:
    text = environ.get(name, default)
    if text not in set(choices):
        faults.append(f"{name}: must be one of {', '.join(choices)}")
        return default
    return choices(text)


def _number(
    environ: Mapping[str, str], name: str, default: float, low: float, high: float, faults: list[str]
) -> float:
    try:
        number = float(environ.get(name, default))
    except ValueError:
        number = float("nan")
    if not low <= number <= high:
        faults.append(f"{name}: must be a number from {low:g} to {high:g}")
        return default
    return number
