"""The site's record systems as the page that explains knows them."""

from cds_service.explain.apps import App, Apps
from cds_service.settings.site_file import Site


def apps_of(site: Site) -> Apps:
    """Every registration of every client."""
    return {
        app.fhir_base.url: App(
            issuer=one.client.issuer,
            fhir_base=app.fhir_base,
            registration=app.registration,
            language=one.language or site.language,
            tenants=one.client.tenants,
            frame_ancestors=app.frame_ancestors,
        )
        for one in site.trusted_clients
        for app in one.smart
    }
