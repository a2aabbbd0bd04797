"""What one caller may fetch from where: the allowed base it named, and the token it lent us."""

import math
from collections.abc import Iterable

import msgspec

from cds_service.cds_hooks.authorization import FhirAuthorization, FhirInteraction
from cds_service.cds_hooks.request import HookRequest
from cds_service.fhir_client.base_url_allow_list import FhirBase, find_base
from cds_service.fhir_client.fhir_get import NotFetched, WhyNotFetched


class Access(msgspec.Struct, frozen=True):
    """Without a base `why_not` says why; without an authorization the server is asked openly (CH-059).

    `client_id` is ours at this server, where the site file names it.
    """

    base: FhirBase | None
    why_not: WhyNotFetched = WhyNotFetched.NO_SERVER
    authorization: FhirAuthorization | None = None
    client_id: str | None = None

    @property
    def token(self) -> str | None:
        """The bearer token for each call of this request; never kept longer (CH-066)."""
        return self.authorization.access_token if self.authorization else None

    @property
    def seconds(self) -> float:
        """How long fetching may take for the token's sake (CH-062); with a spent one nothing starts."""
        if self.authorization is None or self.authorization.is_spent:
            return math.inf
        return float(self.authorization.expires_in)

    def base_for(self, resource_type: str, interaction: FhirInteraction) -> FhirBase:
        """The base to ask. Raises NotFetched when a query is not even to be attempted (CH-062..064)."""
        if self.base is None:
            raise NotFetched(self.why_not, resource_type)
        if self.authorization is not None:
            if self.client_id not in (None, self.authorization.subject):
                raise NotFetched(WhyNotFetched.OTHER_CLIENT, resource_type)
            if self.authorization.is_spent:
                raise NotFetched(WhyNotFetched.TOKEN_SPENT, resource_type)
            if not self.authorization.covers(resource_type, interaction):
                raise NotFetched(WhyNotFetched.NO_SCOPE, resource_type)
        return self.base


def access_of(request: HookRequest, allowed: Iterable[FhirBase], client_id: str | None = None) -> Access:
    """The access that a request gives; only to bases that the site file names, and none to one replayed."""
    if request.fhir_server is None or request.is_replayed:
        return Access(None)
    base = find_base(request.fhir_server, allowed)
    if base is None:
        return Access(None, WhyNotFetched.SERVER_NOT_ALLOWED)
    return Access(base, authorization=request.fhir_authorization, client_id=client_id)
