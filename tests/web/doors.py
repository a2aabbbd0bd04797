"""A door that is open, for tests of what lies behind it."""

from cds_service.hooks.endpoints import Endpoints
from cds_service.web.door import Door, admit_everybody

OPEN = Door(Endpoints("https://cds.example"), admit_everybody)
