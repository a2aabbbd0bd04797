"""`[[bulk_exports]]` of the site file: FHIR servers from which screening may fetch a whole hospital's data.

[[bulk_exports]]
fhir_base = "https://ehr.hospital.example/fhir"
client_id = "aa-cds-screening"                        # SMART Backend Services; left out: no token
private_key_file = "screening.jwk.json"               # ES384 or RS384, readable by the service alone
scopes = ["system/*.rs"]                              # the default
endpoints = ["https://login.hospital.example"]        # where the token endpoint lies, if not on that host
level = "Group/17"                                    # "Patient", "Group/<id>"; left out: the whole server
type_filters = ["Observation?category=laboratory"]    # only what they let through is seen
download_hosts = ["https://files.hospital.example"]   # where its files lie, if not on that host
leave_out = ["PractitionerRole"]                      # types that it refuses to export
beside_group = ["Medication", "ResearchStudy"]        # of no patient: from the whole server, not the group
hours = 12                                            # the default: for one export, waiting and all
whole_every_days = 7                                  # the default: in between, only what changed
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import msgspec

from cds_service.bulk_export.export_server import DECISIVE, Backend, BulkServer
from cds_service.fhir_client.base_url_allow_list import FhirBase, NotAnAddress, read_base
from cds_service.fhir_client.client_proof import ClientKey
from cds_service.settings.addresses import read_bases
from cds_service.settings.shapes import Text
from cds_service.settings.smart_apps import read_proof
from fhir_mappings.readers.references import POINTED_AT

_LEVEL = re.compile(r"Patient|Group/[A-Za-z0-9\-.]{1,64}")
_EVERYTHING = ("system/*.rs",)
_FILTER = re.compile(r"[A-Z][A-Za-z]{1,63}\?[^\s#]+")


class BulkEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One entry as it is written."""

    fhir_base: str
    client_id: Text | None = None
    private_key_file: Text | None = None
    scopes: tuple[Text, ...] | None = None
    endpoints: tuple[str, ...] | None = None
    level: Text | None = None
    type_filters: tuple[str, ...] = ()
    download_hosts: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ()
    beside_group: tuple[str, ...] = ()
    hours: Annotated[float, msgspec.Meta(gt=0, le=168)] = 12.0
    whole_every_days: Annotated[float, msgspec.Meta(ge=0, le=92)] = 7.0


def read_bulk_exports(
    entries: Iterable[BulkEntry], folder: Path, not_kept: frozenset[str], faults: list[str]
) -> tuple[BulkServer, ...]:
    """The servers; what is wrong with them is added to `faults`."""
    servers: dict[str, BulkServer] = {}
    for entry in entries:
        found: list[str] = []
        server = _server(entry, folder, not_kept, found)
        if server and server.base.url in servers:
            found.append("is listed more than once")
        faults += [f"bulk_exports: {entry.fhir_base}: {problem}" for problem in found]
        if server and not found:
            servers[server.base.url] = server
    return tuple(servers.values())


def _server(
    entry: BulkEntry, folder: Path, not_kept: frozenset[str], problems: list[str]
) -> BulkServer | None:
    try:
        base = read_base(entry.fhir_base)
    except NotAnAddress as error:
        problems.append(f"fhir_base {error.problem}")
        return None
    problems += _faults_of(entry)
    return BulkServer(
        base,
        backend=_backend(entry, folder, problems),
        level=entry.level or "",
        type_filters=entry.type_filters,
        download_hosts=read_bases(entry.download_hosts, "download_hosts", problems),
        hours=float(entry.hours),
        whole_every_days=float(entry.whole_every_days),
        not_kept=not_kept | frozenset(entry.leave_out),
        beside_group=frozenset(entry.beside_group),
    )


def _faults_of(entry: BulkEntry) -> Iterator[str]:
    if entry.level is not None and not _LEVEL.fullmatch(entry.level):
        yield f'level {entry.level!r} is neither "Patient" nor "Group/<id>"'
    for one in sorted(DECISIVE.intersection(entry.leave_out)):
        yield f"leave_out: without {one} nobody can be judged"
    if entry.beside_group and not (entry.level or "").startswith("Group"):
        yield "beside_group belongs to a level of Group/<id>"
    for one in sorted(frozenset(entry.beside_group) - POINTED_AT):
        yield f"beside_group: {one} is of patients; of the whole server it would be everybody's"
    for one in entry.type_filters:
        if not _FILTER.fullmatch(one):
            yield f"{one!r} is no search of a type, e.g. Observation?category=laboratory"


def _backend(entry: BulkEntry, folder: Path, problems: list[str]) -> Backend | None:
    told = (entry.client_id, entry.private_key_file, entry.scopes, entry.endpoints)
    if all(one is None for one in told):
        return None
    if not entry.client_id or not entry.private_key_file or entry.scopes == ():
        problems.append("client_id, private_key_file and scopes go together, and endpoints with them")
        return None
    if entry.endpoints == ():
        problems.append("endpoints must name one at least, or be left out")
    key = read_proof(None, entry.private_key_file, folder, problems)
    below = read_bases(entry.endpoints or (), "endpoints", problems)
    scopes = entry.scopes or _EVERYTHING
    return Backend(entry.client_id, key, scopes, below) if isinstance(key, ClientKey) else None


def open_addresses(server: BulkServer) -> list[str]:
    """Addresses over which everybody on the way could read what is fetched: not https, off this computer."""
    endpoints = server.backend.endpoints if server.backend else ()
    every: Iterable[FhirBase] = (server.base, *server.download_hosts, *endpoints)
    return [base.url for base in every if base.is_open_wire]


def remarks_on_exports(servers: Iterable[BulkServer]) -> list[str]:
    """What whoever signs the installation off should know of the lists that these lead to."""
    remarks = []
    for server in servers:
        told = [f"only what fits {one} is seen" for one in server.type_filters]
        told += [f"{one} is not fetched" for one in sorted(server.not_kept)]
        told += [f"only patients of {server.level} are seen"] if server.level.startswith("Group") else []
        remarks += [f"bulk_exports: {server.base.url}: {one}" for one in told]
    return remarks
