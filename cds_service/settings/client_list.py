"""`[[trusted_clients]]` of the site file: which EHRs may call, and where their keys come from.

[[trusted_clients]]
iss = "https://ehr.hospital.example"               # as in its tokens, to the letter
jku = "https://ehr.hospital.example/jwks.json"     # the only key set address its tokens may name; or a list
jwks_file = "ehr.jwks.json"                        # or its keys themselves: then nothing is fetched
tenants = ["haematology"]                          # without it, every tenant
algorithms = ["ES384", "RS384"]                    # the default
language = "zh"                                    # of its cards, if not the site's
fhir_bases = ["https://ehr.hospital.example/fhir"] # the only servers called for it, if not [[fhir_servers]]
fhir_client_id = "cds-service"                     # `subject` of its access tokens for us (CH-064)
one_action = true                                  # it carries out one action per suggestion; without it, all
origins = ["https://ehr.hospital.example"]         # of its web pages that call from the browser (CORS)

[[trusted_clients.smart]]                          # where the explain page may be launched: see smart_apps.py
fhir_base = "https://ehr.hospital.example/fhir"
client_id = "aa-cds-explain"
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from cds_service.cards.translations import LANGUAGES
from cds_service.cds_hooks.trusted_clients import TrustedClient
from cds_service.cds_hooks.trusted_keys import (
    ALGORITHMS,
    DEFAULT_ALGORITHMS,
    KeySet,
    NotAKeySet,
    read_key_set,
)
from cds_service.fhir_client.base_url_allow_list import FhirBase, NotAnAddress, check_key_address
from cds_service.settings.addresses import read_bases, read_origins
from cds_service.settings.shapes import Text
from cds_service.settings.smart_apps import SmartApp, SmartEntry, read_smart_apps

_PUBLISHED_KEY = "https://sandbox.cds-hooks.org"
if TYPE_CHECKING:
    Language = str
else:
    Language = Literal[LANGUAGES]
"""A language that the cards have words in."""


class ClientEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One entry as it is written."""

    iss: str
    jku: str | tuple[str, ...] | None = None
    jwks_file: Text | None = None
    tenants: tuple[str, ...] | None = None
    algorithms: tuple[str, ...] = tuple(sorted(DEFAULT_ALGORITHMS))
    language: Language | None = None
    fhir_bases: tuple[str, ...] | None = None
    fhir_client_id: str | None = None
    one_action: bool = False
    origins: tuple[str, ...] = ()
    smart: tuple[SmartEntry, ...] = ()

    @property
    def jkus(self) -> tuple[str, ...]:
        """Its key set addresses, one or several."""
        return (self.jku,) if isinstance(self.jku, str) else self.jku or ()


class ListedClient(msgspec.Struct, frozen=True):
    """One EHR of the site. Without `key_set` its keys are fetched from the client's `jku`.

    Without a language or FHIR bases of its own, the site's count.
    """

    client: TrustedClient
    key_set: KeySet | None = None
    language: Language | None = None
    fhir_bases: tuple[FhirBase, ...] | None = None
    fhir_client_id: str | None = None
    one_action: bool = False
    origins: frozenset[str] = frozenset()
    smart: tuple[SmartApp, ...] = ()

    def insecurities(self) -> list[str]:
        """What only development may tolerate."""
        issuer = self.client.issuer
        found = []
        if issuer == _PUBLISHED_KEY:
            found.append(f"trusted_clients: {issuer} signs with a key that everybody knows")
        if self.key_set is None and not all(jku.startswith("https://") for jku in self.client.addresses):
            found.append(f"trusted_clients: {issuer}: jku must be https")
        for base in self.fhir_bases or ():
            if base.scheme != "https":
                found.append(f"trusted_clients: {issuer}: {base.url} must be https")
        for origin in sorted(self.origins):
            if not origin.startswith("https://"):
                found.append(f"trusted_clients: {issuer}: origin {origin} must be https")
        for app in self.smart:
            found += [f"trusted_clients: {issuer}: {problem}" for problem in app.insecurities()]
        return found


def read_clients(entries: Iterable[ClientEntry], folder: Path, faults: list[str]) -> tuple[ListedClient, ...]:
    """The clients of the site file that stands in `folder`; what is wrong with them is added to `faults`."""
    entries = tuple(entries)
    faults += [
        f"trusted_clients: {iss} is listed more than once"
        for iss, times in Counter(entry.iss for entry in entries).items()
        if times > 1
    ]
    clients = []
    for entry in entries:
        problems: list[str] = []
        clients.append(_client(entry, folder, problems))
        faults += [f"trusted_clients: {entry.iss}: {problem}" for problem in problems]
    faults += [
        f"trusted_clients: smart: {base} is registered in more than one way" for base in _ambiguous(clients)
    ]
    return tuple(clients)


def _ambiguous(clients: Iterable[ListedClient]) -> list[str]:
    """FHIR bases that several clients share, without agreeing how we are registered there."""
    known: dict[str, SmartApp] = {}
    apps = [app for client in clients for app in client.smart]
    return [base for app in apps if known.setdefault(base := app.fhir_base.url, app) != app]


def _client(entry: ClientEntry, folder: Path, problems: list[str]) -> ListedClient:
    _check(entry, problems)
    return ListedClient(
        client=TrustedClient(
            issuer=entry.iss,
            jku=next(iter(entry.jkus), None),
            further_jkus=entry.jkus[1:],
            tenants=frozenset(entry.tenants or ()),
            algorithms=frozenset(entry.algorithms),
        ),
        key_set=_key_set(folder / entry.jwks_file, entry, problems) if entry.jwks_file else None,
        language=entry.language,
        fhir_bases=None if entry.fhir_bases is None else read_bases(entry.fhir_bases, "fhir_bases", problems),
        fhir_client_id=entry.fhir_client_id,
        one_action=entry.one_action,
        origins=read_origins(entry.origins, problems),
        smart=read_smart_apps(entry.smart, folder, problems),
    )


def _check(entry: ClientEntry, problems: list[str]) -> None:
    if not entry.iss or not entry.iss.isprintable() or " " in entry.iss:
        problems.append("iss must be the issuer as it stands in the tokens")
    if not (any(entry.jkus) or entry.jwks_file):
        problems.append("needs a jku or a jwks_file")
    if entry.tenants is not None and not (entry.tenants and all(map(str.strip, entry.tenants))):
        problems.append("tenants must name one at least, or be left out")
    if entry.fhir_client_id is not None and not entry.fhir_client_id.strip():
        problems.append("fhir_client_id must be the `subject` of the tokens, or be left out")
    if not entry.algorithms or not ALGORITHMS.issuperset(entry.algorithms):
        problems.append(f"algorithms must be some of {', '.join(sorted(ALGORITHMS))}")
    if len(set(entry.jkus)) < len(entry.jkus):
        problems.append("jku names an address twice")
    for jku in entry.jkus:
        try:
            check_key_address(jku)
        except NotAnAddress as error:
            problems.append(f"jku {error.problem}")


def _key_set(file: Path, entry: ClientEntry, problems: list[str]) -> KeySet | None:
    try:
        key_set = read_key_set(file.read_bytes())
    except OSError as error:
        problems.append(f"{file.name} cannot be read ({error.strerror})")
        return None
    except NotAKeySet as error:
        problems.append(f"{file.name} {error}")
        return None
    if key_set.private:
        problems.append(f"{file.name} holds a private key: {', '.join(key_set.private)}")
    if not any(key.algorithms.intersection(entry.algorithms) for key in key_set.keys):
        problems.append(f"{file.name} has no key for {', '.join(entry.algorithms)}")
    return key_set
