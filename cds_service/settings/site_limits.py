"""The limits that a site has set otherwise than the reviewed texts, its tablets among them."""

from typing import Any

from cds_service.settings.site_file import Site
from cds_service.settings.tablet_settings import tablet_limits


def overrides_of(site: Site) -> dict[str, Any]:
    """The site's own values of limits of origin A."""
    return {**tablet_limits(site.tablets), **site.thresholds}
