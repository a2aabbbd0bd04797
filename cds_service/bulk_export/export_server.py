"""One FHIR server that exports, as the site file describes it, and where its addresses may lead."""

from dataclasses import dataclass, field, replace
from urllib.parse import urljoin

from cds_service.bulk_export.failed import ExportFailed, WhyFailed
from cds_service.fhir_client.base_url_allow_list import FhirBase, NotAnAddress, read_base
from cds_service.fhir_client.client_proof import ClientKey

DECISIVE = frozenset({"Patient", "Condition"})
"""Without these nobody can say who is concerned at all; an export without them is none."""


@dataclass(frozen=True, slots=True)
class Backend:
    """Our registration by SMART Backend Services; `endpoints`: below which its token endpoint must lie."""

    client_id: str
    key: ClientKey
    scopes: tuple[str, ...] = ("system/*.rs",)
    endpoints: tuple[FhirBase, ...] = ()


@dataclass(frozen=True, slots=True)
class BulkServer:
    """`backend` is None for a server that asks for no token. `hours` bound one whole export.

    `level` is what stands before `$export`: "" for everything, "Patient", or "Group/<id>". `type_filters` are
    searches by which the server narrows a type. `download_hosts` are further origins for files.
    A whole export is made at least every `whole_every_days`, and changes only in between. `beside_group` are
    types of no patient, which a server keeps out of a group's export: they are fetched from the whole server.
    Without the `decisive` ones an export is none.
    """

    base: FhirBase
    backend: Backend | None = None
    level: str = ""
    type_filters: tuple[str, ...] = ()
    download_hosts: tuple[FhirBase, ...] = ()
    hours: float = 12.0
    whole_every_days: float = 7.0
    not_kept: frozenset[str] = field(default_factory=frozenset)
    beside_group: frozenset[str] = field(default_factory=frozenset)
    decisive: frozenset[str] = DECISIVE

    def address(self, written: str, whose: str) -> str:
        """An absolute address that the server wrote, if it may be called; `whose` names it in errors.

        Raises ExportFailed.
        """
        address = urljoin(f"{self.base.url}/", written)
        try:
            place = read_base(address.partition("?")[0])
        except NotAnAddress as error:
            raise ExportFailed(WhyFailed.ELSEWHERE, f"{whose} {error.problem}") from None
        if not any(origin.contains(place) for origin in (self.origin, *self.download_hosts)):
            raise ExportFailed(WhyFailed.ELSEWHERE, f"{whose} is at {export_origin_of(place).url}")
        return address

    def without_group(self) -> "BulkServer":
        """The same as a whole, for what is of no patient."""
        return replace(self, level="", type_filters=(), beside_group=frozenset(), decisive=frozenset())

    @property
    def origin(self) -> FhirBase:
        """Its scheme, host and port."""
        return export_origin_of(self.base)


def export_origin_of(place: FhirBase) -> FhirBase:
    """The whole server of an address."""
    return FhirBase(place.scheme, place.host, place.port, "")
