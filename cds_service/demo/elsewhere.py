"""Servers other than the demo's own that the mini-EHR is to work with."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from cds_service.demo.json_http import JsonHttp, Unanswered
from cds_service.demo.record_access import (
    ClientCredentials,
    FhirAccess,
    OAuthClient,
    OpenAccess,
    RecordToken,
)
from cds_service.demo.record_client import FhirClient
from cds_service.demo.smart_offer import token_endpoint

_THIS_COMPUTER = ("127.0.0.1", "localhost", "::1")


class NotForElsewhere(ValueError):
    """What was asked for makes no sense with these servers; the text says why."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """`fhir_base` and `discovery` are addresses, None for the demo's own.

    A FHIR server that is not the demo's own is only read, unless `allow_writes`. It is entered with the
    bearer `token`, or as the OAuth `client` (at `token_url`, or where the server's SMART configuration says),
    or openly; `user` is the "Practitioner/id" who signs there. With `load` the demo patients are put there.
    `ca_bundle` is a file of certificate authorities to believe in place of the usual ones.
    """

    fhir_base: str | None = None
    discovery: str | None = None
    allow_writes: bool = False
    token: str | None = field(default=None, repr=False)
    client: OAuthClient | None = None
    token_url: str | None = None
    user: str | None = None
    load: bool = False
    ca_bundle: str | None = None

    @property
    def may_write(self) -> bool:
        """Whether the mini-EHR may change what is on the FHIR server."""
        return self.fhir_base is None or self.allow_writes

    @property
    def cds_base(self) -> str | None:
        """The address before `/cds-services`. Raises NotForElsewhere."""
        if self.discovery is None:
            return None
        base, found, rest = self.discovery.rstrip("/").rpartition("/cds-services")
        if not found or rest:
            raise NotForElsewhere(f"{self.discovery}: a discovery address ends in /cds-services")
        return base

    @property
    def access(self) -> FhirAccess:
        """How that FHIR server is entered. Raises NotForElsewhere where a secret would travel in the open."""
        if self.fhir_base is None:
            return self._own_is_open()
        if self.load and not self.allow_writes:
            raise NotForElsewhere("loading patients is writing: allow it, too")
        if self.token is not None and self.client is not None:
            raise NotForElsewhere("a token or a client, not both")
        if self.token is not None:
            _only_in_private(self.fhir_base)
            return RecordToken(self.token)
        return self._as_client(self.fhir_base, self.client) if self.client else OpenAccess()

    def _own_is_open(self) -> FhirAccess:
        if self.load or (self.token, self.client, self.user) != (None, None, None):
            raise NotForElsewhere("a token, client, user or load are for another FHIR server: name it, too")
        return OpenAccess()

    def _as_client(self, fhir_base: str, client: OAuthClient) -> FhirAccess:
        _only_in_private(fhir_base)
        if self.token_url is not None:
            _only_in_private(self.token_url)
        return ClientCredentials(client, lambda: self._token_endpoint(fhir_base), ca_bundle=self.ca_bundle)

    def _token_endpoint(self, fhir_base: str) -> str:
        if self.token_url is not None:
            return self.token_url
        http = JsonHttp(self.ca_bundle)
        try:
            found = token_endpoint(FhirClient(http, fhir_base.rstrip("/")))
        finally:
            http.close()
        if not _is_private(found):
            raise Unanswered(f"{found}: no secret is sent there without https")
        return found


def _only_in_private(address: str) -> None:
    if not _is_private(address):
        raise NotForElsewhere(f"{address}: no token and no secret is sent there without https")


def _is_private(address: str) -> bool:
    """Secrets travel under TLS, or within this computer."""
    parts = urlsplit(address)
    return parts.scheme == "https" or parts.hostname in _THIS_COMPUTER


NOWHERE = Elsewhere()
