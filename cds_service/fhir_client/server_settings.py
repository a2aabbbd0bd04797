"""In which ways the FHIR servers of a site are not as FHIR servers usually are, by its own word."""

from collections.abc import Mapping

import msgspec

from cds_service.fhir_client.base_url_allow_list import FhirBase


class ServerWays(msgspec.Struct, frozen=True):
    """`searches`: by resource type the further search parameters that the server demands, a query for each.

    `not_kept`: resource types that do not exist there; never asked for. `other_names`: bases under which the
    server itself knows its base: what it names under one of them is asked for below the one that we know.
    Without `strict_searches` it is not asked to refuse what it does not understand. For `statement_hours` its
    CapabilityStatement is believed.
    """

    searches: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    not_kept: frozenset[str] = frozenset()
    other_names: tuple[FhirBase, ...] = ()
    strict_searches: bool = True
    statement_hours: float = 24.0

    def queries(self, search: str) -> tuple[str, ...]:
        """The queries that together are this relative search of ours; a read is itself."""
        kind, is_search, _ = search.partition("?")
        demanded = self.searches.get(kind, ()) if is_search else ()
        return tuple(f"{search}&{parameters}" for parameters in demanded) or (search,)


AS_USUAL = ServerWays()
