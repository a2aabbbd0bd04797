"""What to ask for: types that the server has and lets us read, and changes only where that is safe."""

from dataclasses import dataclass
from datetime import datetime

import requests

from cds_service.bulk_export.backend_token import Tokens
from cds_service.bulk_export.export_server import BulkServer
from cds_service.bulk_export.failed import ExportFailed, WhyFailed
from cds_service.bulk_export.remembered_job import DownloadedFile
from cds_service.fhir_client.capability_statements import fetch_types
from cds_service.fhir_client.deadline import deadline_in
from cds_service.fhir_client.fhir_get import FetchLimits, HttpFhirServer, NotFetched

_SECONDS = 20.0
_DAY = 24 * 3600


@dataclass(frozen=True, slots=True)
class ToBeHad:
    """The types to ask for; `problems` are what lacks although the server has it."""

    types: frozenset[str]
    remarks: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def types_to_be_had(
    server: BulkServer, wanted: frozenset[str], session: requests.Session, tokens: Tokens | None
) -> ToBeHad:
    """Of the wanted types, those to ask for. Raises ExportFailed where a decisive one may not be read."""
    types = wanted - server.not_kept
    offered, remarks = _offered(server, session, types)
    types &= offered | server.decisive
    closed = tokens.not_covered(types) if tokens else frozenset()
    if not closed:
        return ToBeHad(types, remarks)
    fact = f"the token does not allow reading {', '.join(sorted(closed))}"
    if closed & server.decisive:
        raise ExportFailed(WhyFailed.NO_TOKEN, fact)
    return ToBeHad(types - closed, remarks, (fact,))


def _offered(
    server: BulkServer, session: requests.Session, types: frozenset[str]
) -> tuple[frozenset[str], tuple[str, ...]]:
    """Those types that the server has by its own statement, or all; and what to say of it."""
    reader = HttpFhirServer(session, FetchLimits())
    try:
        offered = types & fetch_types(reader, server.base, deadline_in(_SECONDS))
    except NotFetched as error:
        return types, (f"its CapabilityStatement could not be had ({error.why.value})",)
    lacking = ", ".join(sorted(types - offered))
    return offered, (f"the server has no {lacking}",) if lacking else ()


def why_whole(server: BulkServer, before: DownloadedFile | None, had: ToBeHad, wanted: str, now: int) -> str:
    """Why changes since an earlier export are not enough; "" where they are.

    `wanted` is the request for everything, `now` in seconds since 1970.
    """
    if before is None:
        return "the earlier folder holds no finished one"
    if before.wanted != wanted or before.types != tuple(sorted(had.types)):
        return "the earlier one is of another server, level or filter, or of other types"
    if server.level.startswith("Group"):
        return "of who is new in a group, changes do not bring what is older"
    if server.type_filters:
        return "what no longer fits a filter would stay"
    if before.problems:
        return "the earlier one has gaps"
    age = now - datetime.fromisoformat(before.whole_since).timestamp()
    return f"the last whole one is of {before.whole_since}" if age > server.whole_every_days * _DAY else ""
