"""What the demo's other servers are told of the mini-EHR: whom to trust, and which apps it has launched."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cds_service.demo.json_http import Json
from cds_service.demo.launches import Launches


@dataclass(frozen=True, slots=True)
class KnownClient:
    """`issuers` are the names it goes by, each with the language ("en", "zh") in which it wants its cards.

    An authorization server redeems its `launches`. `sign_in_origins` are where the sign-in of the record
    lies, if not beside its FHIR server.
    """

    issuers: Mapping[str, str]
    key_set_address: str
    key_set: Json
    launches: Launches = field(default_factory=Launches)
    sign_in_origins: tuple[str, ...] = ()
