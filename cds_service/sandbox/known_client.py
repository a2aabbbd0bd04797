"""What the demo's CDS service is told of the mini-EHR, so that it can trust its tokens."""

from collections.abc import Mapping
from dataclasses import dataclass

from cds_service.sandbox.json_http import Json


@dataclass(frozen=True, slots=True)
class KnownClient:
    """`issuers` are the names it goes by, each with the language ("en", "zh") in which it wants its cards."""

    issuers: Mapping[str, str]
    key_set_address: str
    key_set: Json


NOBODY = KnownClient({}, "", {"keys": []})
"""No client at all: the demo without its mini-EHR."""
