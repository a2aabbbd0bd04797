"""`[[trusted_clients.smart]]` of the site file: this service as a SMART app of an EHR, one per FHIR base.

[[trusted_clients.smart]]
fhir_base = "https://ehr.hospital.example/fhir"     # the `iss` of a launch, to the letter
client_id = "aa-cds-explain"                        # as the EHR registered it
client_secret_file = "explain.secret"               # or private_key_file = "explain.jwk.json", or neither
issuer = "https://ehr.hospital.example/oauth2"      # of its id tokens, if it is to be pinned
endpoints = ["https://login.hospital.example"]      # where its endpoints lie, if not on the FHIR base's host
frame_ancestors = ["https://ehr.hospital.example"]  # whose pages may show ours in a frame; else nobody's
"""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from cds_service.fhir_client.base_url_allow_list import FhirBase, NotAnAddress, read_base
from cds_service.fhir_client.client_proof import ClientKey, ClientSecret
from cds_service.settings.addresses import read_bases
from cds_service.settings.shapes import Text
from cds_service.signin.client_registration import Registration

_ALGORITHMS = {"EC": "ES384", "RSA": "RS384"}


class SmartEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One entry as it is written."""

    fhir_base: str
    client_id: str
    client_secret_file: Text | None = None
    private_key_file: Text | None = None
    issuer: Text | None = None
    endpoints: tuple[str, ...] | None = None
    frame_ancestors: tuple[str, ...] = ()


class SmartApp(msgspec.Struct, frozen=True):
    """Our registration at one FHIR base, and the origins that may frame our pages there."""

    fhir_base: FhirBase
    registration: Registration
    frame_ancestors: tuple[str, ...] = ()

    def insecurities(self) -> list[str]:
        """What only development may tolerate."""
        addresses = [self.fhir_base, *self.registration.below]
        addresses += [read_base(origin) for origin in self.frame_ancestors]
        open_ones = dict.fromkeys(base.url for base in addresses if base.scheme != "https")
        return [f"smart: {url} must be https" for url in open_ones]


def public_app(base: FhirBase, client_id: str, frame_ancestors: tuple[str, ...] = ()) -> SmartApp:
    """A public client whose endpoints lie on the host of its FHIR base, as the demo has it."""
    return SmartApp(base, Registration(client_id, host_of(base)), frame_ancestors)


def host_of(base: FhirBase) -> tuple[FhirBase, ...]:
    """Where the endpoints of a sign-in lie unless the site file says otherwise: on this very host."""
    return (FhirBase(base.scheme, base.host, base.port, ""),)


class _PrivateKey(msgspec.Struct, frozen=True):
    """What we look at in a private JSON Web Key (RFC 7517)."""

    kty: str
    kid: str
    d: str
    crv: str | None = None


def read_smart_apps(entries: Iterable[SmartEntry], folder: Path, problems: list[str]) -> tuple[SmartApp, ...]:
    """The apps of one client; what is wrong with them is added to `problems`, and they are left out."""
    apps: dict[str, SmartApp] = {}
    for entry in entries:
        found: list[str] = []
        app = _app(entry, folder, found)
        if app and app.fhir_base.url in apps:
            found.append("is listed more than once")
        problems += [f"smart: {entry.fhir_base}: {problem}" for problem in found]
        if app and not found:
            apps[app.fhir_base.url] = app
    return tuple(apps.values())


def _app(entry: SmartEntry, folder: Path, problems: list[str]) -> SmartApp | None:
    if not entry.client_id.strip():
        problems.append("client_id must not be empty")
    problems += _issuer_problems(entry.issuer)
    try:
        base = read_base(entry.fhir_base)
    except NotAnAddress as error:
        problems.append(f"fhir_base {error.problem}")
        return None
    if entry.endpoints == ():
        problems.append("endpoints must name one at least, or be left out")
    below = host_of(base) if entry.endpoints is None else read_bases(entry.endpoints, "endpoints", problems)
    proof = read_proof(entry.client_secret_file, entry.private_key_file, folder, problems)
    return SmartApp(
        base,
        Registration(entry.client_id, below, proof, entry.issuer),
        _origins(entry.frame_ancestors, problems),
    )


def _issuer_problems(issuer: str | None) -> list[str]:
    try:
        read_base(issuer) if issuer else None
    except NotAnAddress as error:
        return [f"issuer {error.problem}"]
    return []


def _origins(given: tuple[str, ...], problems: list[str]) -> tuple[str, ...]:
    bases = read_bases(given, "frame_ancestors", problems)
    problems += [f"frame_ancestors: {base.url!r} must be an origin" for base in bases if base.path]
    return tuple(base.url for base in bases)


def read_proof(
    secret_file: str | None, key_file: str | None, folder: Path, problems: list[str]
) -> ClientSecret | ClientKey | None:
    """How a client proves itself; None for a public one. What is wrong is added to `problems`."""
    if secret_file and key_file:
        problems.append("needs a client_secret_file or a private_key_file, not both")
        return None
    if secret_file:
        text = _text(folder / secret_file, problems).strip()
        if not text:
            problems.append(f"{secret_file} is empty")
        return ClientSecret(text)
    return _key(folder / key_file, problems) if key_file else None


def _key(file: Path, problems: list[str]) -> ClientKey | None:
    text = _text(file, problems)
    try:
        key = msgspec.json.decode(text, type=_PrivateKey)
    except msgspec.DecodeError:
        problems.append(f"{file.name} must be one private JSON Web Key with a kid")
        return None
    if key.kty not in _ALGORITHMS or (key.kty == "EC" and key.crv != "P-384"):
        problems.append(f"{file.name} must be a key for ES384 or RS384")
        return None
    if not _is_whole(text):
        problems.append(f"{file.name} cannot be used as a key")
    return ClientKey(text, _ALGORITHMS[key.kty], key.kid)


def _is_whole(text: str) -> bool:
    from joserfc.errors import JoseError  # only where a site has such a key
    from joserfc.jwk import import_key

    try:
        return import_key(msgspec.json.decode(text)).is_private
    except (JoseError, ValueError):
        return False


def _text(file: Path, problems: list[str]) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{file.name} cannot be read ({getattr(error, 'strerror', 'no text')})")
        return ""
