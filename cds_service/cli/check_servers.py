"""The part of `cds-service check` that asks the FHIR servers what they have."""

from cds_service import wiring
from cds_service.chart.chart_queries import ALWAYS_TOLD, resource_types
from cds_service.fhir_client.base_url_allow_list import FhirBase
from cds_service.fhir_client.capability_statements import fetch_types
from cds_service.fhir_client.deadline import deadline_in
from cds_service.fhir_client.fhir_get import FhirServer, NotFetched
from cds_service.settings.site_file import Site

_SECONDS = 5.0  # for one server


def remarks_on_servers(site: Site) -> list[str]:
    """What each FHIR server of the site lacks by its own statement, and what that leads to."""
    own = (base for listed in site.trusted_clients for base in listed.fhir_bases or ())
    server = wiring.build_fhir_server(site)
    bases = dict.fromkeys((*site.fhir_bases, *own))
    return [remark for base in bases for remark in _remarks(server, base, site)]


def _remarks(server: FhirServer, base: FhirBase, site: Site) -> list[str]:
    try:
        types = fetch_types(server, base, deadline_in(_SECONDS))
    except NotFetched as error:
        return [f"{base.url}: its CapabilityStatement could not be had ({error.why.value})"]
    asked_for = resource_types(site.stand_ins)
    told = {asked_for[part] for part in ALWAYS_TOLD}
    lacking = set(asked_for.values()) - types - site.ways.not_kept
    remarks = []
    if silent := sorted(lacking - told):
        none = "charts count as having none of it (not_kept saves asking)"
        remarks.append(f"{base.url} has no {', '.join(silent)}: {none}")
    if loud := sorted(lacking & told):
        remarks.append(f"{base.url} has no {', '.join(loud)}: where no client brings it, each call says that")
    return remarks
