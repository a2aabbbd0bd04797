"""A door that is open, for tests of what lies behind it."""

from cds_service.cds_hooks.service_urls import Endpoints
from cds_service.web.client_authentication import Door, admit_everybody

OPEN = Door(Endpoints("https://cds.example"), admit_everybody)
