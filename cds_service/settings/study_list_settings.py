"""`[study_list]` of the site file: the FHIR server that keeps the candidates, and who is told of changes.

[study_list]
fhir_base = "https://ehr.hospital.example/fhir"   # List, ResearchSubject and Task are kept here
client_id = "aa-cds-list"                         # SMART Backend Services; without it, asked openly
private_key_file = "study-list.jwk.json"          # or client_secret_file
endpoints = ["https://login.hospital.example"]    # where its token endpoint lies, if elsewhere

[study_list.digest]                               # without it nobody gets mail
smtp = "smtp.hospital.example:587"
tls = "starttls"                                  # or "tls" (port 465), or "none" inside a protected network
user = "cds"                                      # left out, no login
password_file = "smtp.password"
from = "cds@hospital.example"
to = ["study-team@hospital.example"]
"""

import re
from pathlib import Path
from typing import Literal

import msgspec

from cds_service.fhir_client.base_url_allow_list import FhirBase, NotAnAddress, read_base
from cds_service.settings.addresses import read_bases
from cds_service.settings.shapes import Text
from cds_service.settings.smart_apps import host_of, read_proof
from cds_service.signin.client_registration import Registration
from cds_service.study_list.registered import Mail, StudyList

_MAIL = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+")
_PLACE = re.compile(r"(?P<host>[A-Za-z0-9.\-]+):(?P<port>[0-9]{1,5})")


class DigestEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True, rename={"sender": "from"}):
    """The table as it is written."""

    smtp: str
    sender: str
    to: tuple[str, ...]
    tls: Literal["starttls", "tls", "none"] = "starttls"
    user: Text | None = None
    password_file: Text | None = None


class StudyListEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The table as it is written."""

    fhir_base: str
    client_id: Text | None = None
    client_secret_file: Text | None = None
    private_key_file: Text | None = None
    endpoints: tuple[str, ...] | None = None
    digest: DigestEntry | None = None


def read_study_list(entry: StudyListEntry | None, folder: Path, faults: list[str]) -> StudyList | None:
    """The list's place; what is wrong with it is added to `faults`."""
    if entry is None:
        return None
    problems: list[str] = []
    found = _study_list(entry, folder, problems)
    faults += [f"study_list: {problem}" for problem in problems]
    return found


def files_of(entry: StudyListEntry | None) -> list[str | None]:
    """The files that the table names."""
    if entry is None:
        return []
    password = entry.digest.password_file if entry.digest else None
    return [entry.client_secret_file, entry.private_key_file, password]


def _study_list(entry: StudyListEntry, folder: Path, problems: list[str]) -> StudyList | None:
    try:
        base = read_base(entry.fhir_base)
    except NotAnAddress as error:
        problems.append(f"fhir_base {error.problem}")
        return None
    registration = _registration(entry, base, folder, problems)
    mail = _mail(entry.digest, folder, problems) if entry.digest else None
    return StudyList(base, registration, mail)


def _registration(
    entry: StudyListEntry, base: FhirBase, folder: Path, problems: list[str]
) -> Registration | None:
    if entry.client_id is None:
        if entry.client_secret_file or entry.private_key_file or entry.endpoints is not None:
            problems.append("a key, a secret and endpoints need a client_id")
        return None
    if entry.endpoints == ():
        problems.append("endpoints must name one at least, or be left out")
    proof = read_proof(entry.client_secret_file, entry.private_key_file, folder, problems)
    if proof is None:
        problems.append("client_id needs a private_key_file or a client_secret_file")
    below = host_of(base) if entry.endpoints is None else read_bases(entry.endpoints, "endpoints", problems)
    return Registration(entry.client_id, below, proof)


def _mail(entry: DigestEntry, folder: Path, problems: list[str]) -> Mail | None:
    place = _PLACE.fullmatch(entry.smtp)
    if place is None or not 0 < int(place["port"]) < 65_536:
        problems.append(f"digest: smtp {entry.smtp!r} is no host:port")
        return None
    problems += [
        f"digest: {address!r} is no mail address"
        for address in (entry.sender, *entry.to)
        if not _MAIL.fullmatch(address)
    ]
    if not entry.to:
        problems.append("digest: to names nobody")
    if (entry.user is None) != (entry.password_file is None):
        problems.append("digest: user and password_file go together")
    password = _password(folder / entry.password_file, problems) if entry.password_file else ""
    if password and entry.tls == "none":
        problems.append("digest: a password is not sent without tls")
    port, user = int(place["port"]), entry.user or ""
    return Mail(place["host"], port, entry.sender, entry.to, entry.tls, user, password)


def _password(file: Path, problems: list[str]) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"digest: {file.name} cannot be read ({getattr(error, 'strerror', 'no text')})")
        return ""


def list_insecurities(found: StudyList) -> list[str]:
    """What only development may tolerate."""
    below = found.registration.below if found.registration else ()
    open_ones = dict.fromkeys(base.url for base in (found.base, *below) if base.scheme != "https")
    said = [f"study_list: {url} must be https" for url in open_ones]
    if found.registration is None:
        said.append("study_list: without a client_id anybody may change the list")
    return said
