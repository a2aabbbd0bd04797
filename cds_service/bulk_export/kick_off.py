"""What an export is asked for: the address of the kick-off, with level, types, filters and a moment."""

from collections.abc import Iterable
from urllib.parse import urlencode

from cds_service.bulk_export.export_server import BulkServer

KICK_OFF = {"Accept": "application/fhir+json", "Prefer": "respond-async"}
_READABLE = ",:/"


def kick_off_address(server: BulkServer, types: Iterable[str], since: str | None) -> str:
    """The address; `since` is the `transactionTime` of an earlier export, as that server wrote it."""
    parameters = [("_type", ",".join(sorted(types))), ("_outputFormat", "application/fhir+ndjson")]
    parameters += [("_typeFilter", one) for one in server.type_filters]
    parameters += [("_since", since)] if since else []
    operation = f"{server.level}/$export" if server.level else "$export"
    return server.base.address(f"{operation}?{urlencode(parameters, safe=_READABLE)}")
